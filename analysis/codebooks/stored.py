"""Codebooks that a command names: a file, one that ships, or a stored one by its hash."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.reading import SHIPPED, read_codebook, read_shipped
from core.errors import NotFound
from models import tables
from models.codes import store_codebook
from models.database import Database

_HASH = re.compile(r"[0-9a-f]{64}")


def choose_codebook(db: Database, text: str) -> Codebook:
    """Return the codebook that *text* names: a shipped one, a hash, or a file.

    Raises `BadInput` for a file, `NotFound` for a hash.
    """
    if text in SHIPPED:
        return read_shipped(text)
    if _HASH.fullmatch(text):
        with db.read() as connection:
            return stored_codebook(connection, text)[1]
    return read_codebook(Path(text))


def keep_codebook(db: Database, codebook: Codebook) -> str:
    """Store a codebook unless it is stored, and return its hash as parameters of runs hold it."""
    content = codebook.model_dump(mode="json", by_alias=True)
    with db.write() as connection:
        store_codebook(connection, db, codebook.name, codebook.hash, content)
    return codebook.hash.hex()


def stored_codebook(connection: Connection, hash_text: str) -> tuple[int, Codebook]:
    """Return the id and the codebook of a hash. Raises `NotFound`."""
    columns = (tables.Codebook.id, tables.Codebook.content)
    stored = select(*columns).where(tables.Codebook.hash == bytes.fromhex(hash_text))
    row = connection.execute(stored).one_or_none()
    if row is None:
        raise NotFound(
            f"no codebook with the hash {hash_text[:12]}… is stored: give its file by --codebook"
        )
    return row.id, Codebook.model_validate(row.content)
