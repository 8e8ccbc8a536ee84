"""Files that are written whole or, after an error, stay as they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from core.errors import FULL_DISK, TidingsError, UsageError

# `_part_of` makes these names.
_PART = re.compile(r"\.(.+)\.\d+\.part")


@contextmanager
def replace_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces *path* at the end, and is deleted on any error.

    A device or a pipe is written directly, and a symbolic link stays one. Raises `UsageError` if
    *path* is a folder, and `TidingsError` if the file cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        with _named(path), path.open("wb", buffering=0) as device:
            yield device

        return

    if path.is_symlink():
        path = path.resolve()

    part = _part_of(path)
    try:
        with _named(path):
            with part.open("wb") as file:
                yield file

            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _part_of(path: Path) -> Path:
    """Return the path to which a file is written before it replaces *path*."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def whole_name(path: Path) -> str:
    """Return the name of the whole file if *path* is an unfinished part of it."""
    part = _PART.fullmatch(path.name)
    return part[1] if part else path.name


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise a `TidingsError` that names *path* if it cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        remedy = "make room on its disk, or " if error.errno in FULL_DISK else ""
        raise TidingsError(
            f"{path} cannot be written ({reason}): {remedy}choose another place for it"
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write *content* to *path*. Raises `TidingsError` if that is impossible."""
    with replace_file(path) as file:
        file.write(content)


class StagedFiles:
    """Files of a folder that are written one by one and put in place together.

    The context manager deletes the files that were not put in place. Raises `TidingsError` if a
    file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # All files of the folder, and those of them that are not put in place yet.
        self.names: list[str] = []
        self._staged: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file_name in self._staged:
            with suppress(OSError):
                _part_of(self._folder / file_name).unlink(missing_ok=True)

    def add(self, file_name: str, content: bytes) -> None:
        """Write a file beside its place."""
        path = self._folder / file_name
        self.names.append(file_name)
        self._staged.append(file_name)
        with _named(path):
            _part_of(path).write_bytes(content)

    def add_once(self, file_name: str, content: bytes) -> None:
        """Write a file whose name changes with its content; one that is in its place stays."""
        path = self._folder / file_name
        self.names.append(file_name)
        if not path.exists():
            with _named(path):
                path.parent.mkdir(exist_ok=True)

            write_atomically(path, content)

    def keep(self, file_names: Sequence[str]) -> bool:
        """Leave files as they are; return whether all of them are in their places."""
        are_there = all((self._folder / file_name).is_file() for file_name in file_names)
        if are_there:
            self.names += file_names

        return are_there

    def put_in_place(self, *, last: str) -> None:
        """Let the files take their places, the one named *last* after all others."""
        for file_name in sorted(self._staged, key=last.__eq__):
            path = self._folder / file_name
            with _named(path):
                _part_of(path).replace(path)
