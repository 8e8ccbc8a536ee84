"""How far services have been read: a row per source and subject, moved on together with what was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from core.enums import Step
from models.answers import CallCounts, count_calls
from models.database import Database, clock
from models.tables import Crawl, Document, Job, JobDocument, JobStep

OPEN = "open"  # begun, and not through
COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Crawled:
    """What is known of a crawl."""

    cursor: dict[str, Any] | None
    state: str  # `OPEN`, `COMPLETE`, or why it ended otherwise
    documents: int  # stored by it that were new
    at: float  # Unix seconds at which it was last moved on


def read_crawl(connection: Connection, source: str, subject: str) -> Crawled | None:
    """How far *subject* has been read, None where it never was."""
    row = connection.execute(
        select(Crawl.cursor, Crawl.state, Crawl.documents, Crawl.at).where(
            Crawl.source == source, Crawl.subject == subject
        )
    ).one_or_none()
    return None if row is None else Crawled(*row)


def move_crawl(
    connection: Connection,
    db: Database,
    source: str,
    subject: str,
    *,
    state: str,
    documents: int,
    cursor: Mapping[str, Any] | None = None,
) -> None:
    """Note the place that was reached and *documents* new ones; call it in the transaction that stores them."""
    values = {"cursor": dict(cursor) if cursor else None, "state": state, "at": clock()}
    statement = db.upsert(Crawl).values(
        source=source, subject=subject, documents=documents, **values
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "subject"],
            set_={**values, "documents": Crawl.documents + statement.excluded.documents},
        )
    )


def count_attempt(
    db: Database,
    run_id: int,
    *,
    service: str,
    credential: str,
    operation: str,
    seconds: float,
    retries: int = 0,
) -> None:
    """Count one attempt at *service*, whatever became of it and whoever owns the job by now."""
    with db.write() as connection:
        call_counts = {operation: CallCounts(calls=1, retries=retries, seconds=seconds)}
        count_calls(db, connection, run_id, call_counts, service=service, credential=credential)


def remark_on_documents(connection: Connection, job_id: int) -> str | None:
    """What the step that got a job's documents had to say of them."""
    return connection.scalar(
        select(JobStep.reason).where(JobStep.job_id == job_id, JobStep.step == Step.DOCUMENTS)
    )


def posts_after(
    connection: Connection, after: int, *, source: str | None, but: Collection[str], limit: int
) -> list[tuple[int, str]]:
    """The next stored documents, ``(id, text)``, in the order of their ids: of *source*, or of any *but* some."""
    statement = (
        select(Document.id, Document.text)
        .where(Document.id > after)
        .order_by(Document.id)
        .limit(limit)
    )
    chosen = Document.source.not_in(but) if source is None else Document.source == source
    return [(row.id, row.text) for row in connection.execute(statement.where(chosen))]


def link_documents(connection: Connection, db: Database, job_id: int, ids: list[int]) -> None:
    """Note that a search found these documents."""
    if ids:
        links = [{"job_id": job_id, "document_id": number} for number in ids]
        connection.execute(db.upsert(JobDocument).on_conflict_do_nothing(), links)


def found_before(connection: Connection, name: str) -> list[int]:
    """The documents that earlier searches of the same *name* found: a service is asked for what is newer alone."""
    earlier = (
        select(JobDocument.document_id)
        .join(Job, Job.id == JobDocument.job_id)
        .where(Job.name == name)
    )
    return list(connection.scalars(earlier.distinct()))
