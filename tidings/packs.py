"""Read a pack, the archive of a run that `tidings pack` wrote: neither a home nor a database.

A pack may come from somebody else, so that the reader of `tidings verify` reads it, within its
bounds, in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidings.program import Program
from tidings.tables import read_parquet
from tidings.words import PathText

if TYPE_CHECKING:
    import pyarrow as pa

_READER = (sys.executable, "-P", "-m", "cli.pack_reader")


class PackFile:
    """A pack at *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._program = Program(_READER, {}, str(path))

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"pack {self.path}"

    @property
    def tables(self) -> list[str]:
        """The names of its tables."""
        names: list[str] = json.loads(self._read("tables"))
        return names

    def table(self, table: str) -> pa.Table:
        """Return a table as a `pyarrow.Table`. Raises `TidingsError` if the pack has none so."""
        return read_parquet(self._read("table", table))

    @property
    def run(self) -> dict[str, Any]:
        """What `run.json` says: parameters, engines, times, title, authors, versions."""
        run: dict[str, Any] = json.loads(self._read("run"))
        return run

    def _read(self, *words: str) -> bytes:
        return self._program.run([str(self.path), *words])


def open_pack(path: PathText) -> PackFile:
    """Return the pack at *path*, whose tables can be read without Tidings' database."""
    return PackFile(Path(os.fspath(path)))
