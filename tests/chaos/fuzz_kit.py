"""What the fuzzers share: how long they draw, and how the drawing ends."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator

SECONDS = 600 if os.environ.get("TIDINGS_CHAOS_MINUTES") else 20
MOST_MEMORY = 1_000_000_000  # bytes

# Pieces of JSON, of CSV and of damaged encodings that readers stumble over.
ODD_BYTES = (
    *(b'"', b'""', b"\n", b"\r", b"\r\n", b",", b";", b"\t", b"{", b"}", b"[", b"]"),
    *(b"{}," * 50, b'"' * 101, b"[" * 3000, b'{"a":' * 2000, b"9" * 500, b'x"y,"z\n' * 20),
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"PK\x03\x04", b"\x1f\x8b"),
    *(b"1e999", b"NaN", b"\\ud800", b"\\u0000", b"null"),
)


def until_the_end() -> Iterator[int]:
    """Number the rounds until `SECONDS` have passed."""
    end = time.monotonic() + SECONDS
    number = 0

    while time.monotonic() < end:
        yield number
        number += 1


def largest_memory() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
