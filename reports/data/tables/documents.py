"""The table `documents`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import polars as pl
from sqlalchemy import func, select

from core.progress import tell, track
from models.tables import Document, Job, PostPolarity
from reports.data import export_schema as schema
from reports.data.queries import (
    Statement,
    fetch_frame,
    fetch_frame_pages,
    in_batches,
    is_among,
    sort_by_identity,
)
from reports.data.run_data import RunData, documents_condition
from reports.data.selection import left_out
from reports.data.source_fields import SourceFields, document_columns

# They are a row group of Parquet too.
DOCUMENTS_AT_A_TIME = 5000

# Documents of together so many bytes, as 120,000 headlines are, are sorted in memory. Above it,
# `bench/memory.py` finds what an export takes to grow by less than the 50 MB that it allows.
_IN_MEMORY = 32 * 2**20


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


def read_frames(run: RunData, job_names: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows by document, a batch at a time; a document of two jobs has one row."""
    if run.kind.has_documents:
        source_fields = SourceFields(run.db)
        for frame in _read_sorted(run, job_names):
            period = pl.col("period").str.zfill(len("YYYY-MM"))
            whole = source_fields.add_to(frame).with_columns(period, run=run.id)
            if run.kind.has_mentions:
                whole = whole.with_columns(polarity=pl.lit(None, pl.Float64))

            yield whole.select(*DOCUMENTS.columns)


def _read_sorted(run: RunData, job_names: Collection[str] | None) -> Iterator[pl.DataFrame]:
    """Yield what is read of the documents by their identities, a batch at a time."""
    statement = _select_documents(run)
    frames, size = [], 0
    for frame in _read_pages(run, job_names, statement):
        frames.append(frame)
        size += int(frame.estimated_size())
        if size > _IN_MEMORY:
            break
    else:
        if not frames:
            return

        documents = pl.concat(frames).sort("document")
        frames.clear()
        if len(run.jobs_named(job_names)) > 1:
            documents = documents.unique("id", maintain_order=True)

        written = 0
        for batch in documents.iter_slices(DOCUMENTS_AT_A_TIME):
            yield batch
            written += len(batch)
            tell("writing the documents", written, len(documents), "documents")

        return

    frames.clear()
    pages = _read_pages(run, job_names, select(Document.id, Document.identity))
    identities = (row for page in pages for row in page.iter_rows())
    of_batch = statement.where(is_among(run.db, Document.id, "documents"))
    for ids in in_batches(sort_by_identity(identities), DOCUMENTS_AT_A_TIME):
        # Rows that lie together on disk are read together.
        frame = fetch_frame(run.db, of_batch, documents=sorted(ids))
        yield pl.DataFrame({"id": ids}).join(frame, on="id", maintain_order="left")


def _read_pages(
    run: RunData, job_names: Collection[str] | None, statement: Statement
) -> Iterator[pl.DataFrame]:
    """Yield what *statement* reads of the documents of each job, a page at a time."""
    for job in track("listing the documents", run.jobs_named(job_names)):
        without = list(left_out(run, job))
        of_job = statement.where(documents_condition(run, job))
        for page in fetch_frame_pages(run.db, of_job, Document.id):
            yield page.filter(~pl.col("id").is_in(without)) if without else page


def _select_documents(run: RunData) -> Statement:
    """Return the statement that reads documents, and what posts scored."""
    columns = (*document_columns(run.text_part), Document.source, Document.period)
    if run.kind.has_mentions:
        return select(*columns)

    jobs = select(Job.id).where(Job.run_id == run.id)
    is_scored = (PostPolarity.document_id == Document.id, PostPolarity.job_id.in_(jobs))
    # A post of two jobs has one text, and so one polarity.
    polarity = select(func.max(PostPolarity.polarity)).where(*is_scored)
    return select(*columns, polarity.scalar_subquery().label("polarity"))


DOCUMENTS = schema.Table(
    "documents",
    DocumentRow,
    schema.read_rows(DocumentRow, read_frames),
    schema.TEXT_RUNS,
    key=("document",),
    read_frames=read_frames,
    is_selected=True,
)
