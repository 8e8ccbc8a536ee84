"""Files of results of batches: what a server may write in them, and what is read of it."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from core.service_client import LONGEST_ANSWER
from language_models.batches import NOTHING_ASKED, LineResult, read_lines

GOOD = {"custom_id": "good", "response": {"status_code": 200, "body": {"id": "answer"}}}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no JSON",
        b"\xff\xfe",
        b"[" * 200_000,
        b"[]",
        b'{"custom_id": 7, "response": {"status_code": 200, "body": {}}}',
    ],
)
def test_a_line_that_makes_no_sense_costs_no_other_line(line: bytes) -> None:
    file = BytesIO(line + b"\n" + json.dumps(GOOD).encode() + b"\n")
    assert list(read_lines(file)) == [LineResult("good", 200, {"id": "answer"})]


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"error": {"message": "expired"}}, "expired"),
        ({"response": {"status_code": 500, "body": {"error": {"message": "broken"}}}}, "broken"),
        ({"response": {"status_code": 500, "body": None}, "error": None}, ""),
        ({"response": "none"}, ""),
        ({"response": {"status_code": "200", "body": {"error": "no number"}}}, "no number"),
    ],
)
def test_a_line_without_an_answer_says_what_went_wrong(
    result: dict[str, Any], problem: str
) -> None:
    file = BytesIO(json.dumps({"custom_id": "bad", **result}).encode() + b"\n")
    (line,) = read_lines(file)
    assert not line.is_answer
    assert line.problem == problem


def test_a_line_that_is_longer_than_an_answer_may_be_costs_no_other_line() -> None:
    long_line = json.dumps({**GOOD, "custom_id": "x" * LONGEST_ANSWER}).encode()
    file = BytesIO(long_line + b"\n" + json.dumps(GOOD).encode() + b"\n")
    assert [line.custom_id for line in read_lines(file)] == ["good"]


@pytest.mark.parametrize(
    ("state", "done", "results", "missing", "lost"),
    [
        # It is completed, so every line was worked on, whatever the counts say.
        ("completed", 12, 10, 2, 2),
        ("completed", 0, 10, 2, 2),
        ("completed", None, 10, 2, 2),
        ("expired", 10, 10, 2, 0),
        ("expired", 11, 10, 2, 1),
        ("cancelled", 10**9, 10, 2, 2),
        ("cancelled", None, 10, 2, 2),
        ("failed", None, 0, 2, 0),
        ("failed", 1, 0, 2, 1),
    ],
)
def test_what_a_server_worked_on_and_does_not_deliver_is_lost(
    state: str, done: int | None, results: int, missing: int, lost: int
) -> None:
    status = replace(NOTHING_ASKED, state=state, done=done)
    assert status.count_lost(results, missing) == lost
