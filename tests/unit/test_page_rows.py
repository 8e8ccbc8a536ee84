"""What a page shows of a long table, and data in a page."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reports.pages.page_rows import MOST_ROWS, PageRows, write_json

CELLS = st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.floats(-1, 1)


@given(st.lists(CELLS, max_size=80))
def test_data_are_what_they_were_and_nothing_in_them_ends_the_script(values: list[object]) -> None:
    written = write_json(values)
    assert json.loads(written) == values
    assert not set("<>&\u2028\u2029") & set(written)


def test_a_page_shows_the_first_rows_and_knows_how_many_there_are() -> None:
    shown = PageRows.of([str(n) for n in range(60)])
    assert (shown.number, len(shown.first), shown.is_whole) == (60, MOST_ROWS, False)
    assert PageRows.of(["a"]) == PageRows(1, ["a"])
    assert PageRows.of(["a"]).is_whole
