"""The bar of progress of the module."""

from __future__ import annotations

import pytest

from tidings import displays
from tidings.displays import ProgressBar


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
