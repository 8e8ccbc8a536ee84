"""Documents: stored once by identity, read by the scope of a job."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, text

from core.enums import JobKind
from models.completion import complete_documents, count_conflicts, identify_documents
from models.database import Database, batched
from models.suppression_list import without_suppressed
from models.tables import Document, JobDocument

_REPOSTS = "are reposts: moods, words and names leave them out"
_REPOST = "is a repost: moods, words and names leave it out"
_TIMELESS = "have no time that can be meant, and are in no month"
_TEXTS = select(Document.id, Document.identity, Document.period, Document.text, Document.repost)


class DocumentText(NamedTuple):
    """A document as a step needs it."""

    id: int
    identity: str
    period: str | None
    text: str
    repost: bool = False  # somebody else's words


@dataclass(frozen=True, slots=True)
class DocumentScope:
    """What determines the documents of a job: `documents_of` turns it into a condition."""

    kind: str  # a `JobKind`
    name: str  # the job's: 2020-03, @nasa, search:covid
    source: str | None = None  # of a month: its archive; of a handle: None stands for all sources
    material: str | None = None
    job_id: int | None = None  # of a search, whose documents are linked to its job
    newest_document: int | None = None  # documents with a higher id were stored later

    @classmethod
    def of_job(
        cls,
        *,
        kind: str,
        name: str,
        parameters: Mapping[str, Any],
        job_id: int | None = None,
        newest_document: int | None = None,
    ) -> Self:
        """Return the scope of a job from its columns and its run's stored *parameters*."""
        source = parameters.get("source")
        return cls(kind, name, source, parameters.get("material"), job_id, newest_document)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many documents were new, were completed, and were not stored or completed, and why."""

    added: int
    forgotten: int
    completed: int = 0
    kept: int = 0  #: lack what was given, and stay as they are for the runs that have read them
    conflicts: int = 0  #: not stored: their identity is that of another text


def add_documents(
    db: Database, documents: Sequence[dict[str, Any]], *, job_id: int | None = None
) -> Stored:
    """Store documents that are not suppressed; link all to the search *job_id*.

    A stored document is completed where it lacks what is given now. *documents* are rows of
    `Document`; ``less_known_identities`` are the names that they have where less is known of them.
    """
    with db.write() as connection:
        return insert_documents(connection, db, documents, job_id=job_id)


def insert_documents(
    connection: Connection,
    db: Database,
    documents: Sequence[dict[str, Any]],
    *,
    job_id: int | None = None,
) -> Stored:
    """Do what `add_documents` does, within a transaction of the caller's."""
    added = completed = kept = conflicts = 0
    statement = db.upsert(Document).on_conflict_do_nothing(index_elements=["identity"])
    allowed = without_suppressed(connection, documents)
    for batch in batched(allowed):
        rows = identify_documents(connection, batch)
        new = set(connection.scalars(statement.returning(Document.identity), rows))
        stored_rows = [row for row in rows if row["identity"] not in new]
        result = complete_documents(db, connection, stored_rows)
        added += len(new)
        completed += result.completed
        kept += result.kept
        conflicts += result.conflicts + count_conflicts(rows, _first_texts(rows, new))
        if job_id is not None:
            identities = [row["identity"] for row in rows]
            stored = select(Document.id).where(Document.identity.in_(identities))
            link_documents(connection, db, job_id, connection.scalars(stored).all())

    return Stored(added, len(documents) - len(allowed), completed, kept, conflicts)


def _first_texts(rows: Sequence[Mapping[str, Any]], identities: Collection[str]) -> dict[str, str]:
    """Return the text that was stored of each of these new *identities*: that of its first row."""
    texts: dict[str, str] = {}
    for row in rows:
        if row["identity"] in identities:
            texts.setdefault(row["identity"], row["text"])
    return texts


def link_documents(connection: Connection, db: Database, job_id: int, ids: Sequence[int]) -> None:
    """Record that the search *job_id* found these documents."""
    if ids:
        links = [{"job_id": job_id, "document_id": number} for number in ids]
        connection.execute(db.upsert(JobDocument).on_conflict_do_nothing(), links)


def stored_materials(connection: Connection, source: str) -> list[str]:
    """Return the materials of a source's documents, the most frequent first."""
    of_source = (Document.source == source, Document.material.is_not(None))
    materials = select(Document.material).where(*of_source).group_by(Document.material)
    ordered = materials.order_by(func.count().desc(), Document.material)
    return [str(material) for material in connection.scalars(ordered)]


def has_documents_of(connection: Connection, handle: str) -> bool:
    """Return whether a document of that handle is stored, in any source."""
    of_handle = select(Document.id).where(Document.handle == handle).limit(1)
    return connection.scalar(of_handle) is not None


def documents_of(
    scope: DocumentScope, *, day: tuple[datetime, datetime] | None = None
) -> ColumnElement[bool]:
    """Return the condition on `Document` that holds for the documents of *scope*.

    This is the one place that says which documents a job works on. *day* narrows a month to one of
    its `days_of`.
    """
    if scope.kind == JobKind.MONTH:
        days = days_of(scope.name)
        first, after = day or (days[0][0], days[-1][1])
        condition = and_(Document.published_at >= first, Document.published_at < after)
    elif scope.kind == JobKind.HANDLE:
        condition = Document.handle == scope.name.removeprefix("@").lower()
    else:
        linked = select(JobDocument.document_id).where(JobDocument.job_id == scope.job_id)
        condition = Document.id.in_(linked)

    if scope.source is not None and scope.kind in (JobKind.MONTH, JobKind.HANDLE):
        condition &= Document.source == scope.source
    if scope.material is not None:
        condition &= func.lower(Document.material) == func.lower(scope.material)
    if scope.newest_document is not None:
        condition &= Document.id <= scope.newest_document
    return condition


def count_documents(connection: Connection, scope: DocumentScope) -> int:
    """Return the number of documents of *scope*."""
    count = select(func.count()).select_from(Document).where(documents_of(scope))
    return connection.scalar(count) or 0


def list_documents(connection: Connection, scope: DocumentScope) -> list[DocumentText]:
    """Return the documents of *scope*, by period, then identity."""
    return _in_order(connection.execute(_TEXTS.where(documents_of(scope))).all())


def list_posts(connection: Connection, scopes: Sequence[DocumentScope]) -> list[DocumentText]:
    """Return the documents of several accounts or searches, each once, by period and identity."""
    if not scopes:
        return []
    is_of_one = or_(*map(documents_of, scopes))
    return _in_order(connection.execute(_TEXTS.where(is_of_one)).all())


def list_documents_by_day(
    db: Database, scope: DocumentScope
) -> Iterator[tuple[str, list[DocumentText]]]:
    """Yield each day of a month, ``2020-03-01``, and its documents, if there are any.

    Each day is read in a transaction of its own.
    """
    for day in days_of(scope.name):
        statement = _TEXTS.where(documents_of(scope, day=day))
        with db.read() as connection:
            documents = _in_order(connection.execute(statement).all())
        if documents:
            yield f"{day[0]:%Y-%m-%d}", documents


def list_texts(db: Database, scope: DocumentScope) -> Iterator[str]:
    """Yield the texts of a month, a day at a time."""
    for _, documents in list_documents_by_day(db, scope):
        for document in documents:
            yield document.text


def documents_by_id(connection: Connection, ids: Sequence[int]) -> list[DocumentText]:
    """Return the documents with these *ids*, by period, then identity."""
    rows: list[Any] = []
    for batch in batched(ids):
        rows += connection.execute(_TEXTS.where(Document.id.in_(batch)))
    return _in_order(rows)


def days_of(period: str) -> list[tuple[datetime, datetime]]:
    """Return each day of a month as (first moment, first moment of the next), naive UTC."""
    day = datetime(int(period[:4]), int(period[5:]), 1, tzinfo=UTC).replace(tzinfo=None)
    days = []
    while f"{day:%Y-%m}" == period:
        days.append((day, day + timedelta(days=1)))
        day += timedelta(days=1)
    return days


def with_counts(remark: str | None, posts: Sequence[DocumentText]) -> str | None:
    """Return *remark* with its counts of reposts and of posts without a time brought up to date."""
    remarks = (remark or "").split("; ")
    parts = [part for part in remarks if part and not part.endswith((_REPOSTS, _REPOST, _TIMELESS))]
    reposts = sum(post.repost for post in posts)
    timeless = sum(post.period is None for post in posts)
    if reposts:
        description = _REPOST if reposts == 1 else _REPOSTS
        parts.append(f"{reposts:,} of the {len(posts):,} posts {description}")
    if timeless:
        parts.append(f"{timeless:,} of {len(posts):,} posts {_TIMELESS}")
    return "; ".join(parts) or None


def newest_document(db: Database) -> int:
    """Return the id of the newest document, 0 for none; those stored later have higher ids.

    PostgreSQL gives out ids before others see their rows, so this waits for whoever inserts, and
    lets nobody insert for an instant.
    """
    with db.read() as connection:
        if not db.is_sqlite:
            connection.execute(text("LOCK TABLE documents IN SHARE MODE"))
        return connection.scalar(select(func.max(Document.id))) or 0


def _in_order(rows: Iterable[Any]) -> list[DocumentText]:
    # sorted here and not by the database: databases differ in how they order text
    return sorted(map(DocumentText._make, rows), key=_period_and_identity)


def _period_and_identity(document: DocumentText) -> tuple[str, str]:
    return document.period or "", document.identity
