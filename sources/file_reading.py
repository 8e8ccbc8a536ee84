"""Opening files, compressed or not, and reading them as text in pieces of bounded size."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Literal

from core.errors import BadInput
from sources.gzip_members import GzipMembers, TooLargeError

#: Any gzip file may unpack to so many bytes.
MAX_UNPACKED_BYTES = 2**30
#: A gzip file may unpack to so many times its size; texts are packed to a tenth.
MAX_UNPACKED_RATIO = 100
#: Any file may have so many blank lines, as a spreadsheet has rows.
MAX_BLANK_LINES = 2**20
#: A file may have so many blank lines for each other line.
MAX_BLANK_PER_WRITTEN = 10
#: These characters may stand before the first value of a file or a line.
BLANK = "\ufeff \t\r\n"
# A line of a table without a value has only these characters.
_EMPTY_CELLS = BLANK + ',;|"'
_CHUNK_SIZE = 256 * 1024
_SIGNATURE = re.compile(b"(?:%s)*+" % codecs.BOM_UTF8)
# UTF-32 in this order begins as UTF-16 does, and is looked for before it.
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_GZIP = b"\x1f\x8b"
# So many bytes show whether a file is text.
_HEAD_SIZE = 1024
# So many bytes identify a file that was read before.
_FINGERPRINT_SIZE = 2**16
_CONTROLS = bytes({*range(32)} - {*b"\t\n\f\r\x1b"})
# A text may hold a few NULs in its head, which are replaced and counted.
_CONTROLS_IN_TEXT = 8
#: Each record of a file of web pages begins so.
WARC = b"WARC/"
_TEXT_ADVICE = "give JSON, JSONL or CSV"
_UNPACK_ADVICE = "unpack it, and import what is in it"
# Each entry has the beginning of a file, its kind, and what to do with it.
_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or a workbook", "unpack it, or save the table in it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Office document", "save the table in it as CSV"),
    (b"PAR1", "a Parquet table", "save it as CSV"),
    (b"SQLite format 3", "a database", "save the table in it as CSV"),
    (b"BZh", "packed by bzip2", _UNPACK_ADVICE),
    (b"\xfd7zXZ", "packed by xz", _UNPACK_ADVICE),
    (b"7z\xbc\xaf", "packed by 7-Zip", _UNPACK_ADVICE),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", _UNPACK_ADVICE),
    (_GZIP, "packed by gzip twice", "unpack it once"),
    (b"\x89PNG", "a picture", _TEXT_ADVICE),
    (b"\xff\xd8\xff", "a picture", _TEXT_ADVICE),
    (b"GIF8", "a picture", _TEXT_ADVICE),
    (b"%PDF-", "a PDF", _TEXT_ADVICE),
)


def fingerprint(path: Path) -> str | None:
    """Return a hash of a file's size and first bytes; None where it is no file or not readable."""
    if not path.is_file():
        return None

    try:
        with path.open("rb") as file:
            head = file.read(_FINGERPRINT_SIZE)
            size = file.seek(0, io.SEEK_END)
    except OSError:
        return None

    return hashlib.sha256(b"%d:%s" % (size, head)).hexdigest()


@contextmanager
def open_file(path: Path, offset: int = 0) -> Iterator[io.BufferedReader]:
    """Open a file's bytes, unpacked where the first two say that it is gzip.

    Reading begins at *offset* in the file; in a packed file a gzip member must begin there.

    Raises `BadInput` where the file cannot be opened or read, is no regular file, or is no text in
    UTF-8 or an encoding that agrees with it on ASCII.
    """
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is no file that can be read twice: store it, and import that")

        file = path.open("rb")
    except OSError as error:
        raise BadInput(
            f"{path} cannot be opened ({error.strerror}): look at its name and its permissions"
        ) from error

    with file:
        try:
            size = os.fstat(file.fileno()).st_size
            file.seek(offset)
            head = file.read(_HEAD_SIZE)
            file.seek(offset)
        except OSError as error:
            raise BadInput(
                f"{path} cannot be read ({error.strerror}): look at the disk or the share that "
                "it is on"
            ) from error

        if not head.startswith(_GZIP):
            _check_is_text(path, head)
            yield file
            return

        limit = max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * size)
        unpacked: io.BufferedReader = io.BufferedReader(GzipMembers(file, limit))
        _check_is_text(path, _peek(unpacked))
        yield unpacked


def _peek(file: io.BufferedReader) -> bytes:
    try:
        return file.peek(_HEAD_SIZE)[:_HEAD_SIZE]
    except (EOFError, OSError, zlib.error):
        # `read_chunks` reports the damage.
        return b""


def _check_is_text(path: Path, head: bytes) -> None:
    """Raise `BadInput` for a file whose first bytes are those of a picture, an archive, …."""
    for signature, encoding in _OTHER_ENCODINGS.items():
        if head.startswith(signature):
            raise BadInput(f"{path} is {encoding}: save it as UTF-8 and import it again")

    for signature, kind, advice in _SIGNATURES:
        if head.startswith(signature):
            raise BadInput(f"{path} is no text but {kind}: {advice}")

    if head.startswith(WARC):
        # The first record of such a file may hold a picture.
        return

    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > max(_CONTROLS_IN_TEXT, len(head) // 20):
        raise BadInput(f"{path} is no text: {_TEXT_ADVICE}")


def read_chunks(file: io.BufferedReader, on_damage: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the bytes of *file* in pieces; damaged gzip ends it, with the reason to *on_damage*."""
    while True:
        try:
            # `read` would discard what it has unpacked if the next piece turns out to be damaged.
            piece = file.read1(_CHUNK_SIZE)
        except TooLargeError as error:
            on_damage(f"{error}, and was read no further")
            return
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
    """Decode pieces; by default a byte that is no UTF-8 becomes a lone surrogate, as its mark.

    UTF-8's signature at the beginning is left away, as often as programs wrote it there.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for chunk in _without_signatures(chunks):
        yield decoder.decode(chunk)

    yield decoder.decode(b"", final=True)


def _without_signatures(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head = _SIGNATURE.sub(b"", head + chunk, count=1)
        if not codecs.BOM_UTF8.startswith(head):
            break

    yield head
    yield from chunks


def unify_line_ends(chunks: Iterator[str]) -> Iterator[str]:
    """Yield *chunks* with line feeds for carriage returns, if these alone end the first lines.

    Programs of the classic Mac OS, and some exports of spreadsheets, write such files.
    """
    head: list[str] = []
    for chunk in chunks:
        head.append(chunk)
        if "\n" in chunk or sum(map(len, head)) > _CHUNK_SIZE:
            break

    # A carriage return at the very end may be the first half of a line end.
    beginning = "".join(head)
    only_returns = "\n" not in beginning and "\r" in beginning.removesuffix("\r")
    for chunk in chain([beginning], chunks):
        yield chunk.replace("\r", "\n") if only_returns else chunk


def split_lines(chunks: Iterator[str], longest: int) -> Iterator[str | None]:
    """Yield lines with their ends, and None for a line of more than *longest* characters.

    Only a line feed ends a line: texts hold U+2028 and its like. Memory is bounded by *longest*.
    """
    # The pieces of the line that is not complete yet.
    pieces: list[str] = []
    length = 0

    for chunk in chunks:
        end_of_line, *lines = chunk.split("\n")
        length += len(end_of_line)
        pieces.append(end_of_line)
        if length > longest:
            pieces.clear()
        if not lines:
            continue

        yield "".join([*pieces, "\n"]) if length <= longest else None
        *lines, begin_of_line = lines
        for line in lines:
            yield f"{line}\n" if len(line) <= longest else None

        pieces, length = [begin_of_line], len(begin_of_line)

    if length:
        yield "".join(pieces) if length <= longest else None


def bound_blank_lines(
    lines: Iterator[str | None], on_damage: Callable[[str], None]
) -> Iterator[str | None]:
    """Yield *lines*; more blank ones than a file of texts has end it, with the reason.

    A few kilobytes may unpack to a billion of them. *on_damage* gets the reason.
    """
    blank = written = 0
    for line in lines:
        if line is None or line.strip(_EMPTY_CELLS):
            written += 1
        else:
            blank += 1
            if blank > max(MAX_BLANK_LINES, MAX_BLANK_PER_WRITTEN * written):
                on_damage(f"it has more than {blank - 1:,} blank lines: it was read no further")
                return

        yield line
