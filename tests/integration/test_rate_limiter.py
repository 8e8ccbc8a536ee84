"""The rate limiter in a real Valkey: windows, circuit breaker, recovery, processes, a server.

Time is virtual, but where processes are killed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest
import redis
from redis.asyncio import Redis

from core.errors import BrokerAway, CapReached
from core.ratelimit import MinuteCount, recovery
from core.ratelimit.circuit_breaker import let_services_be_tried
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import parse_limits
from tests.chaos.limit_clients import run_clients
from tests.limiter_kit import make_limiter, run_in_virtual_time
from tests.virtual_time import VirtualTime


async def call(virtual_time: VirtualTime, limiter: RateLimiter) -> int:
    """Return when the call was allowed, in microseconds."""
    async with limiter.call():
        return virtual_time.microseconds


async def call_often(
    virtual_time: VirtualTime, *limiters: RateLimiter, calls: int = 1
) -> list[int]:
    """Make so many calls through each limiter at once."""
    calls_at_once = [call(virtual_time, limiter) for limiter in limiters for _ in range(calls)]
    return await asyncio.gather(*calls_at_once)


def fullest(times: Sequence[int], seconds: int) -> int:
    """Return how many of the *times*, in microseconds, the fullest period of *seconds* holds."""
    length = seconds * 1_000_000
    return max(sum(start <= other < start + length for other in times) for start in times)


def test_no_period_of_a_window_holds_more_calls_whoever_makes_them(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> list[int]:
        return await call_often(virtual_time, *limiters, calls=9)

    times = run_in_virtual_time(redis_url, "10/s", work, processes=3)
    assert len(times) == 27
    assert fullest(times, 1) == 10


def test_every_window_holds_at_once(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> list[int]:
        return await call_often(virtual_time, limiter, calls=6)

    times = run_in_virtual_time(redis_url, "3/s,4/2s", work)
    assert fullest(times, 1) == 3
    assert fullest(times, 2) == 4


def test_a_call_counts_while_in_flight_and_for_its_window_after_the_response(
    redis_url: str,
) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[int, list[int]]:
        async with limiter.call():
            began = virtual_time.microseconds
            others = asyncio.create_task(call_often(virtual_time, limiter, calls=12))
            await virtual_time.sleep(5)

        return began, await others

    began, times = run_in_virtual_time(redis_url, "2/s", work)
    counted_until = began + 6_000_000
    assert fullest([at for at in times if at < counted_until], 1) == 1
    assert fullest([at for at in times if at >= counted_until], 1) == 2


def test_the_call_of_a_killed_process_counts_until_its_permit_is_not_renewed_for_long(
    redis_url: str,
) -> None:
    async def work(
        virtual_time: VirtualTime, killed: RateLimiter, other: RateLimiter
    ) -> tuple[int, int]:
        async with killed.call():
            began = virtual_time.microseconds
            await killed.aclose()
            return began, await call(virtual_time, other)

    began, next_call = run_in_virtual_time(redis_url, "1/s", work, processes=2)
    assert 4_000_000 <= next_call - began <= 5_000_000  # three seconds and the window


def test_a_cap_that_is_reached_says_until_when_instead_of_waiting(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[float, CapReached]:
        await call_often(virtual_time, limiter, calls=2)
        with pytest.raises(
            CapReached, match=r"nyt: limit of 2/d is reached until \d{4}-\d\d-\d\d \d\d:\d\d UTC"
        ) as error:
            await call(virtual_time, limiter)

        return virtual_time.time(), error.value

    now, cap = run_in_virtual_time(redis_url, "2/d", work)
    assert cap.until == pytest.approx(now + 86400, abs=60)


def test_long_windows_are_refilled_from_the_table_of_calls(redis_url: str) -> None:
    now = time.time
    minute = int(now() // 60)
    periods: list[float] = []

    async def history(seconds: float) -> Sequence[MinuteCount]:
        periods.append(seconds)
        ended_ago = now() - 60 * (minute + 1)
        return [MinuteCount(ended_ago + 1800, 3), MinuteCount(ended_ago, 5)]

    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> CapReached:
        nonlocal now
        now = virtual_time.time
        await call_often(virtual_time, limiter, calls=2)
        with pytest.raises(CapReached) as error:
            await call(virtual_time, limiter)

        return error.value

    cap = run_in_virtual_time(redis_url, "10/h", work, history=history)
    assert periods == [3660]
    oldest_ends = (minute - 29) * 60 + 3600
    assert cap.until == pytest.approx(oldest_ends, abs=3)


def test_after_redis_lost_its_data_nobody_calls_before_the_windows_are_rebuilt(
    redis_url: str,
) -> None:
    stored_calls = 0

    async def history(_seconds: float) -> Sequence[MinuteCount]:
        return [MinuteCount(-30.0, stored_calls)]

    async def work(
        virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter
    ) -> list[int]:
        nonlocal stored_calls
        before = await call_often(virtual_time, limiter, calls=4)
        stored_calls = 4
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

        after = await call_often(virtual_time, other, calls=2)
        with pytest.raises(CapReached):
            await call(virtual_time, limiter)

        return [*before, *after]

    times = run_in_virtual_time(redis_url, "4/s,6/h", work, processes=2, history=history)
    assert fullest(times, 1) == 4


@pytest.mark.thorough
@pytest.mark.parametrize("lives_for", [0.0, 4.0])
def test_a_process_killed_during_recovery_delays_the_others_until_its_lock_expires(
    redis_url: str, lives_for: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recovery.LOCK_MS <= 2000
    # A shorter lock would expire where a busy machine does not come to renew it.
    lock_seconds = recovery.LOCK_MS / 1000
    monkeypatch.setattr(recovery, "SETTLE_SECONDS", 0.05)

    async def main() -> float:
        is_recovering = asyncio.Event()

        async def endless_history(_seconds: float) -> Sequence[MinuteCount]:
            is_recovering.set()
            await asyncio.Event().wait()
            return []

        async def call_now(limiter: RateLimiter) -> float:
            async with limiter.call():
                return time.monotonic()

        async with Redis.from_url(redis_url) as client, Redis.from_url(redis_url) as other_client:
            killed = make_limiter(client, "4/h", endless_history)
            other = make_limiter(other_client, "4/h")
            never_allowed = asyncio.create_task(call_now(killed))
            await is_recovering.wait()
            waiting = asyncio.create_task(call_now(other))
            await asyncio.sleep(lives_for)
            assert not waiting.done()  # the lock is renewed while its process lives

            await killed.aclose()
            killed_at = time.monotonic()
            async with asyncio.timeout(60):
                delay = await waiting - killed_at

            never_allowed.cancel()
            await other.aclose()

        return delay

    # The rest of the lock, then a retry.
    assert 0.5 <= asyncio.run(main()) / lock_seconds <= 3


@pytest.mark.parametrize("limit", ["", "100/s", "100000/min"])
def test_an_open_circuit_holds_for_all_and_the_longest_time_counts(
    redis_url: str, limit: str
) -> None:
    async def work(
        virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter
    ) -> tuple[int, list[int]]:
        for _ in range(20):  # so that permits are prefetched where the limit does not bind
            await call(virtual_time, limiter)

        opened_at = virtual_time.microseconds
        await limiter.open_circuit(1.5)
        await limiter.open_circuit(0.1)
        return opened_at, await call_often(virtual_time, limiter, other, calls=3)

    opened_at, times = run_in_virtual_time(redis_url, limit, work, processes=2)
    assert min(times) - opened_at >= 1_450_000


@pytest.mark.parametrize("limit", ["", "10/s"])
def test_a_circuit_open_for_long_is_no_wait_but_a_cap(redis_url: str, limit: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[float, CapReached]:
        await limiter.open_circuit(600)
        with pytest.raises(CapReached, match="nyt: is closed until") as error:
            await call(virtual_time, limiter)

        return virtual_time.time(), error.value

    now, cap = run_in_virtual_time(redis_url, limit, work)
    assert cap.until == pytest.approx(now + 600, abs=5)


@pytest.mark.parametrize("limit", ["", "100/s", "100000/min"])
def test_when_the_time_is_over_one_call_tries_the_service_first(redis_url: str, limit: str) -> None:
    async def work(
        virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter
    ) -> list[tuple[int, int]]:
        spans = []

        async def call_slowly(through: RateLimiter) -> None:
            async with through.call():
                began = virtual_time.microseconds
                await virtual_time.sleep(0.3)
                spans.append((began, virtual_time.microseconds))

        await call(virtual_time, limiter)
        await limiter.open_circuit(0.2)
        calls = [call_slowly(through) for through in (limiter, other) for _ in range(4)]
        await asyncio.gather(*calls)
        return sorted(spans)

    spans = run_in_virtual_time(redis_url, limit, work, processes=2)
    assert len(spans) == 8
    first_ended = spans[0][1]
    assert all(began >= first_ended for began, _ in spans[1:])


def test_prefetched_permits_that_no_call_used_are_returned(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[int, int]:
        async def call_in_turn() -> None:
            for _ in range(100):
                await call(virtual_time, limiter)

        await asyncio.gather(*(call_in_turn() for _ in range(10)))
        prefetched = len(limiter._prefetched._permits)
        await virtual_time.sleep(1)
        async with Redis.from_url(redis_url) as client:
            return prefetched, await client.zcard("tidings:limit:nyt:c:60s")

    prefetched, counted = run_in_virtual_time(redis_url, "100000/min", work)
    assert prefetched > 0
    assert counted == 1000


def test_a_waiting_call_that_is_cancelled_takes_no_permit(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> list[int]:
        times = [await call(virtual_time, limiter) for _ in range(2)]
        waiting = [asyncio.create_task(call(virtual_time, limiter)) for _ in range(5)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()

        await asyncio.gather(*waiting, return_exceptions=True)
        times += [await call(virtual_time, limiter) for _ in range(2)]
        return times

    times = run_in_virtual_time(redis_url, "2/s", work)
    assert times[3] - times[0] < 2_000_000


def test_with_a_limit_nobody_calls_without_redis() -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> None:
        with pytest.raises(BrokerAway, match="Redis does not answer"):
            await call(virtual_time, limiter)

    run_in_virtual_time("redis://127.0.0.1:1/0", "2/s", work)


def test_without_a_limit_no_redis_is_needed() -> None:
    run_in_virtual_time("redis://127.0.0.1:1/0", "", call)


@pytest.mark.thorough
def test_processes_stay_within_what_the_server_counts_when_redis_loses_its_data(
    redis_url: str,
) -> None:
    counts = run_clients(redis_url, "50/s", processes=3, seconds=6.0, latency=0.02, flush_after=1.5)
    assert counts.fullest[1] <= 50
    assert counts.calls > 100


@pytest.mark.thorough
def test_busy_processes_on_a_jittery_network_that_are_killed_stay_within_what_the_server_counts(
    redis_url: str,
) -> None:
    counts = run_clients(
        redis_url,
        "20/s,50/3s",
        processes=3,
        seconds=9.0,
        latency=0.02,
        options=("--busy", "--jitter", "0.2"),
        kill_every=2.5,
    )
    assert counts.fullest[1] <= 20
    assert counts.fullest[3] <= 50
    assert counts.calls > 60


TWO_HOURS = 7200


@pytest.mark.parametrize("limit", ["10/s", "20/2s,1000/d", "100/min"])
def test_a_clock_that_was_ahead_for_a_moment_stops_no_calls_when_it_is_right_again(
    redis_url: str, limit: str
) -> None:
    first_window = parse_limits(limit)[0]

    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[int, list[int]]:
        await call_often(virtual_time, limiter, calls=first_window.amount)
        virtual_time.redis_ahead = TWO_HOURS
        await call_often(virtual_time, limiter, calls=first_window.amount)
        await virtual_time.sleep(8)
        virtual_time.redis_ahead = 0
        right_again = virtual_time.microseconds
        times = []
        while len(times) < 2 * first_window.amount:
            with suppress(CapReached):
                times += await call_often(virtual_time, limiter, calls=first_window.amount)

            await virtual_time.sleep(1)
            assert virtual_time.microseconds - right_again < 300_000_000, "no calls for minutes"

        return right_again, times

    right_again, times = run_in_virtual_time(redis_url, limit, work)
    assert times[0] - right_again <= (first_window.seconds + 2) * 1_000_000
    assert fullest(times, first_window.seconds) <= first_window.amount


@pytest.mark.parametrize("limit", ["", "10/s"])
def test_a_circuit_that_was_opened_while_the_clock_was_ahead_closes_after_its_time(
    redis_url: str, limit: str
) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter) -> float:
        virtual_time.redis_ahead = TWO_HOURS
        await limiter.open_circuit(5)
        virtual_time.redis_ahead = 0
        right_again = virtual_time.microseconds
        await call_often(virtual_time, other, calls=3)
        return (virtual_time.microseconds - right_again) / 1e6

    assert 4.9 <= run_in_virtual_time(redis_url, limit, work, processes=2) <= 12


@pytest.mark.thorough
def test_what_expires_by_a_clock_that_was_ahead_is_not_waited_for(redis_url: str) -> None:
    async def main() -> None:
        async with Redis.from_url(redis_url) as client:
            limiter = make_limiter(client, "100/s")
            await limiter.open_circuit(0.1)
            for key in ("trial", "recovery"):  # as they were set when it was two hours later
                await client.set(f"tidings:limit:nyt:c:{key}", "1", px=TWO_HOURS * 1000)

            async with asyncio.timeout(15), limiter.call():
                pass

            await limiter.aclose()

    asyncio.run(main())


def test_a_loss_that_was_noticed_while_the_clock_was_ahead_does_not_delay_the_recovery(
    redis_url: str,
) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> float:
        async with Redis.from_url(redis_url) as client:
            run_id = (await client.info("server"))["run_id"]
            lost_at = virtual_time.time() + TWO_HOURS
            await client.set(f"tidings:limit:nyt:c:run_id:lost:{run_id}", lost_at)

        await call(virtual_time, limiter)
        return virtual_time.microseconds / 1e6

    assert run_in_virtual_time(redis_url, "10/s", work) <= 10


def test_a_service_that_asked_to_be_left_alone_for_long_can_be_tried_at_once(
    redis_url: str,
) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter) -> int:
        await limiter.open_circuit(86400)
        for through in (limiter, other):
            with pytest.raises(CapReached, match="`tidings resume RUN` tries it at once"):
                await call(virtual_time, through)

        with redis.Redis.from_url(redis_url) as client:
            assert let_services_be_tried(client) == ["nyt"]

        tried = virtual_time.microseconds
        await call_often(virtual_time, limiter, other, calls=3)
        return virtual_time.microseconds - tried

    for limit in ("", "100/s"):
        assert run_in_virtual_time(redis_url, limit, work, processes=2) <= 5_000_000

    with redis.Redis.from_url(redis_url) as client:
        assert let_services_be_tried(client) == []


def test_no_service_is_tried_without_redis() -> None:
    with redis.Redis.from_url("redis://127.0.0.1:1/0") as client, pytest.raises(BrokerAway):
        let_services_be_tried(client)
