"""A hash of the documents that a run read: whoever has the same texts gets the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from sqlalchemy import select

from models.tables import Document
from reports.queries import fetch_pages
from reports.run_data import RunData, documents_condition

_COLUMNS = select(Document.id, Document.identity, Document.text)
_WORDS = 4  # of eight bytes, of a digest of SHA-256


def hash_documents(data: RunData) -> str | None:
    """Return the SHA-256 of a run's documents in hexadecimal; None where it has none.

    It is that of the sorted digests of the documents, each once. A document's digest is the SHA-256
    of its identity, a byte of zeros and its text, in UTF-8: neither the order of import nor the
    database matters, and 32 bytes a document are held in memory. What a report leaves out
    (``--distinct``, ``--without``) counts too.
    """
    digests = bytearray()
    for identity, text in _read_documents(data):
        digests += hashlib.sha256(f"{identity}\0{text}".encode()).digest()
    if not digests:
        return None

    rows = np.frombuffer(digests, dtype=">u8").reshape(-1, _WORDS)
    in_order = rows[np.lexsort(rows.T[::-1])]
    is_new = np.any(in_order[1:] != in_order[:-1], axis=1)  # not that of a document of two searches
    distinct = in_order[np.concatenate(([True], is_new))]
    return hashlib.sha256(distinct.tobytes()).hexdigest()


def _read_documents(data: RunData) -> Iterator[tuple[str, str]]:
    for job in data.jobs if data.kind != "training" else ():
        statement = _COLUMNS.where(documents_condition(data, job))
        for _, identity, text in fetch_pages(data.db, statement, Document.id):
            yield identity, text
