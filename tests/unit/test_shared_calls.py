"""Calls that another process may make: each is made once, wherever it is made."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import pytest

from reports.shared_calls import SharedCall


class OneProcess(Executor):
    """An executor that has begun the call, has not, or fails."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.outcome == "made":
            future.set_result("there")
        elif self.outcome == "failed":
            future.set_exception(OSError("no room"))

        return future


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        (None, "here"),
        (OneProcess("made"), "there"),
        (OneProcess("waiting"), "here"),
        (OneProcess("failed"), "here"),
    ],
    ids=["alone", "made", "waiting", "failed"],
)
def test_a_call_is_made_once_and_here_where_no_other_process_has_made_it(
    executor: Executor | None, expected: str
) -> None:
    calls: list[str] = []

    def call(place: str) -> str:
        calls.append(place)
        return place

    shared = SharedCall(executor, call, "here")
    assert [shared.result(), shared.result()] == [expected, expected]
    assert calls == (["here"] if expected == "here" else [])
