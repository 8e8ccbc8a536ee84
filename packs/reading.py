"""Tables of a pack for other programs, within the bounds of `packs.archive`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any

from core.errors import BadInput, NotFound
from packs import contents
from packs.archive import LONGEST_DIRECTORY, PackReader
from reports.data.formats import Columns, parquet
from reports.data.tables.registry import TABLES

_ENDING = ".jsonl"
# A row group has so many rows, or fewer of so many bytes together.
_ROWS_AT_A_TIME = 5_000
_BYTES_AT_A_TIME = 2**24


def list_tables(pack: PackReader) -> list[str]:
    """Return the names of the tables of a pack."""
    begin = f"{contents.EXPORTS}/"
    return [
        file_name.removeprefix(begin).removesuffix(_ENDING)
        for file_name in pack.names
        if file_name.startswith(begin) and file_name.endswith(_ENDING)
    ]


def read_run(pack: PackReader) -> dict[str, Any]:
    """Return what `run.json` says, of any version. Raises `BadInput`."""
    return _parse_object(pack.read(contents.RUN, LONGEST_DIRECTORY), contents.RUN, "object")


def write_table(pack: PackReader, table_name: str, out: IO[bytes]) -> None:
    """Write a table as Parquet. Raises `NotFound`, and `BadInput`, which names file and line.

    Columns that the table does not declare have the type of what they hold.
    """
    if table_name not in list_tables(pack):
        names = ", ".join(list_tables(pack))
        raise NotFound(f"the pack has no table {table_name}: it is one of {names}")

    file_name = f"{contents.EXPORTS}/{table_name}{_ENDING}"
    table = TABLES.get(table_name)
    declared = {} if table is None else table.columns
    columns = _find_columns(pack, file_name, declared)
    with parquet(out, columns) as write:
        for location, rows in read_batches(pack, file_name, columns):
            try:
                write(list(zip(*rows, strict=True)))
            # The errors of pyarrow are of these classes.
            except (TypeError, ValueError, OverflowError, NotImplementedError) as error:
                raise BadInput(
                    f"{location} or before: a cell is not of the type of its column ({error})"
                ) from error


def _find_columns(pack: PackReader, file_name: str, declared: Mapping[str, type]) -> Columns:
    """Return the columns of the first row with their types; of no row, those that are declared."""
    fixed = {column: kind for column, kind in declared.items() if kind is not dict}
    rows = (row for _, row in read_objects(pack, file_name))
    head = next(rows, None)
    if head is None:
        return fixed

    kinds = {column: {type(cell)} for column, cell in head.items() if column not in fixed}
    for row in rows if kinds else ():
        for column, cells in kinds.items():
            cells.add(type(row.get(column)))

    return {column: fixed.get(column) or _find_type(kinds[column]) for column in head}


def _find_type(kinds: set[type]) -> type:
    """Return the type of a column whose cells are of *kinds*."""
    known = kinds - {type(None)}
    if known in ({bool}, {int}, {list}):
        return known.pop()
    return float if known and known <= {int, float} else str


def read_batches(
    pack: PackReader, file_name: str, columns: Columns
) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the rows of a table in batches, each with the place of its last line."""
    converted = [
        (place, kind) for place, kind in enumerate(columns.values()) if kind in (datetime, str)
    ]
    rows: list[tuple[Any, ...]] = []
    location, size = "", 0
    for location, line in pack.lines(file_name):
        row = _parse_object(line, location)
        if list(row) != list(columns):
            raise BadInput(f"{location}: it has other columns than the first")

        cells = list(row.values())
        for place, kind in converted:
            cells[place] = _convert(cells[place], kind, location)

        rows.append(tuple(cells))
        size += len(line)
        if len(rows) == _ROWS_AT_A_TIME or size >= _BYTES_AT_A_TIME:
            yield location, rows
            rows, size = [], 0

    if rows:
        yield location, rows


def read_objects(pack: PackReader, file_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a file, each with its place for a message. Raises `BadInput`."""
    for location, line in pack.lines(file_name):
        yield location, _parse_object(line, location)


def _convert(cell: Any, kind: type, location: str) -> Any:
    """Return a cell as a writer takes it; a text may be a number of another version's column."""
    if kind is datetime and cell is not None:
        try:
            return datetime.fromisoformat(cell)
        except (TypeError, ValueError):
            raise BadInput(f"{location}: {str(cell)[:40]!r} is no time") from None

    return json.dumps(cell) if kind is str and not isinstance(cell, str | None) else cell


def _parse_object(content: bytes, location: str, noun: str = "row") -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        raise BadInput(f"{location}: it is no JSON, or longer than any line of a pack") from None
    except MemoryError:
        raise BadInput(f"{location}: there is not enough memory for it") from None

    if not isinstance(parsed, dict):
        raise BadInput(f"{location}: it is no {noun}")

    return parsed
