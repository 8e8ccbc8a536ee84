"""The table `mentions`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

from core.enums import JobKind
from models.tables import Document, Mention
from reports.export_schema import MONTH_RUNS, RunNumber, Table, finite, format_time
from reports.queries import fetch_all, in_batches
from reports.run_data import RunData, RunJob


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A sentence of a document that holds a term of a keyword."""

    run: RunNumber
    period: Annotated[str, "Month, UTC, of `published_at`."]
    handle: Annotated[str | None, "Handle of the document's author, without @; null for news."]
    document: Annotated[
        str, "Identity of the document: its source and native id, else its source and a hash."
    ]
    published_at: Annotated[
        str | None,
        "When the document was published, UTC; null where its service cannot have meant the time.",
    ]
    address: Annotated[str | None, "Web address of the document; null where none is known."]
    keyword: Annotated[str, "Name of the keyword."]
    term: Annotated[str, "The term of the keyword that the sentence holds."]
    position: Annotated[int, "Number of the sentence in its document, from 1."]
    sentence: Annotated[str, "The sentence as it stands in the document."]
    text: Annotated[str, "The whole document."]
    polarity: Annotated[
        float | None,
        "Polarity of the sentence, from -1 to 1, as the Text API gave it; null where it was not "
        "asked for or has not come yet.",
    ]


def read_mentions(data: RunData, names: Collection[str] | None = None) -> Iterator[MentionRow]:
    """Yield a row per month, document, keyword, term and sentence, a batch of documents a time."""
    for job in data.jobs_named(names):
        if job.kind == JobKind.MONTH:
            for documents in in_batches(_mentioning_documents(data, job)):
                yield from MENTIONS.sort(_read_batch(data, job, documents))


def _mentioning_documents(data: RunData, job: RunJob) -> list[int]:
    """Return the ids of the documents with a mention, by handle and identity."""
    mentioning = select(Mention.document_id).where(Mention.job_id == job.id)
    statement = select(Document.handle, Document.identity, Document.id)
    documents = fetch_all(data.db, statement.where(Document.id.in_(mentioning)))
    in_order = sorted(
        (handle or "", identity, document) for handle, identity, document in documents
    )
    return [document for *_, document in in_order]


def _read_batch(data: RunData, job: RunJob, documents: Sequence[int]) -> Iterator[MentionRow]:
    statement = (
        select(
            *(Document.handle, Document.identity, Document.published_at, Document.address),
            *(Mention.keyword, Mention.term, Mention.position, Mention.sentence),
            *(Document.text, Mention.polarity),
        )
        .join(Document, Document.id == Mention.document_id)
        .where(Mention.job_id == job.id, Mention.document_id.in_(documents))
    )
    for handle, identity, at, *values, polarity in fetch_all(data.db, statement):
        yield MentionRow(
            *(data.id, job.name, handle, identity, format_time(at)), *(*values, finite(polarity))
        )


MENTIONS = Table(
    name="mentions",
    description="One row per sentence of a document that holds a term of a keyword, per keyword "
    "and term.",
    row=MentionRow,
    read=read_mentions,
    key=("period", "handle", "document", "keyword", "term", "position"),
    kinds=MONTH_RUNS,
)
