"""Documents: stored once by identity, read by the scope of a job."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, Self, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Insert,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import ReturningInsert

from core.enums import TextPart
from models.bulk import insert_of_many, many
from models.completion import (
    Stored,
    complete_documents,
    count_conflicts,
    identify_documents,
    ids_read_with_abstracts,
    join_rows,
)
from models.database import Database, batched, upsert
from models.keyword_answers import forget_searches_of_both
from models.origins import (
    CountKey,
    OriginKey,
    add_to_counts,
    count_key,
    find_or_add_origins,
    is_of_origin,
    origin_key,
)
from models.suppression_list import without_suppressed
from models.tables import Document, DocumentDetails, Job, JobDocument, Mention, Origin

Moment: TypeAlias = datetime | ColumnElement[datetime]

_REPOSTS = "are reposts: moods, words and names leave them out"
_REPOST = "is a repost: moods, words and names leave it out"
_TIMELESS = "have no time that can be meant, and are in no month"
_COLUMNS = (
    *("identity", "source", "handle", "author_id"),
    *("published_at", "period", "address", "text", "language_code"),
)
_INSERTED = (*_COLUMNS, "origin_id", "import_id", "repost", "full_stop_added")
# A line break ends a sentence, so that no sentence begins in the headline and ends in the abstract.
_BETWEEN_PARTS = "\n"
# About so many documents of a month are read in one transaction.
_READ_AT_ONCE = 2000


class DocumentText(NamedTuple):
    """A document as a step needs it."""

    id: int
    identity: str
    period: str | None
    text: str

    # True if the text is somebody else's.
    repost: bool = False


# What a stored job says of its documents.
SCOPE_COLUMNS = (
    *(Job.id, Job.sources, Job.first_day, Job.last_day, Job.handle),
    Job.newest_document,
)


@dataclass(frozen=True, slots=True)
class DocumentScope:
    """What determines the documents of a job: `documents_of` turns it into a condition.

    They are those of *days*, from the first to the last, of a *handle*, or those that are linked to
    the job *linked_to*. Documents with a higher id than *newest_document* were stored later.
    Without sources, outlets, sections or a material, documents of all of them count. *text_part* is
    what is read of each.
    """

    days: tuple[date, date] | None = None
    handle: str | None = None
    linked_to: int | None = None
    sources: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    material: str | None = None
    newest_document: int | None = None
    text_part: TextPart = TextPart.HEADLINE

    @classmethod
    def of_run(cls, parameters: Mapping[str, Any]) -> Self:
        """Return what the *parameters* of a run choose among the documents of each job."""
        return cls(
            outlets=tuple(parameters.get("outlets") or ()),
            sections=tuple(parameters.get("sections") or ()),
            material=parameters.get("material"),
            text_part=text_part_of(parameters),
        )

    @classmethod
    def of_job(cls, job: Any, parameters: Mapping[str, Any]) -> Self:
        """Return the scope of a stored job, from its `SCOPE_COLUMNS` and its run's *parameters*."""
        scope = replace(
            cls.of_run(parameters),
            days=None if job.first_day is None else (job.first_day, job.last_day),
            handle=job.handle,
            sources=tuple(job.sources),
            newest_document=job.newest_document,
        )
        return replace(scope, linked_to=job.id) if scope.is_linked else scope

    @property
    def is_linked(self) -> bool:
        """Whether the documents of the job are linked to it."""
        return self.days is None and self.handle is None

    @property
    def job_columns(self) -> dict[str, Any]:
        """The columns of a job with this scope."""
        first_day, last_day = self.days or (None, None)
        days = {"first_day": first_day, "last_day": last_day}
        return {"sources": list(self.sources), "handle": self.handle, **days}

    @property
    def months(self) -> list[str]:
        """The months that its days are in, ``2020-03``."""
        first_day, last_day = self.days or (date.max, date.min)
        first, last = (12 * day.year + day.month - 1 for day in (first_day, last_day))
        return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]

    @property
    def of_all_kinds(self) -> Self:
        """The scope without its choice of sections and material.

        If this scope has a document and the chosen scope has none, the zero is true. An outlet
        without any document has no data.
        """
        return replace(self, sections=(), material=None)


def text_part_of(parameters: Mapping[str, Any]) -> TextPart:
    """Return what a run with these parameters reads of each document."""
    return TextPart(parameters.get("text") or TextPart.HEADLINE)


def text_column(part: TextPart) -> ColumnElement[str]:
    """Return the text of `Document` that is read of a document, and that services are asked of."""
    if part == TextPart.HEADLINE:
        return Document.text.expression

    details = select(DocumentDetails.abstract).where(DocumentDetails.document_id == Document.id)
    abstract = details.scalar_subquery()
    if part == TextPart.ABSTRACT:
        return func.coalesce(abstract, "").label("text")

    return (Document.text + func.coalesce(_BETWEEN_PARTS + abstract, "")).label("text")


def tags_column() -> ColumnElement[list[str] | None]:
    """Return the source's subject terms of a `Document`; null where they are not known."""
    details = select(DocumentDetails.tags).where(DocumentDetails.document_id == Document.id)
    return details.scalar_subquery().label("tags")


def quoted_text(part: TextPart) -> ColumnElement[str]:
    """Return the text of `Document` as its source has it: without a full stop that was added.

    Between a headline and its abstract the full stop stays, since many pages show both in one line.
    """
    if part != TextPart.HEADLINE:
        return text_column(part)

    without = func.substr(Document.text, 1, func.length(Document.text) - 1)
    return case((Document.full_stop_added, without), else_=Document.text).label("text")


def quoted_sentence(part: TextPart) -> ColumnElement[str]:
    """Return the sentence of a `Mention` as it stands in the `quoted_text` of its `Document`."""
    sentence = Mention.sentence
    if part != TextPart.HEADLINE:
        return sentence.expression

    first = func.length(Document.text) - func.length(sentence) + 1
    ends_text = func.substr(Document.text, first) == sentence
    # The first sentence of several may have the words with which the last one ends.
    is_last = or_(Mention.position > 1, Document.text == sentence)
    without = func.substr(sentence, 1, func.length(sentence) - 1)
    is_terminated = and_(Document.full_stop_added, ends_text, is_last)
    return case((is_terminated, without), else_=sentence).label("sentence")


@lru_cache(maxsize=8)
def _select_texts(part: TextPart, *, dated: bool = False) -> Select[Any]:
    """Return the statement that reads the fields of `DocumentText`, and with *dated* the time."""
    columns: list[Any] = [Document.id, Document.identity, Document.period, text_column(part)]
    columns.append(Document.repost)
    if dated:
        columns.append(Document.published_at)

    return select(*columns)


def add_documents(
    db: Database,
    documents: Sequence[dict[str, Any]],
    *,
    job_id: int | None = None,
    import_id: int | None = None,
) -> Stored:
    """Store documents that are not suppressed; link all to the search *job_id*.

    A stored document is completed where it lacks what is given now. *documents* are rows of
    `Document` with the fields of `Origin` and `DocumentDetails`; ``less_known_identities`` are the
    names that they have where less is known of them.
    """
    with db.write() as connection:
        return insert_documents(connection, db, documents, job_id=job_id, import_id=import_id)


def insert_documents(
    connection: Connection,
    db: Database,
    documents: Sequence[dict[str, Any]],
    *,
    job_id: int | None = None,
    import_id: int | None = None,
) -> Stored:
    """Do what `add_documents` does, within a transaction of the caller's."""
    allowed = without_suppressed(connection, documents)
    origin_ids = find_or_add_origins(connection, db, map(origin_key, allowed))
    added: Counter[CountKey] = Counter()
    stored = Stored(forgotten=len(documents) - len(allowed))

    for batch in batched(allowed):
        rows, redated_in_batch = join_rows(identify_documents(connection, batch))
        joined_keys = {origin_key(row) for row in rows} - origin_ids.keys()
        origin_ids |= find_or_add_origins(connection, db, joined_keys)
        new = _insert_new(connection, db, rows, origin_ids, import_id)
        added.update(map(count_key, new.values()))
        stored_rows = [row for row in rows if row["identity"] not in new]
        stored += complete_documents(db, connection, stored_rows)
        _insert_details(connection, db, rows)
        if job_id is not None:
            _link_rows(connection, db, rows, job_id)

        conflicts = _count_conflicts(rows, new)
        stored += Stored(added=len(new), conflicts=conflicts, redated=redated_in_batch)

    add_to_counts(connection, db, added)
    return stored


def _insert_new(
    connection: Connection,
    db: Database,
    rows: Sequence[Mapping[str, Any]],
    origin_ids: Mapping[OriginKey, int],
    import_id: int | None,
) -> dict[str, dict[str, Any]]:
    """Insert the rows of documents that are not stored; return what was inserted, by identity."""
    first_rows: dict[str, dict[str, Any]] = {}
    for row in rows:
        origin_id = origin_ids[origin_key(row)]
        document = {column: row.get(column) for column in _COLUMNS}
        import_columns = {
            "origin_id": origin_id,
            "import_id": import_id,
            "repost": bool(row.get("repost")),
            "full_stop_added": bool(row.get("full_stop_added")),
        }
        first_rows.setdefault(row["identity"], {**document, **import_columns})

    if not first_rows:
        return {}

    parameters = many(list(first_rows.values()), _INSERTED, is_sqlite=db.is_sqlite)
    inserted = connection.scalars(_inserting_new(db.is_sqlite), parameters)
    return {identity: first_rows[identity] for identity in inserted}


@lru_cache(maxsize=2)
def _inserting_new(is_sqlite: bool) -> ReturningInsert[str]:
    """Return the statement that inserts documents and returns the identities of the new ones."""
    insert = insert_of_many(Document, _INSERTED, is_sqlite=is_sqlite)
    return insert.on_conflict_do_nothing(index_elements=["identity"]).returning(Document.identity)


def _count_conflicts(
    rows: Sequence[Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> int:
    """Return how many *rows* have another text than the first row of their identity, if new."""
    texts = {identity: str(row["text"]) for identity, row in new.items()}
    return count_conflicts(rows, texts)


def _insert_details(
    connection: Connection, db: Database, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep the first abstract and the first subject terms of each document.

    A document without an abstract that a run has read with abstracts stays so.
    """
    details_by_identity: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.get("abstract") or row.get("tags") is not None:
            tags = row.get("tags")
            details = {
                "abstract": row.get("abstract"),
                "tags": None if tags is None else list(tags),
                "text": row["text"],
            }
            details_by_identity.setdefault(row["identity"], details)

    if not details_by_identity:
        return

    columns = select(Document.id, Document.identity, Document.text)
    stored = columns.where(Document.identity.in_(list(details_by_identity)))
    new = []
    for document_id, identity, stored_text in connection.execute(stored):
        details = details_by_identity[identity]
        if details.pop("text") == stored_text:
            new.append({"document_id": document_id, **details})

    read = ids_read_with_abstracts(connection, [details["document_id"] for details in new])
    for details in new:
        if details["document_id"] in read:
            details["abstract"] = None

    if new:
        # Concurrent imports write in the same order, so that they cannot deadlock.
        new.sort(key=itemgetter("document_id"))
        connection.execute(_adding_details(db.is_sqlite), new)
        unread = [details["document_id"] for details in new if details["document_id"] not in read]
        forget_searches_of_both(connection, unread)


@lru_cache(maxsize=2)
def _adding_details(is_sqlite: bool) -> Insert:
    """Return the statement that inserts details, or adds to those that are stored what they lack.

    So tags come to documents that were stored with an abstract alone, and abstracts to those with
    tags alone.
    """
    insert = upsert(DocumentDetails, is_sqlite=is_sqlite)
    stored, given = DocumentDetails, insert.excluded
    adds_abstract = and_(stored.abstract.is_(None), given.abstract.is_not(None))
    adds_tags = and_(_has_no_tags(stored.tags), not_(_has_no_tags(given.tags)))
    return insert.on_conflict_do_update(
        index_elements=[stored.document_id],
        set_={
            "abstract": func.coalesce(stored.abstract, given.abstract),
            "tags": case((adds_tags, given.tags), else_=stored.tags),
        },
        where=or_(adds_abstract, adds_tags),
    )


def _has_no_tags(tags: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that the JSON in *tags* has none, or that none are known."""
    written = cast(tags, Text)
    return or_(written == "[]", written == "null")


def _link_rows(
    connection: Connection, db: Database, rows: Sequence[Mapping[str, Any]], job_id: int
) -> None:
    identities = [row["identity"] for row in rows]
    stored = select(Document.id).where(Document.identity.in_(identities))
    link_documents(connection, db, job_id, connection.scalars(stored).all())


def link_documents(connection: Connection, db: Database, job_id: int, ids: Sequence[int]) -> None:
    """Record that the search *job_id* found these documents."""
    if ids:
        links = [{"job_id": job_id, "document_id": document_id} for document_id in ids]
        connection.execute(db.upsert(JobDocument).on_conflict_do_nothing(), links)


def has_documents_of(connection: Connection, handle: str) -> bool:
    """Return whether a document of that handle is stored, in any source."""
    documents = select(Document.id).where(Document.handle == handle).limit(1)
    return connection.scalar(documents) is not None


def documents_of(
    scope: DocumentScope,
    *,
    day: tuple[Moment, Moment] | None = None,
    other_handles: Sequence[str] = (),
) -> ColumnElement[bool]:
    """Return the condition on `Document` that holds for the documents of *scope*.

    Nothing else determines which documents a job works on. *day* narrows the days of the
    scope to some moments, given as such or as parameters of the statement. *other_handles* are
    accounts whose scopes differ from *scope* only in the handle.
    """
    if scope.days is not None:
        first, after = day or moments_of(*scope.days)
        condition = and_(Document.published_at >= first, Document.published_at < after)
    elif scope.handle is not None:
        condition = Document.handle.in_([scope.handle, *other_handles])
    else:
        linked = select(JobDocument.document_id).where(JobDocument.job_id == scope.linked_to)
        condition = Document.id.in_(linked)

    if scope.sources:
        condition &= Document.source.in_(scope.sources)
    if scope.outlets or scope.sections or scope.material is not None:
        materials = [] if scope.material is None else [scope.material]
        condition &= is_of_origin(outlet=scope.outlets, section=scope.sections, material=materials)

    if scope.text_part == TextPart.ABSTRACT:
        details = exists().where(DocumentDetails.document_id == Document.id)
        condition &= details.where(DocumentDetails.abstract.is_not(None))

    if scope.newest_document is not None:
        condition &= Document.id <= scope.newest_document

    return condition


def has_documents(connection: Connection, scope: DocumentScope) -> bool:
    """Return whether a document of *scope* is stored."""
    document = select(Document.id).where(documents_of(scope)).limit(1)
    return connection.scalar(document) is not None


def count_documents(connection: Connection, scope: DocumentScope) -> int:
    """Return the number of documents of *scope*."""
    count = select(func.count()).select_from(Document).where(documents_of(scope))
    return connection.scalar(count) or 0


def list_documents(connection: Connection, scope: DocumentScope) -> list[DocumentText]:
    """Return the documents of *scope*, by period, then identity."""
    texts = _select_texts(scope.text_part).where(documents_of(scope))
    return _in_order(connection.execute(texts).all())


def read_sections(db: Database, scope: DocumentScope) -> dict[int, str]:
    """Return the sections in which the documents of *scope* stand, where they are known."""
    sections = (
        select(Document.id, Origin.section)
        .join(Origin, Origin.id == Document.origin_id)
        .where(documents_of(scope), Origin.section != "")
    )
    with db.read() as connection:
        return {row.id: row.section for row in connection.execute(sections)}


def list_posts(connection: Connection, scopes: Sequence[DocumentScope]) -> list[DocumentText]:
    """Return the documents of several accounts or searches, each once, in any order."""
    handles_by_scope: dict[DocumentScope, list[str]] = {}
    conditions = []
    for scope in scopes:
        if scope.handle is None:
            conditions.append(documents_of(scope))
        else:
            handles_by_scope.setdefault(replace(scope, handle=""), []).append(scope.handle)

    for scope, handles in handles_by_scope.items():
        conditions.append(documents_of(scope, other_handles=handles))

    is_of_one = or_(false(), *conditions)
    texts = _select_texts(TextPart.HEADLINE).where(is_of_one)
    return list(map(DocumentText._make, connection.execute(texts)))


def list_documents_by_day(
    db: Database, scope: DocumentScope
) -> Iterator[tuple[str, list[DocumentText]]]:
    """Yield each day of a scope of days, ``2020-03-01``, and its documents, if there are any.

    Some `_READ_AT_ONCE` documents are read in a transaction, or a day.
    """
    day = bindparam("first", type_=DateTime), bindparam("after", type_=DateTime)
    # The statement is built once, because building it costs most.
    statement = _select_texts(scope.text_part, dated=True).where(documents_of(scope, day=day))
    for first, after in _ranges_to_read(db, scope):
        with db.read() as connection:
            rows = connection.execute(statement, {"first": first, "after": after}).all()

        yield from _group_by_day(rows)


def _ranges_to_read(db: Database, scope: DocumentScope) -> Iterator[tuple[datetime, datetime]]:
    """Yield the days of a scope, several together where it has few documents."""
    assert scope.days is not None  # noqa: S101 - documents of an account are read at once
    first_day, last_day = scope.days
    days = (last_day - first_day).days + 1
    most = select(Document.id).where(documents_of(scope)).limit(_READ_AT_ONCE * days)
    with db.read() as connection:
        count = connection.scalar(select(func.count()).select_from(most.subquery())) or 0

    together = max(1, _READ_AT_ONCE * days // max(1, count))
    for begin in range(0, days, together):
        end = min(begin + together, days) - 1
        yield moments_of(first_day + timedelta(days=begin), first_day + timedelta(days=end))


def _group_by_day(documents: Iterable[Row[Any]]) -> Iterator[tuple[str, list[DocumentText]]]:
    """Yield each day of dated *documents* with its documents, by identity."""
    days: dict[date, list[Any]] = {}
    for document in documents:
        days.setdefault(document.published_at.date(), []).append(document[:-1])

    for day in sorted(days):
        yield day.isoformat(), _in_order(days[day])


def list_texts(db: Database, scope: DocumentScope) -> Iterator[str]:
    """Yield the texts of a scope of days, a day at a time."""
    for _, documents in list_documents_by_day(db, scope):
        for document in documents:
            yield document.text


def documents_by_id(
    connection: Connection, ids: Sequence[int], text_part: TextPart = TextPart.HEADLINE
) -> list[DocumentText]:
    """Return the documents with these *ids*, by period, then identity."""
    documents: list[Any] = []
    for batch in batched(ids):
        documents += connection.execute(_select_texts(text_part).where(Document.id.in_(batch)))

    return _in_order(documents)


def days_of_month(period: str) -> tuple[date, date]:
    """Return the first and the last day of a month, ``2020-03``."""
    year, month = map(int, period.split("-"))
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def moments_of(first_day: date, last_day: date) -> tuple[datetime, datetime]:
    """Return the first moment of *first_day*, and the first after *last_day*, naive UTC."""
    after = datetime.combine(last_day, time()) + timedelta(days=1)
    return datetime.combine(first_day, time()), after


def with_counts(remark: str | None, posts: Sequence[DocumentText]) -> str | None:
    """Return *remark* followed by the counts of reposts and of posts without a time."""
    parts = [remark] if remark else []
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

    PostgreSQL gives out ids before others see their rows. So this waits for running inserts and
    blocks new ones for an instant.
    """
    with db.read() as connection:
        if not db.is_sqlite:
            connection.execute(text("LOCK TABLE documents IN SHARE MODE"))

        return connection.scalar(select(func.max(Document.id))) or 0


def _in_order(documents: Iterable[Any]) -> list[DocumentText]:
    # sorted here and not by the database: databases differ in how they order text
    return sorted(map(DocumentText._make, documents), key=_period_and_identity)


def _period_and_identity(document: DocumentText) -> tuple[str, str]:
    return document.period or "", document.identity
