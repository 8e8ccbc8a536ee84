"""The windows of a limit in Redis, in which permits are taken, stamped and removed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from redis.asyncio import Redis

from core.errors import CapReached, ServiceRefused
from core.ratelimit import StatedLimit
from core.ratelimit.clock import Clock
from core.ratelimit.notation import LONG_WINDOW_SECONDS, LimitedResource, Weights, Window
from core.ratelimit.scripts import (
    HOLD_MS,
    REMOVE_PERMITS,
    STAMP_PERMITS,
    TAKE_PERMITS,
    TAKE_WEIGHTED_PERMITS,
    Keys,
)

# Calls keep this share of a window's even spacing, so that they make up for slow moments.
SPACING = 0.75
SPACING_TOLERANCE_MS = 10.0
# A longer wait is an error, so that it does not hold a worker.
LONGEST_WAIT_SECONDS = 20.0

WEIGHTED_RESOURCES = (LimitedResource.TOKENS, LimitedResource.COST)
_RESOURCE_NUMBERS = {LimitedResource.CALLS: 0, LimitedResource.TOKENS: 1, LimitedResource.COST: 2}

# These are reasons to wait; other reasons are the number of a window, from 1.
OLDER_CALL_WAITS, RECOVERY_NEEDED, CIRCUIT_OPEN = -3, -2, -1


class Permit(NamedTuple):
    """The right to one call, counted in every window."""

    id: int

    # The time is monotonic.
    taken_at: float

    # There is one for each of `WEIGHTED_RESOURCES`.
    weights: tuple[int, ...] = (0, 0)

    # Of calls, tokens and cost: what is free, and what has been taken, together.
    headrooms: tuple[int, ...] = ()

    # Its call tries a service without windows for all others.
    tries_first: bool = False


class Stamp(NamedTuple):
    """A permit that counts from so many milliseconds ago on, with these weights."""

    permit_id: int
    age_ms: float
    weights: tuple[int, ...]


class Statement(NamedTuple):
    """What a service stated, and how long ago its call was permitted and answered."""

    limit: StatedLimit
    permitted_ms: float
    answered_ms: float
    headrooms: tuple[int, ...]


class WaitingCall(NamedTuple):
    """The weights of a call that waits, and for how many milliseconds it does."""

    age_ms: float
    weights: tuple[int, ...]


class Taken(NamedTuple):
    """The permits that Redis granted and, if it granted too few, how long to wait and why."""

    permits: list[Permit]
    # The time is monotonic.
    sent_at: float
    # Seconds.
    wait: float
    reason: int
    # Our windows have room, but the service says that there is less.
    is_lowered: bool = False


class PermitWindows:
    """The log of calls of one service and credential, a sorted set per window.

    Each permit is scored by the time at which it stops counting. *resources* are those that calls
    have weights of: all of `WEIGHTED_RESOURCES`, or none.
    """

    def __init__(
        self, redis: Redis, keys: Keys, service: str, windows: Sequence[Window], clock: Clock
    ) -> None:
        self._keys = keys
        self._service = service
        self._clock = clock
        self._take_permits = redis.register_script(TAKE_PERMITS)
        self._take_weighted_permits = redis.register_script(TAKE_WEIGHTED_PERMITS)
        self._stamp_permits = redis.register_script(STAMP_PERMITS)
        self._remove_permits = redis.register_script(REMOVE_PERMITS)
        # A double in Lua holds 53 bits.
        self._next_id = random.getrandbits(52)
        self._process_id = random.getrandbits(52)
        self.change(windows, version=0)

    def change(self, windows: Sequence[Window], version: int) -> None:
        """Use *windows* from now on, which are complete where their *version* is noted in Redis."""
        self.windows = windows
        self.version = version
        self._keys.name_windows(windows)
        has_weights = any(window.resource is not LimitedResource.CALLS for window in windows)
        self.resources = WEIGHTED_RESOURCES if has_weights else ()

        self._arguments: list[int] = []
        for window in windows:
            self._arguments += self.arguments_of(window)

        self._spacing_ms = _spacing_ms(windows)

    @property
    def noted_version(self) -> str:
        """What Redis notes behind its run id; nothing for limits that were never changed."""
        return f" {self.version}" if self.version else ""

    def are_older_than(self, noted: Any) -> bool:
        """Return whether what Redis notes names a later version of the limits."""
        _, _, version = (noted or b"").partition(b" ")
        return int(version or 0) > self.version

    def arguments_of(self, window: Window) -> tuple[int, int, int]:
        """Return what the scripts read of *window*: number of its resource, amount and length."""
        return _RESOURCE_NUMBERS[window.resource], window.amount, window.seconds * 1000

    def weights_of(self, weights: Weights) -> tuple[int, ...]:
        """Return the weight of each of `WEIGHTED_RESOURCES`."""
        return tuple(weights.get(resource, 0) for resource in WEIGHTED_RESOURCES)

    def permit_without_windows(self, weights: Weights) -> Permit:
        """Return the permit of a call that no window counts, in case that one will."""
        self._next_id += 1
        no_headrooms = (-1,) * len(_RESOURCE_NUMBERS)
        now = self._clock.monotonic()
        return Permit(self._next_id - 1, now, self.weights_of(weights), no_headrooms)

    def check_weights(self, weights: Weights) -> None:
        """Raise `ServiceRefused` if a call of *weights* fits into no empty window."""
        for window in self.windows:
            weight = weights.get(window.resource, 0)
            if weight > window.amount:
                call = Window(weight, window.seconds, window.resource, window.currency).amount_text
                raise ServiceRefused(
                    f"{self._service}: a call of {call} can never be made within the limit of "
                    f"{window}: raise the limit, or ask for less at once",
                    service=self._service,
                )

    async def take(self, count: int) -> Taken:
        """Take up to *count* permits of calls without weights, each in every window."""
        first_id = self._next_id
        self._next_id += count
        keys = self._keys
        sent_at = self._clock.monotonic()

        granted, wait_us, reason, *details = await self._take_permits(
            keys=[
                keys.run_id,
                keys.open_until,
                keys.trial,
                keys.lowered,
                keys.taken,
                keys.spacing,
                *keys.windows,
            ],
            args=[
                *(count, first_id, HOLD_MS, *self._spacing_ms, self.noted_version),
                *self._arguments,
            ],
        )
        is_lowered, *headrooms = details or [0]
        permits = [
            Permit(first_id + index, sent_at, headrooms=tuple(headrooms))
            for index in range(granted)
        ]
        return Taken(permits, sent_at, wait_us / 1e6, reason, bool(is_lowered))

    async def take_in_turn(self, waiting: Sequence[WaitingCall]) -> Taken:
        """Take a permit for each of the *waiting* calls, until one of them does not fit."""
        first_id = self._next_id
        self._next_id += len(waiting)
        resources = len(self.resources)
        arguments: list[float | str] = [self._process_id, HOLD_MS, resources, self.noted_version]
        arguments += self._arguments
        for permit_id, call in enumerate(waiting, start=first_id):
            arguments += (permit_id, call.age_ms, *call.weights[:resources])

        keys = self._keys
        sent_at = self._clock.monotonic()
        granted, wait_us, reason, *details = await self._take_weighted_permits(
            keys=[
                keys.run_id,
                keys.open_until,
                keys.trial,
                keys.lowered,
                keys.taken,
                *keys.waiting,
                *keys.windows,
            ],
            args=arguments,
        )
        is_lowered, *headrooms = details or [0]
        permits = [
            Permit(first_id + index, sent_at, call.weights, tuple(headrooms))
            for index, call in enumerate(waiting[:granted])
        ]
        return Taken(permits, sent_at, wait_us / 1e6, reason, bool(is_lowered))

    async def stamp(
        self,
        stamps: Sequence[Stamp],
        *,
        hold_ms: int = 0,
        succeeded: bool,
        statements: Iterable[Statement] = (),
        is_sent_again: bool = False,
    ) -> bool:
        """Count permits from their ages on, *hold_ms* longer; a success closes the circuit.

        What the service stated lowers its windows afterwards. *is_sent_again* says that Redis may
        have counted the permits before. Return whether the limits have changed meanwhile.
        """
        arguments: list[float] = [hold_ms, int(succeeded), int(is_sent_again)]
        arguments += (len(self.resources), len(stamps))
        arguments += self._arguments
        for permit_id, age_ms, weights in stamps:
            arguments += (permit_id, age_ms, *weights[: len(self.resources)])

        for (resource, remaining, limit, seconds), *ages_ms, headrooms in statements:
            number = _RESOURCE_NUMBERS[resource]
            amounts = [-1 if amount is None else amount for amount in (remaining, limit)]
            arguments += (number, *amounts, seconds * 1000, *ages_ms, headrooms[number])

        keys = self._keys
        noted = await self._stamp_permits(
            keys=[
                *(keys.open_until, keys.trial, keys.lowered, keys.taken, keys.run_id),
                *keys.windows,
            ],
            args=arguments,
        )
        return self.are_older_than(noted)

    async def remove(self, permits: Sequence[Permit]) -> None:
        """Remove permits with which no call was made."""
        if permits:
            permit_ids = [permit.id for permit in permits]
            await self._remove_permits(
                keys=self._keys.windows, args=[*self._arguments, *permit_ids]
            )

    def is_long(self, taken: Taken) -> bool:
        """Return whether the wait would hold a worker for too long.

        Calls with weights wait for a window of a minute, since a call that leaves its place in the
        queue may find none again.
        """
        longest = LONGEST_WAIT_SECONDS
        if self.resources and taken.reason > 0:
            seconds = self.windows[taken.reason - 1].seconds
            if seconds <= LONG_WINDOW_SECONDS:
                longest = LONG_WINDOW_SECONDS

        return taken.wait > longest

    def cap_reached(self, wait: float, reason: int, *, is_lowered: bool = False) -> CapReached:
        """Return the error for a wait that is longer than a worker should stand still."""
        until = self._clock.time() + wait
        at = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        if reason == CIRCUIT_OPEN:
            problem = f"is closed until {at}, as it asked: `tidings resume RUN` tries it at once"
        elif is_lowered:
            limit = self.windows[reason - 1]
            problem = f"says until {at} that less is left than our limit of {limit} has"
        else:
            problem = f"limit of {self.windows[reason - 1]} is reached until {at}"

        return CapReached(f"{self._service}: {problem}", service=self._service, until=until)


def spacing_seconds(windows: Sequence[Window]) -> float:
    """Return how far apart calls are kept even where a limit of them is not used up."""
    return _spacing_ms(windows)[0] / 1000


def _spacing_ms(windows: Sequence[Window]) -> tuple[float, float]:
    """Return how far apart calls are, and how far ahead of that they may be, in milliseconds.

    Long windows may be used up at once.
    """
    if not windows or windows[0].seconds >= LONG_WINDOW_SECONDS:
        return 0.0, 0.0

    spacing = SPACING * windows[0].seconds * 1000 / windows[0].amount
    return spacing, max(spacing, SPACING_TOLERANCE_MS)
