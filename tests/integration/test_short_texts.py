"""A report says whether an archive holds headlines or articles, and what its shares are of."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from reports.build import report_folder
from reports.data.run_data import load_run
from reports.pages.summarizing import summarize_run
from tests import report_stories as stories
from tests.report_stories import Text

NOTE = "Only headlines or short texts were read, not the articles behind them."
HEADLINE = "Covid Closes the Harbour Today."
ARTICLE = "Covid closed the harbour on that day, said a man who mends nets. " * 6
CHINESE = "港口今天关闭" * 60  # no spaces: 360 letters


def page_text(path: Path) -> str:
    page = path.read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize(
    ("texts", "median"),
    [
        ([HEADLINE], 5),
        ([HEADLINE, HEADLINE + " Now.", ARTICLE], 6),
        ([HEADLINE, ARTICLE, ARTICLE], 79),
        ([CHINESE], 36),
    ],
)
def test_the_words_of_an_archives_documents_have_a_median(
    tmp_path: Path, texts: list[str], median: int
) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", text) for text in texts])
    summary = summarize_run(load_run(db, stories.months_run(db, "2020-03", "2020-03", ["covid"])))
    assert summary.median_words == median
    assert summary.is_of_short_texts is (median <= 30)
    db.close()


@pytest.mark.parametrize(("text", "times"), [(HEADLINE, 1), (ARTICLE, 0)])
def test_the_front_page_and_the_pages_of_months_say_that_only_headlines_were_read(
    tmp_path: Path, text: str, times: int
) -> None:
    db = stories.database(tmp_path)
    days = [Text(f"2020-03-{day:02}", text, f"https://paper.example/{day}") for day in (1, 4)]
    stories.store(db, days)
    run = stories.months_run(db, "2020-03", "2020-03", ["covid"])
    index = report_folder.build(db, [run], tmp_path / "out")
    front = page_text(index)
    assert front.count(NOTE) == times
    assert page_text(tmp_path / "out" / "2020-03.html").count(NOTE) == times
    methods = page_text(tmp_path / "out" / "methods.html")
    assert "0.5 a day on average" in methods
    assert "If search words chose its documents, shares say nothing about the newspaper" in methods
    db.close()


def test_posts_are_not_taken_for_headlines_of_articles(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", HEADLINE, "https://x.com/1", "ann", "x")])
    index = report_folder.build(db, [stories.handles_run(db, ["ann"])], tmp_path / "out")
    assert NOTE not in page_text(index)
    db.close()
