"""The windows of a limit in Redis, in which permits are taken, stamped and removed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from redis.asyncio import Redis

from core.errors import CapReached
from core.ratelimit.clock import Clock
from core.ratelimit.notation import LONG_WINDOW_SECONDS, Window
from core.ratelimit.scripts import STAMP_PERMITS, TAKE_PERMITS, Keys

# A permit outlives its last renewal by this time, beside the window itself.
HOLD_MS = 3000
# Calls keep this share of a window's even spacing, so that they make up for slow moments.
SPACING = 0.75
SPACING_TOLERANCE_MS = 10.0
# A longer wait is an error, so that it does not hold a worker.
LONGEST_WAIT_SECONDS = 20.0

# These are reasons to wait; other reasons are the number of a window, from 1.
RECOVERY_NEEDED, CIRCUIT_OPEN = -2, -1


class Permit(NamedTuple):
    """The right to one call, counted in every window."""

    id: int

    # The time is monotonic.
    taken_at: float


class Taken(NamedTuple):
    """The permits that Redis granted and, if it granted none, how many seconds to wait and why."""

    permits: list[Permit]
    # The time is monotonic.
    sent_at: float
    wait: float
    reason: int


class PermitWindows:
    """The log of calls of one service and credential, a sorted set per window.

    Each permit is scored by the time at which it stops counting.
    """

    def __init__(
        self, redis: Redis, keys: Keys, service: str, windows: Sequence[Window], clock: Clock
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._service = service
        self._windows = windows
        self._clock = clock
        self._take_permits = redis.register_script(TAKE_PERMITS)
        self._stamp_permits = redis.register_script(STAMP_PERMITS)
        # A double in Lua holds 53 bits.
        self._next_id = random.getrandbits(52)

        self._lengths_ms = [window.seconds * 1000 for window in windows]
        self._take_arguments = [float(HOLD_MS), *_spacing_ms(windows)]
        for window in windows:
            self._take_arguments += (window.amount, window.seconds * 1000)

    async def take(self, count: int) -> Taken:
        """Take up to *count* permits, each in every window."""
        first_id = self._next_id
        self._next_id += count
        keys = self._keys
        sent_at = self._clock.monotonic()

        granted, wait_us, reason = await self._take_permits(
            keys=[keys.run_id, keys.open_until, keys.trial, keys.spacing, *keys.windows],
            args=[count, first_id, *self._take_arguments],
        )
        permits = [Permit(first_id + index, sent_at) for index in range(granted)]
        return Taken(permits, sent_at, wait_us / 1e6, reason)

    async def stamp(
        self, ages_ms: Mapping[int, float], *, hold_ms: int = 0, succeeded: bool
    ) -> None:
        """Count the permits from their ages on, *hold_ms* longer; a success closes the circuit."""
        arguments: list[float] = [hold_ms, int(succeeded), *self._lengths_ms]
        for permit_id, age_ms in ages_ms.items():
            arguments += (permit_id, age_ms)

        keys = self._keys
        await self._stamp_permits(keys=[keys.open_until, keys.trial, *keys.windows], args=arguments)

    async def remove(self, permits: Sequence[Permit]) -> None:
        """Remove permits with which no call was made."""
        if permits:
            for key in self._keys.windows:
                await self._redis.zrem(key, *(permit.id for permit in permits))

    def cap_reached(self, wait: float, reason: int) -> CapReached:
        """Return the error for a wait that is longer than a worker should stand still."""
        until = self._clock.time() + wait
        at = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        if reason == CIRCUIT_OPEN:
            problem = f"is closed until {at}, as it asked: `tidings resume RUN` tries it at once"
        else:
            problem = f"limit of {self._windows[reason - 1]} is reached until {at}"
        return CapReached(f"{self._service}: {problem}", service=self._service, until=until)


def _spacing_ms(windows: Sequence[Window]) -> tuple[float, float]:
    """Return how far apart calls are, and how far ahead of that they may be, in milliseconds.

    Long windows may be used up at once.
    """
    if not windows or windows[0].seconds >= LONG_WINDOW_SECONDS:
        return 0.0, 0.0
    spacing = SPACING * windows[0].seconds * 1000 / windows[0].amount
    return spacing, max(spacing, SPACING_TOLERANCE_MS)
