"""The table `documents`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Annotated

from sqlalchemy import bindparam, select

from analysis.kinds.kind import Unit
from core.enums import TextPart
from models.documents import text_column
from models.tables import Document, Job, PostPolarity
from reports.data import export_schema as schema
from reports.data.queries import (
    AnyRow,
    Statement,
    fetch_all,
    fetch_pages,
    in_batches,
    sort_by_identity,
)
from reports.data.run_data import RunData, documents_condition
from reports.data.selection import left_out


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """The documents that the run worked on, after the choice of material, each once."""

    run: schema.RunNumber
    document: schema.DocumentIdentity
    source: Annotated[str, "The name of the source that it comes from, as in `--source`."]
    handle: schema.AuthorHandle
    published_at: schema.PublishedAt
    address: schema.WebAddress
    text: Annotated[str, "The whole text."]
    polarity: Annotated[
        float | None,
        "Polarity of the post, from -1 to 1; null for news, whose sentences have theirs in "
        "`mentions`.",
        schema.POLARITY,
    ]


def read_documents(run: RunData, job_names: Collection[str] | None = None) -> Iterator[DocumentRow]:
    """Yield a row per document by its identity; a document of two jobs has one row."""
    if run.kind.unit in DOCUMENTS.units:
        for batch in in_batches(sort_by_identity(_identities(run, job_names))):
            yield from _read_batch(run, batch)


def _identities(run: RunData, job_names: Collection[str] | None) -> Iterator[AnyRow]:
    for job in run.jobs_named(job_names):
        statement = select(Document.id, Document.identity).where(documents_condition(run, job))
        without = left_out(run, job)
        for document in fetch_pages(run.db, statement, Document.id):
            if document.id not in without:
                yield document


def _read_batch(run: RunData, documents: Sequence[int]) -> Iterator[DocumentRow]:
    polarities = _read_polarities(run, documents) if run.kind.unit == Unit.POST else {}
    stored = fetch_all(run.db, _select_documents(run.text_part), documents=documents)
    sorted_documents = sorted(stored, key=attrgetter("identity"))
    for document_id, identity, source, handle, at, address, text in sorted_documents:
        published_at, polarity = schema.whole_second(at), polarities.get(document_id)
        yield DocumentRow(run.id, identity, source, handle, published_at, address, text, polarity)


def _read_polarities(run: RunData, documents: Sequence[int]) -> dict[int, float | None]:
    is_of_run = PostPolarity.job_id.in_(select(Job.id).where(Job.run_id == run.id))
    scored = select(PostPolarity.document_id, PostPolarity.polarity).where(
        PostPolarity.document_id.in_(documents), is_of_run
    )
    polarities: dict[int, float | None] = {}
    for document_id, polarity in fetch_all(run.db, scored):
        polarities[document_id] = schema.valid_polarity(polarity)
    return polarities


@cache
def _select_documents(text_part: TextPart) -> Statement:
    """Return the statement that reads *documents* by their ids; building it takes time."""
    columns = (
        *(Document.id, Document.identity, Document.source, Document.handle),
        *(Document.published_at, Document.address, text_column(text_part)),
    )
    return select(*columns).where(Document.id.in_(bindparam("documents", expanding=True)))


DOCUMENTS = schema.Table(
    "documents", DocumentRow, read_documents, schema.TEXT_RUNS, key=("document",)
)
