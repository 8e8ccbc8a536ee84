"""The lines in which `submit --wait` says why a run waits."""

from __future__ import annotations

import pytest

from cli import progress


def test_a_reason_that_comes_again_between_two_tries_has_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LASTING_SECONDS", 0.0)
    away = "textapi does not answer (no answer since 23:04:00 UTC"
    reasons = progress.WaitingReasons(3)
    for reason in (f"{away})", f"{away}; next try at 23:04:30 UTC)", f"{away})", None, f"{away})"):
        reasons.report(reason)

    assert capsys.readouterr().err.splitlines() == [
        f"tidings: run 3 waits: {away})",
        f"tidings: run 3 waits: {away}; next try at 23:04:30 UTC)",
    ]
