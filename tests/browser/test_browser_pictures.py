"""Pictures answer to a pointer, a finger and keys in a real browser, and without a script.

Needs Chromium, as `test_browser_report`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from core.enums import Grain
from reports.build import report_folder
from tests import report_stories as stories
from tests.figures_kit import SVG, pictures_of
from tests.report_stories import Text

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WORDS = [
    "Harbour",
    "Orchard",
    "Theatre",
    "Bakery",
    "Station",
    "Library",
    "Museum",
    "Factory",
    "Stadium",
]
# Two documents of March mention covid, nine of April and five of May; one in each mentions masks.
TEXTS = [
    Text(f"2020-0{month}-{1 + day:02}", f"{subject} {verb} the {WORDS[day]}.")
    for month, days, verb in ((3, 2, "Closes"), (4, 9, "Reaches"), (5, 5, "Leaves"))
    for day in range(days)
    for subject in (("Covid", "Masks for", "Rain Floods")[: 3 if day == 1 else 1])
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("pictures")
    db = stories.database(where)
    stories.store(db, TEXTS)
    run = stories.months_run(db, "2020-03", "2020-05", ["covid", "masks"])
    report_folder.build(db, [run], where / "texts")
    report_folder.build(db, [run], where / "silent", texts=False)
    report_folder.build(db, [run], where / "days", grain=Grain.DAY)
    db.close()
    return where


@pytest.fixture
def front(browser: Browser, folder: Path) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((folder / "texts" / "index.html").as_uri())
    yield page
    page.close()


def place_of(locator: Locator) -> tuple[float, float, float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def bar(page: Page, subject: str, month: str) -> Locator:
    return page.locator(f"svg [data-row='periods.share.{month}.{subject}']").first


def test_a_pointer_above_a_low_bar_shows_its_card_and_lights_its_month(front: Page) -> None:
    mark = bar(front, "covid", "2020-03")
    said = mark.locator("xpath=..").get_attribute("aria-label")
    x, y, width, _ = place_of(mark)
    front.mouse.move(x + width / 2, y - 12)
    card = front.locator(".card")
    expect(card).to_be_visible()
    value, low, high, n = (mark.get_attribute("data-values") or "").split()
    lines = card.locator("p").all_inner_texts()
    assert card.locator("strong").inner_text() == said == "March 2020: 2 of 4 documents, 50.0 %"
    assert lines[0] == f"value {value}, interval {low} to {high}, n {n}"
    assert sorted(lines[1:]) == ["Covid Closes the Harbour.", "Covid Closes the Orchard."]
    lit = front.locator("svg .lit").evaluate_all("all => all.map(one => one.dataset.row)")
    assert {row.split(".")[2] for row in lit} == {"2020-03"}
    assert {row.split(".")[3] for row in lit} == {"covid", "masks"}

    front.mouse.click(x + width / 2, y - 12)
    front.wait_for_url("**/documents.html#subject=covid&period=2020-03")


def test_a_card_lies_within_its_picture_and_hides_when_the_pointer_leaves(front: Page) -> None:
    left, _, width, _ = place_of(front.locator("figure").first)
    for month in ("2020-03", "2020-05"):
        bar(front, "covid", month).hover()
        expect(front.locator("svg .near")).to_have_attribute("data-row", re.compile(month))
        expect(front.locator(".card")).to_be_visible()
        x, _, card_width, _ = place_of(front.locator(".card"))
        assert left - 1 <= x
        assert x + card_width <= left + width + 1

    front.mouse.move(5, 5)
    expect(front.locator(".card")).to_be_hidden()
    expect(front.locator("svg .lit")).to_have_count(0)


def test_arrow_keys_go_from_month_to_month_and_from_panel_to_panel(front: Page) -> None:
    links = front.locator("figure > svg").first.locator("a")
    assert links.evaluate_all("all => all.filter(one => one.tabIndex === 0).length") == 1
    links.first.focus()
    heard = [focused(front)]
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        front.keyboard.press(key)
        heard.append(focused(front))

    assert heard[:3] == ["covid 2020-03", "covid 2020-04", "covid 2020-05"]
    assert heard[4:] == ["covid 2020-05", "masks 2020-05", "covid 2020-05"]
    expect(front.locator(".card strong")).to_have_text("May 2020: 5 of 7 documents, 71.4 %")
    front.keyboard.press("Escape")
    expect(front.locator(".card")).to_be_hidden()
    front.keyboard.press("Enter")
    front.wait_for_url("**/documents.html#subject=covid&period=2020-05")


def focused(page: Page) -> str:
    row = page.evaluate("document.activeElement.querySelector('[data-row]').dataset.row")
    _, _, period, subject, *_ = str(row).split(".")
    return f"{subject} {period}"


def test_a_finger_shows_the_card_first_and_opens_the_list_from_it(
    browser: Browser, folder: Path
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto((folder / "texts" / "index.html").as_uri())
    bar(page, "covid", "2020-04").tap()
    link = page.locator(".card a")
    expect(link).to_have_text("April 2020: 9 of 11 documents, 81.8 %")
    assert page.url.endswith("index.html")
    link.tap()
    page.wait_for_url("**/documents.html#subject=covid&period=2020-04")
    context.close()


def test_the_legend_hides_and_shows_a_series(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "texts" / "compare.html").as_uri())
    switch = page.locator("svg .meaning[role=button]", has_text="masks").first
    line = page.locator("svg .layer[data-series='Masks']").first
    switch.click()
    expect(line).to_be_hidden()
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.focus()
    page.keyboard.press("Enter")
    expect(line).to_be_visible()
    page.close()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_picture_is_copied_as_png_or_saved(
    browser: Browser, folder: Path, is_allowed: bool
) -> None:
    context = browser.new_context(color_scheme="light")
    if is_allowed:
        context.grant_permissions(["clipboard-read", "clipboard-write"])

    page = context.new_page()
    page.goto((folder / "texts" / "index.html").as_uri())
    button = page.locator("button.copy").first
    if is_allowed:
        button.click()
        expect(button).to_have_text("Copied")
        read = """async () => {
          const [item] = await navigator.clipboard.read();
          return [...new Uint8Array(await (await item.getType("image/png")).arrayBuffer())];
        }"""
        png = bytes(page.evaluate(read))
    else:
        page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(); }")
        with page.expect_download() as saved:
            button.click()

        assert saved.value.suggested_filename == "shares.png"
        png = saved.value.path().read_bytes()

    shown = np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)
    assert shown.shape[1] == 3 * 350
    blue = (shown[:, :, 2] > 120) & (shown[:, :, 0] < 60)
    assert 0.01 < blue.mean() < 0.5
    # The paper is that of the page, and letters are dark.
    assert tuple(shown[0, 0]) == (253, 253, 251)
    assert (shown.max(axis=2) < 60).sum() > 500
    context.close()


def test_without_a_script_each_mark_is_a_link_that_says_its_numbers(
    browser: Browser, folder: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "texts" / "index.html").as_uri())
    named = page.get_by_role("link", name="April 2020: 9 of 11 documents, 81.8 %").first
    named.click(force=True)
    page.wait_for_url("**/documents.html#subject=covid&period=2020-04")
    context.close()


def test_cards_and_buttons_are_not_printed(front: Page) -> None:
    bar(front, "covid", "2020-04").hover()
    front.emulate_media(media="print")
    expect(front.locator(".card")).to_be_hidden()
    expect(front.locator("button.copy").first).to_be_hidden()
    expect(front.locator("figure > svg").first).to_be_visible()


def test_a_report_without_texts_has_no_headlines_in_its_cards(
    browser: Browser, folder: Path
) -> None:
    page = browser.new_page()
    page.goto((folder / "silent" / "index.html").as_uri())
    bar(page, "covid", "2020-04").hover()
    expect(page.locator(".card p")).to_have_count(1)
    page.close()


def test_the_card_of_a_day_among_many_dots_is_that_of_the_nearest(
    browser: Browser, folder: Path
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    address = folder / "days" / "keyword-covid.html"
    page.goto(address.as_uri())
    dots = page.locator("svg [data-row^='periods.'] >> visible=true")
    dots.nth(3).scroll_into_view_if_needed()
    x, y, width, height = place_of(dots.nth(3))
    page.mouse.move(x + width / 2, y + height / 2)
    expect(page.locator(".card")).to_be_visible()
    shown = page.locator("svg .near").get_attribute("data-row")
    titles = {}
    for svg in pictures_of(address).values():
        for group in ET.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - our own
            titles[group.get("data-row", "")] = group.findtext(f"{SVG}title")

    assert page.locator(".card strong").inner_text() == titles[shown or ""]
    page.close()
