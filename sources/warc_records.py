"""The records of a WARC file, packed record by record, as a whole, or not."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed

from sources.file_reading import open_file
from sources.gzip_members import GzipMembers

#: The headers of a record may have so many bytes.
LONGEST_HEAD = 2**18
#: A file may have so many empty records; a few kilobytes may unpack to millions.
MAX_EMPTY_RECORDS = 10_000
# The bytes of the shortest record that is not empty.
_SHORTEST_RECORD = len("HTTP/1.1 200")
BROKEN_FILE = (ArchiveLoadFailed, AttributeError, EOFError, OSError, ValueError, zlib.error)


class _Pieces:
    """Reads a file as far as it can be: `read` of a damaged one discards what it has unpacked."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.read = file.read1
        self.tell = file.tell


class _BoundedReader(DecompressingBufferedReader):  # type: ignore[misc] # warcio has no types
    """Reads lines up to `LONGEST_HEAD` bytes a record."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        #: The bytes of the lines of the present record.
        self.line_bytes = 0

    def readline(self, length: int | None = None) -> bytes:
        """Read a line. Raises `ArchiveLoadFailed` where a record's lines never end."""
        longest = LONGEST_HEAD if length is None else min(length, LONGEST_HEAD)
        line: bytes = super().readline(longest)
        self.line_bytes += len(line)
        if self.line_bytes > LONGEST_HEAD:
            raise ArchiveLoadFailed(f"headers of more than {LONGEST_HEAD:,} bytes")

        return line


class _Records(ArchiveIterator):  # type: ignore[misc] # warcio has no types
    """Iterates over the records, and leaves the parsing of their answers to who reads them."""

    def __init__(self, file: _Pieces) -> None:
        super().__init__(file, no_record_parse=True)
        self.reader = _BoundedReader(file)

    def _consume_blanklines(self) -> tuple[bytes | None, int]:
        """Step over the blank lines behind a record; warcio's own writes to standard error."""
        while line := self.reader.readline():
            if line.strip():
                return line, 0

        return None, 0


def read_records(
    path: Path, offset: int, on_damage: Callable[[str], None]
) -> Iterator[tuple[Any, int | None]]:
    """Yield each record from *offset* on, with its own offset in the file.

    That is None where a file cannot be read from a record on, because it was packed as a whole.
    Damage ends the file, with the reason to *on_damage*.
    """
    with open_file(path, offset) as file:
        records = _Records(_Pieces(file))
        empty = 0
        try:
            for record in records:
                if record.length is None:
                    # Such a record ends with the file, whatever else the file holds.
                    raise ArchiveLoadFailed("a record does not say how long it is")

                empty += record.length < _SHORTEST_RECORD
                if empty > MAX_EMPTY_RECORDS:
                    raise ArchiveLoadFailed(f"more than {MAX_EMPTY_RECORDS:,} empty records")

                yield record, _offset_in_file(file, records.offset)
                records.reader.line_bytes = 0
                records.read_to_end()
                if getattr(record.raw_stream, "limit", 0):
                    on_damage("the file is cut short in its last record")
                    return
        except BROKEN_FILE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            on_damage(f"the file is damaged, and was read no further ({reason[:200]})")


def _offset_in_file(file: io.BufferedReader, position: int) -> int | None:
    """Return the offset of the record that begins at *position* of the unpacked file."""
    if isinstance(file.raw, GzipMembers):
        return file.raw.offset_of_member(position)
    return position
