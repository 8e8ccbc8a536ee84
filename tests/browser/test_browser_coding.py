"""Coding in a real browser: by keys alone, through kills of the server, on a phone, by decisions.

Needs Chromium: Playwright's, or one named by TIDINGS_CHROMIUM (``make browser`` finds Debian's).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from models.database import Database
from tests.coding_kit import (
    CODEBOOK,
    YES_NO_CODEBOOK,
    PageServer,
    add_texts,
    codes_of,
    served,
    served_here,
)
from tests.services import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SCALES = """
name: scales
unit: document
variables:
  - {name: tone, question: "How does it sound?", type: scale, from: -1, to: 1,
     ends: {"-1": gloomy, 1: hopeful}}
  - {name: share, question: "How many of ten?", type: scale, from: 0, to: 10}
  - {name: year, question: "How much of it?", type: scale, from: 0, to: 100}
"""

KILLS = 20

SECOND_TAP = """
new MutationObserver((_changes, observer) => {
  observer.disconnect();
  const tap = new MouseEvent("click", { bubbles: true, detail: 1 });
  document.querySelector("#options button").dispatchEvent(tap);
}).observe(document.querySelector("#question"), { childList: true });
"""


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


@dataclass
class Desk:
    """A page of a coder, with what it said and requested that it should not have."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def shown(self) -> tuple[str, str]:
        """The text and the question."""
        return self.page.locator("#text").inner_text(), self.page.locator("#question").inner_text()

    def press(self, *keys: str) -> None:
        """Press keys, and wait after the last until another question is shown."""
        before = self.shown
        for key in keys:
            self.page.keyboard.press(key)

        wait_until(lambda: self.shown != before, seconds=30, what=f"a question after {keys}")
        expect(self.page.locator("body.busy")).to_have_count(0)

    def count(self) -> str:
        return self.page.locator("#count").inner_text()


def open_desk(context: BrowserContext, link: str) -> Desk:
    desk = Desk(context.new_page())
    origin = "http://" + urlsplit(link).netloc
    desk.page.on("pageerror", lambda error: desk.errors.append(str(error)))
    desk.page.on("console", lambda message: desk.errors.append(message.text))
    desk.page.on(
        "request",
        lambda request: request.url.startswith(origin) or desk.foreign.append(request.url),
    )
    desk.page.goto(link)
    expect(desk.page.locator("#count")).not_to_be_empty()
    return desk


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1400, "height": 900})
    yield opened
    opened.close()


def test_thirty_texts_are_coded_by_keys_alone(db: Database, context: BrowserContext) -> None:
    run = add_texts(db, 40)
    with served_here(db, run, n=30, coders=["Ann"], doubles=0.2) as links:
        desk = open_desk(context, links["Ann"])
        assert desk.count() == "0 of 30 coded"
        for number in range(30):
            if number % 3 == 0:
                desk.press("n")
            elif number % 3 == 1:
                desk.press("y")
                desk.press("2")
                desk.press("1", "3", "Enter")
            else:
                desk.press("s", "2")

        expect(desk.page.locator("#count")).to_have_text("30 of 30 coded")
        expect(desk.page.locator("#question")).to_have_text("All 30 texts are coded. Thank you.")
        assert (desk.errors, desk.foreign) == ([], [])

    codes = list(codes_of(db, run, "Ann").values())
    assert len(codes) == 30
    assert codes.count({"about": "no"}) == 10
    assert codes.count({"about": "yes", "stance": "against", "places": "harbour|sea"}) == 10
    assert codes.count({"about": None}) == 10


def test_undo_goes_back_answer_by_answer_and_nothing_is_skipped_in_silence(
    db: Database, context: BrowserContext
) -> None:
    run = add_texts(db, 12)
    with served_here(db, run, n=12, coders=["Ann"], doubles=0) as links:
        desk = open_desk(context, links["Ann"])
        first = desk.shown
        desk.press("y")
        desk.press("1")
        # Enter stores no empty choice.
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#remark")).to_contain_text("Choose what applies, or 0")
        desk.press("0")
        assert list(codes_of(db, run, "Ann").values()) == [
            {"about": "yes", "places": "none", "stance": "for"}
        ]
        desk.press("u")
        assert desk.shown == (first[0], "Where is it?")
        desk.press("u")
        desk.press("u")
        assert desk.shown == first
        desk.page.keyboard.press("u")
        expect(desk.page.locator("#remark")).to_have_text("There is nothing to undo.")
        assert codes_of(db, run, "Ann") == {}

        # Keys that mean nothing here do nothing; Escape leaves the reasons.
        for key in ("5", "a", "Enter", "0", " ", "ArrowDown", "Control+y", "s", "y", "Escape"):
            desk.page.keyboard.press(key)

        assert desk.shown == first
        expect(desk.page.locator("#reasons")).to_be_hidden()
        assert codes_of(db, run, "Ann") == {}


def test_a_key_that_is_held_down_codes_one_text(db: Database, context: BrowserContext) -> None:
    run = add_texts(db, 12)
    with served_here(db, run, n=12, coders=["Ann"], doubles=0) as links:
        desk = open_desk(context, links["Ann"])
        first = desk.shown
        desk.page.keyboard.down("n")
        wait_until(lambda: desk.shown != first, seconds=30, what="the next text")
        for _ in range(5):
            desk.page.keyboard.down("n")

        desk.page.keyboard.up("n")
        desk.press("n")
        assert desk.count() == "2 of 12 coded"


def test_scales_have_a_key_for_each_step_or_take_a_number(
    db: Database, context: BrowserContext
) -> None:
    run = add_texts(db, 12)
    with served_here(db, run, n=12, coders=["Ann"], doubles=0, text=SCALES) as links:
        desk = open_desk(context, links["Ann"])
        expect(desk.page.locator("#options button").first).to_contain_text("gloomy")
        desk.press("1")
        desk.press("1", "0", "Enter")
        desk.page.keyboard.type("101")
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#remark")).to_have_text("Write a whole number from 0 to 100.")
        desk.page.locator("#number").fill("")
        desk.press("7", "Enter")
        assert list(codes_of(db, run, "Ann", SCALES).values()) == [
            {"share": "10", "tone": "-1", "year": "7"}
        ]
        desk.press("u")
        desk.press("s", "3")
        assert desk.count() == "1 of 12 coded"


def test_markup_in_a_text_and_in_a_codebook_is_shown_as_text(
    db: Database, context: BrowserContext
) -> None:
    run = add_texts(db, 12)
    with served_here(db, run, n=12, coders=["Ann"], doubles=0) as links:
        desk = open_desk(context, links["Ann"])
        assert "<b>now</b>" in desk.shown[0]
        expect(desk.page.locator("#codebook")).to_contain_text("<b>Not</b> what you think of it.")
        desk.press("y")
        expect(desk.page.locator("#options")).to_contain_text("<i>nothing</i> of the kind")
        assert desk.page.locator("#text b, #codebook b, #options i").count() == 0
        assert desk.errors == []


def test_what_is_pressed_while_the_server_is_away_is_stored_when_it_is_back(
    db: Database, context: BrowserContext, tmp_path: Path
) -> None:
    run = add_texts(db, 12)
    book = tmp_path / "tides.yaml"
    book.write_text(CODEBOOK)
    with served(tmp_path, run, "--codebook", book, "--n", 12, "--coder", "Ann") as server:
        desk = open_desk(context, server.links["Ann"])
        trouble = desk.page.locator("#trouble")
        context.set_offline(offline=True)
        first = desk.shown
        desk.page.keyboard.press("n")
        expect(trouble).to_contain_text("Your last answer is kept in this tab")
        assert desk.shown == first
        context.set_offline(offline=False)
        wait_until(lambda: desk.shown != first, seconds=30, what="the next text")
        expect(trouble).to_be_hidden()
        assert list(codes_of(db, run, "Ann").values()) == [{"about": "no"}]

        # The tab is loaded anew while the server is away: the answer waits in it.
        server.kill()
        desk.page.keyboard.press("y")
        expect(trouble).to_contain_text("The server does not answer")
        with pytest.raises(Error):
            desk.page.reload()

        server.start()
        desk.page.goto(server.links["Ann"])
        expect(desk.page.locator("#question")).to_have_text("For or against the tide?")
        expect(desk.page.locator("#earlier")).to_have_text("about: yes")
        assert {"about": "yes"} in codes_of(db, run, "Ann").values()


@pytest.mark.timeout(1_800)
def test_two_coders_at_once_lose_nothing_while_the_server_is_killed_twenty_times(
    db: Database, browser: Browser, tmp_path: Path
) -> None:
    run = add_texts(db, 700)
    book = tmp_path / "short.yaml"
    book.write_text(YES_NO_CODEBOOK)
    arguments = (run, "--codebook", book, "--n", 600, "--coder", "Ann,Ben", "--doubles", 0.5)
    with served(tmp_path, *arguments) as server:
        contexts = [browser.new_context(), browser.new_context()]
        desks = {
            name: open_desk(opened, server.links[name])
            for name, opened in zip(("Ann", "Ben"), contexts, strict=True)
        }
        pressed: dict[str, list[tuple[str, str]]] = {name: [] for name in desks}
        killer = Killer(server)
        killer.start()
        while killer.is_alive() or any(len(presses) <= KILLS for presses in pressed.values()):
            for name, desk in desks.items():
                text = desk.page.locator("#text").inner_text()
                if pressed[name] and pressed[name][-1][0] == text:
                    continue

                code = "yes" if random.Random(text + name).random() < 0.5 else "no"
                desk.page.keyboard.press(code[0])
                pressed[name].append((text, code))
                killer.progress.set()

        killer.join()
        assert killer.problem is None
        for name, desk in desks.items():
            last = pressed[name][-1][0]
            wait_until(
                lambda desk=desk, last=last: desk.page.locator("#text").inner_text() != last,
                seconds=30,
                what="the last code",
            )

        counts = {name: desk.count() for name, desk in desks.items()}
        for opened in contexts:
            opened.close()

    for name, presses in pressed.items():
        texts = [text for text, _ in presses]
        assert len(set(texts)) == len(texts) > KILLS
        assert counts[name].startswith(f"{len(texts)} of ")
        stored = sorted(
            codes["about"] for codes in codes_of(db, run, name, YES_NO_CODEBOOK).values()
        )
        assert stored == sorted(code for _, code in presses)


class Killer(Thread):
    """Kills the server at odd moments of the coding, and starts it again."""

    def __init__(self, server: PageServer) -> None:
        super().__init__()
        self.progress = Event()
        self.problem: BaseException | None = None
        self._server = server

    def run(self) -> None:
        moments = random.Random(31)
        try:
            for _ in range(KILLS):
                self.progress.clear()
                self.progress.wait(30)
                # A request takes some milliseconds: this is before, within and after it.
                time.sleep(moments.random() * 0.03)
                self._server.kill()
                self._server.start()
        except BaseException as error:  # noqa: BLE001 - the test raises it
            self.problem = error


def test_what_differs_is_decided_side_by_side_without_names(
    db: Database, context: BrowserContext
) -> None:
    run = add_texts(db, 12)
    with served_here(db, run, n=6, coders=["Ann", "Ben"], doubles=1) as links:
        for name, key in (("Ann", "y"), ("Ben", "n")):
            desk = open_desk(context, links[name])
            for _ in range(6):
                desk.press(key)
                if key == "y":
                    desk.press("1")
                    desk.press("0")

        page = context.new_page()
        page.goto(links["decisions"])
        expect(page.locator("#differing")).to_have_text(
            "The coders differ on 6 texts; 0 of them are decided."
        )
        expect(page.locator("#coders")).to_contain_text("Ann66")
        expect(page.locator("#agreement tr").first).to_contain_text("about6\u2212.")

        desk = open_desk(context, links["decisions"] + "decide")
        assert sorted(desk.page.locator("#given strong").all_inner_texts()) == ["no", "yes"]
        assert "Ann" not in desk.page.content()
        desk.press("y")
        assert "was not asked this" in desk.page.locator("#given").inner_text()
        desk.press("2")
        desk.press("0")
        desk.press("n")
        assert desk.count() == "2 of 6 decided"
        desk.press("u")
        assert desk.count() == "1 of 6 decided"
        assert list(codes_of(db, run, "adjudicated").values()) == [
            {"about": "yes", "places": "none", "stance": "against"}
        ]
        assert desk.errors == []
        expect(page.locator("#differing")).to_contain_text("1 of them are", timeout=10_000)


def test_a_phone_codes_by_taps_with_the_codebook_in_a_drawer(
    db: Database, browser: Browser
) -> None:
    run = add_texts(db, 12)
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    with served_here(db, run, n=12, coders=["Ann"], doubles=0) as links, closing(phone):
        desk = open_desk(phone, links["Ann"])
        page = desk.page

        def fits() -> bool:
            return bool(page.evaluate("document.documentElement.scrollWidth") == 390)

        assert fits()
        first = desk.shown
        # A second tap, meant for the question before, comes as soon as the next one is shown.
        page.evaluate(SECOND_TAP)
        page.get_by_role("button", name="yes").tap()
        wait_until(lambda: desk.shown != first, seconds=30, what="the next question")
        assert desk.shown[1] == "For or against the tide?"
        for button in page.locator("#options button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["y"] + box["height"] <= 844

        page.get_by_role("button", name="codebook").tap()
        expect(page.locator("#codebook")).to_be_visible()
        assert fits()
        page.locator("#close").tap()
        expect(page.locator("#codebook")).to_be_hidden()
        assert desk.shown[1] == "For or against the tide?"
        page.goto(links["decisions"])
        expect(page.locator("#coders")).to_contain_text("Ann")
        assert fits()
        assert desk.errors == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1400, 390])
def test_no_fault_of_accessibility(
    db: Database, browser: Browser, width: int, *, dark: bool
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    run = add_texts(db, 12)
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        bypass_csp=True,
    )

    def check(page: Page, where: str) -> None:
        response = axe.Axe().run(page).response
        faults = [(v["id"], [node["html"] for node in v["nodes"]]) for v in response["violations"]]
        assert faults == [], where
        assert len(response["passes"]) > 15

    with served_here(db, run, n=2, coders=["Ann", "Ben"], doubles=1) as links, closing(context):
        desk = open_desk(context, links["Ann"])
        check(desk.page, "yes or no")
        desk.press("y")
        check(desk.page, "a category")
        desk.press("1")
        desk.page.keyboard.press("1")
        check(desk.page, "several categories")
        desk.page.keyboard.press("s")
        check(desk.page, "the reasons")
        desk.page.keyboard.press("Escape")
        desk.page.keyboard.press("?")
        check(desk.page, "the codebook, opened or closed")
        desk.page.keyboard.press("?")
        desk.press("0")
        desk.press("n")
        check(desk.page, "the end")

        ben = open_desk(context, links["Ben"])
        ben.press("n")
        ben.press("y")
        ben.press("1")
        ben.press("0")
        ben.page.goto(links["decisions"])
        expect(ben.page.locator("#coders")).to_contain_text("Ben")
        check(ben.page, "progress")
        decisions = open_desk(context, links["decisions"] + "decide")
        check(decisions.page, "decisions")
