"""What a page says of how to read it is short, and true of that page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape

import pytest

from reports.data.tables.periods import PeriodRow
from reports.pages.page import _environment
from reports.pages.repeats import Repeats
from reports.words.scales import UNCHECKED
from tests.period_rows import row


def how_to_read(unit: str, rows: Sequence[PeriodRow] = ()) -> list[str]:
    parts = _environment().get_template("parts.html").module
    html = parts.how_to_read(unit, UNCHECKED, rows)  # type: ignore[attr-defined]
    lines = re.findall(r"<li>(.*?)</li>", html)
    return [unescape(re.sub(r"<[^>]*>", "", line)) for line in lines]


def test_cut_off_months_are_named_only_where_the_page_has_one() -> None:
    whole, cut = row("2020-01", 9), row("2020-02", 9, cut_off=True)
    assert "†" not in "".join(how_to_read("document", [whole]))
    assert "Months marked † lack their first or last days and are not ranked." in (
        how_to_read("document", [whole, cut])
    )
    years = [row("2020", 9, cut_off=True)]
    assert "fewer than nine whole months" in how_to_read("document", years)[-1]


@pytest.mark.parametrize("unit", ["document", "post"])
def test_it_takes_five_lines_at_most_and_names_the_scale_once(unit: str) -> None:
    lines = how_to_read(unit, [row("2020-02", 9, cut_off=True)])
    assert len(lines) <= 5
    assert "".join(lines).count(UNCHECKED) == 1
    assert f"are of all {unit}s that were read" in lines[0]


def test_posts_have_no_bulk_days() -> None:
    assert "bulk day" in "".join(how_to_read("document"))
    assert "bulk day" not in "".join(how_to_read("post"))


def test_the_texts_that_decide_what_a_repeat_is_are_named() -> None:
    repeats = Repeats(documents=90, subjects={}, noun="document", months="May 2020")
    judged_by = "They are found among the texts of May 2020. A run of other months"
    parts = _environment().get_template("parts.html").module
    html = parts.how_to_read("document", UNCHECKED, (), repeats.judged_by)  # type: ignore[attr-defined]
    assert judged_by in html
    assert "They are found" not in "".join(how_to_read("post"))
    assert "of May 2020 that mention a keyword" in replace(repeats, is_large=True).judged_by
    assert replace(repeats, months="").judged_by == ""
