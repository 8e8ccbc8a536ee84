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

    Raises `TidingsError` where the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise TidingsError(
            f"{path} cannot be written ({reason}): choose another place for it"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write *content* to *path*. Raises `TidingsError` where that is impossible."""
    with replace_file(path) as file:
        file.write(content)
