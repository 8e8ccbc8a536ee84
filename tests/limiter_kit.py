"""Rate limiters in virtual time, each as in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis

from core.ratelimit import FetchLimits, History, MinuteCount, recovery
from core.ratelimit.clock import SYSTEM_CLOCK, Clock
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import parse_limits
from tests.virtual_time import VirtualTime, VirtualTimeRedis

SETTLE_SECONDS = recovery.SETTLE_SECONDS
Work = Callable[..., Awaitable[Any]]


@contextmanager
def nobody_in_flight() -> Iterator[None]:
    """Let limiters that meet an empty Valkey not wait for the permits of other processes.

    A test has an empty one, and would wait 2.4 seconds for each service that it asks.
    """
    recovery.SETTLE_SECONDS = 0.0
    try:
        yield
    finally:
        recovery.SETTLE_SECONDS = SETTLE_SECONDS


async def no_calls(_seconds: float) -> Sequence[MinuteCount]:
    return []


def make_limiter(
    client: Redis,
    limit: str,
    history: History = no_calls,
    clock: Clock = SYSTEM_CLOCK,
    fetch_limits: FetchLimits | None = None,
) -> RateLimiter:
    return RateLimiter(
        client,
        service="nyt",
        credential="c",
        windows=parse_limits(limit),
        history=history,
        fetch_limits=fetch_limits,
        clock=clock,
    )


def run_in_virtual_time(
    redis_url: str,
    limit: str,
    work: Work,
    *,
    processes: int = 1,
    history: History = no_calls,
    fetch_limits: FetchLimits | None = None,
) -> Any:
    """Run ``work(virtual_time, *limiters)``, each limiter as in a process of its own."""

    async def main() -> Any:
        virtual_time = VirtualTime()
        clients, limiters = [], []
        for _ in range(processes):
            client = VirtualTimeRedis.from_url(redis_url)
            client.virtual_time = virtual_time
            clients.append(client)
            limiters.append(make_limiter(client, limit, history, virtual_time.clock, fetch_limits))

        async with virtual_time.passing():
            try:
                return await work(virtual_time, *limiters)
            finally:
                for limiter in limiters:
                    await limiter.aclose()

                for client in clients:
                    await client.aclose()

    return asyncio.run(main())
