"""The table `documents`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, starmap
from typing import Annotated, Any

import polars as pl
from sqlalchemy import String, Text, cast, func, select

from core.progress import tell, track
from models.documents import quoted_text, tags_column
from models.tables import Document, Job, PostPolarity
from reports.data import export_schema as schema
from reports.data.formats import Cells
from reports.data.queries import (
    Statement,
    fetch_all,
    fetch_column_pages,
    fetch_columns,
    in_batches,
    is_among,
    sort_by_identity,
)
from reports.data.run_data import RunData, documents_condition
from reports.data.selection import left_out
from reports.data.source_fields import SourceFields
from reports.frames.frames import valid_polarity

# They are a row group of Parquet too.
DOCUMENTS_AT_A_TIME = 5000

# Documents of together so many bytes, as 120,000 headlines are, are sorted in memory. Above it,
# `bench/memory.py` finds what an export takes to grow by less than the 50 MB that it allows.
_IN_MEMORY = 32 * 2**20

# What is read of each document, in the order of the table's columns.
_READ = ["id", "identity", "source", "handle", "at", "address", "text", "origin", "tags", "period"]
_SCHEMA = dict.fromkeys(_READ, pl.String()) | {"id": pl.Int64(), "origin": pl.Int64()}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """The documents that the run worked on, after the choice of material, each once."""

    run: schema.RunNumber
    document: schema.DocumentIdentity
    source: Annotated[str, "The name of the source that it comes from, as in `--source`."]
    handle: schema.AuthorHandle
    published_at: schema.PublishedAt
    address: schema.WebAddress
    text: Annotated[str, "The whole text, as its source has it."]
    polarity: Annotated[
        float | None,
        "Polarity of the post, from -1 to 1; null for news, whose sentences have theirs in "
        "`mentions`.",
        schema.POLARITY,
    ]
    outlet: schema.OutletName
    section: schema.SectionName
    kind: schema.DocumentKind
    desk: schema.DeskName
    tags: schema.Tags
    period: Annotated[str | None, "Month, UTC, of `published_at`; null as that."]


def read_documents(run: RunData, job_names: Collection[str] | None = None) -> Iterator[DocumentRow]:
    """Yield a row per document by its identity; a document of two jobs has one row."""
    for cells in read_batches(run, job_names):
        yield from starmap(DocumentRow, zip(*cells, strict=True))


def read_batches(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[Sequence[Cells]]:
    """Yield the columns of each batch of rows."""
    if run.kind.has_documents:
        source_fields = SourceFields(run.db)
        for frame in _read_sorted(run, job_names):
            yield _make_cells(run, frame, source_fields)


def _read_sorted(run: RunData, job_names: Collection[str] | None) -> Iterator[pl.DataFrame]:
    """Yield the documents by their identities, a batch at a time: what `_READ` says of each."""
    statement = _select_documents(run)
    frames, size = [pl.DataFrame(schema=_SCHEMA)], 0
    for frame in _read_pages(run, job_names, statement):
        frames.append(frame)
        size += int(frame.estimated_size())
        if size > _IN_MEMORY:
            break
    else:
        documents = pl.concat(frames).unique("id").sort("identity")
        frames.clear()
        written = 0
        for batch in documents.iter_slices(DOCUMENTS_AT_A_TIME):
            yield batch
            written += len(batch)
            tell("writing the documents", written, len(documents), "documents")

        return

    frames.clear()
    pages = _read_pages(run, job_names, select(Document.id, Document.identity))
    identities = chain.from_iterable(page.iter_rows() for page in pages)
    of_batch = statement.where(is_among(run.db, Document.id, "documents"))
    for ids in in_batches(sort_by_identity(identities), DOCUMENTS_AT_A_TIME):
        # Rows that lie together on disk are read together.
        columns = fetch_columns(run.db, of_batch, documents=sorted(ids))
        yield pl.DataFrame({"id": ids}).join(_frame(columns), on="id", maintain_order="left")


def _read_pages(
    run: RunData, job_names: Collection[str] | None, statement: Statement
) -> Iterator[pl.DataFrame]:
    """Yield what *statement* reads of the documents of each job, a page at a time."""
    for job in track("listing the documents", run.jobs_named(job_names)):
        is_left = ~pl.col("id").is_in(list(left_out(run, job)))
        of_job = statement.where(documents_condition(run, job))
        for columns in fetch_column_pages(run.db, of_job, Document.id):
            yield _frame(columns).filter(is_left)


def _frame(columns: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Return the first of the columns of `_SCHEMA` as a frame."""
    schema = dict(islice(_SCHEMA.items(), len(columns)))
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema)


def _make_cells(run: RunData, frame: pl.DataFrame, source_fields: SourceFields) -> Sequence[Cells]:
    """Return the cells of documents in their order."""
    ids = frame["id"].to_list()
    frame = frame.with_columns(
        pl.lit(run.id).alias("run"),
        pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S"),
        pl.col("tags").str.json_decode(pl.List(pl.String)),
        pl.col("period").str.zfill(len("YYYY-MM")),
    )
    polarities = {} if run.kind.has_mentions else _read_polarities(run, ids)
    *before, origins, tags, periods = frame.drop("id").select("run", pl.all().exclude("run"))
    polarity = [polarities.get(document_id) for document_id in ids]
    return [*before, polarity, *source_fields.columns(origins.to_list(), tags), periods]


def _read_polarities(run: RunData, documents: Sequence[int]) -> dict[int, float | None]:
    is_of_run = PostPolarity.job_id.in_(select(Job.id).where(Job.run_id == run.id))
    scored = select(PostPolarity.document_id, PostPolarity.polarity).where(
        PostPolarity.document_id.in_(documents), is_of_run
    )
    polarities: dict[int, float | None] = {}
    for document_id, polarity in fetch_all(run.db, scored):
        polarities[document_id] = valid_polarity(polarity)

    return polarities


def _select_documents(run: RunData) -> Statement:
    """Return the statement that reads what `_READ` says of documents."""
    whole_second = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD HH:MM:SS"))
    columns = (
        *(Document.id, Document.identity, Document.source, Document.handle),
        *(whole_second, Document.address, quoted_text(run.text_part)),
        *(Document.origin_id, cast(tags_column(), Text), Document.period),
    )
    return select(*columns)


DOCUMENTS = schema.Table(
    "documents",
    DocumentRow,
    read_documents,
    schema.TEXT_RUNS,
    key=("document",),
    read_batches=read_batches,
    is_selected=True,
)
