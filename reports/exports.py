"""A run's tables as files: what `tidings export` writes and a report's folder holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, get_args, get_type_hints

from analysis import parameters as run_parameters
from core.errors import TidingsError, UsageError
from models.database import Database
from reports import results
from reports.dictionary import markdown
from reports.formats import WRITERS, Columns, Values, Write
from reports.queries import batches, read_run

DICTIONARY_FILE = "dictionary.md"

_ROWS_AT_A_TIME = 5000  # also a row group of Parquet


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be exported: the class of its rows and what reads them."""

    row: type
    read: Callable[[Database, int], Iterator[Any]]


TABLES = {
    "mentions": Table(results.MentionRow, results.mentions),
    "periods": Table(results.PeriodRow, results.periods),
    "phrases": Table(results.PhraseRow, results.phrases),
    "entities": Table(results.EntityRow, results.entities),
    "summaries": Table(results.SummaryRow, results.summaries),
    "documents": Table(results.DocumentRow, results.documents),
    "coverage": Table(results.CoverageRow, results.coverage),
    "epochs": Table(results.EpochRow, results.epochs),
    "predictions": Table(results.PredictionRow, results.predictions),
    "trainings": Table(results.TrainingRow, results.trainings),
    "calls": Table(results.CallRow, results.calls),
}

_OF_TEXTS = ("periods", "phrases", "entities", "summaries", "documents", "coverage", "calls")
_OF_TRAININGS = ("epochs", "predictions", "trainings")


def write(db: Database, run_id: int, table: str, form: str, out: IO[bytes] | Path) -> int:
    """Write one table of a run as ``jsonl``, ``csv`` or ``parquet``; how many rows it has.

    A file at a path is there whole or, after an error, as it was before. Raises `UsageError` for an unknown table or
    format, `NotFound` for an unknown run, `TidingsError` where the file cannot be written.
    """
    columns, rows = _open(db, run_id, table)
    if not isinstance(out, Path):
        return _pour(columns, rows, {form: out})
    with _whole(out) as file:
        return _pour(columns, rows, {form: file})


def write_all(
    db: Database, run_id: int, folder: Path, forms: Sequence[str] = tuple(WRITERS)
) -> list[Path]:
    """Write each table that a run of its kind can have to ``folder/TABLE.FORM``, and the data dictionary; the files.

    A table is read once for all its formats. Raises as `write` does.
    """
    written: list[Path] = []
    for table in tables_of(read_run(db, run_id).parameters):
        columns, rows = _open(db, run_id, table)
        paths = {form: folder / f"{table}.{form}" for form in forms}
        with ExitStack() as stack:
            _pour(
                columns,
                rows,
                {form: stack.enter_context(_whole(path)) for form, path in paths.items()},
            )
        written += paths.values()
    with _whole(folder / DICTIONARY_FILE) as file:
        file.write(markdown().encode())
    return [*written, folder / DICTIONARY_FILE]


def tables_of(parameters: run_parameters.Parameters) -> tuple[str, ...]:
    """The tables in which a run of this kind can have rows."""
    if isinstance(parameters, run_parameters.TrainingParameters):
        return _OF_TRAININGS
    return (
        ("mentions", *_OF_TEXTS)
        if isinstance(parameters, run_parameters.MonthsParameters)
        else _OF_TEXTS
    )


def _open(db: Database, run_id: int, table: str) -> tuple[Columns, Iterable[Values]]:
    """The columns of a table, and its rows as tuples."""
    if table not in TABLES:
        raise UsageError(f"there is no table {table!r}: choose one of {', '.join(TABLES)}")
    read_run(db, run_id)  # a run that is not there is said before a file is begun
    row, read = TABLES[table].row, TABLES[table].read
    if row is results.TrainingRow:
        return _flattened(list(read(db, run_id)))
    columns = _columns(row)
    return columns, map(attrgetter(*columns), read(db, run_id))


def _columns(row: type) -> Columns:
    hints = get_type_hints(row)
    return {field.name: _kind(hints[field.name]) for field in fields(row)}


def _kind(hint: Any) -> type:
    """What a column holds: of ``str | None``, ``str``; of ``list[str]``, ``list``."""
    if hint == list[str]:
        return list
    kind: type = next((part for part in get_args(hint) if part is not type(None)), hint)
    return kind


def _flattened(rows: Sequence[results.TrainingRow]) -> tuple[Columns, list[Values]]:
    """Trainings with a column for each option, of the one type that all its values have, else of text."""
    options = {
        name: [row.options[name] for row in rows] for name in (rows[0].options if rows else ())
    }
    kinds = {name: _common_kind(values) for name, values in options.items()}
    columns: Columns = {}
    for name, kind in _columns(results.TrainingRow).items():
        columns |= kinds if name == "options" else {name: kind}
    tuples = []
    for row in rows:
        flat = {name: _as(kinds[name], value) for name, value in row.options.items()}
        tuples.append(tuple(flat[name] if name in flat else getattr(row, name) for name in columns))
    return columns, tuples


def _common_kind(values: Sequence[Any]) -> type:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return float
    (kind,) = kinds if len(kinds) == 1 else (str,)
    return kind if kind in {bool, int, float} else str


def _as(kind: type, value: Any) -> Any:
    if kind is str and value is not None and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return float(value) if kind is float and value is not None else value


def _pour(columns: Columns, rows: Iterable[Values], outs: Mapping[str, IO[bytes]]) -> int:
    """Write the rows to a file for each format; how many there are."""
    count = 0
    with ExitStack() as stack:
        writes = [stack.enter_context(_writer(form)(out, columns)) for form, out in outs.items()]
        for batch in batches(rows, _ROWS_AT_A_TIME):
            count += len(batch)
            for write_rows in writes:
                write_rows(batch)
    return count


def _writer(form: str) -> Callable[[IO[bytes], Columns], AbstractContextManager[Write]]:
    if form not in WRITERS:
        raise UsageError(f"there is no format {form!r}: choose one of {', '.join(WRITERS)}")
    return WRITERS[form]


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of *path* when all went well, and is gone when not."""
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
