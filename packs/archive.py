"""A zip file of fixed order, times and modes, and its reading within bounds.

Files are read as streams and never unpacked to disk, so that no name in an archive is a path.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from core.atomic_files import replace_file
from core.errors import BadInput
from core.progress import track
from packs.contents import CHECKSUMS, LONGEST_LINE, Line, read_object

MOST_FILES = 50_000
# All files of a pack together may unpack to so many bytes.
MOST_BYTES = 64 * 2**30
# A pack may unpack to so many times its size; exports take some 10 times.
MOST_EXPANSION = 200
# However small its archive is, a pack may unpack to so many bytes.
ALWAYS_ALLOWED_BYTES = 64 * 2**20
# The archive's list of files may have so many bytes.
LONGEST_DIRECTORY = 16 * 2**20
CHUNK = 2**20

_FOLDER = re.compile(r"[a-z]{1,20}/")
_NAME = re.compile(r"(?:[a-z]{1,20}/)?(?!\.)[\w.@+-]{1,150}")
_CHECKSUM = re.compile(r"([0-9a-f]{64})  (\S+)")
# A zip file cannot hold an earlier time.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_FOLDER_MODE = 0o40755 << 16 | 0x10
_UNIX = 3
# Reading an archive with wrong bytes raises one of these errors.
_DAMAGED = (
    *(BadZipFile, EOFError, NotImplementedError, OSError, ValueError),
    *(struct.error, zlib.error),
)


def write_archive(folder: Path, out: Path) -> str:
    """Write the files of *folder* and their checksums to the archive *out*; return its SHA-256.

    Raises `TidingsError` where it cannot be written.
    """
    paths = sorted(folder.rglob("*"))
    files = [path for path in paths if path.is_file()]
    checksums: dict[str, str] = {}

    with replace_file(out) as file, ZipFile(file, "w") as archive:
        for path in paths:
            if path.is_dir():
                _add_folder(archive, path.relative_to(folder).as_posix())

        for path in track("packing", files, "files"):
            file_name = path.relative_to(folder).as_posix()
            with path.open("rb") as content:
                checksums[file_name] = _add(archive, file_name, content)

        lines = [f"{checksum}  {file_name}\n" for file_name, checksum in sorted(checksums.items())]
        _add(archive, CHECKSUMS, io.BytesIO("".join(lines).encode()))

    with out.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_folder(archive: ZipFile, folder_name: str) -> None:
    """Add a folder: programs that read `ro-crate-metadata.json` look for it in the archive."""
    entry = ZipInfo(f"{folder_name}/", _TIME)
    entry.create_system = _UNIX
    entry.external_attr = _FOLDER_MODE
    archive.writestr(entry, b"")


def _add(archive: ZipFile, file_name: str, content: IO[bytes]) -> str:
    """Add a file; return the SHA-256 of its content."""
    if not _NAME.fullmatch(file_name):
        raise BadInput(f"{file_name} is no name for a file in a pack")

    entry = ZipInfo(file_name, _TIME)
    entry.compress_type = ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = _MODE
    digest = hashlib.sha256()

    with archive.open(entry, "w", force_zip64=True) as packed:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            packed.write(chunk)

    return digest.hexdigest()


class _BoundedFile(io.FileIO):
    """A file that reads at most `LONGEST_DIRECTORY` bytes at once.

    `zipfile` reads an archive's list of files in one piece, whose size the archive gives.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        longest = LONGEST_DIRECTORY + 1
        size = longest if size is None or size < 0 else min(size, longest)
        content = super().read(size) or b""
        if len(content) > LONGEST_DIRECTORY:
            raise BadZipFile("its list of files is too long")

        return content


class PackReader:
    """An archive that is read. Use it with ``with``.

    Raises `BadInput` where it is no pack or exceeds the bounds.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = _BoundedFile(path)
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror})") from error

        try:
            self._archive = ZipFile(self._file)
            self._entries = _check_entries(self._archive.infolist(), path.stat().st_size)
        except _DAMAGED as error:
            self._file.close()
            raise BadInput(
                f"{path} is no pack or damaged ({error}): give a file that `tidings pack` wrote"
            ) from None
        except BadInput:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()
        self._file.close()

    @property
    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self._entries)

    @contextmanager
    def open(self, file_name: str) -> Iterator[IO[bytes]]:
        """Open a file. Raises `BadInput`, which names the file, if it is missing or damaged."""
        if file_name not in self._entries:
            raise BadInput(f"{file_name} is not in the pack")

        try:
            with self._archive.open(self._entries[file_name]) as file:
                yield file
        except _DAMAGED as error:
            raise BadInput(f"{file_name} is damaged ({error})") from None

    def read(self, file_name: str, most: int) -> bytes:
        """Return a file of at most so many bytes. Raises `BadInput`."""
        if file_name in self._entries and self._entries[file_name].file_size > most:
            raise BadInput(f"{file_name} is larger than {most:,} bytes")

        with self.open(file_name) as file:
            return file.read()

    def lines(self, file_name: str) -> Iterator[tuple[str, bytes]]:
        """Yield the lines of a file, each with its place for a message. Raises `BadInput`."""
        with self.open(file_name) as file:
            for line_number in count(1):
                location = f"{file_name}, line {line_number}"
                line = file.readline(LONGEST_LINE)
                if not line:
                    return
                if not line.endswith(b"\n"):
                    raise BadInput(f"{location}: it has no end or is too long")

                yield location, line

    def hash(self, file_name: str) -> str:
        """Return the SHA-256 of a file. Raises `BadInput`."""
        digest = hashlib.sha256()
        with self.open(file_name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)

        return digest.hexdigest()

    def checksums(self) -> dict[str, str]:
        """Return the checksum that each file should have, by its name. Raises `BadInput`."""
        lines = self.read(CHECKSUMS, LONGEST_DIRECTORY).decode(errors="replace").splitlines()
        checksums: dict[str, str] = {}
        for line_number, line in enumerate(lines, start=1):
            match = _CHECKSUM.fullmatch(line)
            if match is None:
                raise BadInput(
                    f"{CHECKSUMS}, line {line_number}: it is no checksum and name of a file"
                )

            checksums[match[2]] = match[1]

        return checksums


def _check_entries(entries: list[ZipInfo], archive_size: int) -> dict[str, ZipInfo]:
    """Return the *entries* by name. Raises `BadInput` if `write_archive` would not write one."""
    if len(entries) > MOST_FILES:
        raise BadInput(f"the pack has {len(entries):,} files: at most {MOST_FILES:,} are read")

    size = sum(entry.file_size for entry in entries)
    expanded = max(ALWAYS_ALLOWED_BYTES, MOST_EXPANSION * archive_size)
    if size > min(MOST_BYTES, expanded):
        raise BadInput(
            f"the pack would be {size:,} bytes unpacked, of {archive_size:,}: that is no pack"
        )

    entries_by_name: dict[str, ZipInfo] = {}
    for entry in entries:
        file_name = entry.filename
        if _FOLDER.fullmatch(file_name) and not entry.file_size:
            continue
        if not _NAME.fullmatch(file_name) or file_name in entries_by_name:
            raise BadInput(
                f"the pack has a file {file_name[:100]!r}, whose name no pack has or twice"
            )

        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or entry.flag_bits & 1:
            raise BadInput(f"{file_name} is packed in a way that no pack is")

        entries_by_name[file_name] = entry

    return entries_by_name


def lines_of(pack: PackReader, file_name: str, kind: type[Line]) -> Iterator[tuple[str, Line]]:
    """Yield the lines of a file of the pack, each with its place for a message."""
    for location, line in pack.lines(file_name):
        yield location, read_object(line, location, kind)
