"""A hash of the documents that a run read; equal documents give an equal hash."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile

import numpy as np

from core.errors import TidingsError
from core.progress import track
from reports.data.run_data import RunData
from reports.frames.reading import load_frames

_DIGEST_BYTES = hashlib.sha256().digest_size
# Digests are sorted in so many parts, by the first bits of their first word.
_PARTS = 64
_BITS_IN_PART = np.uint64(58)
# So many bytes of a part stay in memory, 8 MB of all parts.
_IN_MEMORY = 2**17


def hash_documents(run: RunData) -> str | None:
    """Return the SHA-256 of a run's documents in hexadecimal; None where it has none.

    It hashes the sorted distinct checksums of the documents, each the SHA-256 of an identity, a
    byte of zeros and a text, in UTF-8: neither the order of import nor the database matters. What a
    report leaves out (``--distinct``, ``--without``) counts too. Checksums are sorted in parts by
    their first bits; large parts wait in temporary files. Raises `TidingsError` if there is no room
    for temporary files.
    """
    hashed, documents = hashlib.sha256(), 0
    try:
        with ExitStack() as stack:
            parts = []
            for _ in range(_PARTS):
                parts.append(stack.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY)))

            for job in track("hashing the documents", run.collecting_jobs):
                words = load_frames(run, job).chosen["checksum"].drop_nulls().to_numpy()
                documents += len(words)
                places = (words[:, 0] >> _BITS_IN_PART).astype(np.uint8)
                by_place = words[np.argsort(places, kind="stable")].astype(">u8")
                ends = np.cumsum(np.bincount(places, minlength=_PARTS))
                for part, digests in zip(parts, np.split(by_place, ends[:-1]), strict=True):
                    part.write(digests.tobytes())

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
    return np.unique(np.frombuffer(digests, f"V{_DIGEST_BYTES}")).tobytes()
