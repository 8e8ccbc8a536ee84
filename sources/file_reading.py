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

CHUNK = 256 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where they are gzip (told by its first two bytes, not by its name).

    Raises `BadInput` where the file cannot be opened, or is text in an encoding that nothing here reads.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(
            f"{path} cannot be opened ({error.strerror}): look at its name and its permissions"
        ) from error
    with file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            if file.read(2) in _UTF16:
                raise BadInput(f"{path} is UTF-16: save it as UTF-8 and import it again")
            file.seek(0)
            yield file
            return
        with gzip.open(file) as unpacked:
            yield cast("BinaryIO", unpacked)


def chunks_of(file: BinaryIO, on_damage: Callable[[str], None]) -> Iterator[bytes]:
    """The bytes of *file* in pieces; packed bytes that are damaged end it, and *on_damage* is told why."""
    # read1, since read would throw away what it has unpacked when the next piece turns out to be damaged
    read = cast("Callable[[int], bytes]", getattr(file, "read1", file.read))
    while True:
        try:
            piece = read(CHUNK)
        except (EOFError, OSError, zlib.error) as error:
            on_damage(f"the file is damaged or cut short ({error})")
            return
        if not piece:
            return
        yield piece


def decoded(
    pieces: Iterator[bytes],
    encoding: str = "utf-8",
    errors: Literal["surrogateescape", "replace"] = "surrogateescape",
) -> Iterator[str]:
    """Text of *pieces*; by default a byte that is no UTF-8 becomes a lone surrogate (U+DC80 to U+DCFF), its mark."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
