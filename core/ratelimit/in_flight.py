"""The permits of calls in flight: renewed each second, and stamped when the response came."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from redis.exceptions import RedisError

from core.errors import TidingsError
from core.ratelimit import ReadLimits, StatedLimit
from core.ratelimit.background_task import BackgroundTask
from core.ratelimit.clock import Clock
from core.ratelimit.scripts import HOLD_MS
from core.ratelimit.windows import Permit, PermitWindows, Stamp, Statement

RENEW_SECONDS = 1.0
# A late stamp costs nothing, because it is sent as an age.
STAMP_SECONDS = 0.02
STAMP_RETRY_SECONDS = 0.2


class _EndedCall(NamedTuple):
    permit: Permit
    # The time is monotonic.
    ended_at: float
    succeeded: bool
    weights: tuple[int, ...]
    stated_limits: Sequence[StatedLimit]


class CallsInFlight:
    """Tells the windows which calls are in flight, and when their responses came."""

    def __init__(self, windows: PermitWindows, read_limits: ReadLimits, clock: Clock) -> None:
        self._windows = windows
        self._read_limits = read_limits
        self._clock = clock
        self._permits: dict[int, Permit] = {}
        self._ended: list[_EndedCall] = []
        # These are sent until Redis answers; it may have counted them before.
        self._sent: list[_EndedCall] = []
        self._renewal = BackgroundTask(self._renew)
        self._stamping = BackgroundTask(self._stamp)

    def start(self, permit: Permit) -> None:
        """Hold *permit* until its call has ended."""
        self._permits[permit.id] = permit
        # Without windows, too: there may be some before the call ends.
        self._renewal.ensure_running()

    def end(
        self,
        permit: Permit,
        *,
        succeeded: bool,
        weights: tuple[int, ...] | None = None,
        stated_limits: Sequence[StatedLimit] = (),
    ) -> None:
        """Count *permit* from now on: its response came, or none will.

        *weights* replace those that were reserved. *stated_limits* came with the response.
        """
        self._permits.pop(permit.id, None)
        if not self._windows.windows:
            return

        used = permit.weights if weights is None else weights
        ended_at = self._clock.monotonic()
        self._ended.append(_EndedCall(permit, ended_at, succeeded, used, stated_limits))
        self._stamping.ensure_running()

    async def aclose(self) -> None:
        """Stamp the calls that have ended, and stop."""
        await self._renewal.stop()
        await self._stamping.stop()
        with suppress(RedisError):
            while self._ended or self._sent:
                await self._stamp_ended()

    async def _renew(self) -> None:
        while self._permits:
            await self._clock.sleep(RENEW_SECONDS)
            # A failed renewal is retried in a second; a permit outlives three seconds.
            with suppress(RedisError, TidingsError):
                if await self._renew_once():
                    # Other processes wait for these permits in the new windows.
                    await self._read_limits(older_than=0.0)
                    await self._renew_once()

    async def _renew_once(self) -> bool:
        """Renew all permits; return whether the limits have changed."""
        stamps = [Stamp(p.id, 0.0, p.weights) for p in self._permits.values()]
        return bool(stamps) and await self._windows.stamp(stamps, hold_ms=HOLD_MS, succeeded=False)

    async def _stamp(self) -> None:
        while self._ended or self._sent:
            await self._clock.sleep(STAMP_SECONDS)
            try:
                await self._stamp_ended()
            except RedisError:
                await self._clock.sleep(STAMP_RETRY_SECONDS)

    async def _stamp_ended(self) -> None:
        is_sent_again = bool(self._sent)
        if not is_sent_again:
            self._sent, self._ended = self._ended, []

        now = self._clock.monotonic()
        stamps = [
            Stamp(call.permit.id, (now - call.ended_at) * 1000, call.weights) for call in self._sent
        ]
        statements = [
            Statement(
                limit,
                (now - call.permit.taken_at) * 1000,
                (now - call.ended_at) * 1000,
                call.permit.headrooms,
            )
            for call in self._sent
            for limit in call.stated_limits
        ]
        await self._windows.stamp(
            stamps,
            succeeded=any(call.succeeded for call in self._sent),
            statements=statements,
            is_sent_again=is_sent_again,
        )
        self._sent = []
