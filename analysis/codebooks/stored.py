"""Codebooks that a command names: a file, one that ships, or a stored one by its hash."""

from __future__ import annotations

import re

from sqlalchemy import Connection, select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.codebook_files import find_codebook
from core.errors import NotFound
from models import tables
from models.codes import store_codebook
from models.database import Database

_HASH = re.compile(r"[0-9a-f]{64}")


def choose_codebook(db: Database, text: str) -> Codebook:
    """Return the codebook that *text* names: a hash, a shipped one, or a file.

    Raises `BadInput` for a file, `NotFound` for a hash.
    """
    if _HASH.fullmatch(text):
        return db.fetch(stored_codebook, text)[1]

    return find_codebook(text)


def keep_codebook(connection: Connection, db: Database, codebook: Codebook) -> int:
    """Store a codebook unless it is stored, and return its id."""
    content = codebook.model_dump(mode="json", by_alias=True)
    return store_codebook(connection, db, codebook.name, codebook.hash, content)


def stored_codebook(connection: Connection, hash_text: str) -> tuple[int, Codebook]:
    """Return the id and the codebook of a hash. Raises `NotFound`."""
    columns = (tables.StoredCodebook.id, tables.StoredCodebook.content)
    stored = select(*columns).where(tables.StoredCodebook.hash == bytes.fromhex(hash_text))
    row = connection.execute(stored).one_or_none()
    if row is None:
        raise NotFound(
            f"no codebook with the hash {hash_text[:12]}… is stored: give its file by --codebook"
        )

    return row.id, Codebook.model_validate(row.content)
