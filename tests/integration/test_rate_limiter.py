"""The shared limit in a real Valkey: windows, closing and reopening, lost memory, several processes and a server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import redis
from redis.asyncio import Redis

from core.errors import BrokerAway, CapReached
from core.rate_limit_notation import parse_limits
from core.ratelimit import limiter
from core.ratelimit.limiter import RateLimiter
from tests.chaos.limit_clients import count

Rows = list[tuple[int, int]]


@pytest.fixture
def quick_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process is alone here: nobody else's renewals have to be waited for."""
    monkeypatch.setattr(limiter, "RENEW_SECONDS", 0.05)


def with_gates(
    redis_url: str,
    limit: str,
    work: Callable[..., Awaitable[Any]],
    *,
    gates: int = 1,
    history: Callable[[float], Rows] = lambda _: [],
) -> Any:
    """Run ``work(*gates)``, each gate as in a process of its own."""

    async def known(seconds: float) -> Sequence[tuple[int, int]]:
        return history(seconds)

    async def main() -> Any:
        clients = [Redis.from_url(redis_url) for _ in range(gates)]
        opened = [
            RateLimiter(
                client, service="nyt", credential="c", windows=parse_limits(limit), history=known
            )
            for client in clients
        ]
        try:
            return await work(*opened)
        finally:
            for gate in opened:
                await gate.aclose()
            for client in clients:
                await client.aclose()

    return asyncio.run(main())


async def call(gate: RateLimiter) -> float:
    async with gate.call():
        return time.monotonic()


def fullest(times: Sequence[float], seconds: float) -> int:
    return max(sum(at <= other < at + seconds for other in times) for at in times)


@pytest.mark.usefixtures("quick_rebuild")
def test_no_stretch_of_a_window_holds_more_calls_whoever_makes_them(redis_url: str) -> None:
    async def work(*gates: RateLimiter) -> list[float]:
        return await asyncio.gather(*(call(gate) for gate in gates for _ in range(9)))

    times = with_gates(redis_url, "10/s", work, gates=3)
    assert len(times) == 27
    assert fullest(times, 1.0) == 10


@pytest.mark.usefixtures("quick_rebuild")
def test_every_window_holds_at_once(redis_url: str) -> None:
    async def work(gate: RateLimiter) -> list[float]:
        return await asyncio.gather(*(call(gate) for _ in range(6)))

    times = with_gates(redis_url, "3/s,4/2s", work)
    assert fullest(times, 1.0) == 3
    assert fullest(times, 2.0) == 4


@pytest.mark.usefixtures("quick_rebuild")
def test_a_cap_that_is_reached_says_until_when_instead_of_waiting(redis_url: str) -> None:
    async def work(gate: RateLimiter) -> CapReached:
        for _ in range(2):
            await call(gate)
        with pytest.raises(
            CapReached, match=r"nyt: limit of 2/d is reached until \d{4}-\d\d-\d\d \d\d:\d\d UTC"
        ) as e:
            await call(gate)
        return e.value

    until = with_gates(redis_url, "2/d", work).until
    assert until == pytest.approx(time.time() + 86400, abs=60)


@pytest.mark.usefixtures("quick_rebuild")
def test_long_windows_are_refilled_from_the_calls_that_were_counted(redis_url: str) -> None:
    minute = int(time.time() // 60)
    asked: list[float] = []

    def history(seconds: float) -> Rows:
        asked.append(seconds)
        return [(minute - 30, 3), (minute, 5)]

    async def work(gate: RateLimiter) -> CapReached:
        for _ in range(2):
            await call(gate)
        with pytest.raises(CapReached) as error:
            await call(gate)
        return error.value

    until = with_gates(redis_url, "10/h", work, history=history).until
    assert asked == [3660]
    assert until == pytest.approx(
        (minute - 29) * 60 + 3600, abs=3
    )  # the oldest of them leaves first


@pytest.mark.usefixtures("quick_rebuild")
def test_after_a_lost_memory_nobody_calls_before_the_past_is_known(redis_url: str) -> None:
    made = 0

    def history(_seconds: float) -> Rows:
        return [(int(time.time() // 60), made)]

    async def work(gate: RateLimiter, other: RateLimiter) -> list[float]:
        nonlocal made
        first = await asyncio.gather(*(call(gate) for _ in range(4)))
        made = 4
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        second = await asyncio.gather(*(call(other) for _ in range(2)))
        with pytest.raises(CapReached):
            await call(gate)
        return [*first, *second]

    times = with_gates(redis_url, "4/s,6/h", work, gates=2, history=history)
    assert fullest(times, 1.0) == 4


@pytest.mark.usefixtures("quick_rebuild")
def test_a_process_killed_while_it_finds_out_holds_the_others_up_for_a_moment_only(
    redis_url: str,
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("tidings:limit:nyt:c:rebuild", "a dead process", px=limiter.LOCK_MS // 10)
    assert limiter.LOCK_MS <= 2000
    with_gates(redis_url, "4/s", call)


@pytest.mark.usefixtures("quick_rebuild")
@pytest.mark.parametrize("limit", ["", "100/s"])
def test_a_closed_service_is_left_alone_by_all_and_the_longest_closing_wins(
    redis_url: str, limit: str
) -> None:
    async def work(gate: RateLimiter, other: RateLimiter) -> tuple[float, list[float]]:
        await call(gate)
        began = time.monotonic()
        await gate.close(1.5)
        await gate.close(0.1)
        return began, await asyncio.gather(*(call(g) for g in (gate, other) for _ in range(3)))

    began, times = with_gates(redis_url, limit, work, gates=2)
    assert min(times) - began >= 1.45


@pytest.mark.usefixtures("quick_rebuild")
def test_a_service_closed_for_long_is_no_wait_but_a_cap(redis_url: str) -> None:
    async def work(gate: RateLimiter) -> CapReached:
        await gate.close(600)
        with pytest.raises(CapReached, match="nyt: is closed until") as error:
            await call(gate)
        return error.value

    for limit in ("", "10/s"):
        assert with_gates(redis_url, limit, work).until == pytest.approx(time.time() + 600, abs=5)


@pytest.mark.usefixtures("quick_rebuild")
@pytest.mark.parametrize("limit", ["", "100/s"])
def test_a_reopened_service_is_tried_by_one_call_first(redis_url: str, limit: str) -> None:
    async def work(gate: RateLimiter, other: RateLimiter) -> list[tuple[float, float]]:
        spans = []

        async def slow(one: RateLimiter) -> None:
            async with one.call():
                began = time.monotonic()
                await asyncio.sleep(0.3)
                spans.append((began, time.monotonic()))

        await call(gate)
        await gate.close(0.2)
        await asyncio.gather(*(slow(one) for one in (gate, other) for _ in range(4)))
        return sorted(spans)

    spans = with_gates(redis_url, limit, work, gates=2)
    assert len(spans) == 8
    assert all(began >= spans[0][1] for began, _ in spans[1:])


@pytest.mark.usefixtures("quick_rebuild")
def test_what_was_taken_ahead_of_calls_that_never_came_is_given_back(redis_url: str) -> None:
    async def work(gate: RateLimiter) -> list[int]:
        async def calls() -> None:
            for _ in range(100):
                await call(gate)

        await asyncio.gather(*(calls() for _ in range(10)))
        entries = [len(gate._stock)]
        async with asyncio.timeout(10):
            async with Redis.from_url(redis_url) as client:
                while entries[-1] != 1000:
                    entries.append(await client.zcard("tidings:limit:nyt:c:60s"))
                    await asyncio.sleep(0.01)
        return entries

    ahead, *_, left = with_gates(redis_url, "100000/min", work)
    assert ahead > 0
    assert left == 1000


@pytest.mark.usefixtures("quick_rebuild")
def test_who_is_cancelled_while_waiting_takes_no_place(redis_url: str) -> None:
    async def work(gate: RateLimiter) -> list[float]:
        times = [await call(gate) for _ in range(2)]
        waiting = [asyncio.create_task(call(gate)) for _ in range(5)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return [*times, await call(gate), await call(gate)]

    times = with_gates(redis_url, "2/s", work)
    assert times[3] - times[0] < 2.0


def test_a_limit_without_redis_lets_nobody_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "LONGEST_WAIT_SECONDS", 0.0)

    async def work(gate: RateLimiter) -> None:
        with pytest.raises(BrokerAway, match="Redis does not answer"):
            await call(gate)

    with_gates("redis://127.0.0.1:1/0", "2/s", work)


def test_without_a_limit_no_redis_is_needed() -> None:
    with_gates("redis://127.0.0.1:1/0", "", call)


def test_processes_whose_memory_is_lost_in_the_midst_stay_within_what_the_server_counts(
    redis_url: str,
) -> None:
    counted = count(redis_url, "50/s", processes=3, seconds=6.0, latency=0.02, flush_after=1.5)
    assert counted.fullest[1] <= 50
    assert counted.calls > 100


def test_busy_processes_on_a_jittery_network_that_are_killed_stay_within_what_the_server_counts(
    redis_url: str,
) -> None:
    options = ("--busy", "--jitter", "0.2")
    counted = count(
        redis_url,
        "20/s,50/3s",
        processes=3,
        seconds=9.0,
        latency=0.02,
        options=options,
        kill_every=2.5,
    )
    assert counted.fullest[1] <= 20
    assert counted.fullest[3] <= 50
    assert counted.calls > 60
