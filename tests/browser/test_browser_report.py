"""Reports opened from disk in a real browser: sorting, keyboard, policy, accessibility.

Needs Chromium: Playwright's, or one named by TIDINGS_CHROMIUM (``make browser`` finds Debian's).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from reports.build import report_folder
from tests import report_stories as stories
from tests.report_stories import Text

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HOSTILE = [
    "<script>document.title = 'hacked'</script> Covid.",
    '"><img src=x onerror="document.title=1"> Covid.',
    "=cmd|'/C calc'!A0 Covid.",
    "{{ 7 * 7 }} & Covid 'quoted' \"twice\".",
    "\u0627\u0644\u0642\u0627\u0647\u0631\u0629 Covid \u0645\u062f\u064a\u0646\u0629.",
    "Covid \U0001f9a0\U0001f637\U0001f3fd rockets.",
]
PLAIN = [
    ("2020-03-01", "Covid Closes Schools.", "https://example.org/1"),
    ("2020-03-15", "Coronavirus Tests for All.", "https://example.org/2"),
    ("2020-04-02", "A Covid Ward in Spring.", "https://example.org/3"),
    ("2020-05-20", "Masks and Covid.", "https://example.org/4"),
]


BROKEN_OFF = "net::ERR_ABORTED"


@dataclass
class Watched:
    """A page, its messages and errors, and the addresses that it requested."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def note_failure(self, request: Request) -> None:
        """Note a request that failed; not one that a click on a link broke off."""
        if request.failure != BROKEN_OFF:
            self.messages.append(f"failed: {request.url}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("reports")
    db = stories.database(where)
    hostile = [Text("2020-04-10", text, "javascript:document.title=1") for text in HOSTILE]
    posts = [
        Text("2020-03-02", f"{text} Said on {n}.", "https://x.com/1", "nasa", "x")
        for n, text in enumerate(HOSTILE)
    ]
    more = [Text("2020-04-03", "Liftoff today.", None, "esa", "x")]
    stories.store(db, [*(Text(*given) for given in PLAIN), *hostile, *posts, *more])
    run = stories.months_run(
        db, "2020-01", "2020-05", ["covid:coronavirus", "masks"], no_data=["2020-01"]
    )
    report_folder.build(db, [run], where / "months")
    report_folder.build(
        db, [stories.handles_run(db, ["nasa", "esa"], missing=["gone"])], where / "handles"
    )
    report_folder.build(
        db, [stories.trainings_run(db, "feedforward", [0.5, 3.0])], where / "trainings"
    )
    other = stories.months_run(
        db, "2020-03", "2020-05", ["covid:coronavirus"], shift=0.1, name="another engine"
    )
    report_folder.build(db, [run, other], where / "compared")
    stories.store(
        db,
        [
            Text(
                "2022-03-04",
                "\u0627\u0644\u0642\u0627\u0647\u0631\u0629 \u0645\u0637\u0631.",
                "https://example.org/r",
            )
        ],
        prefix="r",
    )
    arabic = stories.months_run(
        db, "2022-03", "2022-03", ["\u0627\u0644\u0642\u0627\u0647\u0631\u0629"]
    )
    report_folder.build(db, [arabic], where / "right")
    stories.store(
        db, [Text("2021-01-05", f"Covid and the number {n}.") for n in range(270)], prefix="many"
    )
    report_folder.build(
        db, [stories.months_run(db, "2021-01", "2021-01", ["covid"])], where / "many"
    )
    db.close()
    return where


def opened(
    browser: Browser, path: Path, *, width: int = 1280, dark: bool = False, folded: bool = False
) -> Watched:
    """Open a page; what is folded on it is seen unless it stays *folded*."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        bypass_csp=False,
    )
    watched = Watched(context.new_page())
    watched.page.on("console", lambda message: watched.messages.append(message.text))
    watched.page.on("pageerror", lambda error: watched.messages.append(str(error)))
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    watched.page.on("requestfailed", watched.note_failure)
    watched.page.goto(path.as_uri())
    if not folded:
        watched.page.eval_on_selector_all(
            "main details", "all => all.forEach(one => { one.open = true })"
        )

    return watched


@pytest.fixture
def months(browser: Browser, folder: Path) -> Iterator[Watched]:
    watched = opened(browser, folder / "months" / "index.html")
    yield watched
    watched.page.context.close()


@pytest.fixture
def april(browser: Browser, folder: Path) -> Iterator[Watched]:
    watched = opened(browser, folder / "months" / "2020-04.html")
    yield watched
    watched.page.context.close()


@pytest.fixture
def keyword(browser: Browser, folder: Path) -> Iterator[Watched]:
    watched = opened(browser, folder / "months" / "keyword-covid.html")
    yield watched
    watched.page.context.close()


PAGES = [
    "months/index.html",
    "months/compare.html",
    "months/coverage.html",
    "months/methods.html",
    "months/keyword-covid.html",
    "months/2020-01.html",
    "months/2020-04.html",
    "many/2021-01.html",
    "handles/index.html",
    "handles/@nasa.html",
    "handles/@gone.html",
    "trainings/index.html",
    "compared/index.html",
]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_logs_anything_or_requests_anything_outside_its_folder(
    browser: Browser, folder: Path, name: str
) -> None:
    watched = opened(browser, folder / name)
    watched.page.wait_for_load_state("networkidle")
    inside = (folder / name).parent.as_uri()
    assert watched.messages == []
    assert [url for url in watched.requests if not url.startswith(inside)] == []
    assert watched.page.title().endswith("Tidings")
    watched.page.context.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_of_accessibility(
    browser: Browser, folder: Path, name: str, *, dark: bool
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if dark else "light",
        bypass_csp=True,
    )  # axe is a script of its own, which the page's policy rightly refuses
    page = context.new_page()
    page.goto((folder / name).as_uri())
    response = axe.Axe().run(page).response
    serious = [
        v
        for v in response["violations"]
        if v["impact"] in {"serious", "critical"} or v["id"] == "heading-order"
    ]
    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in serious] == []
    assert len(response["passes"]) > 15  # it did look
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_scrolls_down_and_never_sideways(browser: Browser, folder: Path, name: str) -> None:
    watched = opened(browser, folder / name, width=390)
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390
    assert not watched.page.locator("nav details").evaluate("one => one.open")
    watched.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_captions_of_wide_tables_wrap_on_a_phone(browser: Browser, folder: Path, name: str) -> None:
    watched = opened(browser, folder / name, width=390)
    for caption in watched.page.locator("caption").all():
        box = caption.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
        assert box["width"] >= 390 / 2

    watched.page.context.close()


def test_a_phone_shows_each_sentence_whole_below_its_date(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "months" / "2020-04.html", width=390)
    row = watched.page.locator("#first-mentions tbody tr").first
    date, sentence = row.locator("td").nth(0).bounding_box(), row.locator("td").nth(3)
    box = sentence.bounding_box()
    assert date is not None
    assert box is not None
    assert box["y"] >= date["y"] + date["height"] - 1
    assert box["x"] + box["width"] <= 390
    watched.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_table_scrolls_sideways_on_a_phone(browser: Browser, folder: Path, name: str) -> None:
    watched = opened(browser, folder / name, width=390)
    for box in watched.page.locator(".table").all():
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") < 2
    watched.page.context.close()


def test_a_wide_table_is_stacked_on_a_phone_with_the_heads_of_its_columns_and_sorts(
    browser: Browser, folder: Path
) -> None:
    watched = opened(browser, folder / "months" / "keyword-covid.html", width=390)
    box = watched.page.locator(".table.stacked").first
    row = box.locator("tbody tr").first
    assert row.locator("th").inner_text() == "Jan 2020"
    labels = row.locator("td").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell, '::before').content)"
    )
    assert labels[:3] == ['"state"', '"documents"', '"matched"']
    box.locator("thead button", has_text="share").click()
    assert row.locator("th").inner_text() != "Jan 2020"

    watched.page.set_viewport_size({"width": 1280, "height": 900})
    expect(watched.page.locator(".table.stacked")).to_have_count(0)
    watched.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_is_seen_whole_on_a_phone_with_letters_of_ten_pixels(
    browser: Browser, folder: Path, name: str
) -> None:
    watched = opened(browser, folder / name, width=390)
    for picture in watched.page.locator("figure > svg").all():
        box = picture.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
        # The labels of axes have ten units of a picture.
        assert 10 * box["width"] / picture.evaluate("one => one.viewBox.baseVal.width") >= 9.9

    watched.page.context.close()


def test_the_front_page_of_two_keywords_is_at_most_five_screens_long(
    browser: Browser, folder: Path
) -> None:
    watched = opened(browser, folder / "months" / "index.html", width=1400, folded=True)
    assert watched.page.evaluate("document.documentElement.scrollHeight") <= 5 * 900
    watched.page.context.close()


def column(page: Page, table: str, number: int) -> list[str]:
    return page.locator(f"#{table} tbody tr:not([hidden]) > :nth-child({number})").all_inner_texts()


def test_hostile_headlines_show_as_they_are(april: Watched) -> None:
    shown = column(april.page, "first-mentions", 4)
    for headline in HOSTILE:
        assert headline in shown

    assert "hacked" not in april.page.title()
    assert april.page.locator("a[href^='javascript:']").count() == 0
    assert april.page.locator("main script, main img[src=x]").count() == 0


def test_a_date_beside_text_that_runs_from_right_to_left_keeps_its_order(
    browser: Browser, folder: Path
) -> None:
    watched = opened(browser, folder / "right" / "2022-03.html")
    quote = watched.page.locator("ul.readings li").first
    assert (
        quote.locator("bdi").inner_text()
        == "\u0627\u0644\u0642\u0627\u0647\u0631\u0629 \u0645\u0637\u0631."
    )
    date = quote.locator("a").bounding_box()
    sentence = quote.locator("bdi").bounding_box()
    assert date is not None
    assert sentence is not None
    assert date["x"] >= sentence["x"] + sentence["width"]  # after it, as in the English around it
    watched.page.context.close()


def test_a_script_smuggled_into_the_page_is_refused_by_its_policy(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    html = (folder / "months" / "index.html").read_text(encoding="utf-8")
    page = tmp_path / "index.html"
    page.write_text(
        html.replace("</main>", "<script>document.title = 'hacked'</script></main>"),
        encoding="utf-8",
    )
    watched = opened(browser, page)
    assert watched.page.title() != "hacked"
    assert any("Content Security Policy" in text for text in watched.messages)
    watched.page.context.close()


def test_a_click_sorts_by_number_and_another_turns_it_round(keyword: Watched) -> None:
    button = keyword.page.locator("#covid-table thead button", has_text="mentions")
    button.click()
    assert column(keyword.page, "covid-table", 5) == ["0", "1", "2", "7", "\u2013"]
    button.click()
    assert column(keyword.page, "covid-table", 5) == ["7", "2", "1", "0", "\u2013"]
    heads = keyword.page.locator("#covid-table thead th")
    sorts = [head.get_attribute("aria-sort") for head in heads.all()]
    assert sorts == [*[None] * 4, "descending", *[None] * 2]


def test_months_sort_by_date_and_not_by_name(keyword: Watched) -> None:
    keyword.page.locator("#covid-table thead button", has_text="month").first.click()
    assert column(keyword.page, "covid-table", 1) == [
        "Jan 2020",
        "Feb 2020",
        "Mar 2020",
        "Apr 2020",
        "May 2020",
    ]


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("\u2212", "-")) for text in texts]


def test_sorting_works_by_keyboard(april: Watched) -> None:
    april.page.locator("#first-mentions thead button", has_text="polarity").focus()
    april.page.keyboard.press("Enter")
    shown = numbers(column(april.page, "first-mentions", 5))
    assert shown == sorted(shown)
    assert len(shown) == 7


def test_each_mention_links_to_its_document(april: Watched) -> None:
    row = april.page.locator("#first-mentions tbody tr", has_text="A Covid Ward in Spring.")
    link = row.locator("a")
    assert link.get_attribute("href") == "https://example.org/3"
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_the_calendar_leads_to_each_month_and_back(months: Watched) -> None:
    months.page.locator(".calendar a", has_text="mentions in April 2020").click()
    expect(months.page).to_have_url(re.compile(r"/2020-04\.html$"))
    expect(months.page.locator("h1")).to_have_text("April 2020")
    months.page.locator(".beside a", has_text="March 2020").click()
    expect(months.page).to_have_url(re.compile(r"/2020-03\.html$"))
    months.page.locator(".beside a", has_text="All months").click()
    expect(months.page).to_have_url(re.compile(r"/index\.html#calendar$"))


def test_the_first_tab_leads_past_the_contents(months: Watched) -> None:
    months.page.keyboard.press("Tab")
    assert months.page.evaluate("document.activeElement.textContent") == "Skip to the report"
    months.page.keyboard.press("Enter")
    months.page.wait_for_url("**#main")


def test_the_contents_unfold_when_a_page_becomes_wide(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "months" / "index.html")
    summary = watched.page.locator("nav.contents a[href='#summary']")
    for width in (390, 1280, 390):
        watched.page.set_viewport_size({"width": width, "height": 900})
        expect(summary).to_be_visible(visible=width == 1280)

    watched.page.context.close()


def test_dark_and_light_have_papers_of_their_own(browser: Browser, folder: Path) -> None:
    papers = []
    for dark in (False, True):
        watched = opened(browser, folder / "months" / "index.html", dark=dark)
        papers.append(watched.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        watched.page.context.close()

    assert papers == ["rgb(253, 253, 251)", "rgb(22, 25, 29)"]


def test_print_leaves_out_what_paper_cannot_do(april: Watched) -> None:
    april.page.emulate_media(media="print")
    assert not april.page.locator("nav.contents").is_visible()
    assert april.page.locator("#first-mentions").is_visible()


def test_the_keyboard_reaches_the_table_and_its_links(april: Watched) -> None:
    april.page.locator("a[href='mentions.csv']").focus()
    reached = []
    for _ in range(12):
        april.page.keyboard.press("Tab")
        reached.append(
            april.page.evaluate("document.activeElement.href ?? document.activeElement.tagName")
        )

    # The table, which scrolls, the heads, by which it is sorted, and the links.
    assert reached[:6] == ["DIV", *["BUTTON"] * 5]
    assert "https://example.org/3" in reached


def test_a_table_has_the_first_rows_without_script_and_says_so(
    browser: Browser, folder: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "many" / "2021-01.html").as_uri())
    assert page.locator("#first-mentions tbody tr").count() == 50
    assert "By date, the first 50 of 270 rows." in page.locator("main").inner_text()
    page.goto((folder / "months" / "2020-04.html").as_uri())
    assert page.locator("#first-mentions tbody tr").count() == 7
    context.close()


def test_accounts_lead_to_their_portraits_and_back(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "handles" / "index.html")
    watched.page.locator("#compared a", has_text="@nasa").click()
    expect(watched.page.locator("h1")).to_have_text("@nasa")
    watched.page.get_by_role("link", name="All accounts").click()
    expect(watched.page).to_have_url(re.compile(r"/index\.html$"))
    watched.page.context.close()
