"""Whole jobs at a Text API whose answers are changed at random: none ends as our own fault.

Twenty seconds; ten minutes in the long form (`make chaos-long`).
"""

from __future__ import annotations

import json
import logging
import math
import random
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import State
from core.settings import Settings
from models.database import migrate
from models.documents import add_documents
from tests import stub_textapi
from tests.chaos.fuzz_kit import MOST_MEMORY, ODD_BYTES, SECONDS, largest_memory, until_the_end
from tests.integration.test_fetching import stored_post
from tests.integration.test_odd_answers import FAULTS
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving
from textapi import client
from textapi.messages import ENGINE_HEADER

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(SECONDS + 120)]

TEXTS = (
    "The NASA tide is in. Few know why NASA knows.",
    "The ESA tide is out again.",
    "NASA!",
    "tide 12",
    'Tide "of" PORT. Tide? tide…',
)
RUNS = (
    (AccountsParameters(), ("bob",)),
    (
        MonthsParameters(
            first="2020-01",
            last="2020-01",
            keywords=(Keyword.parse("tide:nasa"),),
            steps=("keywords", "polarity", "phrases", "entities", "summary"),
        ),
        (),
    ),
)
PIECES = (
    *("a", "NASA", " ", "tide", ".", "\x00", "\ud800", "\U0001f600", "\n", "\u2028", "\x1b[31m"),
    *("<b>", "'", '"', "\u202e"),
)
NUMBERS = (0, 1, -1, 0.5, 2, -7, 10**400, 10**4299, 1e308, math.nan, math.inf, True, 5e-324, -0.0)
STATUSES = (*[200] * 99, 400, 404, 429, 500, 503, 302, 999)
RETRY_AFTER = ("0", "-1", "nan", "1e999", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "²")
ENGINES = (*["odd/1"] * 20, "\xff", "x" * 5000, "odd/2", "", "a b")


class OddAnswers:
    """Answers as the stub does, and changes a share of the answers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.share = 0.1
        self.changed = 0

    def respond(self, operation: str, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        right = stub_textapi.answer(operation, body)
        headers = {ENGINE_HEADER: "odd/1"}
        if self.rng.random() >= self.share:
            return 200, headers, json.dumps(right).encode()

        self.changed += 1
        headers[ENGINE_HEADER] = self.rng.choice(ENGINES)
        status = self.rng.choice(STATUSES)
        if status in (429, 503):
            headers["Retry-After"] = self.rng.choice(RETRY_AFTER)
        if status == 302:
            headers["Location"] = "http://a\xff/"

        return status, headers, self.change_body(right)

    def change_body(self, right: dict[str, Any]) -> bytes:
        match self.rng.randrange(8):
            case 0 | 1 | 2 | 3:
                return json.dumps(self.change(right)).encode()
            case 4:
                return self.damage(json.dumps(right).encode())
            case 5:
                return json.dumps(self.value()).encode()
            case 6:
                depth = self.rng.choice([10, 900, 5000, 200_000])
                name = json.dumps(next(iter(right), "x")).encode()
                return b"{" + name + b":" + b"[" * depth + b"]" * depth + b"}"
            case _:
                return json.dumps(right).encode()

    def change(self, right: Any) -> Any:
        """Replace, add and leave out some parts of a right answer."""
        if self.rng.random() < 0.15:
            return self.value()
        if isinstance(right, list | tuple):
            changed = list(map(self.change, right))
            return [*changed, self.value()] if self.rng.random() < 0.1 else changed

        if isinstance(right, dict):
            kept = {key: value for key, value in right.items() if self.rng.random() > 0.05}
            return dict(zip(kept, map(self.change, kept.values()), strict=True))

        if isinstance(right, str) and self.rng.random() < 0.3:
            at = self.rng.randint(0, len(right))
            return right[:at] + self.text() + right[at:]

        if isinstance(right, float) and self.rng.random() < 0.3:
            return self.rng.choice(NUMBERS)

        return right

    def damage(self, body: bytes) -> bytes:
        damaged = bytearray(body)
        for _ in range(self.rng.randint(1, 5)):
            at = self.rng.randint(0, len(damaged))
            if self.rng.random() < 0.5:
                damaged[at:at] = self.rng.choice(ODD_BYTES)
            else:
                del damaged[at : at + self.rng.randint(1, 8)]

        return bytes(damaged)

    def value(self, depth: int = 0) -> Any:
        kind = self.rng.randrange(8 if depth < 5 else 4)
        if kind < 2:
            return self.rng.choice(NUMBERS)
        if kind == 2:
            return None
        if kind == 3:
            return self.text()

        values = [self.value(depth + 1) for _ in range(self.rng.randrange(4))]
        return {self.text(): value for value in values} if kind == 4 else values

    def text(self) -> str:
        return "".join(self.rng.choices(PIECES, k=self.rng.randrange(12)))


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = replace(client.RETRY_POLICY, attempts=2, first_wait=0.0)
    monkeypatch.setattr(client, "RETRY_POLICY", policy)


def documents() -> list[dict[str, Any]]:
    posts = [stored_post(number, text=text) for number, text in enumerate(TEXTS)]
    headlines = []
    for number, text in enumerate(TEXTS):
        of_month = {"source": "nyt", "handle": None, "period": "2020-01"}
        at = datetime(2020, 1, 1 + number)  # noqa: DTZ001 - stored times are naive UTC
        headline = {**stored_post(number, text=text), **of_month, "published_at": at}
        headlines.append({**headline, "identity": f"nyt:{number}"})

    return posts + headlines


def work_until_it_ends(jobs: Jobs, run: int) -> Any:
    for _ in range(200):
        row = jobs.slice(run)
        if row.state in (State.DONE, State.FAILED):
            return row

    raise AssertionError(row)


def test_no_answer_is_a_fault_of_the_program(redis_url: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    migrate(f"sqlite:///{empty}")
    answers = OddAnswers(random.Random(3))
    states: Counter[str] = Counter()

    with serving(answers.respond) as service, redis.Redis.from_url(redis_url) as broker:
        for number in until_the_end():
            answers.share = answers.rng.choice([0.03, 0.1, 0.3, 0.8])
            broker.flushall()
            path = tmp_path / f"{number}.db"
            shutil.copyfile(empty, path)
            settings = Settings(
                home=tmp_path / "home",
                database_url=f"sqlite:///{path}",
                redis_url=redis_url,
                textapi_url=service.url,
                patience_seconds=0,
            )
            with closing(Jobs(settings)) as jobs:
                add_documents(jobs.db, documents())
                for parameters, names in RUNS:
                    row = work_until_it_ends(jobs, jobs.submit(parameters, *names))
                    assert not any(fault in (row.reason or "") for fault in FAULTS), row.reason
                    states[row.state] += 1

            path.unlink()

    memory = largest_memory()
    logging.getLogger(__name__).warning(
        "%s, %d calls, %d odd answers, %.0f MB",
        dict(states),
        service.calls,
        answers.changed,
        memory / 1e6,
    )
    assert min(states[State.DONE], states[State.FAILED]) > 0
    assert memory < MOST_MEMORY
