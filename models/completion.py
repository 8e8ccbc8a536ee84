"""Completion of stored documents that an import knows more about.

A run's documents do not change. So a document that no run has read is stored anew for later runs.
A document that a run has read gets only its author and its place, which no figure counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from operator import add
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from core.enums import TextPart
from core.languages import find_language
from models.bulk import scalars_in, select_in
from models.database import Database
from models.keyword_answers import move_keyword_answers
from models.origins import (
    ORIGIN_FIELDS,
    CountKey,
    OriginKey,
    add_to_counts,
    count_key,
    find_or_add_origins,
    read_origins,
)
from models.tables import AnswerDocument, Document, DocumentDetails, Job, JobDocument, Origin, Run

_AUTHOR = ("handle", "author_id")
_FIELDS = (*_AUTHOR, "published_at", "address", "repost")
_DETAILS = ("abstract", "tags")
# Results are grouped by no other fields than these.
_PLACE = ("outlet", "section", "desk", "language")
_KNOWN = select(Document.identity, Document.handle, Document.published_at, Origin.outlet).join(
    Origin, Origin.id == Document.origin_id
)
# The name of a row that is about to go begins with this prefix; no source has such a name.
_REPLACED = "replaced:"


@dataclass(frozen=True, slots=True)
class Stored:
    """How many documents were new, were completed, and were not stored or completed, and why."""

    added: int = 0
    forgotten: int = 0
    completed: int = 0

    #: These documents lack a field that was given; they stay as the runs have read them.
    kept: int = 0

    #: These documents were not stored: their identity belongs to another text.
    conflicts: int = 0

    #: These documents were given with another date than the stored one, which stays.
    redated: int = 0

    def __add__(self, other: Stored) -> Stored:
        """Return the counts of both together."""
        return Stored(*map(add, astuple(self), astuple(other)))


@dataclass(frozen=True, slots=True)
class _Incomplete:
    """A stored document, where it stands, and the values that it lacks."""

    document: Mapping[Any, Any]
    origin: OriginKey
    missing: Mapping[str, Any]

    def select(self, fields: Sequence[str]) -> dict[str, Any]:
        """Return those of the missing values that are called so."""
        return {field: self.missing[field] for field in fields if field in self.missing}

    @property
    def new_origin(self) -> OriginKey:
        """Where the document stands by what is known now."""
        stored_fields = zip(ORIGIN_FIELDS, self.origin, strict=True)
        return tuple(
            stored_value or self.missing.get(field, "") for field, stored_value in stored_fields
        )

    @property
    def language_code(self) -> str | None:
        """The code of the language: what is stated now, or what was stored."""
        stored_code: str | None = self.document["language_code"]
        return find_language(self.missing.get("language")) or stored_code


def identify_documents(
    connection: Connection, documents: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows under the names by which they are stored, without other names.

    A document without an id and an address is named by its time, handle and text. It may be stored
    under the name that it has without its handle, outlet or time. The two are one document unless
    the stored one has another handle, outlet or time.
    """
    identities = set[str]()
    for document in documents:
        if document.get("less_known_identities"):
            identities.update((document["identity"], *document["less_known_identities"]))

    stored = _stored_documents(connection, identities)

    identified_rows = []
    for document in documents:
        row = dict(document)
        less_known = row.pop("less_known_identities", ())
        if row["identity"] not in stored:
            row["identity"] = _stored_identity(row, less_known, stored)
        if row["identity"] in stored:
            # The next row has to agree with what this row adds.
            document_fields = stored[row["identity"]]
            for column, stored_value in document_fields.items():
                document_fields[column] = row.get(column) if stored_value is None else stored_value

        identified_rows.append(row)

    return identified_rows


def _stored_documents(
    connection: Connection, identities: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return handle, time and outlet of the stored documents of these names."""
    return {
        identity: {"handle": handle, "published_at": published_at, "outlet": outlet or None}
        for identity, handle, published_at, outlet in select_in(
            connection, _KNOWN, Document.identity, identities
        )
    }


def _stored_identity(
    row: Mapping[str, Any], identities: Sequence[str], stored: Mapping[str, Mapping[str, Any]]
) -> str:
    for identity in identities:
        document_fields = stored.get(identity)
        if document_fields is not None and _agree(document_fields, row):
            return identity

    return str(row["identity"])


def _agree(stored: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(stored_value in (None, row.get(column)) for column, stored_value in stored.items())


def join_rows(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Give rows of one document what any of them knows, and the first of their dates.

    Return the rows, and how many of them had another month: an archive lists a document under two
    dates if it was published again.
    """
    joined: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["identity"], row["text"])
        joined[key] = _join(joined[key], row) if key in joined else row

    joined_rows = []
    redated = 0
    for row in rows:
        whole = joined[row["identity"], row["text"]]
        if row.get("period") and whole.get("period") != row["period"]:
            redated += 1

        joined_rows.append(whole)

    return joined_rows, redated


def _join(row: dict[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return *row* with what *later* knows and it does not."""
    joined = dict(row)
    for column in (*_FIELDS, *ORIGIN_FIELDS, *_DETAILS):
        if not joined.get(column) and later.get(column):
            joined[column] = later[column]

    if joined.get("tags") is None:
        joined["tags"] = later.get("tags")
    if not row.get("language") and later.get("language"):
        joined["language_code"] = later.get("language_code")
    if _is_earlier(later, row) or not row.get("period"):
        joined |= {
            date_column: later.get(date_column) or row.get(date_column)
            for date_column in ("published_at", "period")
        }

    return joined


def _is_earlier(row: Mapping[Any, Any], other_row: Mapping[Any, Any]) -> bool:
    """Return whether *row* has an earlier date; an account's post keeps its stored date."""
    if row.get("handle") or other_row.get("handle"):
        return False

    date, other_date = row.get("published_at"), other_row.get("published_at")
    return bool(date and other_date and date < other_date)


def complete_documents(
    db: Database, connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> Stored:
    """Complete the stored documents of these identities by fields that only *rows* have."""
    rows_by_identity = {row["identity"]: row for row in rows}
    stored = select(Document.__table__).where(Document.identity.in_(sorted(rows_by_identity)))
    documents = connection.execute(stored).mappings().all()
    texts = {document["identity"]: document["text"] for document in documents}
    conflicts = count_conflicts(rows, texts)
    redated = sum(_has_other_month(document, rows_by_identity) for document in documents)

    _note_added_full_stops(connection, documents, rows_by_identity)

    origins = read_origins(connection, [document["origin_id"] for document in documents])
    ids = []
    for document in documents:
        origin = origins[document["origin_id"]]
        if _missing(document, rows_by_identity[document["identity"]], origin):
            ids.append(document["id"])

    if not ids:
        return Stored(conflicts=conflicts, redated=redated)

    locked = select(Document.__table__).where(Document.id.in_(ids)).with_for_update()
    documents = connection.execute(locked.order_by(Document.id)).mappings().all()
    origins = read_origins(connection, [document["origin_id"] for document in documents])
    incomplete: list[_Incomplete] = []
    for document in documents:
        origin = origins[document["origin_id"]]
        missing = _missing(document, rows_by_identity[document["identity"]], origin)
        incomplete.append(_Incomplete(document, origin, missing))

    # These a job has read, or a search has found.
    linked = select(JobDocument.document_id)
    found = scalars_in(connection, linked, JobDocument.document_id, ids)
    read = _ids_of_jobs(connection, ids, _IS_READ).union(found)
    unread = [entry for entry in incomplete if entry.document["id"] not in read]
    _store_anew(db, connection, unread)
    completed, kept = _complete_in_place(
        db,
        connection,
        [entry for entry in incomplete if entry.document["id"] in read],
    )
    return Stored(
        completed=completed + len(unread), kept=kept, conflicts=conflicts, redated=redated
    )


def _note_added_full_stops(
    connection: Connection,
    documents: Sequence[Mapping[Any, Any]],
    rows_by_identity: Mapping[str, Mapping[str, Any]],
) -> None:
    """Note which of the stored *documents* got a full stop; earlier versions did not note it.

    No figure changes by it, so documents that runs have read are noted, too.
    """
    ids = []
    for document in documents:
        row = rows_by_identity[document["identity"]]
        is_noted = document["full_stop_added"] or not row.get("full_stop_added")
        if not is_noted and document["text"] == row["text"]:
            ids.append(document["id"])

    if ids:
        is_terminated = Document.id.in_(ids)
        connection.execute(update(Document).where(is_terminated).values(full_stop_added=True))


def _has_other_month(
    document: Mapping[Any, Any], rows_by_identity: Mapping[str, Mapping[str, Any]]
) -> bool:
    row = rows_by_identity[document["identity"]]
    periods = {document["period"], row.get("period")}
    return document["text"] == row["text"] and None not in periods and len(periods) > 1


def count_conflicts(rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> int:
    """Return how many *rows* differ from the text that *texts* has for their identity."""
    return sum(row["text"] != texts.get(row["identity"], row["text"]) for row in rows)


def _missing(
    document: Mapping[Any, Any], row: Mapping[str, Any], origin: OriginKey
) -> dict[str, Any]:
    """Return what *row* knows and the stored *document* does not, if they are of one text.

    Two tables may well number their rows alike.
    """
    if document["text"] != row["text"]:
        return {}

    missing = {}
    for column in _FIELDS:
        if not document[column] and row.get(column):
            missing[column] = row[column]

    for field, stored_value in zip(ORIGIN_FIELDS, origin, strict=True):
        if not stored_value and row.get(field):
            missing[field] = row[field]

    if "published_at" in missing or _is_earlier(row, document):
        missing |= {"published_at": row["published_at"], "period": row["period"]}

    return missing


# There are few different stretches of days, however many jobs have them.
_STRETCHES = select(Job.first_day, Job.last_day).where(Job.first_day.is_not(None)).distinct()
_SOURCES = cast(Job.sources, Text)
_IS_OF_SOURCE = or_(_SOURCES == "[]", _SOURCES.contains('"' + Document.source + '"'))
_IS_READ = Job.newest_document >= Document.id


def group_by_scope(
    connection: Connection, ids: Sequence[int]
) -> Iterator[tuple[ColumnElement[bool], list[int]]]:
    """Yield conditions on `Job`, each with the documents in the days or of the handle of such jobs.

    An index finds the jobs of each. What else their runs choose is left open, and what is linked
    to jobs is left out.
    """
    stretches = connection.execute(_STRETCHES).all()
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    columns = select(Document.id, Document.published_at, Document.handle)
    for document in connection.execute(columns.where(Document.id.in_(ids))):
        if document.handle is not None:
            groups[None, document.handle].append(document.id)
        for first_day, last_day in stretches if document.published_at is not None else ():
            if first_day <= document.published_at.date() <= last_day:
                groups[first_day, last_day].append(document.id)

    for (first_day, last), document_ids in groups.items():
        is_of_days = and_(Job.first_day == first_day, Job.last_day == last)
        yield Job.handle == last if first_day is None else is_of_days, document_ids


def _ids_of_jobs(
    connection: Connection, ids: Sequence[int], condition: ColumnElement[bool]
) -> set[int]:
    """Return which of the documents have a job for which, and for whose run, *condition* holds."""
    found: set[int] = set()
    for is_in_scope, document_ids in group_by_scope(connection, ids):
        has_job = exists().where(Run.id == Job.run_id, is_in_scope, _IS_OF_SOURCE, condition)
        documents = select(Document.id).where(Document.id.in_(document_ids), has_job)
        found.update(connection.scalars(documents))

    return found


def ids_read_with_abstracts(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of the documents a run has read that reads abstracts."""
    part = Run.parameters["text"].as_string()
    reads_abstracts = part.in_((TextPart.ABSTRACT, TextPart.BOTH))
    if connection.scalar(select(Run.id).where(reads_abstracts).limit(1)) is None:
        return set()

    return _ids_of_jobs(connection, ids, and_(_IS_READ, reads_abstracts))


def _ids_chosen(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of the documents may be of a run's choice of outlets or sections."""
    chosen = []
    for parameter in ("outlets", "sections"):
        chosen_names = Run.parameters[parameter].as_string()
        chosen.append(chosen_names.is_not(None) & (chosen_names != "[]"))

    return _ids_of_jobs(connection, ids, or_(*chosen))


def _complete_in_place(
    db: Database, connection: Connection, documents: Sequence[_Incomplete]
) -> tuple[int, int]:
    """Complete the author and the place of documents that a run has read.

    No figure counts them. Results may be grouped by the place, but it stays incomplete if a run
    chose documents by it. Return how many documents lack
    nothing now, and how many still lack something.
    """
    chosen = _ids_chosen(connection, [incomplete.document["id"] for incomplete in documents])
    placed: list[_Incomplete] = []
    completed = 0

    for incomplete in documents:
        author = _author(connection, incomplete)
        if author:
            is_document = Document.id == incomplete.document["id"]
            connection.execute(update(Document).where(is_document).values(author))

        missing_place = {} if incomplete.document["id"] in chosen else incomplete.select(_PLACE)
        if missing_place:
            placed.append(replace(incomplete, missing=missing_place))

        completed += {*author, *missing_place} == incomplete.missing.keys()

    _move_to_origins(db, connection, placed)
    return completed, len(documents) - completed


def _author(connection: Connection, incomplete: _Incomplete) -> dict[str, Any]:
    author = incomplete.select(_AUTHOR)
    if "handle" in author:
        is_read = Job.newest_document >= incomplete.document["id"]
        jobs = select(Job.id).where(Job.handle == author["handle"], is_read)
        if connection.execute(jobs.limit(1)).first() is not None:
            # With the handle, the document would become one of that job's.
            del author["handle"]

    return author


def _move_to_origins(
    db: Database, connection: Connection, documents: Sequence[_Incomplete]
) -> None:
    """Set the origins of documents to what is known now."""
    if not documents:
        return

    origin_ids = find_or_add_origins(
        connection, db, [incomplete.new_origin for incomplete in documents]
    )
    moves = []
    changes: Counter[CountKey] = Counter()
    for incomplete in documents:
        origin_id = origin_ids[incomplete.new_origin]
        moves.append(
            {
                "document": incomplete.document["id"],
                "origin": origin_id,
                "code": incomplete.language_code,
            }
        )
        changes[count_key(incomplete.document)] -= 1
        changes[count_key({**incomplete.document, "origin_id": origin_id})] += 1

    move = update(Document).where(Document.id == bindparam("document"))
    moved = move.values(origin_id=bindparam("origin"), language_code=bindparam("code"))
    connection.execute(moved, moves)
    add_to_counts(connection, db, changes)


def _store_anew(db: Database, connection: Connection, documents: Sequence[_Incomplete]) -> None:
    """Replace documents by complete ones with new ids, which no job at work has read."""
    if not documents:
        return

    origin_ids = find_or_add_origins(
        connection, db, [incomplete.new_origin for incomplete in documents]
    )
    changes: Counter[CountKey] = Counter()
    old_ids: dict[str, int] = {}
    new_rows = []
    for incomplete in documents:
        row = {
            **incomplete.document,
            **incomplete.missing,
            "origin_id": origin_ids[incomplete.new_origin],
            "language_code": incomplete.language_code,
        }
        old_ids[row["identity"]] = row.pop("id")
        new_rows.append(
            {
                column: field_value
                for column, field_value in row.items()
                if column not in ORIGIN_FIELDS
            }
        )
        changes[count_key(incomplete.document)] -= 1
        changes[count_key(row)] += 1

    ids = sorted(old_ids.values())
    identity = {"identity": _REPLACED + Document.identity}
    connection.execute(update(Document).where(Document.id.in_(ids)).values(identity))

    returning = insert(Document).returning(Document.id, Document.identity)
    new_ids: dict[int, int] = {}
    for new in connection.execute(returning, new_rows):
        new_ids[old_ids[new.identity]] = new.id

    move_keyword_answers(db, connection, new_ids)

    moves = [{"old": old, "new": new} for old, new in sorted(new_ids.items())]
    for table in (AnswerDocument, DocumentDetails):
        move = update(table).where(table.document_id == bindparam("old"))
        connection.execute(move.values(document_id=bindparam("new")), moves)

    connection.execute(delete(Document).where(Document.id.in_(ids)))
    add_to_counts(connection, db, changes)
