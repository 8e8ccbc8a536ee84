"""Stored documents that an import knows more about: found under their name, and completed.

A run's documents do not change. So a document that no run has read is stored anew, for the runs to
come; one that a run has read is told whose it is, of which no figure is made, and stays as it is in
all else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, or_, select, update

from core.enums import JobKind
from models.database import Database, batched
from models.keyword_answers import move_keyword_answers
from models.tables import AnswerDocument, Document, Job, JobDocument, Run

_AUTHOR = ("handle", "author_id")
_FIELDS = (*_AUTHOR, "published_at", "address", "material", "repost")
_KNOWN = select(Document.identity, Document.handle, Document.published_at)
_REPLACED = "replaced:"  # begins the name of a row that is about to go; no source is called so


@dataclass(frozen=True, slots=True)
class Completed:
    """How many documents were completed, how many stay as runs have read them, and conflicts."""

    completed: int = 0
    kept: int = 0
    conflicts: int = 0  #: rows whose identity is stored with another text


def identify_documents(
    connection: Connection, documents: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows under the names by which they are stored, without other names.

    A document without an id and an address is named by its time, handle and text. It may be stored
    under the name that it has without its handle or time; it is the same document where the stored
    one has no other handle and no other time.
    """
    names = set[str]()
    for document in documents:
        if document.get("less_known_identities"):
            names.update((document["identity"], *document["less_known_identities"]))
    stored = _stored_documents(connection, sorted(names))

    rows = []
    for document in documents:
        row = dict(document)
        less_known = row.pop("less_known_identities", ())
        if row["identity"] not in stored:
            row["identity"] = _stored_identity(row, less_known, stored)
        if row["identity"] in stored:  # what is given now is what the next row has to agree with
            document_fields = stored[row["identity"]]
            for column, value in document_fields.items():
                document_fields[column] = row[column] if value is None else value
        rows.append(row)
    return rows


def _stored_documents(connection: Connection, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return handle and time of the stored documents of these names."""
    stored = {}
    for batch in batched(names):
        for row in connection.execute(_KNOWN.where(Document.identity.in_(batch))):
            stored[row.identity] = {"handle": row.handle, "published_at": row.published_at}
    return stored


def _stored_identity(
    row: Mapping[str, Any], names: Sequence[str], stored: Mapping[str, Mapping[str, Any]]
) -> str:
    for name in names:
        document_fields = stored.get(name)
        if document_fields is not None and _agree(document_fields, row):
            return name
    return str(row["identity"])


def _agree(stored: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(value in (None, row[column]) for column, value in stored.items())


def complete_documents(
    db: Database, connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> Completed:
    """Complete the stored documents of these identities by what *rows* know and they do not."""
    given = {row["identity"]: row for row in rows}
    ids = []
    texts: dict[str, str] = {}
    stored = select(Document.__table__).where(Document.identity.in_(sorted(given)))
    for document in connection.execute(stored).mappings():
        texts[document["identity"]] = document["text"]
        if _missing(document, given[document["identity"]]):
            ids.append(document["id"])

    conflicts = count_conflicts(rows, texts)
    if not ids:
        return Completed(conflicts=conflicts)

    read = _ids_read(connection, ids)
    completed = kept = 0
    unread: list[dict[str, Any]] = []
    locked = select(Document.__table__).where(Document.id.in_(ids)).with_for_update()
    for document in connection.execute(locked.order_by(Document.id)).mappings().all():
        missing = _missing(document, given[document["identity"]])
        if document["id"] not in read:
            unread.append({**document, **missing})
        elif _complete_in_place(connection, document, missing):
            completed += 1
        else:
            kept += 1
    _store_anew(db, connection, unread)
    return Completed(completed + len(unread), kept, conflicts)


def count_conflicts(rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> int:
    """Return how many *rows* differ from the text that *texts* has for their identity."""
    return sum(row["text"] != texts.get(row["identity"], row["text"]) for row in rows)


def _missing(document: Mapping[Any, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what *row* knows and the stored *document* does not, if they are of one text.

    Two tables may well number their rows alike.
    """
    if document["text"] != row["text"]:
        return {}
    missing = {}
    for column in _FIELDS:
        if not document[column] and row[column]:
            missing[column] = row[column]
    if "published_at" in missing:
        missing["period"] = row["period"]
    return missing


def _ids_read(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of the documents a job has read, or a search has found."""
    reads = and_(
        Job.newest_document >= Document.id,
        or_(
            and_(Job.kind == JobKind.HANDLE, Job.name == "@" + Document.handle),
            and_(
                Job.kind == JobKind.MONTH,
                Job.name == Document.period,
                Run.parameters["source"].as_string() == Document.source,
            ),
        ),
    )
    is_read = exists().where(Run.id == Job.run_id, reads)
    is_found = exists().where(JobDocument.document_id == Document.id)
    documents = select(Document.id).where(Document.id.in_(ids), or_(is_read, is_found))
    return set(connection.scalars(documents))


def _complete_in_place(
    connection: Connection, document: Mapping[Any, Any], missing: Mapping[str, Any]
) -> bool:
    """Complete the author of a document that a run has read; return whether nothing else lacks."""
    values = {column: missing[column] for column in _AUTHOR if column in missing}
    if "handle" in values:
        name = f"@{values['handle']}"
        jobs = select(Job.id).where(Job.name == name, Job.newest_document >= document["id"])
        if connection.execute(jobs.limit(1)).first() is not None:
            del values["handle"]  # else the document would become one of that job's

    if values:
        connection.execute(update(Document).where(Document.id == document["id"]).values(values))
    return values.keys() == missing.keys()


def _store_anew(db: Database, connection: Connection, documents: Sequence[dict[str, Any]]) -> None:
    """Replace documents by complete ones with new ids, which no job that is at work has read."""
    if not documents:
        return
    old_ids = {document["identity"]: document.pop("id") for document in documents}
    ids = sorted(old_ids.values())
    identity = {"identity": _REPLACED + Document.identity}
    connection.execute(update(Document).where(Document.id.in_(ids)).values(identity))

    returning = insert(Document).returning(Document.id, Document.identity)
    new_ids: dict[int, int] = {}
    for new in connection.execute(returning, documents):
        new_ids[old_ids[new.identity]] = new.id
    move_keyword_answers(db, connection, new_ids)

    moves = [{"old": old, "new": new} for old, new in sorted(new_ids.items())]
    quotes = update(AnswerDocument).where(AnswerDocument.document_id == bindparam("old"))
    connection.execute(quotes.values(document_id=bindparam("new")), moves)
    connection.execute(delete(Document).where(Document.id.in_(ids)))
