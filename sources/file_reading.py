"""Opening files, compressed or not, and reading them as text in pieces."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast

from core.errors import BadInput

_CHUNK_SIZE = 256 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP = b"\x1f\x8b"


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file's bytes, unpacked where its first two bytes say that it is gzip.

    Raises `BadInput` where the file cannot be opened, or is text in UTF-16.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(
            f"{path} cannot be opened ({error.strerror}): look at its name and its permissions"
        ) from error

    with file:
        first_bytes = file.read(2)
        file.seek(0)
        if first_bytes in _UTF16:
            raise BadInput(f"{path} is UTF-16: save it as UTF-8 and import it again")
        if first_bytes == _GZIP:
            with gzip.open(file) as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            yield file


def read_chunks(file: BinaryIO, on_damage: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the bytes of *file* in pieces; damaged gzip ends it, with the reason to *on_damage*."""
    # read1, since read discards what it has unpacked when the next piece turns out to be damaged
    read = cast("Callable[[int], bytes]", getattr(file, "read1", file.read))
    while True:
        try:
            piece = read(_CHUNK_SIZE)
        except (EOFError, OSError, zlib.error) as error:
            on_damage(f"the file is damaged or cut short ({error})")
            return
        if not piece:
            return
        yield piece


def decode_chunks(
    chunks: Iterator[bytes],
    encoding: str = "utf-8",
    errors: Literal["surrogateescape", "replace"] = "surrogateescape",
) -> Iterator[str]:
    """Decode pieces; by default a byte that is no UTF-8 becomes a lone surrogate, as its mark."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def split_lines(chunks: Iterator[str]) -> Iterator[str]:
    """Yield lines with their ends; only a line feed ends one (texts hold U+2028 and its like)."""
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        for line in lines:
            yield line + "\n"
    if rest:
        yield rest
