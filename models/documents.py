"""Documents: stored once by identity, read by month, handle or search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, text

from models.database import Database, clock
from models.suppression_list import without_suppressed
from models.tables import Document, Import, JobDocument

ARCHIVE_SOURCE = "nyt"
ROWS_A_STATEMENT = 500
NAMED = 1000  # of what is left out, all of it is counted and so many are kept by name
NAMED_IN_A_REMARK = 3
_REPOSTS = "pass on somebody else's words, which no later step reads"
_TIMELESS = "have no time that can be meant, and are in no month"
_POSTS = select(Document.id, Document.identity, Document.period, Document.text, Document.repost)


@dataclass(frozen=True, slots=True)
class Text:
    """A document as a step needs it."""

    id: int
    identity: str
    period: str | None
    text: str
    repost: bool = False  # somebody else's words


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of documents that were to be stored; the others were known."""

    added: int
    forgotten: int  # kept away: somebody asked to have them forgotten


def add_documents(
    db: Database, documents: Sequence[dict[str, Any]], *, job_id: int | None = None
) -> Stored:
    """Store those that are new, by identity, and not to be forgotten. *job_id*: the search that found them all."""
    with db.write() as connection:
        return insert_documents(connection, db, documents, job_id=job_id)


def insert_documents(
    connection: Connection,
    db: Database,
    documents: Sequence[dict[str, Any]],
    *,
    job_id: int | None = None,
) -> Stored:
    """`add_documents` within a transaction that does more."""
    added = 0
    wanted = without_suppressed(connection, documents)
    for start in range(0, len(wanted), ROWS_A_STATEMENT):
        some = wanted[start : start + ROWS_A_STATEMENT]
        statement = (
            db.upsert(Document)
            .on_conflict_do_nothing(index_elements=["identity"])
            .returning(Document.id)
        )
        added += len(connection.execute(statement, some).all())
        if job_id is not None:
            ids = connection.scalars(
                select(Document.id).where(Document.identity.in_([row["identity"] for row in some]))
            )
            links = [{"job_id": job_id, "document_id": document_id} for document_id in ids]
            connection.execute(db.upsert(JobDocument).on_conflict_do_nothing(), links)
    return Stored(added, len(documents) - len(wanted))


def add_import(
    connection: Connection,
    *,
    path: str,
    source: str,
    read: int,
    added: int,
    empty: int,
    left_out: int,
    named: Sequence[str],
) -> None:
    """Note what was read from *path*, for the methods section of reports; of *named* the first are kept."""
    counts = {"read": read, "added": added, "empty": empty, "left_out": left_out}
    connection.execute(
        insert(Import).values(
            path=path, source=source, named=list(named[:NAMED]), at=clock(), **counts
        )
    )


def count_import(
    connection: Connection,
    *,
    path: str,
    source: str,
    read: int,
    added: int,
    empty: int,
    named: Sequence[str],
) -> None:
    """`add_import` for what comes page by page: it is added to what was noted of *path* before."""
    here = (Import.path == path, Import.source == source)
    left_out, all_named = len(named), list(named)
    before = connection.execute(
        select(Import).where(*here).order_by(Import.id.desc()).limit(1)
    ).one_or_none()
    if before is not None:
        connection.execute(delete(Import).where(Import.id == before.id))
        read, added, empty = read + before.read, added + before.added, empty + before.empty
        left_out, all_named = left_out + before.left_out, [*before.named, *named]
    counts = {"read": read, "added": added, "empty": empty, "left_out": left_out}
    add_import(connection, path=path, source=source, named=all_named, **counts)


def drop_import(connection: Connection, *, path: str, source: str) -> None:
    """Before *path* is read from its beginning again."""
    connection.execute(delete(Import).where(Import.path == path, Import.source == source))


def left_out_remark(connection: Connection, path: str, source: str) -> str | None:
    """What could not be read of *path* when it was read last; None where that is nothing."""
    here = (Import.path == path, Import.source == source)
    statement = (
        select(Import.left_out, Import.named).where(*here).order_by(Import.id.desc()).limit(1)
    )
    found = connection.execute(statement).one_or_none()
    if found is None or not found.left_out:
        return None
    shown = ", ".join(found.named[:NAMED_IN_A_REMARK])
    more = ", …" if found.left_out > NAMED_IN_A_REMARK else ""
    return f"{found.left_out:,} of what was read could not be used ({shown}{more})"


def days_of(period: str) -> list[tuple[datetime, datetime]]:
    """Each day of a month as (first moment, first moment of the next), naive UTC."""
    day = datetime(int(period[:4]), int(period[5:]), 1, tzinfo=UTC).replace(tzinfo=None)
    days = []
    while f"{day:%Y-%m}" == period:
        days.append((day, day + timedelta(days=1)))
        day += timedelta(days=1)
    return days


def archive_size(
    connection: Connection, period: str, material: str | None = None, *, up_to: int | None = None
) -> int:
    """How many documents of the archive that month has, of that material where one is named, up to that id."""
    first, last = days_of(period)[0][0], days_of(period)[-1][1]
    return (
        connection.scalar(select(func.count()).where(*_archive(first, last, material, up_to))) or 0
    )


def archive_day(
    connection: Connection,
    first: datetime,
    last: datetime,
    material: str | None,
    *,
    up_to: int | None = None,
) -> list[Text]:
    """The archive's documents of one day up to that id, in the order of their identities."""
    statement = select(Document.id, Document.identity, Document.period, Document.text)
    return _in_order(
        connection.execute(statement.where(*_archive(first, last, material, up_to))).all()
    )


def posts_of(
    connection: Connection, handle: str, source: str | None, *, up_to: int | None = None
) -> list[Text]:
    """Every stored document of a handle up to that id, oldest month first, then by identity."""
    statement = _POSTS.where(Document.handle == handle)
    if source is not None:
        statement = statement.where(Document.source == source)
    if up_to is not None:
        statement = statement.where(Document.id <= up_to)
    return _in_order(connection.execute(statement).all())


def posts_found(connection: Connection, job_id: int) -> list[Text]:
    """Every document that a search found."""
    found = _POSTS.join(JobDocument, JobDocument.document_id == Document.id).where(
        JobDocument.job_id == job_id
    )
    return _in_order(connection.execute(found).all())


def texts_of(connection: Connection, ids: Sequence[int]) -> list[Text]:
    """The documents of these *ids*, in the order that all reading has."""
    rows: list[Any] = []
    for start in range(0, len(ids), ROWS_A_STATEMENT):
        rows += connection.execute(
            _POSTS.where(Document.id.in_(ids[start : start + ROWS_A_STATEMENT]))
        ).all()
    return _in_order(rows)


def with_counts(remark: str | None, posts: Sequence[Text]) -> str | None:
    """*remark* on these posts, with how many are reposts or have no time in the place of what it said of that."""
    others = [
        part
        for part in (remark or "").split("; ")
        if part and not part.endswith((_REPOSTS, _TIMELESS))
    ]
    reposts, timeless = (
        sum(post.repost for post in posts),
        sum(post.period is None for post in posts),
    )
    of_all = f"of {len(posts):,} posts"
    own = [
        f"{count:,} {of_all} {what}"
        for count, what in ((reposts, _REPOSTS), (timeless, _TIMELESS))
        if count
    ]
    return "; ".join([*others, *own]) or None


def newest_document(db: Database) -> int:
    """The id of the newest stored document, 0 where there is none; whatever is stored later has a higher one.

    PostgreSQL gives out ids before others see their rows: for an instant it lets nobody insert and waits for who does.
    """
    with db.read() as connection:
        if not db.is_sqlite:
            connection.execute(text("LOCK TABLE documents IN SHARE MODE"))
        return connection.scalar(select(func.max(Document.id))) or 0


def _archive(
    first: datetime, last: datetime, material: str | None, up_to: int | None
) -> list[ColumnElement[bool]]:
    wanted = [
        Document.source == ARCHIVE_SOURCE,
        Document.published_at >= first,
        Document.published_at < last,
    ]
    if material is not None:
        wanted.append(Document.material == material)
    if up_to is not None:
        wanted.append(Document.id <= up_to)
    return wanted


def _in_order(rows: Iterable[Any]) -> list[Text]:
    # sorted here and not by the database: databases differ in how they order text
    return sorted((Text(*row) for row in rows), key=lambda text: (text.period or "", text.identity))
