"""A run's tables as files: what `tidings export` writes and a report's folder holds."""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from difflib import get_close_matches
from itertools import product, starmap
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import IO, Any

from analysis.kinds.kind import Kind
from core.atomic_files import replace_file, write_atomically
from core.enums import Grain, Grouping
from core.errors import UsageError
from core.progress import track
from models.database import Database
from reports.build_progress import BuildProgress
from reports.data.export_schema import Table, describe_tables
from reports.data.formats import (
    ALIGNED,
    COMPRESSED,
    FOLDER_WRITERS,
    WRITERS,
    Batch,
    Columns,
    Values,
    aligned_lines,
)
from reports.data.kept_documents import (
    LastReport,
    Member,
    hash_origin_of_member,
    read_member,
)
from reports.data.queries import in_batches, in_slices
from reports.data.repeats import is_large
from reports.data.run_data import NO_SELECTION, RunData, Selection, load_run
from reports.data.searched_texts import add_found_columns
from reports.data.selection import check_found
from reports.data.tables.registry import EXPORTED, TABLES
from reports.shared_calls import SharedCall

DICTIONARY_FILE = "dictionary.md"
FOLDER_FORMS = ("csv", COMPRESSED, "parquet")
# This column holds a whole document.
TEXT = "text"
#: what the tables in a report's folder are or were called, in this version and before
TABLE_FILES = {f"{table}.{form}" for table, form in product(TABLES, FOLDER_WRITERS)}

_OF_SELECTED = """\
`mentions`, `periods`, `documents`, `estimates` and the polarity in `summaries` are of the documents
that remain.
`phrases`, `entities`, `distinctive`, `coverage` and the text of `summaries` are of all documents:
they were made before any were left out."""
_DOCUMENTS = TABLES["documents"]
_ALL_WRITERS = FOLDER_WRITERS | {ALIGNED: aligned_lines}
# Of the tables that there are, those whose names are nearest to a wrong one.
_MOST_NAMED = 10

# So many rows are written at a time; they are also a row group of Parquet.
_ROWS_AT_A_TIME = 5000


def write(
    db: Database,
    run_id: int,
    table: str,
    form: str,
    out: IO[bytes] | Path,
    *,
    selection: Selection = NO_SELECTION,
    grain: Grain | None = None,
    grouping: Grouping | None = None,
) -> int:
    """Write one table of a run as ``jsonl``, ``csv`` or ``parquet`` and return its number of rows.

    *grain* is that of the tables `periods` and `estimates`, *grouping* that of these and of
    `mentions`, by default the run's. A file at a path is there whole or, after an error, as it was
    before. Raises `UsageError` for an unknown table or format and for another table with a grain or
    a grouping, `NotFound` for an unknown run, `TidingsError` where the file cannot be written.
    """
    if table not in EXPORTED:
        nearest = get_close_matches(table, EXPORTED, _MOST_NAMED, cutoff=0.0)
        raise UsageError(f"there is no table {table!r}: choose one of {', '.join(nearest)}")

    forms = _forms_of_command(table)
    if form not in forms:
        raise UsageError(
            f"there is no format {form!r} of {table}: choose one of {', '.join(forms)}"
        )
    if grain is not None and table not in ("periods", "estimates"):
        raise UsageError(
            f"--by goes with periods and estimates: the table {table} has no other periods"
        )

    if grain in (Grain.DAY, Grain.WEEK) and table == "estimates":
        raise UsageError(
            f"--by {grain}: a {grain} has too few codes for an estimate. estimates has the "
            "periods between which the sample was shared out, or with --by year the years"
        )

    if grouping is not None and table not in ("periods", "mentions", "estimates"):
        raise UsageError(
            f"--by {grouping} goes with periods, mentions and estimates: the "
            f"table {table} has no groups"
        )

    run = load_run(db, run_id, selection, grain, grouping)
    check_found(run, selection)

    with ExitStack() as stack:
        file = stack.enter_context(replace_file(out)) if isinstance(out, Path) else out
        return write_table(run, EXPORTED[table], {form: file})


def _forms_of_command(table: str) -> tuple[str, ...]:
    """Return the formats in which a table may be asked for."""
    return (*WRITERS, ALIGNED) if table == "concordance" else tuple(WRITERS)


def describe_empty(db: Database, run_id: int, table: str) -> str:
    """Return why a table of a run that is done has no row."""
    kind = load_run(db, run_id).kind
    named = f"the table {table} of run {run_id} has no row"
    if EXPORTED[table].is_of(kind):
        return (
            f"{named}: `tidings export {run_id} coverage` says which steps were done, and on what"
        )

    tables = ", ".join(run_table.name for run_table in tables_of(kind))
    return f"{named}, since it is a run of the kind {kind.name}, whose tables are {tables}"


def write_table(
    run: RunData, table: Table[Any], files: Mapping[str, IO[bytes]], *, texts: bool = True
) -> int:
    """Write a table to a file for each format, read once; return its number of rows.

    Without *texts* the texts of whole documents are null, and what was found is not told.
    """
    batches = _write_batches(run, table, files, () if texts else {TEXT}, with_found=texts)
    return sum(len(batch[0]) for batch in batches)


class ExportFolder:
    """The tables of a run as files ``folder/TABLE.FORM``, each read once for all its formats.

    The texts of documents stand in one file, ``documents.jsonl.gz``, and nowhere without *texts*.
    A large run's are left to ``tidings export``.
    """

    def __init__(
        self,
        run: RunData,
        folder: Path,
        *,
        texts: bool = True,
        progress: BuildProgress | None = None,
        last: LastReport | None = None,
    ) -> None:
        """Write into *folder*; take of its *last* report what has not changed."""
        self.texts = texts
        self.last = last or LastReport()
        # The members of the file of all documents, once it is written.
        self.members: Sequence[Member] = ()
        self._progress = progress or BuildProgress()
        self._data = run
        self.folder = folder
        # The names of the tables that are written.
        self._tables: set[str] = set()
        self._paths: list[Path] = []
        # Another process writes the table of all documents, unless this is None.
        self._documents: SharedCall[list[Member]] | None = None

    def files(self, folder: str = "") -> dict[str, dict[str, str]]:
        """Return the addresses of the files, by table and format, from a page above *folder*."""
        addresses: dict[str, dict[str, str]] = {}
        for table in self._tables_of_folder():
            table_files = {form: f"{folder}{table.name}.{form}" for form in _forms(table)}
            addresses[table.name] = table_files

        return addresses

    def write_while_reading(self, table: Table[Any]) -> Generator[Any]:
        """Yield the rows of *table*, whose fields are its columns, each once it is written.

        They are without what searches have found.
        The files are put in place after the last row. If the generator is closed before that, they
        are as they were.
        """
        with closing(self._write(table)) as batches:
            for cells_by_column in batches:
                columns = map(list, cells_by_column[: len(table.columns)])
                yield from starmap(table.row, zip(*columns, strict=True))

    def _write(self, table: Table[Any]) -> Generator[Batch]:
        """Write the files of *table*; yield each batch of rows once it is written."""
        paths = self._paths_of(table)
        without = set() if self.texts and table.name == "documents" else {TEXT}
        with ExitStack() as stack:
            files: dict[str, IO[bytes]] = {}
            for form, path in paths.items():
                files[form] = stack.enter_context(replace_file(path))

            yield from _write_batches(self._data, table, files, without)

        self._tables.add(table.name)
        self._paths += paths.values()

    def write_documents(self, executor: Executor | None) -> None:
        """Write the table of all documents, or let the process of *executor* write it.

        It is written first, while little else is in memory. What the run's selection leaves out is
        found in this process alone: then it is not shared.
        """
        if _DOCUMENTS not in self._tables_of_folder():
            return

        if executor is None or self._data.selection:
            self.write_table(_DOCUMENTS)
        else:
            arguments = (self._data.db.url, self._data.id, self.folder)
            self._documents = SharedCall(
                executor,
                _write_documents,
                *arguments,
                texts=self.texts,
                last=self.last,
            )

    def write_table(self, table: Table[Any]) -> None:
        """Write the files of *table*, unless they are written."""
        if table.name in self._tables:
            return

        if table is _DOCUMENTS and self._data.kind.has_mentions:
            self.members = self._write_members()
            self._tables.add(table.name)
            self._paths += self._paths_of(table).values()
        else:
            deque(self._write(table), maxlen=0)

    def _write_members(self) -> list[Member]:
        """Write the file of all documents, a member for each month; return the members."""
        (path,) = self._paths_of(_DOCUMENTS).values()
        without = () if self.texts else {TEXT}
        members = []
        with replace_file(path) as file:
            for job in track("writing the documents", self._data.jobs):
                made_of = hash_origin_of_member(self._data, job, self.last.version, self.texts)
                content = read_member(path, self.last.members, made_of)
                if content is None:
                    written = io.BytesIO()
                    files = {COMPRESSED: written}
                    deque(_write_batches(self._data, _DOCUMENTS, files, without, [job.name]), 0)
                    content = written.getvalue()

                file.write(content)
                members.append(Member.of(made_of, content))

        return members

    def write_all(self) -> list[Path]:
        """Write the tables not written yet and the data dictionary; return the paths of all files.

        Raises `TidingsError` where a file cannot be written.
        """
        tables = self._tables_of_folder()
        for table in tables:
            if table is _DOCUMENTS and self._documents is not None:
                self.members = self._documents.result()
                self._tables.add(table.name)
                self._paths += self._paths_of(table).values()

            self.write_table(table)
            self._progress.count_table(len(tables))

        dictionary = self.folder / DICTIONARY_FILE
        pages = [describe_tables(TABLES.values()), _describe_selection(self._data)]
        write_atomically(dictionary, "\n".join(filter(None, pages)).encode())
        return [*self._paths, dictionary]

    def _paths_of(self, table: Table[Any]) -> dict[str, Path]:
        return {form: self.folder / f"{table.name}.{form}" for form in _forms(table)}

    def _tables_of_folder(self) -> list[Table[Any]]:
        """Return the tables to write; a large run leaves out the table of all documents."""
        tables = tables_of(self._data.kind)
        if is_large(self._data):
            tables.remove(_DOCUMENTS)

        return tables


def _write_documents(url: str, run_id: int, folder: Path, **options: Any) -> list[Member]:
    """Write the table of all documents of a run into *folder*, in another process."""
    with closing(Database(url)) as db:
        exports = ExportFolder(load_run(db, run_id), folder, **options)
        exports.write_table(_DOCUMENTS)
        return list(exports.members)


def _forms(table: Table[Any]) -> tuple[str, ...]:
    """Return the formats of a table in a report's folder; tables that people open have CSV."""
    if table.name == "documents":
        return (COMPRESSED,)
    return (COMPRESSED, "parquet") if table.name == "entities" else FOLDER_FORMS


def _describe_selection(run: RunData) -> str:
    """Return what the dictionary says of documents that are left out; "" where all count."""
    selection = run.selection
    lines = []
    if selection.distinct:
        family = ", or share a fixed head or tail," if run.kind.has_families else ""
        lines.append(
            f"- Of texts that differ in names or figures only{family} the first document of each "
            "month (for accounts and searches of each job too) counts."
        )

    if selection.stories:
        order = ", ".join(run.month_parameters.sources)
        lines.append(
            "- Of a story that several sources hold, by its address or by headline and day, the "
            f"documents of the first count, in this order: {order}."
        )

    for text in selection.without:
        quoted = " ".join(text.replace("`", "").split())
        lines.append(f"- Left out are `{quoted}` and texts that are like it.")

    return "\n".join(["## What is left out", "", *lines, "", _OF_SELECTED, ""]) if lines else ""


def tables_of(kind: Kind[Any]) -> list[Table[Any]]:
    """Return the tables in which a run of *kind* can have rows."""
    return [table for table in TABLES.values() if table.is_of(kind)]


def _write_batches(
    run: RunData,
    table: Table[Any],
    files: Mapping[str, IO[bytes]],
    without: Collection[str] = (),
    job_names: Collection[str] | None = None,
    *,
    with_found: bool = True,
) -> Generator[Batch]:
    """Write the rows of *table* to a file for each format; yield the columns of each batch then.

    The columns *without* are written as null. Tables of documents tell *with_found* what searches
    have found, which follows from the texts.
    """
    columns, batches = _read_batches(run, table, job_names)
    if table.has_documents and with_found:
        columns, batches = add_found_columns(run, columns, batches)

    with ExitStack() as stack:
        writes = []
        for form, file in files.items():
            writes.append(stack.enter_context(_ALL_WRITERS[form](file, columns)))

        for cells_by_column in batches:
            written = [
                [None] * len(cells) if column in without else cells
                for column, cells in zip(columns, cells_by_column, strict=True)
            ]
            for write_cells in writes:
                write_cells(written)

            yield cells_by_column


def _read_batches(
    run: RunData, table: Table[Any], job_names: Collection[str] | None
) -> tuple[Columns, Iterable[Batch]]:
    """Return the columns of *table*, and their cells in batches of rows."""
    if table.read_frames is not None:
        frames = in_slices(table.read_frames(run, job_names), _ROWS_AT_A_TIME)
        return table.columns, (frame.get_columns() for frame in frames)

    rows: Iterable[Any] = table.read(run, job_names)
    columns = table.columns
    make_values: Callable[[Any], Values] = attrgetter(*columns)
    if dict in columns.values():
        rows = list(rows)
        columns, make_values = _expand_dictionaries(columns, rows)

    batches = in_batches(rows, _ROWS_AT_A_TIME)
    return columns, (list(zip(*map(make_values, batch), strict=True)) for batch in batches)


def _expand_dictionaries(
    columns: Columns, rows: Sequence[Any]
) -> tuple[Columns, Callable[[Any], Values]]:
    """Return columns with one for each key of a dictionary, and what makes the values of a row.

    The type of such a column is the one that all its values have, else text.
    """
    expanded: Columns = {}
    for column, kind in columns.items():
        if kind is dict:
            dictionaries = list(map(attrgetter(column), rows))
            for key in dictionaries[0] if dictionaries else ():
                expanded[key] = _common_type(map(itemgetter(key), dictionaries))
        else:
            expanded[column] = kind

    def make_values(row: Any) -> Values:
        flat: dict[str, Any] = {}
        for column, kind in columns.items():
            cell = getattr(row, column)
            flat |= cell if kind is dict else {column: cell}

        return tuple(map(_convert, map(flat.get, expanded), expanded.values()))

    return expanded, make_values


def _common_type(cells: Iterable[Any]) -> type:
    kinds = set(map(type, cells)) - {type(None)}
    if kinds == {int, float}:
        return float

    (kind,) = kinds if len(kinds) == 1 else (str,)
    return kind if kind in {bool, int, float} else str


def _convert(cell: Any, kind: type) -> Any:
    if kind is str and cell is not None and not isinstance(cell, str):
        return json.dumps(cell, ensure_ascii=False)
    return float(cell) if kind is float and cell is not None else cell
