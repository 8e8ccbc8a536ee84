"""What a page says of its highlights as a whole is true of that page."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from reports.data.tables.periods import PeriodRow
from reports.pages.page import _environment
from tests.highlight_rows import row


def how_to_read(subjects: int, rows: Sequence[PeriodRow] = ()) -> str:
    parts = _environment().get_template("parts.html").module
    html = parts.how_to_read("document", "keyword", subjects, rows)  # type: ignore[attr-defined]
    return re.sub(r"<[^>]*>", "", html)


def test_cut_off_months_are_named_only_where_the_page_has_one() -> None:
    whole, cut = row("2020-01", 9), row("2020-02", 9, cut_off=True)
    assert "†" not in how_to_read(1, [whole])
    assert "Months marked † lack their first or last days" in how_to_read(1, [whole, cut])


@pytest.mark.parametrize(
    ("subjects", "promise"),
    [
        (1, "into at most one report of 20, provided that texts are independent:"),
        (3, "into at most one report of 20, and about any of these 3 into at most one of 6 (Bonf"),
        (4, "into at most one report of 20, and about any of these 4 into at most one of 5 (Bonf"),
        (10, "and about any of these 10 into at most one of 2 (Bonferroni), provided that"),
        (11, "into at most one report of 20: of 11, at most 0.55 have one on average, provided"),
    ],
)
def test_the_promise_is_that_of_as_many_keywords_as_the_page_has(
    subjects: int, promise: str
) -> None:
    """A wrong claim about one of k has the probability k/20 at most."""
    text = how_to_read(subjects)
    assert "Chance puts a wrong claim about one keyword into at most one report of 20" in text
    assert promise in text
    assert "one text in many versions makes a test too sure" in text
