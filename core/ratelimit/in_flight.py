"""The permits of calls in flight: renewed each second, and stamped when the response came."""

from __future__ import annotations

from contextlib import suppress

from redis.exceptions import RedisError

from core.ratelimit.background_task import BackgroundTask
from core.ratelimit.clock import Clock
from core.ratelimit.windows import HOLD_MS, Permit, PermitWindows

RENEW_SECONDS = 1.0
# A late stamp costs nothing, because it is sent as an age.
STAMP_SECONDS = 0.02
STAMP_RETRY_SECONDS = 0.2


class CallsInFlight:
    """Tells the windows which calls are in flight, and when their responses came."""

    def __init__(self, windows: PermitWindows, clock: Clock) -> None:
        self._windows = windows
        self._clock = clock
        self._permit_ids: set[int] = set()
        # Each call that has ended has its permit's id, its monotonic time and whether it succeeded.
        self._ended: list[tuple[int, float, bool]] = []
        self._renewal = BackgroundTask(self._renew)
        self._stamping = BackgroundTask(self._stamp)

    def start(self, permit: Permit) -> None:
        """Hold *permit* until its call has ended."""
        self._permit_ids.add(permit.id)
        self._renewal.ensure_running()

    def end(self, permit: Permit, *, succeeded: bool) -> None:
        """Count *permit* from now on: its response came, or none will."""
        self._permit_ids.discard(permit.id)
        self._ended.append((permit.id, self._clock.monotonic(), succeeded))
        self._stamping.ensure_running()

    async def aclose(self) -> None:
        """Stamp the calls that have ended, and stop."""
        await self._renewal.stop()
        await self._stamping.stop()
        with suppress(RedisError):
            await self._stamp_ended()

    async def _renew(self) -> None:
        while self._permit_ids:
            await self._clock.sleep(RENEW_SECONDS)
            if self._permit_ids:
                ages_ms = dict.fromkeys(self._permit_ids, 0.0)
                # A failed renewal is retried in a second; a permit outlives three seconds.
                with suppress(RedisError):
                    await self._windows.stamp(ages_ms, hold_ms=HOLD_MS, succeeded=False)

    async def _stamp(self) -> None:
        while self._ended:
            await self._clock.sleep(STAMP_SECONDS)
            try:
                await self._stamp_ended()
            except RedisError:
                await self._clock.sleep(STAMP_RETRY_SECONDS)

    async def _stamp_ended(self) -> None:
        batch, self._ended = self._ended, []
        if not batch:
            return

        now = self._clock.monotonic()
        ages_ms = {permit_id: (now - ended_at) * 1000 for permit_id, ended_at, _ in batch}
        any_succeeded = any(succeeded for _, _, succeeded in batch)
        try:
            await self._windows.stamp(ages_ms, succeeded=any_succeeded)
        except BaseException:
            self._ended = batch + self._ended
            raise
