"""Wrong usage and known errors: one line, the status of the contract, and nothing is queued."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import context
from cli.main import main
from models.database import Database
from sources.registry import SOURCES, archives, post_sources

ALL_SOURCES = ", ".join(source.name for source in SOURCES)
ARCHIVES = ", ".join(source.name for source in archives())
POST_SOURCES = ", ".join(source.name for source in post_sources())
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run ``tidings`` with arguments and no stack; return its status and standard error."""
    # A command leaves closing to the end of its process, which is this one.
    opened: list[Database] = []

    def open_database(*arguments: Any, **named: Any) -> Database:
        opened.append(original(*arguments, **named))
        return opened[-1]

    original = context.open_database
    monkeypatch.setattr(context, "open_database", open_database)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["tidings", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    yield call
    for database in opened:
        database.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("plan", "months", "9999-11..9999-12", "--keyword", "x"),
            "9999-11..9999-12 is no range of months",
        ),
        (
            ("submit", "months", "0000-01..0000-02", "--keyword", "x"),
            "0000-01..0000-02 is no range of months",
        ),
        (
            ("submit", "months", "2020-01..2020-13", "--keyword", "x"),
            "2020-01..2020-13 is no range of months",
        ),
        (("submit", "search", "", " "), "no term was given"),
        (("submit", "search", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "handles", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "months", "2020-01..2020-02", "--keyword", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "handles", "ann", "--name", "a\udcff"), "a\\udcff is no UTF-8"),
        (
            ("submit", "handles", "ann", "--source", "foo"),
            f"--source foo: it is one of {POST_SOURCES}",
        ),
        (
            ("plan", "search", "ann", "--source", "nyt"),
            f"--source nyt: it is one of {POST_SOURCES}",
        ),
        (
            ("plan", "months", "2020-01..2020-02", "--keyword", "a", "--source", "x"),
            f"--source x: it is one of {ARCHIVES}",
        ),
        (
            ("submit", "months", "2020-01..2020-02", "--keyword", "a", "--material", "a\udcff"),
            "a\\udcff is no UTF-8",
        ),
        (
            ("import", ".", "--column", "foo=a"),
            "'foo' is no field that a column can hold: use one of text, published_at",
        ),
        (
            ("import", ".", "--source", "foo"),
            f"'foo' is no source: use one of {ALL_SOURCES}",
        ),
        (("migrate", "nosuch"), "'nosuch' is no revision of the tables"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    status, error = run(*arguments)
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith(f"tidings: {message}")


def test_a_run_that_has_ended_cannot_be_paused_resumed_or_retried(run: Run) -> None:
    assert run("submit", "months", "2020-01..2020-01", "--keyword", "x")[0] == 0
    for _ in range(2):
        assert run("cancel", "1") == (0, "run 1 is cancelled\n")
    for command in ("pause", "resume", "retry"):
        assert run(command, "1") == (
            1,
            "tidings: run 1 has ended, it is cancelled: submit it again\n",
        )


def test_a_broken_mask_is_reported_before_anything_is_queued(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    status, error = run(
        "submit", "months", "2020-01..2020-01", "--keyword", "x", "--mask", "mask.png"
    )
    assert (status, error) == (
        1,
        "tidings: --mask mask.png is a broken PNG, or one of too many points: give another\n",
    )


def test_an_invalid_limit_is_reported_at_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_TEXTAPI_LIMITS", "many")
    status, error = run("up")
    assert (status, error.count("\n")) == (1, 1)
    assert error.startswith(
        "tidings: a setting makes no sense: TIDINGS_TEXTAPI_LIMITS: 'many' is no limit"
    )


def test_a_term_with_the_end_of_a_sentence_gets_a_warning(run: Run) -> None:
    status, error = run("submit", "months", "2020-01..2020-01", "--keyword", "Yahoo! Finance")
    assert status == 0
    assert error.startswith(
        "tidings: 'Yahoo! Finance' holds the end of a sentence, and is looked for within one\n"
    )


def test_an_unreadable_file_does_not_keep_others_from_being_imported(
    run: Run, tmp_path: Path
) -> None:
    for name in ("a.json", "z.json"):
        (tmp_path / name).write_text("no JSON at all")
    (tmp_path / "m.csv").write_text("text,handle,published_at\nHello,ann,2020-01-01\n")
    status, error = run("import", "a.json", "m.csv", "z.json")
    assert status == 3
    assert [line.split(": ")[2] for line in error.splitlines()] == ["a.json", "z.json"]
    status, error = run("import", "a.json")
    assert (status, error.count("\n")) == (1, 1)
