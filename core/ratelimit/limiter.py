"""The shared limit of a service: a log in Redis of the calls in flight and made.

Each window (second, minute, day) is a sorted set of permits, scored by the time at which a permit
stops counting. A call takes a permit in every window or in none, in one script. While the call is
in flight, its permit is held for 3 s + the window ahead, renewed each second; when the response
came, it is stamped with that moment + the window. The stamp is sent as an age, so that sending it
late costs nothing and is never too early: Redis reads its clock after the age was taken. The
service counted the call before it answered, so its own window cannot be exceeded, however late
anything arrives here.

A call may have weights: tokens and cost. They are reserved at their upper bound and settled at what
the answer says; a call without an answer stays charged. Such calls are granted in the order in
which they came, over all processes, and none is prefetched.

A Redis that lost its data (its run id is not the noted one) does not know which calls were made:
nobody calls until one process has waited out the short windows and refilled the long ones from the
table of calls.

So it is where the limits change. They have a version, and Redis notes of which version its windows
are complete. The first process that reads a later version notes that none is: from that moment on
nobody is permitted a call under the older one, all read the new one, hold their calls in flight in
its windows, and wait until those are rebuilt.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import BrokerAway, DatabaseAway, ServiceRefused, TidingsError
from core.ratelimit import FetchLimits, History, SharedLimits, StatedLimit
from core.ratelimit.background_task import BackgroundTask
from core.ratelimit.circuit_breaker import CircuitBreaker
from core.ratelimit.clock import SYSTEM_CLOCK, Clock
from core.ratelimit.in_flight import CallsInFlight
from core.ratelimit.notation import NO_WEIGHTS, LimitedResource, Weights, Window
from core.ratelimit.prefetch import PrefetchedPermits
from core.ratelimit.recovery import Recovery
from core.ratelimit.scripts import Keys
from core.ratelimit.windows import (
    CIRCUIT_OPEN,
    LONGEST_WAIT_SECONDS,
    OLDER_CALL_WAITS,
    RECOVERY_NEEDED,
    WEIGHTED_RESOURCES,
    Permit,
    PermitWindows,
    Taken,
    WaitingCall,
)

# An older permit is removed, because it may expire before the service counts the call.
SEND_WITHIN_SECONDS = 2.0
# Permits that become free one by one are taken a few at a time.
TAKE_AGAIN_SECONDS = 0.004
REDIS_RETRY_SECONDS = 0.5
# The limits are read again after this time: a change is in force for all 15 s later at most.
READ_LIMITS_SECONDS = 10.0
READ_AGAIN_SECONDS = 1.0
# So many waiting calls with weights are taken at once.
TAKEN_AT_ONCE = 64
# Where a call that is settled may make room at any moment, waiting calls with weights look for it
# so often in a window, and not less often than at these intervals.
LOOKS_IN_A_WINDOW = 100
LONGEST_LOOK_SECONDS = 0.25
# A process whose turn it is not looks so many times less often.
LOOKS_BEHIND_OTHERS = 3
# All ask this often at least, so that they keep their place (`scripts.WAITER_MS`).
KEEP_PLACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _QueuedCall:
    future: asyncio.Future[Permit]
    weights: tuple[int, ...]
    # The time is monotonic.
    waits_since: float


class RateLimiter:
    """One process's access to the shared limit of one service and credential.

    Use it within one event loop, and call `aclose` at its end. *on_wait* is called with the seconds
    that a call waited.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        service: str,
        credential: str,
        windows: Sequence[Window],
        history: History,
        fetch_limits: FetchLimits | None = None,
        clock: Clock = SYSTEM_CLOCK,
        on_wait: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._clock = clock
        self._on_wait = on_wait
        self._fetch_limits = fetch_limits
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        windows = _without_duplicates(windows)

        keys, read_limits = Keys(service, credential), self._read_limits
        self._windows = PermitWindows(redis, keys, service, windows, clock)
        self._circuit_breaker = CircuitBreaker(redis, keys, self._windows, read_limits, clock)
        self._recovery = Recovery(
            redis, keys, self._windows, history=history, read_limits=read_limits, clock=clock
        )
        self._prefetched = PrefetchedPermits(self._windows, clock)
        self._in_flight = CallsInFlight(self._windows, read_limits, clock)

        self._waiting: deque[_QueuedCall] = deque()
        self._distribution = BackgroundTask(self._distribute_permits)

    def call(self, weights: Weights = NO_WEIGHTS) -> _PermittedCall:
        """Wait until one call of *weights* is allowed; hold its permit until the block is left.

        Raises `BrokerAway`, `CapReached` if the wait is longer than `LONGEST_WAIT_SECONDS`, and
        `ServiceRefused` if the weights are more than a window ever allows.
        """
        return _PermittedCall(self, weights)

    async def begin_call(self, weights: Weights = NO_WEIGHTS) -> Permit:
        """Return the permit of one call as soon as it is allowed; see `call`."""
        began = self._clock.monotonic()
        await self._read_limits(older_than=READ_LIMITS_SECONDS)
        self._windows.check_weights(weights)
        permit = await self._circuit_breaker.wait() if self._is_unlimited else None
        # There may be a limit now.
        if permit is None:
            if self._is_unlimited:
                permit = self._windows.permit_without_windows(weights)
            else:
                permit = await self._take_permit(self._windows.weights_of(weights))

        self._in_flight.start(permit)
        self._on_wait(self._clock.monotonic() - began)
        return permit

    async def end_call(
        self,
        permit: Permit,
        *,
        succeeded: bool,
        weights: Weights | None = None,
        stated_limits: Sequence[StatedLimit] = (),
    ) -> None:
        """Count the *permit* of a call that has ended, with *weights* if its answer told them."""
        used = None if weights is None else self._windows.weights_of(weights)
        self._in_flight.end(permit, succeeded=succeeded, weights=used, stated_limits=stated_limits)
        if self._is_unlimited and succeeded and permit.tries_first:
            await self._circuit_breaker.close()

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call the service for *seconds*: it asked to be left alone."""
        await self._prefetched.clear()
        await self._circuit_breaker.open(seconds)

    async def aclose(self) -> None:
        """Stamp the calls that have ended, return unused permits, and stop."""
        await self._distribution.stop()
        await self._in_flight.aclose()
        await self._prefetched.aclose()

    async def _read_limits(self, *, older_than: float) -> None:
        """Use the limits that are in force; read them if that was done longer ago.

        Without a database the present ones stay, unless Redis knows of later ones: then it raises
        `DatabaseAway`, as at the first time.
        """
        now = self._clock.monotonic
        if self._fetch_limits is None or now() - self._read_at < older_than:
            return

        async with self._reading:
            if now() - self._read_at < max(older_than, 0.001):
                return

            try:
                limits = await self._fetch_limits()
            except DatabaseAway:
                if older_than < READ_LIMITS_SECONDS or self._read_at == float("-inf"):
                    raise

                self._read_at = now() - older_than + READ_AGAIN_SECONDS
                return

            self._read_at = now()
            if limits.version != self._windows.version:
                await self._change_limits(limits)

    async def _change_limits(self, limits: SharedLimits) -> None:
        self._windows.change(_without_duplicates(limits.windows), limits.version)
        await self._prefetched.clear()
        for call in self._waiting:
            weights = dict(zip(WEIGHTED_RESOURCES, call.weights, strict=True))
            try:
                self._windows.check_weights(weights)
            except ServiceRefused as error:
                if not call.future.done():
                    call.future.set_exception(error)

    async def _take_permit(self, weights: tuple[int, ...]) -> Permit:
        """Return a permit that is no older than it may be when the call is sent."""
        permit = None if self._has_weights else self._prefetched.pop()
        if permit is not None:
            if self._prefetched.is_low:
                self._distribution.ensure_running()

            return permit

        waits_since = self._clock.monotonic()
        while True:
            future: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
            self._waiting.append(_QueuedCall(future, weights, waits_since))
            self._distribution.ensure_running()
            try:
                permit = await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled() and future.exception() is None:
                    unused = self._windows.weights_of(NO_WEIGHTS)
                    self._in_flight.end(future.result(), succeeded=False, weights=unused)

                raise

            if self._clock.monotonic() - permit.taken_at <= SEND_WITHIN_SECONDS:
                return permit

            with suppress(RedisError):
                await self._windows.remove([permit])

    async def _distribute_permits(self) -> None:
        """Take permits for all waiting calls, as many as possible at once."""
        away_since: float | None = None
        while self._waiting or self._prefetched.is_low:
            try:
                await self._take_once()
                away_since = None
            except RedisError as error:
                now = self._clock.monotonic()
                away_since = away_since or now
                if now - away_since > LONGEST_WAIT_SECONDS:
                    self._refuse_waiting(BrokerAway.caused_by(error))
                    return

                await self._clock.sleep(REDIS_RETRY_SECONDS)
            except TidingsError as error:
                self._refuse_waiting(error)
                return

    async def _take_once(self) -> None:
        await self._read_limits(older_than=READ_LIMITS_SECONDS)
        self._waiting = deque(call for call in self._waiting if not call.future.done())
        if self._has_weights:
            await self._take_in_turn()
        else:
            await self._take_any()

    async def _take_any(self) -> None:
        """Take permits for all waiting calls, which are alike, and for calls to come."""
        count = len(self._waiting) + self._prefetched.missing
        if not count:
            return

        taken = await self._windows.take(count)
        for permit in taken.permits:
            call = self._next_waiting()
            if call is None:
                self._prefetched.add(permit)
            else:
                call.future.set_result(permit)

        self._prefetched.adapt(taken.sent_at, limit_binds=len(taken.permits) < count)
        if not taken.permits and self._waiting:
            await self._wait_for_permits(taken)
        elif len(taken.permits) < count:
            await self._clock.sleep(TAKE_AGAIN_SECONDS)

    async def _take_in_turn(self) -> None:
        """Take permits for the calls that have waited longest, as far as they fit."""
        now = self._clock.monotonic()
        calls = list(islice(self._waiting, TAKEN_AT_ONCE))
        if not calls:
            return

        waiting = [WaitingCall((now - call.waits_since) * 1000, call.weights) for call in calls]

        taken = await self._windows.take_in_turn(waiting)
        unused = []
        for call, permit in zip(calls, taken.permits, strict=False):
            self._waiting.popleft()
            if call.future.done():
                unused.append(permit)
            else:
                call.future.set_result(permit)

        await self._windows.remove(unused)

        if len(taken.permits) < len(calls):
            await self._wait_for_permits(taken)

    async def _wait_for_permits(self, taken: Taken) -> None:
        if taken.reason == RECOVERY_NEEDED:
            await self._read_limits(older_than=READ_AGAIN_SECONDS)
            await self._recovery.run()
        elif self._windows.is_long(taken):
            error = self._windows.cap_reached(taken.wait, taken.reason, is_lowered=taken.is_lowered)
            self._refuse_waiting(error)
        elif taken.reason == CIRCUIT_OPEN:
            jitter = random.uniform(0, min(1.0, taken.wait))
            await self._clock.sleep(taken.wait + jitter)
        elif self._has_weights:
            shortest = min(window.seconds for window in self._windows.windows)
            look_seconds = min(shortest / LOOKS_IN_A_WINDOW, LONGEST_LOOK_SECONDS)
            wait = taken.wait or look_seconds
            if taken.reason == OLDER_CALL_WAITS:
                wait = LOOKS_BEHIND_OTHERS * look_seconds

            await self._clock.sleep(max(min(wait, KEEP_PLACE_SECONDS), 0.001))
        else:
            await self._clock.sleep(max(taken.wait, 0.001))

    def _refuse_waiting(self, error: Exception) -> None:
        while self._waiting:
            self._refuse_next(error)

    def _refuse_next(self, error: Exception) -> None:
        call = self._next_waiting()
        if call is not None:
            call.future.set_exception(error)

    def _next_waiting(self) -> _QueuedCall | None:
        while self._waiting:
            call = self._waiting.popleft()
            # A call whose future is done was cancelled.
            if not call.future.done():
                return call

        return None

    @property
    def _is_unlimited(self) -> bool:
        return not self._windows.windows

    @property
    def _has_weights(self) -> bool:
        return bool(self._windows.resources)


def _without_duplicates(windows: Sequence[Window]) -> list[Window]:
    """Return the smaller of windows of the same resource and length, which share a key."""
    smallest: dict[tuple[LimitedResource, int], Window] = {}
    for window in sorted(windows, key=lambda window: (window.seconds, -window.amount)):
        smallest[window.resource, window.seconds] = window

    return list(smallest.values())


class _PermittedCall:
    """The block of one call."""

    __slots__ = ("_limiter", "_permit", "_stated_limits", "_used", "_weights")

    def __init__(self, limiter: RateLimiter, weights: Weights) -> None:
        self._limiter = limiter
        self._weights = weights
        self._used: Weights | None = None
        self._stated_limits: Sequence[StatedLimit] = ()

    def settle(self, weights: Weights) -> None:
        """Charge *weights*, which the answer told, and not those that were reserved."""
        self._used = weights

    def lower(self, stated_limits: Sequence[StatedLimit]) -> None:
        """Allow no more than what the answer says is left, where that is less than our windows.

        It holds for as long as the service says, or until the answer to a later call says more.
        """
        self._stated_limits = stated_limits

    async def __aenter__(self) -> Self:
        self._permit = await self._limiter.begin_call(self._weights)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._limiter.end_call(
            self._permit,
            succeeded=kind is None,
            weights=self._used,
            stated_limits=self._stated_limits,
        )
