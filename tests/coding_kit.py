"""A sample to be coded, and the server of the page that people code it on, in a process."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.codebook_files import parse_codebook, read_codebook
from analysis.codebooks.stored import keep_codebook
from cli.coding_page.access import make_token
from cli.coding_page.app import HOST, CodingApp, make_runner
from cli.coding_page.project import CodingProject
from core.enums import SamplePeriod
from models.codes import Coding, UnitCodes, UnitKey, read_codes
from models.database import Database
from producers.code_sample import draw_code_sample
from tests.label_kit import COMMAND
from tests.report_stories import Text, months_run, store
from tests.services import wait_until

T = TypeVar("T")


CODEBOOK = """
name: tides
unit: document
instructions: |
  Judge what the text says. <b>Not</b> what you think
  of it.
variables:
  - name: about
    question: Is the text about tides?
    type: yes-no
  - name: stance
    question: For or against the tide?
    type: category
    if: about = yes
    categories:
      for: it is welcome
      against: it is not
      neither: <i>nothing</i> of the kind
  - name: places
    question: Where is it?
    type: categories
    if: about = yes
    categories: {harbour: in port, beach: on sand, sea: far out}
"""

YES_NO_CODEBOOK = """
name: short
unit: document
variables:
  - {name: about, question: "Is the text about tides?", type: yes-no}
"""

WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "islet", "jetty")


def add_texts(db: Database, count: int) -> int:
    """Store a run of a month of *count* texts, all different."""
    texts = [
        Text(
            f"2020-03-{1 + n % 28:02}",
            f"Tide at the {WORDS[n % 10]} {WORDS[n // 10 % 10]} {WORDS[n // 100]} <b>now</b>.",
        )
        for n in range(count)
    ]
    store(db, texts)
    return months_run(db, "2020-03", "2020-03", ["tide"])


def read_book(text: str = CODEBOOK) -> Codebook:
    return parse_codebook(text.encode(), "tides.yaml")


def find_codebook(db: Database, book: Codebook) -> int:
    """Return the number of a codebook, which is stored if it is new."""
    with db.write() as connection:
        return keep_codebook(connection, db, book)


def codes_of(db: Database, run: int, coder: str, text: str = CODEBOOK) -> dict[UnitKey, Any]:
    """Return what *coder* has coded: the code of each variable, by unit."""
    codebook_id = find_codebook(db, read_book(text))
    with db.read() as connection:
        codes = read_codes(connection, Coding(run, codebook_id, f"person:{coder}"))

    return {
        unit: {variable: value.code for variable, value in unit_codes.items()}
        for unit, unit_codes in codes.items()
    }


def coding_of(db: Database, run: int, path: Path, coder: str = "coder 1") -> Coding:
    """Return what a person codes of a run by the codebook of a file, which is stored if new."""
    return Coding(run, find_codebook(db, read_codebook(path)), f"person:{coder}")


def read_coded(
    db: Database, run: int, path: Path, coder: str = "coder 1"
) -> dict[UnitKey, UnitCodes]:
    """Return what a person has coded of a run by the codebook of a file."""
    coding = coding_of(db, run, path, coder)
    with db.read() as connection:
        return read_codes(connection, coding)


@contextmanager
def served_here(
    db: Database, run: int, *, n: int, coders: Sequence[str], doubles: float, text: str = CODEBOOK
) -> Iterator[dict[str, str]]:
    """Serve the page from a thread of the test; yield the links of *coders* and of "decisions"."""
    book = read_book(text)
    sample = draw_code_sample(db, run, book, n=n, per=SamplePeriod.MONTH, seed=1)
    codebook_id = find_codebook(db, book)
    project = CodingProject(db, run, book, codebook_id, sample, coders=coders, doubles=doubles)
    desks = {**project.make_desks(), "decisions": project.make_decision_desk()}
    tokens = {name: make_token(b"k" * 32, run, book.hash, name) for name in desks}
    app = CodingApp(project, {tokens[name]: desk for name, desk in desks.items()})

    loop = asyncio.new_event_loop()
    runner = make_runner(app)
    thread = Thread(target=loop.run_forever)
    thread.start()

    def run_in_loop(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    try:
        run_in_loop(runner.setup())
        run_in_loop(web.TCPSite(runner, HOST, 0).start())
        origin = f"http://{HOST}:{runner.addresses[0][1]}"
        yield {name: f"{origin}/{token}/" for name, token in tokens.items()}
    finally:
        run_in_loop(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class PageServer:
    """`tidings label --serve` in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.links: dict[str, str] = {}
        self.port = 0
        self.shown = ""
        self._output = folder / "served.txt"
        self._arguments = [*map(str, arguments)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, at the port that it had before, and read its links."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*COMMAND, "label", *self._arguments, "--serve", "--port", f"{self.port}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

        wait_until(self._has_links, seconds=180, what="the links")
        found = re.findall(r"^  (.+?) +(http://\S+)", self.shown, re.MULTILINE)
        self.links = dict(found)
        self.port = urlsplit(found[0][1]).port or 0

    def _has_links(self) -> bool:
        self.shown = self._output.read_text()
        assert self._process is not None
        assert self._process.poll() is None, self.shown
        # The hint is written at once, the links when they are flushed.
        return "Ctrl-C ends this" in self.shown and "and progress\n" in self.shown

    def kill(self) -> None:
        """End the server as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def interrupt(self) -> int:
        """End the server as Ctrl-C does, and return its status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(30)
        self.shown = self._output.read_text()
        return status

    def stop(self) -> None:
        """End the server if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@contextmanager
def served(folder: Path, *arguments: object) -> Iterator[PageServer]:
    """Run the server of the page."""
    server = PageServer(folder, *arguments)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Page:
    """What the page of a coder sends to its link, and what it is answered."""

    def __init__(self, link: str) -> None:
        self.link = urlsplit(link)
        self.origin = f"{self.link.scheme}://{self.link.netloc}"
        self._number = 0

    def request(
        self, method: str, path: str, content: Any = None, **headers: str | None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return the status, the content and the headers of a response.

        *headers* take the place of those that the page sends; None leaves a header out.
        """
        sent = {"Host": self.link.netloc, "Origin": self.origin, "Content-Type": "application/json"}
        replaced = {name.replace("_", "-"): header for name, header in headers.items()}
        sent = {name: header for name, header in (sent | replaced).items() if header is not None}
        with closing(HTTPConnection(str(self.link.hostname), self.link.port, timeout=30)) as http:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            http.putrequest(method, self.link.path + path, skip_host=True)
            for name, header in {**sent, "Content-Length": f"{len(body)}"}.items():
                http.putheader(name, header)

            http.endheaders(body)
            response = http.getresponse()
            text = response.read().decode()
            is_json = response.getheader("Content-Type", "").startswith("application/json")
            answer = json.loads(text) if is_json else text
            return response.status, answer, dict(response.getheaders())

    def state(self) -> dict[str, Any]:
        status, state, _ = self.request("GET", "state")
        assert status == 200, state
        return dict(state)

    def answer(self, state: dict[str, Any], code: str | None, **more: Any) -> dict[str, Any]:
        """Answer the open question of *state*; return the next state."""
        question = state["question"]
        self._number += 1
        content = {
            "request": f"r{self._number}",
            "item": question["item"],
            "variable": question["variable"],
            "code": code,
        }
        status, answer, _ = self.request("POST", "answer", content | more)
        assert status == 200, answer
        return dict(answer)

    def undo(self, state: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Take the answer before the open question of *state* back; return the next state."""
        question = state["question"] or {"item": None, "variable": None}
        self._number += 1
        content = {
            "request": f"r{self._number}",
            "item": question["item"],
            "variable": question["variable"],
        }
        status, answer, _ = self.request("POST", "undo", content | more)
        assert status == 200, answer
        return dict(answer)
