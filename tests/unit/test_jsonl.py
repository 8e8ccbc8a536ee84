"""Rows as JSONL: each line is what the standard library makes of the row."""

from __future__ import annotations

import io
import json
from datetime import datetime

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
        write(rows)

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
        write([])

    assert out.getvalue() == b""
