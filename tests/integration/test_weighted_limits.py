"""Windows of calls, tokens and cost at once, in a real Valkey; time is virtual."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
import redis

from core.errors import CapReached, ServiceRefused
from core.ratelimit import MinuteCount, StatedLimit
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import LimitedResource
from tests.limiter_kit import run_in_virtual_time
from tests.virtual_time import VirtualTime

CALLS, TOKENS, COST = LimitedResource.CALLS, LimitedResource.TOKENS, LimitedResource.COST
SECOND = 1_000_000


async def call(
    virtual_time: VirtualTime,
    limiter: RateLimiter,
    tokens: int,
    *,
    used: int | None = None,
    cost: int = 0,
    seconds: float = 0.0,
) -> int:
    """Make a call of so many *seconds*; return when it was allowed, in microseconds."""
    async with limiter.call({TOKENS: tokens, COST: cost}) as permitted:
        began = virtual_time.microseconds
        await virtual_time.sleep(seconds)
        if used is not None:
            permitted.settle({TOKENS: used})

    return began


def fullest(times: Sequence[int], seconds: int, weight: int) -> int:
    """Return what the fullest period of *seconds* holds, of calls that weigh alike."""
    return max(weight * sum(at <= other < at + seconds * SECOND for other in times) for at in times)


def test_no_period_holds_more_tokens_whoever_uses_them(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> list[int]:
        calls = [call(virtual_time, limiter, 300) for limiter in limiters for _ in range(5)]
        return await asyncio.gather(*calls)

    times = run_in_virtual_time(redis_url, "1000 tokens/2s", work, processes=3)
    assert len(times) == 15
    assert fullest(times, 2, 300) == 900


def test_calls_tokens_and_cost_have_room_at_once(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> list[int]:
        calls = [call(virtual_time, limiter, 100, cost=1000) for _ in range(12)]
        return await asyncio.gather(*calls)

    limits = {"4/2s": 4, "500 tokens/2s": 5, "0.003 USD/2s": 3}
    for limit, allowed in limits.items():
        others = "9/2s, 900 tokens/2s, 0.009 USD/2s"
        times = run_in_virtual_time(redis_url, f"{limit}, {others}", work)
        assert fullest(times, 2, 1) == allowed, limit


def test_a_call_is_reserved_at_its_bound_and_settled_at_what_its_answer_says(
    redis_url: str,
) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> list[int]:
        calls = [call(virtual_time, limiter, 600, used=100, seconds=1) for _ in range(6)]
        return await asyncio.gather(*calls)

    times = sorted(run_in_virtual_time(redis_url, "1000 tokens/20s", work))
    waits = [(later - earlier) / SECOND for earlier, later in pairwise(times)]
    assert all(1 <= wait <= 1.3 for wait in waits[:4])
    # Five calls make 500 tokens, and the bound of the sixth does not fit beside them.
    assert times[5] - times[0] >= 21 * SECOND


def test_a_call_without_an_answer_stays_charged_with_its_bound(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> int:
        with pytest.raises(ConnectionError):
            async with limiter.call({TOKENS: 600}):
                raise ConnectionError

        ended = virtual_time.microseconds
        return await call(virtual_time, limiter, 600) - ended

    assert run_in_virtual_time(redis_url, "1000 tokens/5s", work) >= 5 * SECOND


def test_more_used_than_reserved_is_charged(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> int:
        ended = await call(virtual_time, limiter, 10, used=1000)
        await virtual_time.sleep(0.1)
        return await call(virtual_time, limiter, 10) - ended

    assert run_in_virtual_time(redis_url, "1000 tokens/5s", work) >= 4 * SECOND


def test_a_call_that_no_window_ever_holds_is_refused_at_once(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> None:
        words = "a call of 1001 tokens can never be made within the limit of 1k tokens/min"
        with pytest.raises(ServiceRefused, match=words):
            await call(virtual_time, limiter, 1001)

        with pytest.raises(ServiceRefused, match=r"a call of 0\.02 EUR .* limit of 0\.01 EUR/d"):
            await call(virtual_time, limiter, 1, cost=20_000)

        assert virtual_time.microseconds == 0

    run_in_virtual_time(redis_url, "1k tokens/min, 0.01 EUR/d", work)


def test_many_small_calls_do_not_starve_a_large_one(redis_url: str) -> None:
    async def work(
        virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter
    ) -> tuple[float, int]:
        async def call_often() -> int:
            calls = 0
            while not large.done():
                await call(virtual_time, other, 50, seconds=0.1)
                calls += 1

            return calls

        await call(virtual_time, other, 50)
        began = virtual_time.microseconds
        large = asyncio.create_task(call(virtual_time, limiter, 1000))
        small = [asyncio.create_task(call_often()) for _ in range(10)]
        waited = (await large - began) / SECOND
        return waited, sum(await asyncio.gather(*small))

    waited, small_calls = run_in_virtual_time(redis_url, "1000 tokens/5s", work, processes=2)
    # What was used when it came, and shortly after, has to leave the window.
    assert waited <= 6
    assert small_calls >= 10


def test_calls_are_granted_in_the_order_in_which_they_came(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> list[int]:
        granted = []

        async def call_in_turn(number: int) -> None:
            await virtual_time.sleep(number)
            await call(virtual_time, limiters[number % 3], 900)
            granted.append(number)

        await asyncio.gather(*map(call_in_turn, range(9)))
        return granted

    granted = run_in_virtual_time(redis_url, "1000 tokens/5s", work, processes=3)
    assert granted == list(range(9))


def test_the_calls_of_a_process_that_waits_no_more_hold_nobody_up(redis_url: str) -> None:
    async def work(
        virtual_time: VirtualTime, killed: RateLimiter, other: RateLimiter
    ) -> tuple[int, int]:
        await call(virtual_time, other, 500)
        waiting = asyncio.create_task(call(virtual_time, killed, 1000))
        await virtual_time.sleep(1)
        await killed.aclose()
        began = virtual_time.microseconds
        ended = await call(virtual_time, other, 400)
        waiting.cancel()
        return began, ended

    began, ended = run_in_virtual_time(redis_url, "1000 tokens/20s", work, processes=2)
    assert ended - began <= 3 * SECOND


def test_a_cap_on_cost_waits_for_calls_in_flight_before_it_is_reached(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[int, CapReached]:
        async def call_with_cost(used: int) -> int:
            async with limiter.call({COST: 60_000}) as permitted:
                await virtual_time.sleep(2)
                permitted.settle({COST: used})

            return virtual_time.microseconds

        ended = await call_with_cost(10_000)
        both = await asyncio.gather(call_with_cost(30_000), call_with_cost(50_000))
        with pytest.raises(CapReached, match=r"limit of 0\.1 USD/d is reached until") as error:
            await call_with_cost(1)

        assert error.value.until == pytest.approx(virtual_time.time() + 86400, abs=100)
        return max(both) - ended, error.value

    waited, _ = run_in_virtual_time(redis_url, "0.1 USD/d", work)
    # The second of both fits when the first is settled.
    assert 4 * SECOND <= waited <= 5 * SECOND


@pytest.mark.thorough
def test_many_calls_take_no_more_memory_than_a_thousand_buckets(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[int, int, int]:
        async def call_in_turn() -> None:
            for _ in range(200):
                await call(virtual_time, limiter, 90, used=3, seconds=0.3)

        await asyncio.gather(*(call_in_turn() for _ in range(20)))
        await virtual_time.sleep(0.1)
        with redis.Redis.from_url(redis_url) as client:
            key = "tidings:limit:nyt:c:3600s:tokens"
            used = int(client.hget(f"{key}:weights", "sum"))
            return client.zcard(key), client.hlen(f"{key}:weights"), used

    buckets, weights, used = run_in_virtual_time(redis_url, "1M tokens/h", work)
    assert used == 4000 * 3
    assert buckets <= 30
    assert weights == buckets + 1


def test_what_leaves_a_window_leaves_its_sum(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> dict[bytes, bytes]:
        for _ in range(10):
            await call(virtual_time, limiter, 100, used=50, seconds=1)

        await virtual_time.sleep(6)
        await call(virtual_time, limiter, 7)
        await virtual_time.sleep(0.1)
        with redis.Redis.from_url(redis_url) as client:
            return client.hgetall("tidings:limit:nyt:c:5s:tokens:weights")

    weights = run_in_virtual_time(redis_url, "1000 tokens/5s", work)
    assert sorted(weights.values()) == [b"7", b"7"]
    assert weights[b"sum"] == b"7"


def test_windows_of_tokens_and_cost_are_refilled_from_the_table_of_calls(redis_url: str) -> None:
    now = time.time
    minute = int(now() // 60)

    async def history(_seconds: float) -> Sequence[MinuteCount]:
        ended_ago = now() - 60 * (minute + 1)
        return [
            MinuteCount(ended_ago + 1800, 3, 300, 0),
            MinuteCount(ended_ago, 5, 500, 9_900),
        ]

    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[float, float]:
        nonlocal now
        now = virtual_time.time
        await call(virtual_time, limiter, 200)
        with pytest.raises(CapReached, match="1k tokens/h is reached") as tokens:
            await call(virtual_time, limiter, 1)

        with pytest.raises(CapReached, match=r"0\.01 USD/d is reached") as cost:
            await call(virtual_time, limiter, 0, cost=200)

        return tokens.value.until, cost.value.until

    limits = "1000 tokens/h, 0.01 USD/d"
    tokens_until, cost_until = run_in_virtual_time(redis_url, limits, work, history=history)
    assert tokens_until == pytest.approx((minute - 29) * 60 + 3600, abs=5)
    assert cost_until == pytest.approx((minute + 1) * 60 + 86400, abs=90)


def test_calls_in_flight_count_again_after_redis_lost_its_data(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter, other: RateLimiter) -> int:
        await call(virtual_time, limiter, 1)
        in_flight = asyncio.create_task(call(virtual_time, limiter, 900, seconds=30))
        await virtual_time.sleep(5)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

        began = await call(virtual_time, other, 900)
        assert in_flight.done()
        return began - (await in_flight + 30 * SECOND)

    assert run_in_virtual_time(redis_url, "1000 tokens/5s", work, processes=2) >= 5 * SECOND


@pytest.mark.parametrize("limits", ["1000 tokens/5s", "10/5s"])
def test_a_service_that_says_less_than_our_windows_lowers_them_for_as_long_as_it_says(
    redis_url: str, limits: str
) -> None:
    unit, left = (TOKENS, 200) if "tokens" in limits else (CALLS, 2)

    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> tuple[int, list[int]]:
        async with limiters[0].call({TOKENS: 100}) as permitted:
            permitted.lower([StatedLimit(unit, left, None, 20.0)])

        said = virtual_time.microseconds
        await virtual_time.sleep(0.1)
        calls = [call(virtual_time, limiter, 100) for limiter in limiters for _ in range(8)]
        return said, sorted(await asyncio.gather(*calls))

    said, times = run_in_virtual_time(redis_url, limits, work, processes=2)
    lowered = [at for at in times if at < said + 20 * SECOND]
    assert len(lowered) == 2
    assert times[2] <= said + 21 * SECOND
    assert fullest(times[2:], 5, 1) == 10


def test_more_is_believed_from_a_call_that_began_after_less_was_said(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[int, int]:
        async def call_and_hear(tokens: int, seconds: float, left: int) -> int:
            async with limiter.call({TOKENS: tokens}) as permitted:
                await virtual_time.sleep(seconds)
                permitted.lower([StatedLimit(TOKENS, left, None, 60.0)])

            return virtual_time.microseconds

        # The answer to the second call comes later, but may have been made before.
        await asyncio.gather(call_and_hear(100, 1, 150), call_and_hear(100, 2, 700))
        await virtual_time.sleep(0.1)
        later = asyncio.create_task(call_and_hear(100, 10, 900))
        await virtual_time.sleep(0.1)
        began = await call(virtual_time, limiter, 100)
        return began, await later

    began, heard = run_in_virtual_time(redis_url, "1000 tokens/5s", work)
    assert 0 < began - heard <= SECOND


@pytest.mark.parametrize(("limit", "most"), [(300, 300), (5000, 1000)])
def test_a_limit_that_a_service_states_lowers_a_window_and_never_raises_it(
    redis_url: str, limit: int, most: int
) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> list[int]:
        async with limiter.call({TOKENS: 100}) as permitted:
            permitted.lower([StatedLimit(TOKENS, None, limit, 1.0)])

        await virtual_time.sleep(0.1)
        return await asyncio.gather(*(call(virtual_time, limiter, 100) for _ in range(20)))

    times = run_in_virtual_time(redis_url, "1000 tokens/5s", work)
    assert fullest(times, 5, 100) == most


def test_what_a_service_says_of_a_day_is_a_cap(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> tuple[float, CapReached]:
        async with limiter.call({TOKENS: 100}) as permitted:
            permitted.lower([StatedLimit(CALLS, 0, 1000, 7200.0)])

        await virtual_time.sleep(0.1)
        with pytest.raises(CapReached, match=r"says until .* that less is left") as error:
            await call(virtual_time, limiter, 100)

        return virtual_time.time(), error.value

    now, cap = run_in_virtual_time(redis_url, "500/min, 1M tokens/d", work)
    assert cap.until == pytest.approx(now + 7200, abs=5)


def test_a_clock_that_was_ahead_for_a_moment_stops_no_calls(redis_url: str) -> None:
    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> int:
        virtual_time.redis_ahead = 7200
        await asyncio.gather(*(call(virtual_time, limiter, 500) for _ in range(2)))
        virtual_time.redis_ahead = 0
        right_again = virtual_time.microseconds
        await asyncio.gather(*(call(virtual_time, limiter, 500) for _ in range(3)))
        return virtual_time.microseconds - right_again

    assert 5 * SECOND <= run_in_virtual_time(redis_url, "1000 tokens/5s", work) <= 20 * SECOND
