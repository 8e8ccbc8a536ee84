"""The shared limit of a service: a log in Redis of the calls in flight and made.

Each window (second, minute, day) is a sorted set of permits, scored by the time at which a permit
stops counting. A call takes a permit in every window or in none, in one script. While the call is
in flight, its permit is held for 3 s + the window ahead, renewed each second; when the response
came, it is stamped with that moment + the window. The stamp is sent as an age, so that sending it
late costs nothing and is never too early: Redis reads its clock after the age was taken. The
service counted the call before it answered, so its own window cannot be exceeded, however late
anything arrives here.

A Redis that lost its data (its run id is not the noted one) does not know which calls were made:
nobody calls until one process has waited out the short windows and refilled the long ones from the
table of calls.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import BrokerAway, TidingsError
from core.metrics import count_wait
from core.ratelimit import History, StatedLimit
from core.ratelimit.background_task import BackgroundTask
from core.ratelimit.circuit_breaker import CircuitBreaker
from core.ratelimit.clock import SYSTEM_CLOCK, Clock
from core.ratelimit.in_flight import CallsInFlight
from core.ratelimit.notation import NO_WEIGHTS, Weights, Window
from core.ratelimit.prefetch import PrefetchedPermits
from core.ratelimit.recovery import Recovery
from core.ratelimit.scripts import Keys
from core.ratelimit.windows import (
    CIRCUIT_OPEN,
    LONGEST_WAIT_SECONDS,
    RECOVERY_NEEDED,
    Permit,
    PermitWindows,
    Taken,
)

# An older permit is removed, because it may expire before the service counts the call.
SEND_WITHIN_SECONDS = 2.0
# Permits that become free one by one are taken a few at a time.
TAKE_AGAIN_SECONDS = 0.004
REDIS_RETRY_SECONDS = 0.5


class RateLimiter:
    """One process's access to the shared limit of one service and credential.

    Use it within one event loop, and call `aclose` at its end.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        service: str,
        credential: str,
        windows: Sequence[Window],
        history: History,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._service = service
        self._is_unlimited = not windows
        self._clock = clock

        keys = Keys(service, credential, windows)
        self._windows = PermitWindows(redis, keys, service, windows, clock)
        self._circuit_breaker = CircuitBreaker(redis, keys, self._windows, clock)
        self._recovery = Recovery(redis, keys, windows, history, clock)
        self._prefetched = PrefetchedPermits(self._windows, clock)
        self._in_flight = CallsInFlight(self._windows, clock)

        self._waiting: deque[asyncio.Future[Permit]] = deque()
        self._distribution = BackgroundTask(self._distribute_permits)

    def call(self, weights: Weights = NO_WEIGHTS) -> _Call:
        """Wait until one call of *weights* is allowed; hold its permit until the block is left.

        Raises `BrokerAway`, and `CapReached` if the wait is longer than `LONGEST_WAIT_SECONDS`.
        """
        return _Call(self, weights)

    async def begin_call(self) -> Permit | None:
        """Return the permit of one call as soon as it is allowed; see `call`.

        A call of a service without windows has one if it is the one that tries first.
        """
        began = self._clock.monotonic()
        if self._is_unlimited:
            permit = await self._circuit_breaker.wait()
        else:
            permit = await self._take_permit()
            self._in_flight.start(permit)
        count_wait(self._service, self._clock.monotonic() - began)
        return permit

    async def end_call(self, permit: Permit | None, *, succeeded: bool) -> None:
        """Count the *permit* of a call that has ended."""
        if permit is None:
            return
        if not self._is_unlimited:
            self._in_flight.end(permit, succeeded=succeeded)
        elif succeeded:
            await self._circuit_breaker.close()

    def lower(self, stated_limits: Sequence[StatedLimit]) -> None:
        """Allow no more than what the service says is left, where that is less than our windows."""

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call the service for *seconds*: it asked to be left alone."""
        await self._prefetched.clear()
        await self._circuit_breaker.open(seconds)

    async def aclose(self) -> None:
        """Stamp the calls that have ended, return unused permits, and stop."""
        await self._distribution.stop()
        await self._in_flight.aclose()
        await self._prefetched.aclose()

    async def _take_permit(self) -> Permit:
        """Return a permit that is no older than it may be when the call is sent."""
        permit = self._prefetched.pop()
        if permit is not None:
            if self._prefetched.is_low:
                self._distribution.ensure_running()
            return permit

        while True:
            future: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            self._distribution.ensure_running()
            try:
                permit = await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._in_flight.end(future.result(), succeeded=False)
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
        self._waiting = deque(future for future in self._waiting if not future.done())
        count = len(self._waiting) + self._prefetched.missing
        if not count:
            return

        taken = await self._windows.take(count)
        for permit in taken.permits:
            future = self._next_waiting()
            if future is None:
                self._prefetched.add(permit)
            else:
                future.set_result(permit)

        self._prefetched.adapt(taken.sent_at, limit_binds=len(taken.permits) < count)
        if not taken.permits and self._waiting:
            await self._wait_for_permits(taken)
        elif len(taken.permits) < count:
            await self._clock.sleep(TAKE_AGAIN_SECONDS)

    async def _wait_for_permits(self, taken: Taken) -> None:
        if taken.reason == RECOVERY_NEEDED:
            await self._recovery.run()
        elif taken.wait > LONGEST_WAIT_SECONDS:
            self._refuse_waiting(self._windows.cap_reached(taken.wait, taken.reason))
        elif taken.reason == CIRCUIT_OPEN:
            jitter = random.uniform(0, min(1.0, taken.wait))
            await self._clock.sleep(taken.wait + jitter)
        else:
            await self._clock.sleep(max(taken.wait, 0.001))

    def _refuse_waiting(self, error: Exception) -> None:
        while (future := self._next_waiting()) is not None:
            future.set_exception(error)

    def _next_waiting(self) -> asyncio.Future[Permit] | None:
        while self._waiting:
            future = self._waiting.popleft()
            # A future that is done was cancelled.
            if not future.done():
                return future
        return None


class _Call:
    """The block of one call."""

    __slots__ = ("_limiter", "_permit", "_weights")

    def __init__(self, limiter: RateLimiter, weights: Weights) -> None:
        self._limiter = limiter
        self._weights = weights
        self._permit: Permit | None = None

    def settle(self, weights: Weights) -> None:
        """Charge *weights*, which the answer told, and not those that were reserved."""
        self._weights = weights

    async def __aenter__(self) -> Self:
        self._permit = await self._limiter.begin_call()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._limiter.end_call(self._permit, succeeded=kind is None)
