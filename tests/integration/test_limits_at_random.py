"""Random schedules of weighted calls, kills, losses and wrong clocks, against a counting service.

Time is virtual; Valkey is real. The service counts a call and its tokens at some moment between
the request and the response, in trailing windows of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import CapReached
from core.ratelimit import MinuteCount, StatedLimit, recovery
from core.ratelimit.clock import Clock
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import LimitedResource, Weights, Window, parse_limits
from tests.services import empty_valkey
from tests.tiers import thorough_but
from tests.virtual_time import VirtualTime, VirtualTimeRedis

CALLS, TOKENS, COST = LimitedResource.CALLS, LimitedResource.TOKENS, LimitedResource.COST
LIMITS = (
    "6/10s, 1000 tokens/10s",
    "20/15s, 1000 tokens/10s, 0.01 USD/20s",
    "3000 tokens/2min, 1000 tokens/min",
    "8/10s, 2000 tokens/min, 0.01 USD/2min",
)


@dataclass(frozen=True)
class PlannedCall:
    """A call with its bounds and what it uses; times are in seconds."""

    delay: float
    bound: int
    used_share: float
    until_counted: float
    until_answered: float
    is_answered: bool

    @property
    def reserved(self) -> Weights:
        return {TOKENS: self.bound, COST: self.bound * 10}

    @property
    def used(self) -> Weights:
        tokens = round(self.bound * self.used_share)
        return {TOKENS: tokens, COST: tokens * 10}


@dataclass(frozen=True)
class Fault:
    """What happens at a time: a process is killed, Redis loses all, its clock is right again."""

    at: float
    kind: str
    process: int


@dataclass
class Service:
    """Counts calls in its own trailing windows, and keeps the table of charges."""

    virtual_time: VirtualTime
    windows: Sequence[Window]
    counted: list[tuple[int, Weights]] = field(default_factory=list)
    exceeded: list[str] = field(default_factory=list)
    charges: Counter[tuple[int, LimitedResource]] = field(default_factory=Counter)
    states_limits: bool = False

    def count(self, weights: Weights) -> list[StatedLimit]:
        """Count a call; return what is left of each unit, for as long as a window lasts."""
        stated = []
        now = self.virtual_time.microseconds
        self.counted.append((now, {CALLS: 1, **weights}))
        for window in self.windows:
            begin = now - window.seconds * 1_000_000
            used = sum(used[window.resource] for at, used in self.counted if at > begin)
            if used > window.amount:
                self.exceeded.append(f"{used} in {window} at {now / 1e6:.3f} s")

            left = max(window.amount - used, 0)
            stated.append(StatedLimit(window.resource, left, window.amount, window.seconds))

        return stated if self.states_limits else []

    def charge(self, weights: Weights, sign: int = 1, minute: int | None = None) -> int:
        minute = int(self.virtual_time.time() // 60) if minute is None else minute
        for unit, weight in {CALLS: 1, **weights}.items():
            self.charges[minute, unit] += sign * weight
        return minute

    async def history(self, _seconds: float) -> list[MinuteCount]:
        minutes = sorted({minute for minute, _ in self.charges})
        units = (CALLS, TOKENS, COST)
        now = self.virtual_time.time()
        counts = []
        for minute in minutes:
            charged = [self.charges[minute, unit] for unit in units]
            counts.append(MinuteCount(now - 60 * (minute + 1), *charged))

        return counts


class KillableRedis(VirtualTimeRedis):
    """A client whose process may be dead: nothing that it sends arrives."""

    is_dead = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if self.is_dead:
            await asyncio.Event().wait()
        return await super().execute_command(*args, **options)


class Process:
    """A worker process with a limiter of its own and a wrong clock; it can be killed."""

    def __init__(self, service: Service, redis_url: str, ahead: float) -> None:
        virtual_time = service.virtual_time
        self.service, self.virtual_time = service, virtual_time
        self.client = KillableRedis.from_url(redis_url)
        self.client.virtual_time = virtual_time
        self.limiter = RateLimiter(
            self.client,
            service="model",
            credential="c",
            windows=service.windows,
            history=service.history,
            clock=Clock(
                monotonic=lambda: virtual_time.monotonic() + ahead,
                time=lambda: virtual_time.time() + ahead,
                sleep=virtual_time.sleep,
            ),
        )
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, planned: Sequence[PlannedCall]) -> None:
        self.tasks += [asyncio.create_task(self._call(call)) for call in planned]

    def kill(self) -> None:
        self.client.is_dead = True
        for task in self.tasks:
            task.cancel()

    async def _call(self, planned: PlannedCall) -> None:
        await self.virtual_time.sleep(planned.delay)
        while True:
            try:
                await self._call_once(planned)
            except CapReached as cap:
                await self.virtual_time.sleep(max(cap.until - self.limiter._clock.time(), 0.1))
            except TimeoutError:
                return
            else:
                return

    async def _call_once(self, planned: PlannedCall) -> None:
        async with self.limiter.call(planned.reserved) as permitted:
            minute = self.service.charge(planned.reserved)
            # What was sent arrives, even if the process is killed.
            request = asyncio.create_task(self._arrive(planned))
            stated_limits = await asyncio.shield(request)
            await self.virtual_time.sleep(planned.until_answered)
            used = planned.used if planned.is_answered else planned.reserved
            self.service.charge(planned.reserved, -1, minute)
            self.service.charge(used)
            if not planned.is_answered:
                raise TimeoutError

            permitted.settle(used)
            permitted.lower(stated_limits)

    async def _arrive(self, planned: PlannedCall) -> list[StatedLimit]:
        await self.virtual_time.sleep(planned.until_counted)
        return self.service.count(planned.used)

    async def close(self) -> None:
        self.client.is_dead = True
        for task in self.tasks:
            task.cancel()

        limiter = self.limiter
        for background in (
            limiter._distribution,
            limiter._in_flight._renewal,
            limiter._in_flight._stamping,
        ):
            await background.stop()

        await self.client.aclose()


seconds = st.floats(0, 30).map(lambda number: round(number, 2))
planned_calls = st.builds(
    PlannedCall,
    delay=seconds,
    bound=st.integers(1, 300) | st.integers(300, 1000),
    used_share=st.floats(0, 1),
    until_counted=st.floats(0, 1.5),
    until_answered=st.floats(0, 4),
    is_answered=st.booleans() | st.just(True),
)
faults = st.builds(
    Fault,
    at=seconds.map(lambda second: second + 2),
    kind=st.sampled_from(("kill", "flush", "clock is right")),
    process=st.integers(0, 2),
)


async def run_schedule(
    redis_url: str,
    limits: str,
    calls: Sequence[Sequence[PlannedCall]],
    faults: Sequence[Fault] = (),
    *,
    states_limits: bool = False,
) -> Service:
    virtual_time = VirtualTime()
    service = Service(virtual_time, parse_limits(limits), states_limits=states_limits)
    if any(fault.kind == "clock is right" for fault in faults):
        virtual_time.redis_ahead = 7200

    # Their own clocks differ by hours, which nothing depends on.
    processes = [Process(service, redis_url, 3600.0 * number) for number in range(len(calls))]
    everyone = list(processes)
    keeper = VirtualTimeRedis.from_url(redis_url)
    keeper.virtual_time = virtual_time

    async with virtual_time.passing():
        for process, planned in zip(processes, calls, strict=True):
            process.start(planned)

        now = 0.0
        for fault in sorted(faults, key=lambda fault: fault.at):
            await virtual_time.sleep(fault.at - now)
            now = fault.at
            if fault.kind == "flush":
                await keeper.flushall()
            elif fault.kind == "clock is right":
                virtual_time.redis_ahead = 0
            elif fault.process < len(processes):
                processes[fault.process].kill()
                heir = Process(service, redis_url, 0.0)
                heir.start([call for call in calls[fault.process] if call.delay > 5])
                processes[fault.process] = heir
                everyone.append(heir)

        alive = [task for process in processes for task in process.tasks]
        await asyncio.gather(*alive)
        for process in everyone:
            await process.close()

        await keeper.aclose()

    return service


schedules = given(
    limits=st.sampled_from(LIMITS),
    calls=st.lists(st.lists(planned_calls, min_size=1, max_size=8), min_size=1, max_size=3),
    faults=st.lists(faults, max_size=3),
    states_limits=st.booleans(),
)


def find_exceeded(redis_url: str, limits: str, *schedule: Any, states_limits: bool) -> Any:
    """Return the windows of the service in which more was counted than its limits allow."""
    empty_valkey(redis_url)
    with pytest.MonkeyPatch.context() as patch:
        # Keys expire by the real clock, which virtual time runs ahead of.
        patch.setattr(recovery, "LOCK_MS", 100)
        service = asyncio.run(
            run_schedule(redis_url, limits, *schedule, states_limits=states_limits)
        )

    return service.exceeded


@pytest.mark.thorough
@pytest.mark.timeout(600)
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@schedules
def test_no_trailing_window_of_the_service_is_ever_exceeded(
    redis_url: str,
    limits: str,
    calls: list[list[PlannedCall]],
    faults: list[Fault],
    states_limits: bool,
) -> None:
    assert find_exceeded(redis_url, limits, calls, faults, states_limits=states_limits) == []


def test_minutes_are_refilled_by_their_age_where_redis_has_another_clock(redis_url: str) -> None:
    bounds = [(1, 0.0, True), (252, 0.726, False), (611, 0.615, False), (727, 0.788, True)]
    calls = [
        [
            PlannedCall(0.0, bound, share, until_counted=0.0, until_answered=0.0, is_answered=told)
            for bound, share, told in bounds
        ]
    ]
    faults = [Fault(24.95, "flush", 0), Fault(31.0, "clock is right", 0)]
    limits = "3000 tokens/2min, 1000 tokens/min"
    service = asyncio.run(run_schedule(redis_url, limits, calls, faults))
    assert len(service.counted) == len(bounds)
    assert service.exceeded == []


@pytest.mark.parametrize(
    ("seconds", "amount", "states_limits"),
    thorough_but([(10, 2000, False), (60, 1000, False), (60, 1000, True)], (10, 2000, False)),
)
def test_a_limit_of_tokens_is_used_to_95_percent(
    redis_url: str, seconds: int, amount: int, *, states_limits: bool
) -> None:
    latencies = [0.2, 0.1, 2.0, 0.1] if seconds == 60 else [0.2]
    calls = [
        [
            PlannedCall(0, 30 + 7 * number, 0.5, 0.1, latency, is_answered=True)
            for latency in latencies * (amount // 20 // len(latencies))
        ]
        for number in range(4)
    ]
    limits = f"{amount} tokens/{seconds}s"
    service = asyncio.run(run_schedule(redis_url, limits, calls, states_limits=states_limits))
    assert service.exceeded == []
    tokens = [(at, used[TOKENS]) for at, used in service.counted]
    first = tokens[0][0]
    # The last window is not full.
    whole = (tokens[-1][0] - first) / 1e6 // seconds
    in_whole = sum(weight for at, weight in tokens if at < first + whole * seconds * 1e6)
    assert whole >= 2
    assert in_whole / (whole * amount) >= 0.95
