"""The table `documents`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, starmap
from typing import Annotated, Any

import polars as pl
from sqlalchemy import String, Text, cast, func, select

from core.progress import track
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
        statement, source_fields = _select_documents(run), SourceFields(run.db)
        identities = chain.from_iterable(_read_identities(run, job_names))
        for ids in in_batches(sort_by_identity(identities), DOCUMENTS_AT_A_TIME):
            # Rows that lie together on disk are read together.
            columns = fetch_columns(run.db, statement, documents=sorted(ids))
            yield _make_cells(run, ids, columns, source_fields)


def _read_identities(
    run: RunData, job_names: Collection[str] | None
) -> Iterator[Iterable[tuple[int, str]]]:
    """Yield the id and the identity of each document, a page at a time."""
    for job in track("listing the documents", run.jobs_named(job_names)):
        statement = select(Document.id, Document.identity).where(documents_condition(run, job))
        without = left_out(run, job)
        for document_ids, identities in fetch_column_pages(run.db, statement, Document.id):
            page = zip(document_ids, identities, strict=True)
            yield [document for document in page if document[0] not in without] if without else page


def _make_cells(
    run: RunData,
    ids: Sequence[int],
    columns: Sequence[Sequence[Any]],
    source_fields: SourceFields,
) -> Sequence[Cells]:
    """Return the cells of documents in the order of *ids*, from the *columns* that were read."""
    frame = pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True)), _SCHEMA)
    frame = (
        pl.DataFrame({"id": ids})
        .join(frame, on="id", maintain_order="left")
        .with_columns(
            pl.lit(run.id).alias("run"),
            pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S"),
            pl.col("tags").str.json_decode(pl.List(pl.String)),
            pl.col("period").str.zfill(len("YYYY-MM")),
        )
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
    """Return the statement that reads *documents* by their ids."""
    whole_second = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD HH:MM:SS"))
    columns = (
        *(Document.id, Document.identity, Document.source, Document.handle),
        *(whole_second, Document.address, quoted_text(run.text_part)),
        *(Document.origin_id, cast(tags_column(), Text), Document.period),
    )
    return select(*columns).where(is_among(run.db, Document.id, "documents"))


DOCUMENTS = schema.Table(
    "documents",
    DocumentRow,
    read_documents,
    schema.TEXT_RUNS,
    key=("document",),
    read_batches=read_batches,
    is_selected=True,
)
