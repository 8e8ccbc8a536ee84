"""What a terminal shows while a command is at work: how much is done, of how much."""

from __future__ import annotations

import io
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from cli import progress
from cli.main import main
from core.progress import listening, say, tell, track
from tests.command_kit import closed_databases
from tests.packs_kit import jobs_over_headlines, months

# The arguments of a command in, what the terminal was shown out.
Recorded = Callable[..., list[str]]

ARCHIVE = Path(__file__).parents[2] / "sources" / "synthetic" / "archive"


class Terminal(io.StringIO):
    """A terminal that records what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, _valkey: str, _sqlite_template: Path
) -> Iterator[Path]:
    """A home with run 1, which has ended."""
    folder = tmp_path_factory.mktemp("shown")
    with jobs_over_headlines(folder, _valkey, _sqlite_template) as jobs:
        jobs.do_all(jobs.submit(months()))
        yield folder


@pytest.fixture
def recorded(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDINGS_DATABASE_URL", f"sqlite:///{home / 'tidings.db'}")
    monkeypatch.setenv("TERM", "xterm")
    shown: list[str] = []
    update = progress.ProgressOfTerminal.update

    def record(display: progress.ProgressOfTerminal, text: str, *, is_last: bool = False) -> None:
        shown.append(text)
        update(display, text, is_last=is_last)

    monkeypatch.setattr(progress.ProgressOfTerminal, "update", record)

    def call(*words: object) -> list[str]:
        shown.clear()
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(sys, "argv", ["tidings", *map(str, words)])
        with closed_databases(), pytest.raises(SystemExit):
            main()

        assert "\x1b[" in terminal.getvalue()
        return list(shown)

    return call


def read_counts(shown: list[str]) -> dict[str, list[tuple[int, int]]]:
    """Return how much was done, of how much, by what was done."""
    counts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for text in shown:
        found = re.match(r"(?:(\D+): )?([\d,]+) of ([\d,]+) (\w+)", text)
        if found:
            work, done, total, units = found.groups()
            numbers = int(done.replace(",", "")), int(total.replace(",", ""))
            counts[work or units].append(numbers)

    return counts


@pytest.mark.parametrize(
    ("command", "works"),
    [
        ("events 1", {"reading what was counted", "counting"}),
        ("export 1 documents --out FILE.csv", {"listing the documents", "writing the documents"}),
        ("export 1 mentions --out FILE.csv", {"reading the mentions"}),
        ("export 1 periods --out FILE.csv", {"counting"}),
        ("report 1 --out FILE", {"looking for repeats", "hashing the documents", "pages"}),
        ("figure 1 shares --out FILE.svg", {"looking for repeats"}),
        pytest.param(
            "pack 1 --texts --out FILE.zip",
            {"repeating the steps", "writing tables", "packing"},
            marks=pytest.mark.thorough,
        ),
        ("plan months 2020-03..2020-05 --keyword tide", {"jobs"}),
    ],
)
def test_a_command_shows_how_much_is_done_of_how_much_and_never_goes_back(
    command: str, works: set[str], recorded: Recorded, tmp_path: Path
) -> None:
    counts = read_counts(recorded(*command.replace("FILE", str(tmp_path / "file")).split()))
    assert works <= counts.keys()
    for steps in counts.values():
        assert steps == sorted(steps)
        assert all(done <= total for done, total in steps)

    for work in works - {"looking for repeats"}:
        done, total = counts[work][-1]
        assert done == total


@pytest.mark.thorough
def test_a_pack_that_is_verified_shows_how_much_is_done(recorded: Recorded, tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    recorded("pack", 1, "--texts", "--out", pack)
    counts = read_counts(recorded("verify", pack))
    for work in ("reading the pack", "repeating the steps", "comparing"):
        assert counts[work] == sorted(counts[work])
        assert counts[work][-1][0] == counts[work][-1][1]


def test_an_import_shows_how_many_files_are_read(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_DATABASE_URL", f"sqlite:///{tmp_path / 'imported.db'}")
    folder = tmp_path / "archive"
    folder.mkdir()
    for month in ("2023-01", "2023-02"):
        path = ARCHIVE / f"{month}.json.gz"
        (folder / path.name).write_bytes(path.read_bytes())

    shown = recorded("import", folder)
    assert shown[0] == "0 documents read"
    assert re.fullmatch(r"reading: 2 of 2 files, [\d,]+ documents read", shown[-1])


def test_work_without_news_shows_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.0)
    shown: list[str] = []
    ended = Event()

    class Status:
        def update(self, text: str) -> None:
            shown.append(text)
            ended.set() if text.endswith(" s") else None

    display = progress.ProgressOfTerminal("report 1", Status())  # type: ignore[arg-type]
    display.update("looking for repeats: 1 of 3 steps")
    display.repeat(ended)
    assert re.fullmatch(r"report 1: looking for repeats: 1 of 3 steps, \d s", shown[-1])


def test_work_that_is_repeated_does_not_go_back() -> None:
    shown: list[str] = []
    with listening(shown.append):
        assert list(track("counting", "abc")) == ["a", "b", "c"]
        assert list(track("counting", "abc")) == ["a", "b", "c"]
        tell("packing", 2, 1_200, "files")

    say("nobody listens")
    assert shown == [
        *("counting: 0 of 3 jobs", "counting: 1 of 3 jobs", "counting: 2 of 3 jobs"),
        *("counting: 3 of 3 jobs", "packing: 2 of 1,200 files"),
    ]
