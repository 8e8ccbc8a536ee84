"""The list of documents in a real browser, opened from disk."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.build import report_folder
from reports.words.document_queries import DocumentQuery
from tests import report_stories as stories
from tests.document_list_kit import DocumentList
from tests.groups_kit import Piece, store_pieces
from tests.report_stories import Text

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\"> Covid \U0001f9a0 \u2028 Covid."
FORMULA = "=cmd|'/C calc'!A0 Covid, \"twice\"."
WORDS = ("school", "mask", "ward", "test", "Spring", "Mayor", "Elm Bay", "bill")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("listed")
    db = stories.database(where)
    chance = random.Random(5)
    texts = [
        Text("2020-03-01", HOSTILE, "javascript:document.title=1"),
        Text("2020-03-02", FORMULA),
    ]
    for number in range(300):
        subject = chance.choice(("Covid", "Masks", "Coronavirus and Masks"))
        said = f"{chance.choice(WORDS)} {subject} {chance.choice(WORDS)} number {number}."
        day = f"2020-0{3 + number % 3}-{chance.randint(1, 28):02}"
        texts.append(Text(day, said, f"https://example.org/{number}"))

    stories.store(db, texts)
    posts = [Text("2020-03-02", f"Liftoff {n} today.", None, "nasa", "x") for n in range(5)]
    stories.store(db, posts, prefix="post")
    run = stories.months_run(db, "2020-03", "2020-05", ["covid:coronavirus", "masks"])
    report_folder.build(db, [run], where / "months")
    report_folder.build(db, [run], where / "counts", texts=False)
    report_folder.build(db, [stories.handles_run(db, ["nasa"])], where / "handles")
    db.close()
    return where


class Opened:
    """The page, what it logged and what it asked for."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def show(self, query: str) -> Opened:
        """Open the list at what stands behind "#"."""
        self.page.goto("about:blank")
        self.page.goto(f"{(self.folder / 'documents.html').as_uri()}#{query}")
        # The strip is drawn last.
        self.page.locator("#bars[d]").wait_for(state="attached")
        return self

    @property
    def chosen(self) -> str:
        """What is chosen, in words."""
        return self.page.locator("#chosen").inner_text()

    @property
    def address(self) -> str:
        """What stands behind "#"."""
        # What Playwright knows of a page's address comes later than what the page shows.
        return str(self.page.evaluate("location.hash")).removeprefix("#")


@pytest.fixture
def months(browser: Browser, folder: Path) -> Iterator[Opened]:
    yield from open_list(browser, folder / "months")


def open_list(browser: Browser, folder: Path, **options: object) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
    yield Opened(context.new_page(), folder)
    context.close()


def queries(folder: Path) -> list[DocumentQuery]:
    listed = DocumentList(folder)
    chance = random.Random(9)
    held = {
        field: [
            (subject, spellings[0])
            for part in listed.parts
            for subject, spellings, _ in part[field]
        ]
        for field in ("phrase", "word")
    }
    made = [
        DocumentQuery(),
        DocumentQuery(subject="covid", other="masks"),
        DocumentQuery(term="coronavirus"),
    ]
    for period in ("2020", "2020-03", "2020-W13", "2020-W14", "2020-04-09", "2019-05", "2020-W22"):
        for subject in ("covid", "masks", "nothing", None):
            repeats = chance.random() < 0.5
            made.append(DocumentQuery(subject=subject, period=period, without_repeats=repeats))

    for field, entries in held.items():
        for subject, text in chance.sample(entries, 12):
            given = {field: text, "subject": listed.index["subjects"][subject]}
            made += [DocumentQuery(**given), DocumentQuery(**given, period="2020-04")]

    return made


def test_an_address_shows_as_many_rows_as_it_says(months: Opened) -> None:
    listed = DocumentList(months.folder)
    numbers = set()
    months.show("")
    for query in queries(months.folder):
        number = listed.count(query)
        numbers.add(number)
        months.page.evaluate("hash => location.hash = hash", f"x&{query.address.partition('#')[2]}")
        noun = "document" if number == 1 else "documents"
        expect(months.page.locator("#chosen")).to_have_text(re.compile(rf"^{number} {noun}\b"))
        expect(months.page.locator("#rows li")).to_have_count(min(number, 100))

    assert len(numbers) > 15
    assert months.messages == []


def test_the_page_asks_only_for_parts_that_it_shows(months: Opened) -> None:
    months.show("subject=masks&period=2020-04")
    expect(months.page.locator("#rows li").first).to_be_visible()
    names = [url.removeprefix(months.folder.as_uri()) for url in months.requests]
    assert len(names) == 2
    assert names[0].startswith("/documents.html")
    assert names[1].startswith("/documents/2020-04-")


def test_a_period_that_is_none_is_passed_over(months: Opened) -> None:
    for period in ("x", "2020-xx", "2020-W1x", "2020-03..x"):
        months.show(f"period={period}")
        assert months.chosen == "302 documents"

    assert months.messages == []


def test_what_is_chosen_is_told_in_words(months: Opened) -> None:
    months.show("subject=masks&word=mayor&period=2020-04")
    assert re.fullmatch(
        r"\d+ documents mention “Masks” and use “mayor” in April 2020", months.chosen
    )
    row = months.page.locator("#rows li").first
    assert "Masks" in row.inner_text()
    expect(row.locator("mark").first).to_have_text(re.compile("mayor", re.IGNORECASE))
    assert (row.locator("a").get_attribute("href") or "").startswith("https://example.org/")


def test_a_subject_is_called_as_texts_write_it(months: Opened) -> None:
    months.show("subject=covid&other=masks")
    assert re.fullmatch(r"\d+ documents mention “Covid” and “Masks”", months.chosen)
    for field in ("subject", "other"):
        offered = months.page.locator(f"select[name={field}] option")
        assert offered.all_text_contents() == ["all", "Covid", "Masks"]


@pytest.mark.parametrize("field", ["name", "phrase", "word"])
def test_what_is_typed_is_found_in_any_case_and_what_nothing_counts_is_told(
    months: Opened, field: str
) -> None:
    entries = [entry for part in DocumentList(months.folder).parts for entry in part[field]]
    months.show(f"{field}=Aardvark")
    assert months.chosen.startswith("0 documents ")
    state = months.page.locator("#state")
    expect(state).to_have_text(f"“Aardvark” is no {field} that was counted here.")
    assert months.page.locator("#rows li").count() == 0
    for _, (spelling, *_), _ in entries[:3]:
        months.show(f"{field}={quote(spelling.upper())}")
        assert re.match(r"[1-9]", months.chosen)
        expect(months.page.locator("#most")).to_have_text(re.compile(r"[1-9] a day"))
        expect(state).to_have_text("")

    assert field == "name" or entries


def test_texts_are_shown_as_they_are_and_marked(months: Opened) -> None:
    months.show("period=2020-03-01..2020-03-01&search=img")
    row = months.page.locator("#rows li")
    assert "</script><img src=x onerror=\"document.title='hacked'\"> Covid" in row.inner_text()
    months.show("period=2020-03-01&subject=covid&search=")
    hostile = months.page.locator("#rows li", has_text="</script>")
    assert hostile.locator("mark").all_inner_texts() == ["Covid", "Covid"]
    assert hostile.locator("a").count() == 0
    assert months.page.locator("#rows img").count() == 0
    assert "hacked" not in months.page.title()
    assert months.messages == []


def test_a_change_is_written_into_the_address_and_back_takes_it_back(months: Opened) -> None:
    months.show("subject=masks")
    before = months.chosen
    months.page.get_by_label("Search texts, parts of words too").fill("mayor")
    months.page.keyboard.press("Enter")
    expect(months.page.locator("#chosen")).to_contain_text("say “mayor”")
    assert months.address == "search=mayor&subject=masks"
    months.page.get_by_label("without repeats").check()
    expect(months.page.locator("#chosen")).to_contain_text("without repeats")
    months.page.go_back()
    months.page.go_back()
    expect(months.page.locator("#chosen")).to_have_text(before)
    assert months.address == "subject=masks"
    expect(months.page.get_by_label("Search texts, parts of words too")).to_have_value("")


def test_a_period_is_brushed_by_pointer(months: Opened) -> None:
    months.show("subject=masks")
    box = months.page.locator("#strip").bounding_box()
    assert box is not None
    months.page.mouse.move(box["x"] + 1, box["y"] + 10)
    months.page.mouse.down()
    months.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 10, steps=4)
    months.page.mouse.up()
    expect(months.page.locator("#chosen")).to_contain_text("from 1 March 2020 to")
    period = months.address.removeprefix("subject=masks&period=")
    assert re.fullmatch(r"2020-03-01\.\.2020-03-\d\d", period)
    number = DocumentList(months.folder).count(DocumentQuery(subject="masks", period=period))
    assert months.chosen.startswith(f"{number} documents mention “Masks”")


def test_a_period_is_brushed_by_keyboard(months: Opened) -> None:
    months.show("subject=masks")
    slider = months.page.get_by_label("First day")
    slider.focus()
    months.page.keyboard.press("ArrowRight")
    expect(months.page.locator("#chosen")).to_contain_text("from 2 March 2020")
    assert slider.get_attribute("aria-valuetext") == "2 March 2020"
    months.page.keyboard.press("ArrowLeft")
    expect(months.page.locator("#chosen")).not_to_contain_text("from")
    assert months.address == "subject=masks"


def test_a_period_is_brushed_by_touch(browser: Browser, folder: Path) -> None:
    for opened in open_list(browser, folder / "months", has_touch=True):
        opened.show("")
        box = opened.page.locator("#strip").bounding_box()
        assert box is not None
        opened.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 10)
        expect(opened.page.locator("#chosen")).to_contain_text(" on ")
        assert re.fullmatch(r"period=2020-04-\d\d", opened.address)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_concordance_is_sorted_by_the_words_beside_the_keyword(months: Opened, side: str) -> None:
    months.show(f"subject=masks&sort={side}")
    lines = months.page.locator("#rows li")
    expect(lines).to_have_count(100)
    edges = []
    for line in lines.all()[:40]:
        before, after = line.locator("div").all_inner_texts()
        words = (
            re.findall(r"\w+", before.lower())[::-1]
            if side == "left"
            else re.findall(r"\w+", after.lower())
        )
        edges.append(" ".join(words))

    assert edges == sorted(edges)
    assert len(set(edges)) > 3
    assert set(months.page.locator("#rows mark").all_inner_texts()) == {"Masks"}


def test_at_most_a_hundred_rows_are_shown_and_the_next_follow(months: Opened) -> None:
    months.show("")
    place = months.page.locator("#place")
    expect(place).to_have_text("rows 1 to 100 of 302")
    first = months.page.locator("#rows li").first.inner_text()
    months.page.get_by_role("button", name="Next").focus()
    months.page.keyboard.press("Enter")
    expect(place).to_have_text("rows 101 to 200 of 302")
    assert months.page.locator("#rows li").count() == 100
    assert months.page.locator("#rows li").first.inner_text() != first
    months.page.get_by_role("button", name="Previous").click()
    expect(place).to_have_text("rows 1 to 100 of 302")


def test_each_section_says_how_many_of_the_chosen_documents_it_has(
    browser: Browser, tmp_path: Path
) -> None:
    sections = ("World", "Sport", "Sport", "")
    pieces = [
        Piece(f"2020-03-{day:02}", f"Covid of day {day}.", section=sections[day % 4])
        for day in range(1, 11)
    ]
    with closing(stories.database(tmp_path)) as db:
        store_pieces(db, pieces)
        run = stories.months_run(db, "2020-03", "2020-03", ["covid"])
        report_folder.build(db, [run], tmp_path / "report")

    for opened in open_list(browser, tmp_path / "report"):
        opened.show("period=2020-03-02..2020-03-10")
        labels = opened.page.eval_on_selector_all(
            "select[name=section] option", "options => options.map(({label}) => label)"
        )
        assert labels == ["all", "Sport (5)", "World (2)", "not known (2)"]
        opened.show("section=World")
        expect(opened.page.locator("option[value=Sport]")).to_have_text("Sport")


def test_the_strip_names_the_day_with_most_documents(months: Opened) -> None:
    months.show("subject=covid")
    listed = DocumentList(months.folder)
    counts = {}
    for month, day in product((3, 4, 5), range(1, 29)):
        at = date(2020, month, day)
        counts[at] = listed.count(DocumentQuery(subject="covid", period=at.isoformat()))

    first = max(counts, key=lambda at: counts[at])
    said = f"at most {counts[first]} a day, first on {first.day} {first:%B %Y}"
    expect(months.page.locator("#most")).to_have_text(said)


def test_what_is_chosen_is_saved_as_csv(months: Opened) -> None:
    months.show("subject=covid&period=2020-03")
    number = DocumentList(months.folder).count(DocumentQuery(subject="covid", period="2020-03"))
    with months.page.expect_download() as download:
        months.page.get_by_role("button", name="Save as CSV").click()

    assert download.value.suggested_filename == "documents-covid-2020-03.csv"
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == number > 40
    assert {row["day"][:7] for row in rows} == {"2020-03"}
    assert all("covid" in row["subjects"].split("|") for row in rows)
    texts = [row["text"] for row in rows]
    assert f"'{FORMULA}" in texts
    assert texts.count(" ".join(HOSTILE.split())) == 1
    assert all(-1 <= float(row["polarity"]) <= 1 for row in rows)


def test_a_missing_part_is_named(months: Opened, tmp_path: Path) -> None:
    copied = tmp_path / "documents.html"
    copied.write_bytes((months.folder / "documents.html").read_bytes())
    months.page.goto(copied.as_uri())
    expect(months.page.locator("#state")).to_contain_text(
        re.compile(r"^documents/2020-03-\w+\.js is missing: copy the whole folder of the report")
    )


def test_a_script_in_the_folder_that_a_text_names_is_refused(
    months: Opened, tmp_path: Path
) -> None:
    html = (months.folder / "documents.html").read_text(encoding="utf-8")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/evil.js").write_text("document.title = 'hacked'")
    smuggled = '<script src="documents/evil.js"></script></main>'
    (tmp_path / "documents.html").write_text(html.replace("</main>", smuggled), encoding="utf-8")
    months.page.goto((tmp_path / "documents.html").as_uri())
    expect(months.page.locator("#state")).to_contain_text("is missing")
    assert months.page.title() != "hacked"
    assert any(
        "evil.js" in message and "Content Security Policy" in message for message in months.messages
    )


def test_without_texts_the_list_has_counts_and_links_and_says_so(
    browser: Browser, folder: Path
) -> None:
    number = DocumentList(folder / "months").count(DocumentQuery(subject="masks", period="2020-05"))
    for opened in open_list(browser, folder / "counts"):
        opened.show("subject=masks&period=2020-05")
        assert opened.chosen == f"{number} documents mention “Masks” in May 2020"
        expect(opened.page.locator("main")).to_contain_text("cannot search texts")
        assert "Masks" not in opened.page.locator("#rows").inner_text()
        assert opened.page.locator("#rows a").count() == min(number, 100)
        assert opened.messages == []


def test_posts_are_listed_too(browser: Browser, folder: Path) -> None:
    for opened in open_list(browser, folder / "handles"):
        opened.show("job=%40nasa&period=2020-03")
        assert opened.chosen == "5 posts of @nasa in March 2020"
        expect(opened.page.locator("#rows li")).to_have_count(5)
        assert opened.messages == []


def test_without_javascript_the_page_says_so_and_where_to_look(
    browser: Browser, folder: Path
) -> None:
    for opened in open_list(browser, folder / "months", java_script_enabled=False):
        opened.page.goto((folder / "months" / "documents.html").as_uri())
        note = opened.page.locator("noscript")
        assert "needs JavaScript" in note.inner_text()
        links = [link.get_attribute("href") for link in note.locator("a").all()]
        assert links == ["index.html#calendar", "mentions.csv"]
        assert not opened.page.locator("#list").is_visible()


@pytest.mark.parametrize("query", ["subject=masks", "subject=masks&sort=left", "search=nothing"])
@pytest.mark.parametrize("dark", [False, True])
def test_no_serious_fault_of_accessibility(
    browser: Browser, folder: Path, query: str, *, dark: bool
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    scheme = "dark" if dark else "light"
    for opened in open_list(browser, folder / "months", bypass_csp=True, color_scheme=scheme):
        opened.show(query)
        response = axe.Axe().run(opened.page).response
        found = [
            (v["id"], [node["html"][:200] for node in v["nodes"]]) for v in response["violations"]
        ]
        assert found == []
        assert len(response["passes"]) > 15


@pytest.mark.parametrize("query", ["subject=masks", "subject=masks&sort=left"])
def test_a_phone_scrolls_down_and_never_sideways(
    browser: Browser, folder: Path, query: str
) -> None:
    for opened in open_list(browser, folder / "months"):
        opened.page.set_viewport_size({"width": 390, "height": 800})
        opened.show(query)
        expect(opened.page.locator("#rows li").first).to_be_visible()
        assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
