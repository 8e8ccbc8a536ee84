"""Files of results of batches: what a server may write in them, and what is read of it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from language_models.batches import read_lines

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
    assert list(read_lines(file)) == [("good", {"id": "answer"}, "")]


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"error": {"message": "expired"}}, "expired"),
        ({"response": {"status_code": 500, "body": {"error": {"message": "broken"}}}}, "broken"),
        ({"response": {"status_code": 500, "body": None}, "error": None}, ""),
        ({"response": "none"}, ""),
    ],
)
def test_a_line_without_an_answer_says_what_went_wrong(
    result: dict[str, Any], problem: str
) -> None:
    file = BytesIO(json.dumps({"custom_id": "bad", **result}).encode() + b"\n")
    assert list(read_lines(file)) == [("bad", None, problem)]
