"""Permits that are taken ahead of their calls while the limit does not bind."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from redis.exceptions import RedisError

from core.ratelimit.background_task import BackgroundTask
from core.ratelimit.clock import Clock
from core.ratelimit.windows import Permit, PermitWindows

# Older permits are returned.
PREFETCH_SECONDS = 0.05
PREFETCH_MOST = 256


class PrefetchedPermits:
    """The permits for half of the next `PREFETCH_SECONDS`, at the present rate of calls."""

    def __init__(self, windows: PermitWindows, clock: Clock) -> None:
        self._windows = windows
        self._clock = clock
        self._permits: deque[Permit] = deque()
        self._target = 0
        # Calls are counted since permits were last taken, at `_taken_at`.
        self._calls = 0
        self._taken_at = 0.0
        self._expiry = BackgroundTask(self._return_expired)

    @property
    def missing(self) -> int:
        """How many permits to take."""
        return max(0, self._target - len(self._permits))

    @property
    def is_low(self) -> bool:
        """Whether it is time to take more."""
        return 2 * len(self._permits) < self._target

    def pop(self) -> Permit | None:
        """Return a permit for one call if there is one that is fresh."""
        self._calls += 1
        if self._permits and self._age_of_oldest() <= PREFETCH_SECONDS:
            return self._permits.popleft()

        return None

    def add(self, permit: Permit) -> None:
        """Keep *permit* for a call to come."""
        self._permits.append(permit)
        self._expiry.ensure_running()

    def adapt(self, taken_at: float, *, limit_binds: bool) -> None:
        """Set the target by the rate of calls; nothing is prefetched while the limit binds."""
        rate = self._calls / max(taken_at - self._taken_at, 1e-3)
        self._target = 0 if limit_binds else min(int(rate * PREFETCH_SECONDS / 2), PREFETCH_MOST)
        self._calls = 0
        self._taken_at = taken_at

    async def clear(self) -> None:
        """Return all permits, and prefetch none until the rate is measured again."""
        self._target = 0
        await self._return(older_than=0.0)

    async def aclose(self) -> None:
        """Return all permits, and stop."""
        await self._expiry.stop()
        await self.clear()

    async def _return_expired(self) -> None:
        while self._permits:
            await self._clock.sleep(PREFETCH_SECONDS)
            await self._return(older_than=PREFETCH_SECONDS)

    async def _return(self, *, older_than: float) -> None:
        expired = []
        while self._permits and self._age_of_oldest() >= older_than:
            expired.append(self._permits.popleft())

        # If Redis fails, they expire by themselves.
        with suppress(RedisError):
            await self._windows.remove(expired)

    def _age_of_oldest(self) -> float:
        return self._clock.monotonic() - self._permits[0].taken_at
