"""Results of jobs: rows of the tables that name a job, written under the fence of its claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Delete, Insert, bindparam, delete, insert, select, update

from core.enums import TextPart
from models.documents import text_column
from models.tables import Base, Document, Mention

Rows = Sequence[Mapping[str, Any]]

# These columns identify a mention within its job.
_KEY = (Mention.document_id, Mention.keyword, Mention.term, Mention.position)
_KEY_PARAMETERS = tuple(f"of_{column.name}" for column in _KEY)
_IS_OF_JOB = Mention.job_id == bindparam("of_job")
_MENTIONS = select(*_KEY, Mention.sentence).where(_IS_OF_JOB)
_HAS_KEY = [column == bindparam(name) for column, name in zip(_KEY, _KEY_PARAMETERS, strict=True)]
_SET_POLARITY = update(Mention).where(_IS_OF_JOB, *_HAS_KEY).values(polarity=bindparam("new"))


def replace_rows(connection: Connection, job_id: int, table: type[Base], rows: Rows) -> None:
    """Put *rows*, without their `job_id`, in the place of all rows that *table* has of the job."""
    connection.execute(_delete_of_job(table), {"of_job": job_id})
    add_rows(connection, job_id, table, rows)


def add_rows(connection: Connection, job_id: int, table: type[Base], rows: Rows) -> None:
    """Add *rows*, without their `job_id`, to *table*."""
    if rows:
        connection.execute(_insert_into(table), [{"job_id": job_id, **row} for row in rows])


# A step has few rows: building its statements would take longer than executing them.
@cache
def _delete_of_job(table: type[Base]) -> Delete:
    return delete(table).where(table.__table__.c.job_id == bindparam("of_job"))


@cache
def _insert_into(table: type[Base]) -> Insert:
    return insert(table)


def read_rows(connection: Connection, job_id: int, table: type[Base]) -> list[Mapping[str, Any]]:
    """Return the rows of a job in *table*, by its primary key."""
    columns = table.__table__.c
    rows = select(*columns).where(columns.job_id == job_id).order_by(*table.__table__.primary_key)
    return [dict(row) for row in connection.execute(rows).mappings()]


class MentionSentence(NamedTuple):
    """The sentence of a document that mentions a keyword, by one term or several."""

    document_id: int
    keyword: str
    sentence: str


def mention_sentences(connection: Connection, job_id: int) -> list[MentionSentence]:
    """Return the mentions of a job, those of several terms once, by day, document and position."""
    columns = (Document.id, Document.published_at, Document.identity, Mention.position)
    mentions = (
        select(*columns, Mention.keyword, Mention.sentence)
        .join(Document, Document.id == Mention.document_id)
        .where(Mention.job_id == job_id)
    )
    sorted_mentions = sorted(connection.execute(mentions), key=_day_identity_position)
    sentences = [
        MentionSentence(mention.id, mention.keyword, mention.sentence)
        for mention in sorted_mentions
    ]
    return list(dict.fromkeys(sentences))


def mentioning_documents(
    connection: Connection,
    job_id: int,
    keyword: str,
    text_part: TextPart = TextPart.HEADLINE,
) -> list[tuple[int, str]]:
    """Return the documents that mention the keyword as ``(id, text)``, by day and identity."""
    mentioning = select(Mention.document_id).where(
        Mention.job_id == job_id, Mention.keyword == keyword
    )
    columns = (Document.id, text_column(text_part), Document.published_at, Document.identity)
    documents = connection.execute(select(*columns).where(Document.id.in_(mentioning)))
    return [(document.id, document.text) for document in sorted(documents, key=_day_identity)]


def set_mention_polarities(
    connection: Connection, job_id: int, polarities: Mapping[MentionSentence, float | None]
) -> None:
    """Set the polarity of every mention of a job."""
    parameters = []
    for mention in connection.execute(_MENTIONS, {"of_job": job_id}):
        key = dict(zip(_KEY_PARAMETERS, mention, strict=False))
        sentence = MentionSentence(mention.document_id, mention.keyword, mention.sentence)
        new = polarities[sentence]
        parameters.append({**key, "of_job": job_id, "new": new})

    if parameters:
        connection.execute(_SET_POLARITY, parameters)


def _day_identity(document: Any) -> tuple[Any, ...]:
    return document.published_at.date(), document.identity


def _day_identity_position(mention: Any) -> tuple[Any, ...]:
    return *_day_identity(mention), mention.position, mention.keyword
