"""Rows as JSONL: each line is what the standard library makes of the row."""

from __future__ import annotations

import io
import json
from datetime import datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from reports.data.formats import Values, jsonl

COLUMNS = {"run": int, "share %": float, "text": str, "terms": list, "at": datetime, "is_new": bool}
TIMES = st.datetimes()
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()), TIMES
)


@given(st.lists(st.tuples(*[CELLS] * len(COLUMNS)), max_size=5))
def test_a_line_is_what_the_standard_library_writes(rows: list[Values]) -> None:
    out = io.BytesIO()
    with jsonl(out, COLUMNS) as write:
        write([[row[place] for row in rows] for place in range(len(COLUMNS))])

    assert_lines(out, rows)


WHOLE = st.integers(-(2**63), 2**63 - 1)
TYPED = (WHOLE, st.floats(), st.text(), st.lists(st.text()), TIMES, st.booleans())


@given(st.lists(st.tuples(*[st.none() | cells for cells in TYPED]), max_size=5))
def test_a_line_of_series_is_what_the_standard_library_writes(rows: list[Values]) -> None:
    columns = [[row[place] for row in rows] for place in range(len(COLUMNS))]
    numbers, shares, texts, terms, times, flags = columns
    series = (
        pl.Series(numbers, dtype=pl.Int64),
        pl.Series(shares, dtype=pl.Float64),
        pl.Series(texts, dtype=pl.String),
        pl.Series(terms, dtype=pl.List(pl.String)),
        pl.Series(times, dtype=pl.Datetime("us")),
        pl.Series(flags, dtype=pl.Boolean),
    )
    out = io.BytesIO()
    with jsonl(out, COLUMNS) as write:
        write(series)

    assert_lines(out, rows)


def assert_lines(out: io.BytesIO, rows: list[Values]) -> None:
    lines = out.getvalue().decode().split("\n")
    assert lines.pop() == ""
    for line, row in zip(lines, rows, strict=True):
        shown = [
            cell.isoformat(timespec="seconds") + "Z" if isinstance(cell, datetime) else cell
            for cell in row
        ]
        text = json.dumps(dict(zip(COLUMNS, shown, strict=True)), ensure_ascii=False)
        for end in "\x85\u2028\u2029":
            text = text.replace(end, f"\\u{ord(end):04x}")

        assert line == text


def test_no_rows_are_no_lines() -> None:
    out = io.BytesIO()
    with jsonl(out, COLUMNS) as write:
        write([[] for _ in COLUMNS])

    assert out.getvalue() == b""
