"""Hashes of the names that were erased on request, so that no import or crawl brings them back.

A name can be tested against the list and cannot be read from it. It is the name of a document
(`Document.identity`), an account (its handle, in any source) or an author (the id that stays when a
handle changes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from models.bulk import scalars_in, select_in
from models.database import Database, clock
from models.imports import drop_places
from models.tables import Document, SuppressedName


def without_suppressed(
    connection: Connection, documents: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the *documents*, as rows of `Document`, that have no suppressed name."""
    if connection.scalar(select(SuppressedName.name).limit(1)) is None:
        return list(documents)

    hashes = {name_hash for document in documents for name_hash in _names_of(document)}
    suppressed = _suppressed_among(connection, sorted(hashes))
    return [document for document in documents if suppressed.isdisjoint(_names_of(document))]


def is_suppressed(connection: Connection, handle: str) -> bool:
    """Return whether the account of that handle is suppressed."""
    return bool(_suppressed_among(connection, [_hash_name("account", handle)]))


def suppress(connection: Connection, db: Database, ids: Sequence[int], handle: str | None) -> None:
    """Suppress the documents *ids*, and with a *handle* the account and all its authors' names."""
    account = _hash_name("account", handle) if handle is not None else None
    hashes = {account} if account else set()
    documents = select(Document.identity, Document.source, Document.handle, Document.author_id)
    for document in select_in(connection, documents, Document.id, ids):
        if account:
            hashes.update(_names_of(document._asdict()))
        else:
            hashes.add(_hash_name("document", document.identity))

    for name_hash in sorted(hashes):
        entry = db.upsert(SuppressedName).values(name=name_hash, account=account, at=clock())
        connection.execute(entry.on_conflict_do_nothing())


def unsuppress(connection: Connection, *, handle: str | None, document: str | None) -> bool:
    """Take an account or a document off the list; return whether it was on it."""
    if handle is not None:
        name_hash = _hash_name("account", handle)
    else:
        name_hash = _hash_name("document", document or "")

    drop_places(connection)
    entries = or_(SuppressedName.name == name_hash, SuppressedName.account == name_hash)
    return connection.execute(delete(SuppressedName).where(entries)).rowcount > 0


def describe_name(account: str | None, document: str | None) -> str:
    """Return how acts call an account or a document that was forgotten: by its hash in the list."""
    kind, name = ("document", document or "") if account is None else ("account", account)
    return f"{kind} sha256:{_hash_name(kind, name).hex()}"


def _names_of(document: Mapping[Any, Any]) -> Iterator[bytes]:
    yield _hash_name("document", document["identity"])
    for identity in document.get("less_known_identities", ()):
        yield _hash_name("document", identity)

    if document.get("handle"):
        yield _hash_name("account", document["handle"])
    if document.get("author_id"):
        yield _hash_name("author", f"{document['source']}:{document['author_id']}")


def _hash_name(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}:{name}".encode()).digest()


def _suppressed_among(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    return set(scalars_in(connection, select(SuppressedName.name), SuppressedName.name, hashes))
