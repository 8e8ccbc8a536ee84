"""Unpacking gzip files, which are a row of members, up to a bound."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# So many packed bytes are read at once.
_PACKED_SIZE = 2**15
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class TooLargeError(OSError):
    """A file that unpacks to more than any archive of texts does."""


class GzipMembers(io.RawIOBase):
    """The unpacked bytes of a gzip file, from the member on at which *file* stands.

    Reading raises `TooLargeError` beyond *limit* bytes, `OSError` where the last member is cut
    short, and `zlib.error` where one is damaged. warcio takes an `EOFError` for a file's good end.
    """

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        # The position in the unpacked bytes.
        self._position = 0
        self._packed = b""
        self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
        # The offsets of members in the file by the positions where they begin unpacked.
        self._offsets = {0: file.tell()}

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def tell(self) -> int:
        """Return the number of bytes that were unpacked."""
        return self._position

    def offset_of_member(self, position: int) -> int | None:
        """Return the offset of the member whose unpacked bytes begin at *position*.

        Return None if no member begins there. Call it in the order of the file: members before
        *position* are dropped.
        """
        for begin in [begin for begin in self._offsets if begin < position]:
            del self._offsets[begin]

        return self._offsets.get(position)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Unpack bytes of a single member into *buffer*; return their number, 0 at the end."""
        view = memoryview(buffer)
        piece = b""
        while not piece:
            if self._unpacker.eof and not self._begin_member():
                return 0

            packed = self._packed or self._file.read(_PACKED_SIZE)
            piece = self._unpacker.decompress(packed, len(view))
            if not packed and not piece:
                raise OSError("its end is missing")

            self._packed = self._unpacker.unconsumed_tail or self._unpacker.unused_data

        self._position += len(piece)
        if self._position > self._limit:
            raise TooLargeError(f"it unpacks to more than {self._limit:,} bytes")

        view[: len(piece)] = piece
        return len(piece)

    def _begin_member(self) -> bool:
        """Step over the zeros that may stand behind a member; return whether another follows."""
        self._packed = self._packed.lstrip(b"\0")
        while not self._packed:
            piece = self._file.read(_PACKED_SIZE)
            if not piece:
                return False

            self._packed = piece.lstrip(b"\0")

        self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
        self._offsets[self._position] = self._file.tell() - len(self._packed)
        return True
