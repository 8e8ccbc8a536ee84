"""A hash of the documents that a run read; equal documents give an equal hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile

import numpy as np
from sqlalchemy import select

from core.errors import TidingsError
from core.progress import track
from models.documents import text_column
from models.tables import Document
from reports.data.queries import fetch_pages
from reports.data.run_data import RunData, documents_condition

# A digest of SHA-256 has four words of eight bytes.
_WORDS = 4
# Digests are sorted in so many parts.
_PARTS = 64
# So many bytes of a part stay in memory, 8 MB of all parts.
_IN_MEMORY = 2**17


def hash_documents(run: RunData, note: Callable[[str], None] = lambda _: None) -> str | None:
    """Return the SHA-256 of a run's documents in hexadecimal; None where it has none.

    It hashes the sorted distinct digests of the documents. A document's digest is the SHA-256 of
    its identity, a byte of zeros and its text, in UTF-8: neither the order of import nor the
    database matters. What a report leaves out (``--distinct``, ``--without``) counts too. Digests
    are sorted in parts by their first bits; large parts wait in temporary files. *note* gets each
    text, which saves another reading. Raises `TidingsError` if there is no room for temporary
    files.
    """
    hashed, documents = hashlib.sha256(), 0
    try:
        with ExitStack() as stack:
            parts = []
            for _ in range(_PARTS):
                parts.append(stack.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY)))

            for identity, text in _read_documents(run):
                digest = hashlib.sha256(f"{identity}\0{text}".encode()).digest()
                parts[digest[0] * _PARTS // 256].write(digest)
                documents += 1
                note(text)

            for part in parts:
                part.seek(0)
                hashed.update(_sort_digests(part.read()))
    except OSError as error:
        raise TidingsError(
            f"documents cannot be sorted ({error}): make room for temporary files"
        ) from error

    return hashed.hexdigest() if documents else None


def _sort_digests(digests: bytes) -> bytes:
    """Return *digests* in their order, each once: a document of two searches has two."""
    digest_words = np.frombuffer(digests, dtype=">u8").reshape(-1, _WORDS)
    sorted_words = digest_words[np.lexsort(digest_words.T[::-1])]
    is_new = np.any(sorted_words[1:] != sorted_words[:-1], axis=1)
    return sorted_words[np.concatenate(([True], is_new))[: len(digest_words)]].tobytes()


def _read_documents(run: RunData) -> Iterator[tuple[str, str]]:
    for job in track("hashing the documents", run.collecting_jobs):
        columns = select(Document.id, Document.identity, text_column(run.text_part))
        statement = columns.where(documents_condition(run, job))
        for _, identity, text in fetch_pages(run.db, statement, Document.id):
            yield identity, text
