"""Limits change while processes call: none is broken, and a change is soon in force for all.

Time is virtual. A process learns of a change from the database at most every ten seconds, or from
Redis.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from core.errors import CapReached, DatabaseAway, ServiceRefused
from core.ratelimit import MinuteCount, SharedLimits
from core.ratelimit.limiter import READ_LIMITS_SECONDS, RateLimiter
from core.ratelimit.notation import LimitedResource, parse_limits
from tests.limiter_kit import run_in_virtual_time
from tests.virtual_time import VirtualTime

SECOND = 1_000_000
LIMITS = ("5/s", "12/s", "3/s,20/10s", "", "8/2s", "30/min", "6/s,40/min")


class Call(NamedTuple):
    """A call: when it was allowed and counted, in microseconds, and of which version it was."""

    began: int
    counted: int
    version: int


@dataclass
class Service:
    """The limits in the database, when each version was set, and the calls that were made."""

    limits: list[str]
    changed: list[float] = field(default_factory=lambda: [0.0])
    calls: list[Call] = field(default_factory=list)
    is_away: bool = False
    reads: int = 0

    async def fetch(self) -> SharedLimits:
        self.reads += 1
        if self.is_away:
            raise DatabaseAway("away")

        return SharedLimits(parse_limits(self.limits[-1]), len(self.limits) - 1)

    def change(self, virtual_time: VirtualTime, limits: str) -> None:
        self.limits.append(limits)
        self.changed.append(virtual_time.monotonic())

    async def call(
        self,
        virtual_time: VirtualTime,
        limiter: RateLimiter,
        before: float = 0.0,
        after: float = 0.0,
    ) -> Call:
        """Make a call that the service counts after *before* seconds."""
        async with limiter.call():
            began, version = virtual_time.microseconds, limiter._windows.version
            await virtual_time.sleep(before)
            self.calls.append(Call(began, virtual_time.microseconds, version))
            await virtual_time.sleep(after)

        return self.calls[-1]

    def history(self, virtual_time: VirtualTime) -> list[MinuteCount]:
        """Return the calls that were begun, by minute, as the table has them."""
        now = virtual_time.monotonic()
        minutes: dict[int, int] = {}
        for call in self.calls:
            minute = call.counted // SECOND // 60
            minutes[minute] = minutes.get(minute, 0) + 1

        return [MinuteCount(now - 60 * (minute + 1), count) for minute, count in minutes.items()]

    def assert_no_limit_is_broken(self) -> None:
        """Assert that no call was allowed beyond the limits of its version.

        Of the calls that a window holds, the one that was allowed last had to fit in.
        """
        for last in self.calls:
            for window in parse_limits(self.limits[last.version]):
                earlier = [
                    call
                    for call in self.calls
                    if call.began <= last.began and call.version <= last.version
                ]
                for end in earlier:
                    begin = end.counted - window.seconds * SECOND
                    held = [call for call in earlier if begin < call.counted <= end.counted]
                    if last in held:
                        assert len(held) <= window.amount, (window, last, held)

    def assert_changes_are_soon_in_force(self) -> None:
        for call in self.calls:
            if call.version + 1 < len(self.changed):
                known_after = call.began / SECOND - self.changed[call.version + 1]
                assert known_after <= READ_LIMITS_SECONDS + 0.1

    def assert_nobody_goes_back(self) -> None:
        """Assert that no call is allowed by older limits after one by newer limits."""
        newest = 0
        for call in sorted(self.calls, key=lambda call: call.began):
            if self.limits[call.version] and "" not in self.limits[call.version :]:
                assert call.version >= newest
                newest = call.version


def test_a_lower_limit_holds_for_all_from_the_moment_at_which_one_process_knows_it(
    redis_url: str,
) -> None:
    service = Service(["10/s"])

    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> None:
        async def call_for(seconds: float, limiter: RateLimiter) -> None:
            while virtual_time.monotonic() < seconds:
                await service.call(virtual_time, limiter, before=0.02)

        calling = [asyncio.create_task(call_for(40, limiter)) for limiter in limiters * 8]
        await virtual_time.sleep(12)
        service.change(virtual_time, "4/s")
        await asyncio.gather(*calling)

    run_in_virtual_time(redis_url, "10/s", work, processes=3, fetch_limits=service.fetch)
    service.assert_no_limit_is_broken()
    service.assert_nobody_goes_back()
    service.assert_changes_are_soon_in_force()
    late = [call for call in service.calls if 30 < call.began / SECOND <= 40]
    assert 35 <= len(late) <= 41


def test_a_higher_limit_is_used_after_a_few_seconds(redis_url: str) -> None:
    service = Service(["2/s"])

    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> None:
        service.change(virtual_time, "20/s")
        calling = [service.call(virtual_time, limiter) for limiter in limiters for _ in range(60)]
        await asyncio.gather(*calling)
        assert virtual_time.monotonic() < 20

    run_in_virtual_time(redis_url, "2/s", work, processes=2, fetch_limits=service.fetch)
    service.assert_no_limit_is_broken()


def test_a_window_that_is_added_counts_what_was_called_before(redis_url: str) -> None:
    service = Service(["10/s"])

    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> list[int]:
        async def history(_seconds: float) -> Sequence[MinuteCount]:
            return service.history(virtual_time)

        limiter._recovery._history = history
        for _ in range(25):
            await service.call(virtual_time, limiter)

        service.change(virtual_time, "10/s,30/2min")
        await virtual_time.sleep(READ_LIMITS_SECONDS)
        return [(await service.call(virtual_time, limiter)).began for _ in range(5)]

    times = run_in_virtual_time(redis_url, "10/s", work, fetch_limits=service.fetch)
    assert max(times) < 60 * SECOND
    service.assert_no_limit_is_broken()


def test_who_has_not_read_the_change_stops_as_soon_as_another_process_has(redis_url: str) -> None:
    service = Service(["10/s"])

    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> None:
        late, early = limiters
        calling = [
            asyncio.create_task(_call_until(service, virtual_time, late, 30.0)) for _ in range(6)
        ]
        # It reads the limits again at 15 s, the other one at 20 s.
        await virtual_time.sleep(5)
        await service.call(virtual_time, early)
        await virtual_time.sleep(9)
        service.change(virtual_time, "8/2s")
        await virtual_time.sleep(1.5)
        await service.call(virtual_time, early)
        await asyncio.gather(*calling)

    run_in_virtual_time(redis_url, "10/s", work, processes=2, fetch_limits=service.fetch)
    assert max(call.began for call in service.calls if call.version == 0) < 16 * SECOND
    assert len([call for call in service.calls if call.version == 1]) > 30
    service.assert_no_limit_is_broken()


def test_calls_in_flight_without_a_limit_count_in_the_first_one(redis_url: str) -> None:
    service = Service([""])

    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> None:
        slow = [
            asyncio.create_task(service.call(virtual_time, limiters[0], before=30.0))
            for _ in range(3)
        ]
        await virtual_time.sleep(11)
        service.change(virtual_time, "4/s")
        calling = [
            asyncio.create_task(_call_until(service, virtual_time, limiters[1], 36.0))
            for _ in range(4)
        ]
        await asyncio.gather(*slow, *calling)

    run_in_virtual_time(redis_url, "", work, processes=2, fetch_limits=service.fetch)
    together = [call for call in service.calls if 29.5 < call.counted / SECOND <= 30.5]
    assert len([call for call in together if call.version == 0]) == 3
    assert len(service.calls) > 20
    service.assert_no_limit_is_broken()


async def _call_until(
    service: Service, virtual_time: VirtualTime, limiter: RateLimiter, seconds: float
) -> None:
    while virtual_time.monotonic() < seconds:
        await service.call(virtual_time, limiter, before=0.05)


def test_a_waiting_call_that_fits_into_no_new_window_is_refused(redis_url: str) -> None:
    service = Service(["100 tokens/min"])

    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> None:
        async with limiter.call({LimitedResource.TOKENS: 90}):
            pass

        waiting = asyncio.create_task(_call_of(limiter, 80))
        await virtual_time.sleep(11)
        service.change(virtual_time, "50 tokens/min")
        async with limiter.call({LimitedResource.TOKENS: 10}):
            pass

        with pytest.raises(ServiceRefused, match="can never be made"):
            await waiting

    run_in_virtual_time(redis_url, "100 tokens/min", work, fetch_limits=service.fetch)


async def _call_of(limiter: RateLimiter, tokens: int) -> None:
    async with limiter.call({LimitedResource.TOKENS: tokens}):
        pass


def test_without_a_database_the_limits_stay_and_at_the_first_call_there_are_none(
    redis_url: str,
) -> None:
    service = Service(["5/s"])

    async def work(virtual_time: VirtualTime, limiter: RateLimiter) -> None:
        service.is_away = True
        with pytest.raises(DatabaseAway):
            await service.call(virtual_time, limiter)

        service.is_away = False
        await service.call(virtual_time, limiter)
        service.is_away = True
        await virtual_time.sleep(READ_LIMITS_SECONDS + 1)
        reads = service.reads
        for _ in range(10):
            await service.call(virtual_time, limiter)

        assert service.reads <= reads + 3

    run_in_virtual_time(redis_url, "5/s", work, fetch_limits=service.fetch)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(2, 13))]
)
def test_no_limit_is_broken_whatever_changes_when(redis_url: str, seed: int) -> None:
    rng = random.Random(seed)
    first = rng.choice(LIMITS)
    service = Service([first])

    async def work(virtual_time: VirtualTime, *limiters: RateLimiter) -> None:
        async def history(_seconds: float) -> Sequence[MinuteCount]:
            return service.history(virtual_time)

        async def call_for(limiter: RateLimiter) -> None:
            while virtual_time.monotonic() < 100:
                duration = rng.choice((0.0, 0.05, rng.uniform(0.0, 3.0)))
                counted = rng.uniform(0.0, duration)
                # A job would be put off until there is room.
                with suppress(CapReached):
                    await service.call(virtual_time, limiter, counted, duration - counted)

                await virtual_time.sleep(rng.choice((0.2, 0.5, rng.uniform(0.0, 15.0))))

        for limiter in limiters:
            limiter._recovery._history = history

        calling = [asyncio.create_task(call_for(limiter)) for limiter in limiters * 5]
        while virtual_time.monotonic() < 80:
            await virtual_time.sleep(rng.uniform(1.0, 25.0))
            service.change(virtual_time, rng.choice(LIMITS))

        done, _ = await asyncio.wait(calling)
        for task in done:
            task.result()

    run_in_virtual_time(redis_url, first, work, processes=3, fetch_limits=service.fetch)
    assert len(service.calls) > 50
    service.assert_no_limit_is_broken()
    service.assert_nobody_goes_back()
    service.assert_changes_are_soon_in_force()
