"""The report in a cell of a notebook opens its links in a real browser."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from reports.build import report_folder
from tests import report_stories as stories
from tests.report_stories import Text
from tidings import Report

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TEXTS = [
    Text(f"2020-03-{day:02}", f"{subject} Number {day}.")
    for day in range(1, 6)
    for subject in ("Covid", "Rain")
]


def test_a_mark_of_a_report_in_a_cell_opens_the_list_of_its_documents(
    browser: Browser, tmp_path: Path
) -> None:
    with closing(stories.database(tmp_path)) as db:
        stories.store(db, TEXTS)
        run = stories.months_run(db, "2020-03", "2020-04", ["covid"])
        report_folder.build(db, [run], tmp_path / "report")

    cell = Report(tmp_path / "report" / "index.html")._repr_html_()
    with closing(browser.new_page()) as notebook:
        notebook.set_content(f"<!doctype html>{cell}")
        report = notebook.frame_locator("iframe")
        with notebook.expect_popup() as opened:
            report.locator("svg[data-name=shares] a").first.click()

        documents = opened.value
        expect(documents).to_have_url(f"{serve_address(cell)}documents.html#{QUERY}")
        expect(documents.get_by_text("5 documents mention")).to_be_visible()
        report.locator("a[href='#summary']").first.click()
        expect(report.locator("#summary")).to_be_visible()


QUERY = "subject=covid&period=2020-03"


def serve_address(cell: str) -> str:
    """Return where the files of the report are."""
    return cell.partition("<a href='")[2].partition("index.html")[0]
