"""A hash of the documents that a run read: whoever has the same texts gets the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import select

from models.tables import Document
from reports.queries import fetch_pages
from reports.run_data import RunData, documents_condition

_COLUMNS = select(Document.id, Document.identity, Document.text)
_WORDS = 4  # of eight bytes, of a digest of SHA-256
_FIRST_BYTES = 256
_MOST_HELD_BYTES = 2**23  # of digests in memory: 262,144 documents


def hash_documents(data: RunData) -> str | None:
    """Return the SHA-256 of a run's documents in hexadecimal; None where it has none.

    It is that of the sorted digests of the documents, each once. A document's digest is the SHA-256
    of its identity, a byte of zeros and its text, in UTF-8: neither the order of import nor the
    database matters. What a report leaves out (``--distinct``, ``--without``) counts too.
    """
    with TemporaryDirectory(prefix="tidings-hash-") as folder:
        digests = _Digests(Path(folder))
        for identity, text in _read_documents(data):
            digests.add(hashlib.sha256(f"{identity}\0{text}".encode()).digest())
        return digests.hash_sorted()


class _Digests:
    """Digests in parts by their first byte, each of which is sorted by itself.

    What is too much for memory is written to *folder*, a file for each part.
    """

    def __init__(self, folder: Path) -> None:
        self._files = [folder / f"{first:02x}" for first in range(_FIRST_BYTES)]
        self._parts = [bytearray() for _ in self._files]
        self._held_bytes = 0

    def add(self, digest: bytes) -> None:
        """Add a digest, which may have been added before."""
        self._parts[digest[0]] += digest
        self._held_bytes += len(digest)
        if self._held_bytes >= _MOST_HELD_BYTES:
            self._write()

    def hash_sorted(self) -> str | None:
        """Return the SHA-256 of the sorted digests, each once; None where there are none."""
        total = hashlib.sha256()
        is_empty = True
        for file, held in zip(self._files, self._parts, strict=True):
            written = file.read_bytes() if file.exists() else b""
            if written or held:
                is_empty = False
                total.update(_sort_distinct(written + held))
        return None if is_empty else total.hexdigest()

    def _write(self) -> None:
        for path, held in zip(self._files, self._parts, strict=True):
            with path.open("ab") as file:
                file.write(held)
            held.clear()
        self._held_bytes = 0


def _sort_distinct(digests: bytes) -> bytes:
    """Return the *digests*, one behind the other, in their order and each once."""
    rows = np.frombuffer(digests, dtype=">u8").reshape(-1, _WORDS)
    in_order = rows[np.lexsort(rows.T[::-1])]
    is_new = np.any(in_order[1:] != in_order[:-1], axis=1)  # not that of a document of two searches
    return in_order[np.concatenate(([True], is_new))].tobytes()


def _read_documents(data: RunData) -> Iterator[tuple[str, str]]:
    for job in data.jobs if data.kind != "training" else ():
        statement = _COLUMNS.where(documents_condition(data, job))
        for _, identity, text in fetch_pages(data.db, statement, Document.id):
            yield identity, text
