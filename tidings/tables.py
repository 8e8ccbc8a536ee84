"""Tables in and out: Arrow within, and pandas, polars and whatever else has Arrow's PyCapsules.

`pyarrow` is imported when the first table is read: it takes 0.3 s and 45 MB. pandas and polars are
imported for those who ask for them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from datetime import date
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeGuard

from tidings.errors import TidingsError

if TYPE_CHECKING:
    import pyarrow as pa

Form: TypeAlias = Literal["arrow", "pandas", "polars"]

# The file of a table is called so in remarks and errors, which name files.
FRAME_FOLDER, FRAME_FILE = "tidings-table-", "table.csv"

# In a CSV file of ours an apostrophe keeps a spreadsheet program from reading a formula.
_GUARD = re.compile("\\A'(?=[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])")

# How a coded file says that none of several categories applies, and what separates them.
_NO_CATEGORY, _SEPARATOR = "none", "|"

# How many days, weeks, months and years begin, as exports write periods, and pandas' names of them.
_FREQUENCIES = {4: "Y", 7: "M", 8: "W-SUN", 10: "D"}


class ArrowFrame(Protocol):
    """A data frame of pandas (2.2 or newer), polars or DuckDB, or a table of pyarrow."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the rows to a library that reads Arrow."""


def is_frame(typed: object) -> TypeGuard[ArrowFrame]:
    """Return whether an argument is a table."""
    return hasattr(typed, "__arrow_c_stream__")


def read_parquet(content: bytes) -> pa.Table:
    """Return the table of a Parquet file."""
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    return ParquetFile(BytesIO(content)).read()


def convert(table: pa.Table, form: Form) -> Any:
    """Return *table* as a table of `pyarrow`, or a data frame of pandas or polars.

    For pandas, integers and booleans with missing values stay what they are, `period` is a period,
    and columns of few different texts are categories. In Arrow these are text: with categories
    pandas before 3 would group by combinations that no row has. Raises `TidingsError` for a library
    that is not installed.
    """
    if form == "pandas":
        return _to_pandas(table)
    if form == "polars":
        return import_library("polars").from_arrow(table)

    import pyarrow as pa  # noqa: PLC0415

    fields = []
    for field in table.schema:
        is_category = pa.types.is_dictionary(field.type)
        fields.append(field.with_type(field.type.value_type) if is_category else field)

    return table.cast(pa.schema(fields))


def import_library(library: str) -> Any:
    """Return a library that not everybody has. Raises `TidingsError` where it is missing."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        raise TidingsError(f"{error.name} is not installed: pip install {error.name}") from None


def _to_pandas(table: pa.Table) -> Any:
    pandas = import_library("pandas")
    nullable = {"bool": pandas.BooleanDtype(), "int64": pandas.Int64Dtype()}
    frame = table.to_pandas(types_mapper=lambda kind: nullable.get(str(kind)))
    for field in table.schema:
        if str(field.type) in nullable and not table[field.name].null_count:
            frame[field.name] = frame[field.name].astype(str(field.type))

    if "period" in frame:
        frame["period"] = to_periods(table["period"].to_pylist())

    return frame


def to_periods(written: list[str | None]) -> Any:
    """Return days, weeks, months or years, as exports write them, as periods of pandas."""
    frequency = _FREQUENCIES[max((len(text) for text in written if text), default=len("2020-03"))]
    if frequency == "W-SUN":
        written = [text and f"{date.fromisoformat(text)}" for text in written]

    return import_library("pandas").PeriodIndex(written, freq=frequency)


def write_csv(frame: ArrowFrame, path: Path) -> None:
    """Write a table as a file that `read` and `label` take.

    Times are in UTC, several texts of a cell have a bar between them, and numbers without a
    fraction are whole: pandas makes such of whole numbers where one is missing.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow.csv import write_csv  # noqa: PLC0415

    table = pa.table(frame)
    write_csv(pa.table({name: _to_plain(table[name]) for name in table.column_names}), path)


def _to_plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as a column of a CSV file."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute, types  # noqa: PLC0415

    kind = column.type
    if types.is_timestamp(kind):
        return column.cast(pa.timestamp("s"), safe=False)
    if types.is_floating(kind):
        column = compute.if_else(compute.is_finite(column), column, None)
        is_whole = compute.all(compute.equal(column, compute.floor(column))).as_py()
        return column.cast(pa.int64(), safe=False) if is_whole else column
    if types.is_primitive(kind) or types.is_string(kind) or types.is_null(kind):
        return column

    return pa.array(map(_to_text, column.to_pylist()), pa.string())


def _to_text(cell: object) -> str | None:
    if isinstance(cell, list):
        return _SEPARATOR.join(map(str, cell)) or _NO_CATEGORY
    return None if cell is None else str(cell)


def read_sample(path: Path, yes_no: Collection[str]) -> pa.Table:
    """Return the sample in a CSV file of ours; variables *yes_no* are booleans.

    A cell without a code is null. A variable that could not be coded somewhere stays text, which
    says why.
    """
    import pyarrow as pa  # noqa: PLC0415

    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)

    columns = {}
    for place, name in enumerate(head):
        cells = [_GUARD.sub("", row[place]) or None for row in rows]
        is_boolean = name in yes_no and {"yes", "no", None}.issuperset(cells)
        answers = [cell and cell == "yes" for cell in cells] if is_boolean else cells
        columns[name] = pa.array(answers, pa.bool_() if is_boolean else pa.string())

    return pa.table(columns)
