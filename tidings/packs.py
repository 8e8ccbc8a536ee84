"""Read a pack, the archive of a run that `tidings pack` wrote: neither a home nor a database."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from tidings.errors import TidingsError
from tidings.tables import read_json_lines
from tidings.words import PathText

if TYPE_CHECKING:
    import pyarrow as pa

_TABLES = "exports"
_ENDING = ".jsonl"
_DESCRIPTION = "datapackage.json"


class PackFile:
    """A pack at *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"pack {self.path}"

    @property
    def tables(self) -> list[str]:
        """The names of its tables."""
        names = []
        with self._open() as archive:
            for file in map(Path, archive.namelist()):
                if file.parent.name == _TABLES and file.suffix == _ENDING:
                    names.append(file.stem)

        return sorted(names)

    def table(self, table: str) -> pa.Table:
        """Return a table as a `pyarrow.Table`. Raises `TidingsError` if the pack has none so."""
        with self._open() as archive:
            file_name = f"{_TABLES}/{table}{_ENDING}"
            if file_name not in archive.namelist():
                tables = ", ".join(self.tables)
                raise TidingsError(f"{self.path} has no table {table}: it is one of {tables}")

            column_types = _read_column_types(archive, table)
            with archive.open(file_name) as lines:
                return read_json_lines(lines, column_types)

    @property
    def run(self) -> dict[str, Any]:
        """What `run.json` says: parameters, engines, times, title, authors, versions."""
        with self._open() as archive:
            run: dict[str, Any] = json.loads(archive.read("run.json"))
        return run

    def _open(self) -> ZipFile:
        try:
            return ZipFile(self.path)
        except (OSError, BadZipFile) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise TidingsError(f"{self.path} cannot be read as a pack ({reason})") from error


def _read_column_types(archive: ZipFile, table: str) -> dict[str, str]:
    """Return the types that a pack declares; none of a pack that was written without them."""
    if _DESCRIPTION not in archive.namelist():
        return {}

    for resource in json.loads(archive.read(_DESCRIPTION))["resources"]:
        if resource["name"] == table:
            return {field["name"]: field["type"] for field in resource["schema"]["fields"]}

    return {}


def open_pack(path: PathText) -> PackFile:
    """Return the pack at *path*, whose tables can be read without Tidings' database."""
    return PackFile(Path(os.fspath(path)))
