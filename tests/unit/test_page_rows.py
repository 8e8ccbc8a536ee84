"""The rows of a long table as data in the page."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reports.pages.page_rows import ROWS_WITHOUT_SCRIPT, page_rows

CELLS = st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.floats(-1, 1)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=80))
def test_the_data_are_all_rows_and_nothing_in_them_ends_the_script(
    rows: list[tuple[object, object]],
) -> None:
    shown = page_rows(rows, list)  # type: ignore[arg-type]
    assert list(map(tuple, json.loads(shown.data))) == rows
    assert (shown.number, list(shown.first)) == (len(rows), rows[:ROWS_WITHOUT_SCRIPT])
    assert not set("<>&\u2028\u2029") & set(shown.data)


def test_the_rows_are_read_once() -> None:
    shown = page_rows((str(n) for n in range(60)), lambda row: [row])
    assert (shown.number, len(shown.first)) == (60, 50)
