"""Reports opened from disk in a real browser: sorting, keyboard, policy, accessibility.

Needs Chromium: Playwright's, or one named by TIDINGS_CHROMIUM (``make browser`` finds Debian's).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reports import build
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


@dataclass
class Watched:
    """A page, its messages and errors, and the addresses that it requested."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = (
        os.environ.get("TIDINGS_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
    )
    with sync_playwright() as playwright:
        # a container has no user namespaces for Chromium's own sandbox; the pages are ours
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


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
    build.build(db, [run], where / "months")
    build.build(db, [stories.handles_run(db, ["nasa", "esa"], missing=["gone"])], where / "handles")
    build.build(db, [stories.trainings_run(db, "feedforward", [0.5, 3.0])], where / "trainings")
    other = stories.months_run(
        db, "2020-03", "2020-05", ["covid:coronavirus"], shift=0.1, name="another engine"
    )
    build.build(db, [run, other], where / "compared")
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
    build.build(db, [arabic], where / "right")
    stories.store(
        db, [Text("2021-01-05", f"Covid and the number {n}.") for n in range(70)], prefix="many"
    )
    build.build(db, [stories.months_run(db, "2021-01", "2021-01", ["covid"])], where / "many")
    db.close()
    return where


def opened(browser: Browser, path: Path, *, width: int = 1280, dark: bool = False) -> Watched:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        bypass_csp=False,
    )
    watched = Watched(context.new_page())
    watched.page.on("console", lambda message: watched.messages.append(message.text))
    watched.page.on("pageerror", lambda error: watched.messages.append(str(error)))
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    watched.page.on(
        "requestfailed", lambda request: watched.messages.append(f"failed: {request.url}")
    )
    watched.page.goto(path.as_uri())
    return watched


@pytest.fixture
def months(browser: Browser, folder: Path) -> Iterator[Watched]:
    watched = opened(browser, folder / "months" / "index.html")
    yield watched
    watched.page.context.close()


PAGES = [
    "months/index.html",
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


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_is_loaded(browser: Browser, folder: Path, name: str) -> None:
    watched = opened(browser, folder / name)
    widths = watched.page.eval_on_selector_all(
        "img", "all => all.map(one => one.complete && one.naturalWidth > 0)"
    )
    assert all(widths)
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
    serious = [v for v in response["violations"] if v["impact"] in {"serious", "critical"}]
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
        assert caption.evaluate("one => one.getBoundingClientRect().right") <= 390
    watched.page.context.close()


def test_a_quoted_sentence_hangs_beside_its_score(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "months" / "index.html", width=390)
    score = watched.page.locator("ul.quotes .score").first
    left_of_text = "one => parseFloat(getComputedStyle(one.parentElement).paddingLeft)"
    assert score.evaluate(left_of_text) > 40
    assert score.evaluate("one => one.getBoundingClientRect().left") == pytest.approx(
        score.evaluate("one => one.closest('ul').getBoundingClientRect().left"), abs=1
    )
    watched.page.context.close()


def column(page: Page, table: str, number: int) -> list[str]:
    return page.locator(f"#{table} tbody tr:not([hidden]) > :nth-child({number})").all_inner_texts()


def test_hostile_headlines_show_as_they_are(months: Watched) -> None:
    shown = column(months.page, "all-mentions", 4)
    for headline in HOSTILE:
        assert headline in shown
    assert "hacked" not in months.page.title()
    assert months.page.locator("a[href^='javascript:']").count() == 0
    assert months.page.locator("main script, main img[src=x]").count() == 0


def test_a_date_beside_text_that_runs_from_right_to_left_keeps_its_order(
    browser: Browser, folder: Path
) -> None:
    watched = opened(browser, folder / "right" / "index.html")
    quote = watched.page.locator("ul.quotes li").first
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


def test_a_click_sorts_by_number_and_another_turns_it_round(months: Watched) -> None:
    button = months.page.locator("#covid-table thead button", has_text="mentions")
    button.click()
    assert column(months.page, "covid-table", 5) == ["0", "1", "2", "7", "\u2013"]
    button.click()
    assert column(months.page, "covid-table", 5) == ["7", "2", "1", "0", "\u2013"]
    heads = months.page.locator("#covid-table thead th")
    assert [h.get_attribute("aria-sort") for h in heads.all()] == [None] * 4 + ["descending"] + [
        None
    ] * 4


def test_months_sort_by_date_and_not_by_name(months: Watched) -> None:
    months.page.locator("#covid-table thead button", has_text="month").first.click()
    assert column(months.page, "covid-table", 1) == [
        "Jan 2020",
        "Feb 2020",
        "Mar 2020",
        "Apr 2020",
        "May 2020",
    ]


def test_sorting_works_by_keyboard(months: Watched) -> None:
    months.page.locator("#all-mentions thead button", has_text="polarity").focus()
    months.page.keyboard.press("Enter")
    numbers = [
        float(text.replace("\u2212", "-")) for text in column(months.page, "all-mentions", 5)
    ]
    assert numbers == sorted(numbers)


def test_a_search_filters_and_says_how_many_are_left(months: Watched) -> None:
    form = months.page.locator("[data-filters=all-mentions]")
    form.locator("input").fill("ROCKETS")
    assert column(months.page, "all-mentions", 4) == [HOSTILE[5]]
    assert form.locator("output").inner_text() == "1 of 11 shown"
    form.locator("input").fill("")
    assert form.locator("output").inner_text() == "11 of 11 shown"


def test_month_and_term_filter_together(months: Watched) -> None:
    form = months.page.locator("[data-filters=all-mentions]")
    form.locator("select").nth(0).select_option("2020-03")
    assert len(column(months.page, "all-mentions", 4)) == 2
    form.locator("select").nth(1).select_option("coronavirus")
    assert column(months.page, "all-mentions", 4) == ["Coronavirus Tests for All."]


def test_each_mention_links_to_its_document(months: Watched) -> None:
    row = months.page.locator("#all-mentions tbody tr", has_text="A Covid Ward in Spring.")
    link = row.locator("a")
    assert link.get_attribute("href") == "https://example.org/3"
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_the_contents_lead_to_each_month(months: Watched) -> None:
    months.page.get_by_label("covid, April 2020", exact=True).click()
    assert months.page.url.endswith("#covid-2020-04")
    assert months.page.locator("#covid-2020-04").evaluate(
        "one => Math.abs(one.getBoundingClientRect().top) < window.innerHeight"
    )


def test_the_first_tab_leads_past_the_contents(months: Watched) -> None:
    months.page.keyboard.press("Tab")
    assert months.page.evaluate("document.activeElement.textContent") == "Skip to the report"
    months.page.keyboard.press("Enter")
    assert months.page.url.endswith("#main")


def test_dark_and_light_have_papers_of_their_own(browser: Browser, folder: Path) -> None:
    papers = []
    for dark in (False, True):
        watched = opened(browser, folder / "months" / "index.html", dark=dark)
        papers.append(watched.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        watched.page.context.close()
    assert papers == ["rgb(253, 253, 251)", "rgb(22, 25, 29)"]


def test_print_leaves_out_what_paper_cannot_do(months: Watched) -> None:
    months.page.emulate_media(media="print")
    assert not months.page.locator("nav.contents").is_visible()
    assert not months.page.locator(".filters").first.is_visible()
    assert months.page.locator("#all-mentions").is_visible()


def test_print_cuts_a_long_table_and_says_so(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "many" / "index.html")
    rows = watched.page.locator("#all-mentions tbody tr")
    assert [rows.nth(n).is_visible() for n in (59, 60)] == [True, True]
    assert not watched.page.locator(".printed").is_visible()
    watched.page.emulate_media(media="print")
    assert [rows.nth(n).is_visible() for n in (59, 60)] == [True, False]
    assert watched.page.locator(".printed").inner_text() == (
        "Printed are the first 60 rows; the rest is in mentions.csv."
    )
    watched.page.context.close()


def test_the_keyboard_reaches_the_filters_the_table_and_its_links(months: Watched) -> None:
    months.page.locator("[data-filters=all-mentions] input").focus()
    months.page.keyboard.type("spring")
    assert column(months.page, "all-mentions", 4) == ["A Covid Ward in Spring."]
    reached = []
    for _ in range(9):
        months.page.keyboard.press("Tab")
        reached.append(
            months.page.evaluate("document.activeElement.href ?? document.activeElement.tagName")
        )
    assert reached[:3] == ["SELECT", "SELECT", "DIV"]  # the last: the table, which scrolls
    assert "https://example.org/3" in reached


def test_without_script_the_page_shows_all(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "months" / "index.html").as_uri())
    assert page.locator("#all-mentions tbody tr").count() == 11
    assert not page.locator(".filters").first.is_visible()
    context.close()


def test_accounts_lead_to_their_portraits_and_back(browser: Browser, folder: Path) -> None:
    watched = opened(browser, folder / "handles" / "index.html")
    watched.page.locator("#compared a", has_text="@nasa").click()
    assert watched.page.locator("h1").inner_text() == "@nasa"
    watched.page.get_by_role("link", name="All accounts").click()
    assert watched.page.url.endswith("/index.html")
    watched.page.context.close()
