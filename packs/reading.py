"""Tables of a pack for other programs, within the bounds of `packs.archive`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any

from core.errors import BadInput, NotFound
from packs import contents
from packs.archive import LONGEST_DIRECTORY, PackFile
from reports.data.formats import Columns, parquet
from reports.data.tables.registry import TABLES

_ENDING = ".jsonl"
# A row group has so many rows, or fewer of so many bytes together.
_ROWS_AT_A_TIME = 5_000
_BYTES_AT_A_TIME = 2**24


def list_tables(pack: PackFile) -> list[str]:
    """Return the names of the tables of a pack."""
    begin = f"{contents.EXPORTS}/"
    return [
        file_name.removeprefix(begin).removesuffix(_ENDING)
        for file_name in pack.names
        if file_name.startswith(begin) and file_name.endswith(_ENDING)
    ]


def read_run(pack: PackFile) -> dict[str, Any]:
    """Return what `run.json` says, of any version. Raises `BadInput`."""
    run = _parse(pack.read(contents.RUN, LONGEST_DIRECTORY), contents.RUN)
    if not isinstance(run, dict):
        raise BadInput(f"{contents.RUN} is no object")

    return run


def write_table(pack: PackFile, table_name: str, out: IO[bytes]) -> None:
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
        for line_number, rows in _read_batches(pack, file_name, columns):
            try:
                write(rows)
            # The errors of pyarrow are of these classes.
            except (TypeError, ValueError, OverflowError, NotImplementedError) as error:
                raise BadInput(
                    f"{file_name}, before line {line_number}: a cell is not of the type of its "
                    f"column ({error})"
                ) from error


def _find_columns(pack: PackFile, file_name: str, declared: Mapping[str, type]) -> Columns:
    """Return the columns of the first row with their types; of no row, those that are declared."""
    fixed = {column: kind for column, kind in declared.items() if kind is not dict}
    columns: list[str] | None = None
    kinds: dict[str, set[type]] = {}
    for _, row in read_objects(pack, file_name):
        if columns is None:
            columns = list(row)
            kinds = {column: set() for column in columns if column not in fixed}
        if not kinds:
            break

        for column, cells in kinds.items():
            cells.add(type(row.get(column)))

    if columns is None:
        return fixed

    return {
        column: fixed[column] if column in fixed else _find_type(kinds[column])
        for column in columns
    }


def _find_type(kinds: set[type]) -> type:
    """Return the type of a column whose cells are of *kinds*."""
    known = kinds - {type(None)}
    if known in ({bool}, {int}, {list}):
        return known.pop()
    return float if known and known <= {int, float} else str


def _read_batches(
    pack: PackFile, file_name: str, columns: Columns
) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    """Yield the rows of a table in batches, each with the number of the line after it."""
    times = [place for place, kind in enumerate(columns.values()) if kind is datetime]
    texts = [place for place, kind in enumerate(columns.values()) if kind is str]
    rows: list[tuple[Any, ...]] = []
    line_number = size = 0
    for length, row in read_objects(pack, file_name):
        line_number += 1
        if list(row) != list(columns):
            raise BadInput(f"{file_name}, line {line_number}: it has other columns than the first")

        cells = list(row.values())
        for place in times:
            cells[place] = _parse_time(cells[place], f"{file_name}, line {line_number}")
        for place in texts:
            if cells[place] is not None and not isinstance(cells[place], str):
                cells[place] = json.dumps(cells[place])

        rows.append(tuple(cells))
        size += length
        if len(rows) == _ROWS_AT_A_TIME or size >= _BYTES_AT_A_TIME:
            yield line_number + 1, rows
            rows, size = [], 0

    if rows:
        yield line_number + 1, rows


def read_objects(pack: PackFile, file_name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a file, each with the length of its line. Raises `BadInput`."""
    line_number = 0
    with pack.open(file_name) as file:
        while line := file.readline(contents.LONGEST_LINE):
            line_number += 1
            location = f"{file_name}, line {line_number}"
            row = _parse(line, location)
            if not isinstance(row, dict):
                raise BadInput(f"{location}: it is no row")

            yield len(line), row


def read_located_objects(pack: PackFile, file_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a file, each with its place for a message. Raises `BadInput`."""
    for line_number, (_, row) in enumerate(read_objects(pack, file_name), start=1):
        yield f"{file_name}, line {line_number}", row


def _parse_time(cell: Any, location: str) -> datetime | None:
    if cell is None:
        return None

    try:
        return datetime.fromisoformat(cell)
    except (TypeError, ValueError):
        raise BadInput(f"{location}: {str(cell)[:40]!r} is no time") from None


def _parse(content: bytes, location: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BadInput(f"{location}: it is no JSON, or longer than any line of a pack") from None
    except MemoryError:
        raise BadInput(f"{location}: there is not enough memory for it") from None
