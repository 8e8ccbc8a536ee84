"""Files that are there whole or, after an error, as they were before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from core.errors import TidingsError


@contextmanager
def replace_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces *path* at the end, and is deleted on any error.

    What is no regular file (a device, a pipe) is written through as it is, and a symbolic link
    stays one. Raises `TidingsError` where the file cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with _named(path), path.open("wb", buffering=0) as device:
            yield device
        return
    if path.is_symlink():
        path = path.resolve()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _named(path):
            with part.open("wb") as file:
                yield file
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise a `TidingsError` that names *path* where it cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise TidingsError(
            f"{path} cannot be written ({reason}): choose another place for it"
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write *content* to *path*. Raises `TidingsError` where that is impossible."""
    with replace_file(path) as file:
        file.write(content)
