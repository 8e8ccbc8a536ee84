"""Rows as bytes: JSONL, CSV and Parquet, the same columns and values in each.

JSONL: one object a line, UTF-8, LF after each. CSV: UTF-8 with signature, quoted as RFC 4180 says, CR LF after each
line, null empty, a list as JSON; a text that a spreadsheet program would take for a formula gets an apostrophe.
Parquet: text, 64-bit integers and floats, lists of text; times are text as in the others.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import IO, Any, Protocol

Columns = dict[str, type]  # bool, int, float, str or list, by the column's name; any value may be None
Values = tuple[Any, ...]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet program take a cell for a formula
_LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})


class Writer(Protocol):
    """Writes rows of known columns to a binary file that somebody else opens and closes."""

    def __init__(self, out: IO[bytes], columns: Columns) -> None: ...

    def write(self, rows: Sequence[Values]) -> None:
        """Write some rows."""

    def finish(self) -> None:
        """Write what comes after the last row; the file stays open."""


class Jsonl:
    """One object a line, its keys in the order of the columns."""

    def __init__(self, out: IO[bytes], columns: Columns) -> None:
        self._out = out
        self._columns = columns

    def write(self, rows: Sequence[Values]) -> None:
        """Write some rows."""
        lines = (json.dumps(dict(zip(self._columns, row, strict=True)), ensure_ascii=False) for row in rows)
        # JSON lets U+2028 and its like stand in a text, but some readers end a line there.
        self._out.write("".join(f"{line.translate(_LINE_ENDS)}\n" for line in lines).encode())

    def finish(self) -> None:
        """Nothing comes after the last row."""


class Csv:
    """A table that spreadsheet programs open rightly and without running anything in it."""

    def __init__(self, out: IO[bytes], columns: Columns) -> None:
        self._out = out
        out.write(b"\xef\xbb\xbf")
        self.write([tuple(columns)])

    def write(self, rows: Sequence[Values]) -> None:
        """Write some rows."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
        self._out.write(text.getvalue().encode())

    def finish(self) -> None:
        """Nothing comes after the last row."""


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, bool | list):
        return json.dumps(value, ensure_ascii=False)
    return value


class Parquet:
    """Columns of fixed types, a row group for each `write`."""

    def __init__(self, out: IO[bytes], columns: Columns) -> None:
        import pyarrow as pa  # noqa: PLC0415 - time and memory that the other formats do without
        from pyarrow import parquet  # noqa: PLC0415

        types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string(), list: pa.list_(pa.string())}
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._batch = pa.RecordBatch.from_arrays
        self._array = pa.array
        self._file = parquet.ParquetWriter(out, self._schema)

    def write(self, rows: Sequence[Values]) -> None:
        """Write some rows as one row group."""
        columns = zip(zip(*rows, strict=True), self._schema, strict=True)
        arrays = [self._array(values, field.type) for values, field in columns]
        self._file.write_batch(self._batch(arrays, schema=self._schema))

    def finish(self) -> None:
        """Write the footer, without which no reader opens the file."""
        self._file.close()


WRITERS: dict[str, type[Writer]] = {"jsonl": Jsonl, "csv": Csv, "parquet": Parquet}
