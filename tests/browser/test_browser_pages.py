"""The layout of pages in a real browser: their length, two subjects to choose, what is printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.grains import list_periods
from reports.build import report_folder
from tests import report_stories as stories
from tests.report_stories import Text

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Of A4 with margins of 16 mm, in pixels of CSS.
SHEET = {"width": 673, "height": 1001}
THINGS = ("lamps", "gulls", "ropes", "kites")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("pages")
    texts = []
    for number, month in enumerate(list_periods("2018-01", "2020-12")):
        for thing in THINGS[: 2 + number % 3]:
            texts.append(Text(f"{month}-03", f"The ferry carries {thing} again."))
            texts.append(Text(f"{month}-04", f"A bridge of {thing} for the {thing} ferry."))
            texts.append(Text(f"{month}-05", f"In the harbour {thing} are counted."))

    db = stories.database(where)
    stories.store(db, texts)
    run = stories.months_run(db, "2018-01", "2020-12", ["ferry:boat", "bridge", "harbour"])
    report_folder.build(db, [run], where / "out")
    db.close()
    return where / "out"


@contextmanager
def opened(browser: Browser, path: Path, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(path.as_uri())
    yield page
    context.close()


def test_the_page_of_a_keyword_over_36_months_is_at_most_6000_pixels_high(
    browser: Browser, folder: Path
) -> None:
    screen = {"width": 1400, "height": 900}
    with opened(browser, folder / "keyword-ferry.html", viewport=screen) as page:
        assert page.evaluate("document.documentElement.scrollHeight") <= 6000
        picture = page.locator("figure.lead").first.bounding_box()
        sentences = page.locator("ol.highlights").first.bounding_box()
        assert picture is not None
        assert sentences is not None
        assert picture["y"] < 900
        assert sentences["x"] >= picture["x"] + picture["width"]


def test_a_reader_chooses_two_keywords_and_sees_their_pair_alone(
    browser: Browser, folder: Path
) -> None:
    with opened(browser, folder / "compare.html") as page:
        one, beside = page.locator("[data-pairs] select").all()
        shown = page.locator(".pair-of:not([hidden])")
        expect(shown).to_have_count(1)
        one.select_option("harbour")
        beside.select_option("bridge")
        expect(shown.locator("summary")).to_have_text("bridge and harbour")
        assert shown.locator("dt").first.is_visible()
        # Who chooses one keyword twice sees it beside another one.
        one.select_option("bridge")
        assert {one.input_value(), beside.input_value()} == {"bridge", "ferry"}
        expect(shown.locator("summary")).to_have_text("ferry and bridge")


def test_without_a_script_all_pairs_are_a_list(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "compare.html", java_script_enabled=False) as page:
        assert not page.locator("[data-pairs]").is_visible()
        assert page.locator(".pair-of > summary").all_inner_texts() == [
            "ferry and bridge",
            "ferry and harbour",
            "bridge and harbour",
        ]


def test_the_first_printed_sheet_of_the_front_page_has_its_picture_and_sentences(
    browser: Browser, folder: Path
) -> None:
    with opened(browser, folder / "index.html", viewport=SHEET) as page:
        page.emulate_media(media="print")
        last = page.locator(".lead ol.highlights li").last.bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= SHEET["height"]
        following = page.locator("#brief")
        assert following.evaluate("one => getComputedStyle(one).breakBefore") == "page"
        assert not page.locator(".pass-on").is_visible()


@pytest.mark.parametrize("name", ["picture.html", "picture-ferry.html"])
def test_a_picture_to_pass_on_fills_a_frame_of_1200_to_675(
    browser: Browser, folder: Path, name: str
) -> None:
    frame = {"width": 1200, "height": 675}
    with opened(browser, folder / name, viewport=frame) as page:
        box = page.locator(".picture svg").first.bounding_box()
        assert box is not None
        assert (box["x"], box["y"]) == (0, 0)
        assert box["width"] == 1200
        assert box["height"] == pytest.approx(675, abs=3)
