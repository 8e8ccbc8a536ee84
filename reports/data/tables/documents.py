"""The table `documents`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, repeat, starmap
from operator import itemgetter
from typing import Annotated

from sqlalchemy import bindparam, select

from core.enums import TextPart
from core.progress import track
from models.documents import quoted_text
from models.tables import Document, Job, PostPolarity
from reports.data import export_schema as schema
from reports.data.formats import Values
from reports.data.queries import (
    Statement,
    fetch_all,
    fetch_column_pages,
    fetch_columns,
    in_batches,
    sort_by_identity,
)
from reports.data.run_data import RunData, documents_condition
from reports.data.selection import left_out
from reports.data.source_fields import SOURCE_COLUMNS, SourceFields

DOCUMENTS_AT_A_TIME = 5000


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
    return starmap(DocumentRow, read_cells(run, job_names))


def read_cells(run: RunData, job_names: Collection[str] | None = None) -> Iterator[Values]:
    """Yield the cells of each row."""
    if run.kind.has_documents:
        source_fields = SourceFields(run.db)
        identities = chain.from_iterable(_read_identities(run, job_names))
        for batch in in_batches(sort_by_identity(identities), DOCUMENTS_AT_A_TIME):
            yield from _read_batch(run, batch, source_fields)


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


def _read_batch(
    run: RunData, documents: Sequence[int], source_fields: SourceFields
) -> Iterator[Values]:
    polarities = {} if run.kind.has_mentions else _read_polarities(run, documents)
    columns = fetch_columns(
        run.db, _select_documents(run.text_part), sort_key=itemgetter(1), documents=documents
    )
    document_ids, identities, sources, handles, times, addresses, texts, *of_source, periods = (
        columns
    )
    return zip(
        repeat(run.id, len(document_ids)),
        identities,
        sources,
        handles,
        map(schema.whole_second, times),
        addresses,
        texts,
        map(polarities.get, document_ids),
        *source_fields.columns(*of_source),
        [None if period is None else schema.pad_period(period) for period in periods],
        strict=True,
    )


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
        *(Document.published_at, Document.address, quoted_text(text_part)),
        *(*SOURCE_COLUMNS, Document.period),
    )
    return select(*columns).where(Document.id.in_(bindparam("documents", expanding=True)))


DOCUMENTS = schema.Table(
    "documents",
    DocumentRow,
    read_documents,
    schema.TEXT_RUNS,
    key=("document",),
    read_cells=read_cells,
)
