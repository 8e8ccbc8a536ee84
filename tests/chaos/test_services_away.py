"""Valkey, the Text API and the database misbehave while a run is under way."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
import redis

from tests.chaos.fleet import CONCURRENCY, IN_HAND, PROCESSES, WORKERS, Fleet
from tests.services import wait_until

SLOTS = CONCURRENCY * PROCESSES * len(WORKERS)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


def test_valkey_forgets_everything(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    with redis.Redis.from_url(str(fleet.settings.redis_url)) as client:
        client.flushall()

    fleet.finish()
    hold(fleet.outcome(), again=0)


@pytest.mark.parametrize("file", ["kept", "lost"])
def test_valkey_killed_with_its_file(fleet: Fleet, hold: Callable[..., None], file: str) -> None:
    fleet.submit()
    fleet.until_asked(100)
    fleet.kill_and_leave("valkey")
    if file == "lost":
        shutil.rmtree(fleet.home / "valkey" / "appendonlydir")

    fleet.start("valkey")
    fleet.finish()
    hold(fleet.outcome(), again=0)


def test_the_text_api_fails_resets_and_hangs(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.behave(error_500=0.10, reset=0.05, hang=0.02)
    fleet.submit()
    fleet.finish(110.0)
    hold(fleet.outcome(), again=0)


def test_the_text_api_answers_with_what_is_no_answer(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    """HTML, half an answer, a missing key, a wrong type, twenty megabytes, a reset in mid-body."""
    fleet.behave(broken=0.10)
    fleet.submit()
    fleet.finish(110.0)
    assert fleet.seen()["broken"] >= 30
    sizes = [child.memory_info().rss for name in WORKERS for child in fleet.children_of(name)]
    assert max(sizes) < 250 * 2**20, "a huge answer was held"
    hold(fleet.outcome(), again=0)


def test_the_text_api_wants_to_be_left_alone(fleet: Fleet, hold: Callable[..., None]) -> None:
    fleet.submit()
    fleet.until_asked(100)
    fleet.behave(status=429, retry_after=5)
    wait_until(lambda: fleet.seen()["refused"], what="the first refusal")
    told_by = time.monotonic() + 2.0
    wait_until(lambda: time.monotonic() > told_by, what="two seconds")
    fleet.behave()
    fleet.finish()
    # The stub tells the times: a busy machine looks at it later than it wants to.
    seen = fleet.seen()
    assert seen["refused"] <= 2 * SLOTS, "calls went on after the service had said how long to wait"
    assert seen["silence"] >= 5.0, "calls were made before the time that the service had named"
    hold(fleet.outcome(), again=0)


@pytest.mark.parametrize("fleet", [{"textapi_limits": "60/s,100000/d"}], indirect=True)
def test_a_limit_is_kept_while_children_are_killed_and_valkey_forgets(
    fleet: Fleet, hold: Callable[..., None]
) -> None:
    fleet.submit()
    fleet.until_asked(100)
    with redis.Redis.from_url(str(fleet.settings.redis_url)) as client:
        client.flushall()

    kills = 0
    end = time.monotonic() + 100.0
    # Not faster: nobody may call while the rate limiter recovers, and a job that is killed three
    # times in that silence has made no progress.
    while not fleet.tend(3.0):
        assert time.monotonic() < end, fleet.state()
        for child in fleet.children_of(WORKERS[kills % 2])[:1]:
            with suppress(psutil.NoSuchProcess):
                child.kill()
                kills += 1

    assert kills >= 3
    assert fleet.seen()["fullest"]["1.0"] <= 60
    hold(fleet.outcome(), again=kills * IN_HAND)
