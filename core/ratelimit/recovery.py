"""The recovery of the windows after Redis lost its data, and after a change of the limits."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.ratelimit import History, ReadLimits
from core.ratelimit.clock import Clock
from core.ratelimit.in_flight import RENEW_SECONDS
from core.ratelimit.notation import LONG_WINDOW_SECONDS
from core.ratelimit.scripts import END_RECOVERY, REFILL_WINDOW, Keys
from core.ratelimit.windows import PermitWindows

# The lock is renewed while the process lives; a killed process delays the others no longer.
LOCK_MS = 2000
RETRY_SECONDS = 0.2
# Within this time, other processes have renewed their permits in flight.
SETTLE_SECONDS = 1.2 * RENEW_SECONDS


class Recovery:
    """Waits until the short windows are empty and refills the long ones from the table of calls.

    No process is granted a permit meanwhile.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        windows: PermitWindows,
        *,
        history: History,
        read_limits: ReadLimits,
        clock: Clock,
    ) -> None:
        self._redis = redis
        self._read_limits = read_limits
        self._keys = keys
        self._windows = windows
        self._history = history
        self._clock = clock
        self._holds_lock = False
        self._refill_window = redis.register_script(REFILL_WINDOW)
        self._end_recovery = redis.register_script(END_RECOVERY)

    async def run(self) -> None:
        """Rebuild the windows. One process holds the lock and refills them; the others retry."""
        token = str(random.getrandbits(52))
        # A longer time is left if the clock was ahead when the key was set.
        if await self._redis.pttl(self._keys.recovery) > LOCK_MS:
            await self._redis.delete(self._keys.recovery)
        if not await self._redis.set(self._keys.recovery, token, nx=True, px=LOCK_MS):
            await self._clock.sleep(RETRY_SECONDS)
            return

        self._holds_lock = True
        lock_renewal = asyncio.create_task(self._renew_lock())
        try:
            await self._rebuild(token)
        finally:
            # The flag ends the renewal too, because redis-py loses some cancellations.
            self._holds_lock = False
            lock_renewal.cancel()

    async def _rebuild(self, token: str) -> None:
        # Never go back to a version that others have left.
        await self._read_limits(older_than=0.0)
        version = self._windows.version
        run_id = (await self._redis.info("server"))["run_id"]
        complete = f"{run_id}{self._windows.noted_version}"
        if await self._redis.get(self._keys.run_id) == complete.encode():
            await self._redis.delete(self._keys.recovery)
            return

        # Whoever has older limits stops calling, and reads the new ones.
        await self._redis.set(self._keys.run_id, f"-{self._windows.noted_version}")
        lost_at = f"{self._keys.run_id}:lost:{complete}"
        lengths = [window.seconds for window in self._windows.windows]
        longest_short = max((s for s in lengths if s < LONG_WINDOW_SECONDS), default=0)

        # A renewal brings back what other processes have in flight; what they stored meanwhile
        # is in the table with their next flush. Both take a second at most.
        elapsed = await self._seconds_since(lost_at)
        await self._clock.sleep(max(0.0, longest_short + SETTLE_SECONDS - elapsed))

        for window, key in zip(self._windows.windows, self._keys.windows, strict=True):
            if window.seconds < LONG_WINDOW_SECONDS:
                continue

            arguments: list[str | int | float] = [token, *self._windows.arguments_of(window)]
            for count in await self._history(window.seconds + 60):
                amount = getattr(count, window.resource)
                if amount > 0:
                    arguments += (count.ended_ago, amount)

            if not await self._refill_window(keys=[self._keys.recovery, key], args=arguments):
                # The lock expired: another process rebuilds the windows.
                return

        await self._clock.sleep(SETTLE_SECONDS)
        if self._windows.version != version:
            await self._redis.delete(self._keys.recovery)
            return

        await self._end_recovery(
            keys=[self._keys.recovery, self._keys.run_id, lost_at], args=[token, complete]
        )

    async def _seconds_since(self, lost_at: str) -> float:
        """Return how long no process has called: the first process to notice sets a key."""
        seconds, microseconds = await self._redis.time()
        now = seconds + microseconds / 1e6
        if await self._redis.set(lost_at, now, nx=True, ex=600):
            return 0.0

        # The clock may have been set back since, so that the difference would be negative.
        return max(0.0, now - float(await self._redis.get(lost_at) or now))

    async def _renew_lock(self) -> None:
        while self._holds_lock:
            await self._clock.sleep(LOCK_MS / 4000)
            with suppress(RedisError):
                await self._redis.pexpire(self._keys.recovery, LOCK_MS)
