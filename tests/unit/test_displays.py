"""The bar of progress of the module."""

from __future__ import annotations

import sys

import pytest

from tidings import displays
from tidings.displays import ProgressBar
from tidings.program import Program


def test_a_bar_takes_nothing_back_when_a_sample_grows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(displays, "SECONDS_BETWEEN_LINES", 0.0)
    bar = ProgressBar("run 1")
    for share, text in ((0.5, "2 done"), (0.25, "1 done"), (0.75, "3 done")):
        bar.update(share, text)

    assert capsys.readouterr().err == (
        "run 1: 50%, 2 done\nrun 1: 50%, 1 done\nrun 1: 75%, 3 done\n"
    )


def test_what_a_command_says_of_its_progress_is_shown_in_a_terminal_while_it_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["report 1: counting: 3 of 24 jobs", "a line of another kind", "tidings: a remark"]
    script = f"import sys; print(*{said!r}, sep=chr(10), file=sys.stderr); print('done')"
    program = Program([sys.executable, "-c", script], {}, "tidings")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert program.run([]) == b"done\n"
    assert capsys.readouterr().err == f"\r{said[0]}\n{said[2]}\n"
