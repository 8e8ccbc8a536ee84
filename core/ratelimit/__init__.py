"""The rate limiter: what a service allows all workers together."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from core.ratelimit.notation import NO_WEIGHTS, LimitedResource, Weights, Window


class StatedLimit(NamedTuple):
    """What a service said of one resource with an answer: it holds for so many *seconds*."""

    resource: LimitedResource

    #: This much of the resource is left.
    remaining: int | None

    #: There may be this much of the resource at most.
    limit: int | None
    seconds: float


class MinuteCount(NamedTuple):
    """What the calls of one minute are charged with, and how many seconds ago the minute ended.

    The seconds are negative while it lasts. They are an age, since the clock of the history need
    not be that of Redis.
    """

    ended_ago: float
    calls: int
    tokens: int = 0
    cost: int = 0


#: Takes a number of seconds; returns the counts since then, with calls that may be in flight.
History = Callable[[float], Awaitable[Sequence[MinuteCount]]]


class SharedLimits(NamedTuple):
    """The limits that all workers share; each change of them has a higher version."""

    windows: Sequence[Window]
    version: int = 0


#: Reads the limits that are in force.
FetchLimits = Callable[[], Awaitable[SharedLimits]]


class ReadLimits(Protocol):
    """Uses the limits that are in force now."""

    async def __call__(self, *, older_than: float) -> None:
        """Read them again if that was done more than so many seconds ago."""


class LimitedCall(Protocol):
    """A call that the limiter has permitted."""

    def settle(self, weights: Weights) -> None:
        """Charge *weights*, which the answer told, and not those that were reserved.

        A call that is not settled stays charged with what was reserved for it.
        """

    def lower(self, stated_limits: Sequence[StatedLimit]) -> None:
        """Allow no more than what the answer says is left, where that is less than our windows."""


class Limiter(Protocol):
    """The rate limiter of a service, as its client uses it."""

    def call(self, weights: Weights = NO_WEIGHTS) -> AbstractAsyncContextManager[LimitedCall]:
        """Wait until one call of *weights* is allowed; hold its permit until the block is left."""

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call the service for *seconds*."""


def credential_of(key: str | None) -> str:
    """Return a name for *key* that does not reveal it."""
    return hashlib.sha256(b"tidings credential\0" + (key or "").encode()).hexdigest()[:12]
