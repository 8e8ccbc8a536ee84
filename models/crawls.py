"""How far services have been read: a row per source and subject, moved on with what was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from models.answers import CallCounts, count_calls
from models.database import Database, clock
from models.outages import end_outage, note_outage
from models.tables import Crawl, Document, Import, Job, JobDocument

# The crawl was begun and has not ended.
OPEN = "open"
COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Crawled:
    """The progress of a crawl."""

    cursor: dict[str, Any] | None

    # `OPEN`, `COMPLETE`, or the reason why it ended otherwise.
    state: str

    # The number of new documents that the crawl stored.
    documents: int

    # The Unix time at which the crawl was last moved on.
    at: float


def read_crawl(connection: Connection, source: str, subject: str) -> Crawled | None:
    """Return how far *subject* has been read, None where it never was."""
    columns = select(Crawl.cursor, Crawl.state, Crawl.documents, Crawl.at)
    crawl = columns.where(Crawl.source == source, Crawl.subject == subject)
    row = connection.execute(crawl).one_or_none()
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
    """Record the place that was reached, in the transaction that stores the new *documents*."""
    progress: dict[str, Any] = {
        "cursor": dict(cursor) if cursor else None,
        "state": state,
        "at": clock(),
    }
    crawl = db.upsert(Crawl).values(source=source, subject=subject, documents=documents, **progress)

    progress["documents"] = Crawl.documents + crawl.excluded.documents
    connection.execute(
        crawl.on_conflict_do_update(index_elements=["source", "subject"], set_=progress)
    )


def count_attempt(
    db: Database,
    run_id: int,
    *,
    service: str,
    credential: str,
    operation: str,
    seconds: float,
    waited: float = 0.0,
    retries: int = 0,
    unanswered: str | None = None,
    is_answered: bool = False,
) -> None:
    """Count one attempt at *service*, even if it failed or the job has another owner by now.

    *unanswered* says why it was not answered, *is_answered* that it was.
    """
    counts = {operation: CallCounts(calls=1, retries=retries, seconds=seconds, waited=waited)}
    with db.write() as connection:
        if is_answered:
            end_outage(connection, run_id, service)
        elif unanswered is not None:
            note_outage(connection, db, run_id, service, unanswered, seconds=seconds)

        count_calls(db, connection, run_id, counts, service=service, credential=credential)


def posts_after(
    connection: Connection, after: int, *, source: str | None, but: Collection[str], limit: int
) -> list[tuple[int, str]]:
    """Return the next ``(id, text)`` by id: of *source*, or of any source but *but*."""
    is_chosen = Document.source.not_in(but) if source is None else Document.source == source
    documents = select(Document.id, Document.text).where(Document.id > after, is_chosen)
    posts = connection.execute(documents.order_by(Document.id).limit(limit))
    return [(post.id, post.text) for post in posts]


def found_before(connection: Connection, name: str, *, source: str | None) -> list[int]:
    """Return the documents that earlier searches of the same *name* found; only a *source*'s."""
    links = select(JobDocument.document_id).join(Job, Job.id == JobDocument.job_id)
    found = links.where(Job.name == name)
    if source is not None:
        found = found.join(Document, Document.id == JobDocument.document_id)
        found = found.where(Document.source == source)

    return list(connection.scalars(found.distinct()))


def first_stored_after(
    connection: Connection, after: int, *, path: str, source: str, limit: int
) -> list[int]:
    """Return the next documents by id that were stored first when *path* of *source* was read."""
    imports = select(Import.id).where(Import.path == path, Import.source == source)
    documents = select(Document.id).where(Document.id > after, Document.import_id.in_(imports))
    return list(connection.scalars(documents.order_by(Document.id).limit(limit)))


def newest_times(connection: Connection, job_id: int, *, limit: int = 5000) -> list[datetime]:
    """Return the times of the newest documents that are linked to a job."""
    times = select(Document.published_at).join(JobDocument, JobDocument.document_id == Document.id)
    linked = times.where(JobDocument.job_id == job_id, Document.published_at.is_not(None))
    return list(connection.scalars(linked.order_by(Document.published_at.desc()).limit(limit)))
