"""The names of what was forgotten, as hashes: a later import or crawl does not bring it back.

A name can be tested against the list and cannot be read from it. It is that of a document (`Document.identity`), of an
account (its handle, of whatever source) or of an author (what stays when a handle changes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from models.database import Database, clock
from models.tables import Document, SuppressedName

MANY = 400  # values in one statement


def without_suppressed(
    connection: Connection, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those *rows* of `Document` that nobody asked to have forgotten."""
    if connection.scalar(select(SuppressedName.name).limit(1)) is None:
        return list(rows)
    names = {name for row in rows for name in _names_of(row)}
    gone = _known(connection, sorted(names))
    return [row for row in rows if gone.isdisjoint(_names_of(row))]


def is_suppressed(connection: Connection, handle: str) -> bool:
    """Whether the account of that handle is to be forgotten."""
    return bool(_known(connection, [_hashed("account", handle)]))


def suppress(connection: Connection, db: Database, ids: Sequence[int], handle: str | None) -> None:
    """Put the documents *ids* on the list, and with a *handle* the account with all its authors' names."""
    account = _hashed("account", handle) if handle is not None else None
    names = {account} if account else set()
    for start in range(0, len(ids), MANY):
        some = ids[start : start + MANY]
        columns = select(Document.identity, Document.source, Document.handle, Document.author_id)
        for row in connection.execute(columns.where(Document.id.in_(some))).mappings():
            names.update(
                _names_of(dict(row)) if account else [_hashed("document", row["identity"])]
            )
    for name in sorted(names):
        entry = db.upsert(SuppressedName).values(name=name, account=account, at=clock())
        connection.execute(entry.on_conflict_do_nothing())


def unsuppress(connection: Connection, *, handle: str | None, document: str | None) -> bool:
    """Take an account or a document off the list; whether it was there. What was removed stays removed."""
    name = _hashed("account", handle) if handle is not None else _hashed("document", document or "")
    found = delete(SuppressedName).where(
        or_(SuppressedName.name == name, SuppressedName.account == name)
    )
    return connection.execute(found).rowcount > 0


def _names_of(row: Mapping[str, Any]) -> Iterator[bytes]:
    yield _hashed("document", row["identity"])
    if row.get("handle"):
        yield _hashed("account", row["handle"])
    if row.get("author_id"):
        yield _hashed("author", f"{row['source']}:{row['author_id']}")


def _hashed(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}:{name}".encode()).digest()


def _known(connection: Connection, names: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(names), MANY):
        some = names[start : start + MANY]
        found.update(
            connection.scalars(select(SuppressedName.name).where(SuppressedName.name.in_(some)))
        )
    return found
