"""The section of outlets on a phone, in a real browser; `test_browser_report.py` says which."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grouping
from reports.build.report_folder import build
from tests.groups_kit import Piece, run_months, store_pieces
from tests.report_stories import database

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE = 390
RIGHT_EDGES = "all => all.map(each => each.getBoundingClientRect().right)"


def test_nine_outlets_and_their_table_fit_a_phone(browser: Browser, tmp_path: Path) -> None:
    pieces = []
    for number in range(9):
        outlet = f"The Illustrated Morning Herald of Town {number}"
        for day in range(1, 15):
            word = "Fog" if (day + number) % 3 == 0 else "Calm"
            pieces.append(Piece(f"2020-0{3 + day % 2}-{day:02}", f"{word} on {day}.", outlet))

    with closing(database(tmp_path)) as db:
        store_pieces(db, pieces)
        keywords = (Keyword.parse("fog"),)
        parameters = MonthsParameters(first="2020-03", last="2020-04", keywords=keywords)
        run = run_months(db, parameters)
        index = build(db, [run], tmp_path / "report", grouping=Grouping.OUTLET)

    with closing(browser.new_page(viewport={"width": PHONE, "height": 800})) as page:
        page.goto(index.with_name("groups.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        captions = page.locator(".briefs figcaption").evaluate_all(RIGHT_EDGES)
        assert len(captions) == 1
        assert max(captions) <= PHONE
        table = page.get_by_role("group", name="Outlets: fog")
        widths = table.evaluate("one => [one.clientWidth, one.scrollWidth]")
        assert widths[1] == widths[0]
        assert table.locator("tbody tr").count() == 9
