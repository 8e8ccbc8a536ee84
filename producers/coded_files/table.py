"""A sample as CSV: a row for each text, a column for each variable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from analysis.codebooks.codebook import FILE_COLUMNS, Codebook
from core.errors import BadInput
from models.codes import UnitCodes, UnitKey
from producers.code_sample import SampledText
from producers.coded_files.rows import CodedFile, CodedRow, format_value
from sources.csv_rows import read_rows

# The codebook polarity asks for labels, whose files have had these columns since before there were
# codebooks.
_NAMES_OF_LABELS = {"polarity": "label", "text": "sentence"}


def _name_columns(codebook: Codebook) -> dict[str, str]:
    """Return what the columns of variables and texts are called that have a name of their own."""
    is_of_labels = [variable.name for variable in codebook.variables] == ["polarity"]
    return _NAMES_OF_LABELS if is_of_labels else {}


def table_columns(codebook: Codebook) -> dict[str, type]:
    """Return the columns of the file, all of text."""
    item, *others = FILE_COLUMNS
    variables = [variable.name for variable in codebook.variables]
    names = _name_columns(codebook)
    return {names.get(column, column): str for column in (item, *variables, *others)}


def table_rows(
    codebook: Codebook,
    run_id: int,
    sample: Iterable[SampledText],
    codes: Mapping[UnitKey, UnitCodes],
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the file, with the codes that are there."""
    for text in sample:
        unit_codes = codes.get(text.unit, {})
        cells = []
        for variable in codebook.variables:
            value = unit_codes.get(variable.name)
            cells.append("" if value is None else format_value(value))

        origin = (f"{run_id}", text.period, text.keyword, text.document)
        yield text.item, *cells, text.text, *origin


def read_table(path: Path, text: str, codebook: Codebook, *, is_utf8: bool) -> CodedFile:
    """Return the rows of a coded CSV. Raises `BadInput` if it lacks a column, or has one twice."""
    table = read_rows(iter(text.splitlines(keepends=True)))
    head = next(table, [])
    columns = [column.strip().casefold() for column in head] if isinstance(head, list) else []
    names = _name_columns(codebook)
    columns_by_name = {name: column for column, name in names.items()}
    columns = [columns_by_name.get(column, column) for column in columns]
    needed = ["item", *(variable.name for variable in codebook.variables)]
    for column in needed:
        if columns.count(column) != 1:
            has = "no column" if column not in columns else "more than one column"
            raise BadInput(
                f"{path} has {has} {names.get(column, column)}: code the file that `tidings code "
                "RUN --codebook FILE --out` wrote with this codebook"
            )

    rows: list[CodedRow] = []
    problems: list[str] = []
    for number, cells in enumerate(table, start=2):
        if not isinstance(cells, list) or len(cells) < len(columns):
            problems.append(f"row {number} is no row of the table")
            continue

        cells_by_column = dict(zip(columns, cells, strict=False))
        codes = {column: cells_by_column[column] for column in needed[1:]}
        item = cells_by_column["item"].strip()
        rows.append(CodedRow(f"row {number}", item, codes, cells_by_column.get("text")))

    return CodedFile(path, rows, is_utf8, problems)
