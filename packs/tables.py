"""The tables of a pack: from a run's results, or from the JSONL of a pack of somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from core.errors import BadInput
from core.progress import track
from packs import contents
from packs.archive import PackReader
from packs.contents import PackedRun, forms_of
from packs.reading import read_batches, read_objects
from packs.rows import SEARCHED
from reports.data.export_schema import Table
from reports.data.exports import tables_of, write_table
from reports.data.formats import WRITERS, Columns
from reports.data.run_data import RunData
from reports.data.tables.found import FOUND


def write_tables(
    run_data: RunData, tables: Iterable[Table[Any]], folder: Path, *, texts: bool
) -> None:
    """Write each table in each of its forms, from the run's results."""
    for table in track("writing tables", list(tables), "tables"):
        with ExitStack() as stack:
            write_table(run_data, table, _open_forms(stack, table, folder), texts=texts)


def list_tables(pack: PackReader, run: PackedRun) -> list[Table[Any]]:
    """Return the tables that a pack should have; that of searches only where there was one."""
    files = {SEARCHED.file_name, *(table_file(FOUND, form) for form in forms_of(FOUND.name))}
    is_searched = not files.isdisjoint(pack.names)
    return [table for table in tables_of(run.run_kind) if table is not FOUND or is_searched]


def rewrite_table(pack: PackReader, table: Table[Any], folder: Path) -> None:
    """Write a table in each of its forms, from the JSONL that the pack of somebody else has.

    Raises `BadInput`, which names file and line.
    """
    file_name = table_file(table, "jsonl")
    declared = [column for column, kind in table.columns.items() if kind is not dict]
    _, head = next(read_objects(pack, file_name), ("", dict.fromkeys(declared)))
    takes_others = len(declared) < len(table.columns) or table.has_documents
    if [column for column in head if not takes_others or column in declared] != declared:
        raise BadInput(f"{file_name}, line 1: it is no row of such a table")

    columns: Columns = dict.fromkeys(head, object)
    with ExitStack() as stack:
        files = _open_forms(stack, table, folder)
        writers = [stack.enter_context(WRITERS[form](files[form], columns)) for form in files]
        for _, table_rows in read_batches(pack, file_name, columns):
            for write in writers:
                write(list(zip(*table_rows, strict=True)))


def _open_forms(stack: ExitStack, table: Table[Any], folder: Path) -> dict[str, IO[bytes]]:
    """Open a file for each form of the table, until *stack* is closed."""
    return {
        form: stack.enter_context((folder / table_file(table, form)).open("wb"))
        for form in forms_of(table.name)
    }


def table_file(table: Table[Any], form: str) -> str:
    """Return the name of the file with a table in one of its forms."""
    return f"{contents.EXPORTS}/{table.name}.{form}"
