"""The table `mentions`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat, starmap
from operator import itemgetter
from typing import Annotated, Any

from sqlalchemy import bindparam, func, select

from core.progress import track
from models.documents import quoted_sentence, quoted_text
from models.tables import Document, Mention
from reports.data import export_schema as schema
from reports.data.formats import Values
from reports.data.queries import Statement, fetch_all, fetch_columns, in_batches, is_among
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out
from reports.data.source_fields import SOURCE_COLUMNS, SourceFields
from reports.frames.frames import valid_polarity
from reports.series.reading import read_groups_of


@dataclass(frozen=True, slots=True)
class MentionRow:
    """One row per sentence of a document that holds a term of a keyword, per keyword and term."""

    run: schema.RunNumber
    period: Annotated[str, "Month, UTC, of `published_at`."]
    handle: schema.AuthorHandle
    document: schema.DocumentIdentity
    published_at: schema.PublishedAt
    address: schema.WebAddress
    keyword: Annotated[str, "Name of the keyword."]
    term: Annotated[str, "The term of the keyword that the sentence holds."]
    position: Annotated[int, "Number of the sentence in its document, from 1."]
    sentence: Annotated[str, "The sentence as its source has it."]
    text: Annotated[str, "The whole document, as its source has it."]
    polarity: Annotated[
        float | None,
        "Polarity of the sentence, from -1 to 1, as the Text API gave it; null where it was not "
        "asked for, has not come yet or lies outside that range.",
        schema.POLARITY,
    ]
    group: Annotated[
        str | None,
        "With `--by outlet`, `section` or `kind`: the document's, `not known` where the archive "
        "does not tell; else null.",
    ] = None
    outlet: schema.OutletName = None
    section: schema.SectionName = None
    kind: schema.DocumentKind = None
    desk: schema.DeskName = None
    tags: schema.Tags = None


def read_mentions(run: RunData, job_names: Collection[str] | None = None) -> Iterator[MentionRow]:
    """Yield a row per month, document, keyword, term and sentence, a batch of documents a time."""
    statement = _select_mentions(run)
    source_fields = SourceFields(run.db)
    for job in track("reading the mentions", run.jobs_named(job_names)):
        for documents in in_batches(_mentioning_documents(run, job)):
            columns = fetch_columns(run.db, statement, job=job.id, documents=documents)
            groups = read_groups_of(run, job, documents)
            cells = _make_cells((run.id, job.name), columns, source_fields, groups)
            yield from sorted(starmap(MentionRow, cells), key=_sort_key)


def _select_mentions(run: RunData) -> Statement:
    """Return the statement that reads the mentions of a *job* in some *documents*."""
    columns = (
        *(Document.handle, Document.identity, Document.published_at, Document.address),
        *(Mention.keyword, Mention.term, Mention.position, quoted_sentence(run.text_part)),
        *(quoted_text(run.text_part), Mention.polarity, Document.id, *SOURCE_COLUMNS),
    )
    joined = select(*columns).join(Document, Document.id == Mention.document_id)
    in_documents = is_among(run.db, Mention.document_id, "documents")
    return joined.where(Mention.job_id == bindparam("job"), in_documents)


def _mentioning_documents(run: RunData, job: RunJob) -> list[int]:
    """Return the ids of the selected documents with a mention, by handle and identity."""
    without = left_out(run, job)
    mentioning = select(Mention.document_id).where(Mention.job_id == job.id)
    statement = select(func.coalesce(Document.handle, ""), Document.identity, Document.id)
    documents = fetch_all(run.db, statement.where(Document.id.in_(mentioning)))
    sorted_documents = sorted(documents, key=itemgetter(0, 1))
    return [document_id for _, _, document_id in sorted_documents if document_id not in without]


def _make_cells(
    run_and_job: tuple[int, str],
    columns: Sequence[Sequence[Any]],
    source_fields: SourceFields,
    groups: Mapping[int, str],
) -> Iterator[Values]:
    handles, identities, times, addresses, *mentions, texts, polarities, ids, origins, tags = (
        columns
    )
    return zip(
        *(repeat(cell, len(identities)) for cell in run_and_job),
        handles,
        identities,
        map(schema.whole_second, times),
        addresses,
        *mentions,
        texts,
        map(valid_polarity, polarities),
        map(groups.get, ids),
        *source_fields.columns(origins, tags),
        strict=True,
    )


def _sort_key(row: MentionRow) -> tuple[Any, ...]:
    return (row.handle or "", row.document, row.keyword, row.term, row.position)


MENTIONS = schema.Table(
    "mentions",
    MentionRow,
    read_mentions,
    schema.MENTION_RUNS,
    key=("period", "handle", "document", "keyword", "term", "position"),
    is_selected=True,
)
