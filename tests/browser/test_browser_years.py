"""The front page of a run of 2,100 months in a real browser: short, linked, no wider than a phone.

Needs Chromium, as `test_browser_report.py` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.grains import list_months
from reports.build import report_folder
from tests import report_stories as stories
from tests.browser.test_browser_report import opened
from tests.report_stories import Text

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

FIRST, LAST = "1851-01", "2025-12"
WITH_DOCUMENTS = [*list_months("1918-01", "1919-12"), "1851-01", "2025-12"]
SCREENS = 16  # of 900 pixels: as many as a report of two years takes, and a little more


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("centuries")
    db = stories.database(where)
    texts = []
    for month in WITH_DOCUMENTS:
        texts.append(
            Text(f"{month}-11", "Influenza closes schools.", f"https://example.org/{month}")
        )
        texts.append(Text(f"{month}-21", "A strike in the harbour."))

    stories.store(db, texts)
    others = set(list_months(FIRST, LAST)) - set(WITH_DOCUMENTS)
    run = stories.months_run(db, FIRST, LAST, ["influenza", "strike"], no_data=sorted(others))
    report_folder.build(db, [run], where / "out")
    db.close()
    return where / "out"


@pytest.fixture(params=[1400, 390], ids=["desk", "phone"])
def front(browser: Browser, folder: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    watched = opened(browser, folder / "index.html", width=request.param)
    yield watched.page
    watched.page.context.close()
    assert watched.messages == []


def test_the_front_page_of_2100_months_is_a_page_one_can_read(front: Page) -> None:
    height = front.evaluate("document.documentElement.scrollHeight")
    assert height / 900 < SCREENS
    assert front.evaluate("document.documentElement.scrollWidth") == front.evaluate(
        "window.innerWidth"
    )
    rows = front.locator("table.by-year tbody tr:not(.decade)")
    assert rows.count() == 175
    assert front.locator("table.by-year tr.decade").count() == 18
    assert front.get_by_role("row", name="1918").first.locator("td").all_inner_texts()[:2] == [
        *("12", "24")
    ]
    assert front.locator("main a[href^='1918-']").count() == 0  # months stand on the page of a year


def test_each_year_is_a_link_to_its_months(front: Page) -> None:
    front.locator("table.by-year").get_by_role("link", name="1918", exact=True).click()
    expect(front.get_by_role("heading", level=1)).to_have_text("1918")
    width = front.evaluate("window.innerWidth")
    assert front.evaluate("document.documentElement.scrollWidth") == width
    assert front.locator(".calendar a").count() == 12
    front.locator(".calendar a").nth(9).click()
    expect(front.get_by_role("heading", level=1)).to_have_text("October 1918")
    front.locator("header").get_by_role("link", name="1918", exact=True).click()
    front.locator("header").get_by_role("link", name="All years").click()
    expect(front.get_by_role("heading", level=2, name="Year by year")).to_be_visible()


def test_a_year_without_documents_has_a_page_that_says_so(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "1871.html")
    assert watched.page.locator(".calendar a").count() == 0
    assert watched.page.locator(".calendar .gap").count() == 12
    expect(watched.page.locator(".standfirst")).to_contain_text("in 0 of 12 months")
    watched.page.context.close()


def test_the_page_of_a_keyword_lists_years(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "keyword-influenza.html", width=390)
    page = watched.page
    assert page.locator("#influenza-table tbody tr").count() == 175
    assert page.evaluate("document.documentElement.scrollHeight") / 900 < SCREENS
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#influenza-table").get_by_role("link", name="1919").click()
    expect(page).to_have_url(re.compile(r"1919\.html#influenza$"))
    page.context.close()
