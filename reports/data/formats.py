"""Rows as bytes: JSONL, CSV and Parquet, the same columns and values in each.

JSONL: one object a line, UTF-8, LF after each. CSV: UTF-8 with signature, quoted as RFC 4180 says,
CR LF after each line, null empty, a list as JSON; a text that a spreadsheet program would take for
a formula gets an apostrophe. Parquet: text, categories as dictionaries of text, 64-bit integers and
floats, lists of text, times as timestamps in UTC; in JSONL and CSV a time is
``YYYY-MM-DDTHH:MM:SSZ``.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from json.encoder import encode_basestring
from typing import IO, Any, TypeAlias, cast

import polars as pl


class Category(str):  # noqa: SLOT000 - a mark for columns; no value has this type
    """The type of a column of text that has few different values."""


#: bool, int, float, str, `Category`, list or datetime (naive, UTC), by the column's name; any value
#: may be None
Columns = dict[str, type]
Values = tuple[Any, ...]
# The cells of a column in a batch of rows; a series where rows may be a million.
Cells: TypeAlias = Sequence[Any] | pl.Series
# The cells of a batch of rows, by column.
Batch: TypeAlias = Sequence[Cells]
# Writes a batch of rows, which it is given column by column.
Write = Callable[[Sequence[Cells]], None]

# What makes a spreadsheet program take a cell for a formula; the name of an account is none. The
# signs of full width are read like the others where the system's language is Chinese or Japanese.
_FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"[=+\-{_FULL_WIDTH}\t\r]|@(?!\w[\w.-]*(?:@\w[\w.-]*)?\Z)")
# JSON allows these in a text, but some readers end a line there
_LINE_ENDS = {end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
# What stands for some characters in the JSON of a text, as the standard library writes it.
_ESCAPED = {sign: encode_basestring(sign)[1:-1] for sign in (*map(chr, range(32)), '"', "\\")}
_ESCAPED |= _LINE_ENDS
# The type of a series of each type of column.
_SERIES: dict[type, Any] = {bool: pl.Boolean, int: pl.Int64, float: pl.Float64, str: pl.String}
_SERIES |= {Category: pl.String, list: pl.List(pl.String), datetime: pl.Datetime("us")}
_TIME_AS_JSON = '"%Y-%m-%dT%H:%M:%SZ"'


def format_time(at: datetime) -> str:
    """Return a UTC time as text."""
    return f"{at.isoformat(timespec='seconds')}Z"


_encode = json.JSONEncoder(ensure_ascii=False, default=format_time).encode
# A line for each cell: in JSON no text has a line end.
_encode_lines = json.JSONEncoder(
    ensure_ascii=False, default=format_time, separators=("\n", ": ")
).encode


@contextmanager
def jsonl(out: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write one object a line, its keys in the order of the columns."""
    keys = [f"{_encode(column)}: " for column in columns]

    def write(batch: Sequence[Cells]) -> None:
        parts: list[pl.Expr] = []
        for key, cells in zip(keys, batch, strict=True):
            encoded = _encode_cells(cells)
            parts += [pl.lit(f", {key}" if parts else f"{{{key}"), encoded]

        lines = pl.concat_str([*parts, pl.lit("}\n")])
        out.write(pl.select(lines.str.join("").cast(pl.Binary)).item())

    yield write


def _encode_cells(cells: Cells) -> pl.Expr:
    """Return cells as JSON, as the standard library writes it."""
    if isinstance(cells, pl.Series) and cells.dtype == pl.Float64:
        # polars writes small numbers otherwise.
        cells = cells.to_list()

    if not isinstance(cells, pl.Series):
        is_flat = len(cells) > 0 and {list, dict}.isdisjoint(map(type, cells))
        lines = _encode_lines(cells)[1:-1].split("\n") if is_flat else list(map(_encode, cells))
        return pl.lit(pl.Series(lines, dtype=pl.String)).str.replace_many(_LINE_ENDS)

    values = pl.lit(cells)
    if cells.dtype == pl.String:
        values = _quote(values)
    elif cells.dtype == pl.List:
        values = "[" + values.list.eval(_quote(pl.element())).list.join(", ") + "]"
    elif cells.dtype == pl.Datetime:
        values = values.dt.strftime(_TIME_AS_JSON)

    return values.cast(pl.String).fill_null("null")


def _quote(text: pl.Expr) -> pl.Expr:
    return '"' + text.str.replace_many(_ESCAPED) + '"'


@contextmanager
def comma_separated(out: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write a table that spreadsheet programs open correctly without running anything in it."""

    def write(batch: Sequence[Cells]) -> None:
        cells_by_column: list[Iterable[Any]] = []
        for cells, kind in zip(batch, columns.values(), strict=True):
            values = cells.to_list() if isinstance(cells, pl.Series) else cells
            cells_by_column.append(values if kind in {int, float} else map(_format_cell, values))

        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(zip(*cells_by_column, strict=True))
        out.write(text.getvalue().encode())

    out.write(b"\xef\xbb\xbf" + ",".join(columns).encode() + b"\r\n")
    yield write


def _format_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return f"'{cell}" if _FORMULA.match(cell) else cell
    if isinstance(cell, datetime):
        return format_time(cell)
    if isinstance(cell, bool | list):
        return json.dumps(cell, ensure_ascii=False)

    return cell


@contextmanager
def parquet(out: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write columns of fixed types, a row group for each batch.

    After an error there is no footer, so that no reader opens the file.
    """
    import pyarrow as pa  # noqa: PLC0415 - it takes time and memory that other formats save
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    types |= {list: pa.list_(pa.string()), datetime: pa.timestamp("us", tz="UTC")}
    types[Category] = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(list(zip(columns, map(types.__getitem__, columns.values()), strict=True)))

    def write(batch: Sequence[Cells]) -> None:
        arrays = []
        for cells, kind, field in zip(batch, columns.values(), schema, strict=True):
            if isinstance(cells, pl.Series):
                series = cells
            else:
                # For a list of Python's objects pyarrow imports pandas, which takes .2 seconds.
                series = pl.Series(cells, dtype=_SERIES[kind])

            arrays.append(series.to_arrow().cast(field.type))

        file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))

    sink = _Sink(out)
    file = ParquetWriter(sink, schema, compression="zstd")
    try:
        yield write
    except BaseException:
        # Without its footer no reader opens the file.
        sink.out = io.BytesIO()
        raise
    finally:
        file.close()


class _Sink(io.RawIOBase):
    """A stream that passes on what is written to `out`, which stays open."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        return self.out.write(chunk)


#: Lines of a concordance have so many characters before the match, and behind it.
CONTEXT = 60


@contextmanager
def aligned_lines(out: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write ``date  left match right`` a line, with the matches below each other.

    *columns* are those of a concordance: `published_at`, `left`, `match` and `right` among them.
    """
    parts = [list(columns).index(name) for name in ("published_at", "left", "match", "right")]

    def write(batch: Sequence[Cells]) -> None:
        for at, left, match, right in zip(*(batch[part] for part in parts), strict=True):
            day = f"{at:%Y-%m-%d}" if at else ""
            before, words, after = (" ".join(text.split()) for text in (left, match, right))
            # A blank stands between words alone, not between a keyword and its full stop.
            gaps = (left[-1:].isspace(), right[:1].isspace())
            before, after = before + " " * gaps[0], " " * gaps[1] + after
            line = f"{day:10}  {before[-CONTEXT:]:>{CONTEXT}}{words}{after[:CONTEXT]}"
            out.write(f"{line.rstrip()}\n".encode())

    yield write


WRITERS: dict[str, Callable[[IO[bytes], Columns], AbstractContextManager[Write]]] = {
    "jsonl": jsonl,
    "csv": comma_separated,
    "parquet": parquet,
}

COMPRESSED = "jsonl.gz"
# Level 4 takes 1.4 times the time of this one, for six per cent less; level 1 takes as much.
_COMPRESSION = 2


@contextmanager
def compressed_jsonl(out: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write JSONL compressed by gzip, without name and time: equal rows give equal bytes."""
    with (
        gzip.GzipFile(
            filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=out, mtime=0
        ) as compressed,
        jsonl(cast("IO[bytes]", compressed), columns) as write,
    ):
        yield write


#: the format of a concordance alone
ALIGNED = "txt"

#: the formats of tables in a report's folder
FOLDER_WRITERS = WRITERS | {COMPRESSED: compressed_jsonl}
