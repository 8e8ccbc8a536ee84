"""A process that calls the stub under one limiter: started by limiters.py, several at once.

``python -P limiters_client.py LIMITER REDIS STUB SECONDS CALLS TOKENS PROCESSES TASKS AHEAD``
allows so many CALLS and TOKENS (0: none) in a window of SECONDS to all PROCESSES together. AHEAD is
by how many seconds the process's clock is wrong. It prints the processor time of its start, and
ends with its input. Packages are imported by the limiter that needs them.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

# A call reserves this times what it uses, where the limiter can settle it.
BOUND = 2.0

Permit = Callable[[int], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Limits:
    """What all processes together may do in a window."""

    redis: str
    seconds: int
    calls: int
    tokens: int
    processes: int


def ours(limits: Limits) -> Permit:
    """`core.ratelimit` by itself."""
    from redis.asyncio import Redis  # noqa: PLC0415

    from core.ratelimit import MinuteCount  # noqa: PLC0415
    from core.ratelimit.limiter import RateLimiter  # noqa: PLC0415
    from core.ratelimit.notation import LimitUnit, parse_limits  # noqa: PLC0415

    async def no_history(_seconds: float) -> list[MinuteCount]:
        return []

    text = f"{limits.calls}/{limits.seconds}s"
    if limits.tokens:
        text += f", {limits.tokens} tokens/{limits.seconds}s"

    limiter = RateLimiter(
        Redis.from_url(limits.redis),
        service="arena",
        credential="c",
        windows=parse_limits(text),
        history=no_history,
    )

    @asynccontextmanager
    async def permit(tokens: int) -> AsyncIterator[None]:
        async with limiter.call({LimitUnit.TOKENS: round(BOUND * tokens)}) as call:
            yield
            call.settle({LimitUnit.TOKENS: tokens})

    return permit


def pyrate_limiter(limits: Limits) -> Permit:
    """The sliding log of pyrate-limiter in Redis."""
    from pyrate_limiter import Limiter, Rate, RedisBucket  # noqa: PLC0415
    from redis.asyncio import Redis  # noqa: PLC0415

    client = Redis.from_url(limits.redis)
    limiters: dict[str, Any] = {}

    async def acquire(unit: str, amount: int, weight: int) -> None:
        if unit not in limiters:
            rates = [Rate(amount, limits.seconds * 1000)]
            bucket: Any = RedisBucket.init(rates, client, f"arena:{unit}")
            limiters[unit] = Limiter(await bucket)

        await limiters[unit].try_acquire_async(unit, weight)

    return _one_after_the_other(limits, acquire)


def throttled_py(limits: Limits, algorithm: str) -> Permit:
    """Throttled-py with one of its algorithms."""
    from throttled.asyncio import RedisStore, Throttled, rate_limiter  # noqa: PLC0415

    period = timedelta(seconds=limits.seconds)
    store = RedisStore(server=limits.redis)
    throttles: dict[str, Any] = {}

    async def acquire(unit: str, amount: int, weight: int) -> None:
        if unit not in throttles:
            quota = rate_limiter.per_duration(period, amount)
            throttles[unit] = Throttled(
                key=unit, using=algorithm, quota=quota, store=store, timeout=60
            )

        # It waits itself, but may find no room when it looks again.
        while True:
            result = await throttles[unit].limit(unit, cost=weight)
            if not result.limited:
                return

            await asyncio.sleep(0.01)

    return _one_after_the_other(limits, acquire)


def limits_package(limits: Limits, strategy: str) -> Permit:
    """Limits with one of its strategies; it leaves the waiting to its user."""
    from limits import RateLimitItemPerSecond  # noqa: PLC0415
    from limits.aio import strategies  # noqa: PLC0415
    from limits.storage import storage_from_string  # noqa: PLC0415

    storage = storage_from_string(f"async+{limits.redis}", implementation="redispy")
    limiter = getattr(strategies, strategy)(storage)

    async def acquire(unit: str, amount: int, weight: int) -> None:
        window = RateLimitItemPerSecond(amount, limits.seconds)
        while not await limiter.hit(window, unit, cost=weight):
            stats = await limiter.get_window_stats(window, unit)
            wait = stats.reset_time - time.time() if stats.remaining < 1 else 0.0
            await asyncio.sleep(min(max(wait, 0.05), 1.0))

    return _one_after_the_other(limits, acquire)


def token_throttle(limits: Limits) -> Permit:
    """The token buckets of token-throttle, which reserves and refunds."""
    from redis.asyncio import Redis  # noqa: PLC0415
    from token_throttle import (  # noqa: PLC0415
        PerModelConfig,
        Quota,
        RateLimiter,
        RedisBackendBuilder,
        UsageQuotas,
    )

    quotas = [Quota(metric="calls", limit=limits.calls, per_seconds=limits.seconds)]
    if limits.tokens:
        quotas.append(Quota(metric="tokens", limit=limits.tokens, per_seconds=limits.seconds))

    limiter = RateLimiter(
        PerModelConfig(quotas=UsageQuotas(quotas)),
        backend=RedisBackendBuilder(Redis.from_url(limits.redis), key_prefix="arena"),
    )

    @asynccontextmanager
    async def permit(tokens: int) -> AsyncIterator[None]:
        reserved, used = {"calls": 1}, {"calls": 1}
        if limits.tokens:
            reserved["tokens"], used["tokens"] = round(BOUND * tokens), tokens

        async with limiter.reserve(reserved, model="arena") as handle:
            yield
            handle.set_actual_usage(used)

    return permit


def aiolimiter(limits: Limits) -> Permit:
    """The leaky bucket of aiolimiter, which knows one process: each gets its share."""
    from aiolimiter import AsyncLimiter  # noqa: PLC0415

    buckets: dict[str, Any] = {}

    async def acquire(unit: str, amount: int, weight: int) -> None:
        if unit not in buckets:
            buckets[unit] = AsyncLimiter(amount / limits.processes, limits.seconds)

        await buckets[unit].acquire(weight)

    return _one_after_the_other(limits, acquire)


def _one_after_the_other(
    limits: Limits, acquire: Callable[[str, int, int], Awaitable[None]]
) -> Permit:
    """Acquire one call and then its tokens, told beforehand how many it will use."""

    @asynccontextmanager
    async def permit(tokens: int) -> AsyncIterator[None]:
        await acquire("calls", limits.calls, 1)
        if limits.tokens:
            await acquire("tokens", limits.tokens, tokens)

        yield

    return permit


LIMITERS: dict[str, Callable[[Limits], Permit]] = {
    "ours": ours,
    "pyrate-limiter": pyrate_limiter,
    "throttled-py sliding window": lambda limits: throttled_py(limits, "sliding_window"),
    "throttled-py gcra": lambda limits: throttled_py(limits, "gcra"),
    "limits moving window": lambda limits: limits_package(limits, "MovingWindowRateLimiter"),
    "limits sliding counter": lambda limits: limits_package(
        limits, "SlidingWindowCounterRateLimiter"
    ),
    "token-throttle": token_throttle,
    "aiolimiter": aiolimiter,
}


async def call_for_ever(permit: Permit, stub: str, tasks: int) -> None:
    """Call the stub as often as the limiter permits, from so many tasks."""

    async def call_in_turn(session: aiohttp.ClientSession) -> None:
        while True:
            tokens = random.choice((50, 100, 150, 200, 750))
            try:
                async with permit(tokens):
                    await (await session.post(f"{stub}/call?tokens={tokens}")).read()
            except Exception as error:  # noqa: BLE001 - a limiter may fail when Redis loses its data
                print(type(error).__name__, error, file=sys.stderr)
                await asyncio.sleep(0.05)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(call_in_turn(session) for _ in range(tasks)))


def set_clock(ahead: float) -> None:
    """Let the wall clock of this process be wrong."""
    wall_clock, wall_clock_ns = time.time, time.time_ns
    time.time = lambda: wall_clock() + ahead
    time.time_ns = lambda: wall_clock_ns() + int(ahead * 1e9)


def main() -> None:
    """Call until the input ends."""
    name, redis, stub, *numbers, ahead = sys.argv[1:]
    seconds, calls, tokens, processes, tasks = map(int, numbers)
    set_clock(float(ahead))

    async def call() -> None:
        permit = LIMITERS[name](Limits(redis, seconds, calls, tokens, processes))
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait_for_end() -> None:
            sys.stdin.read()
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=wait_for_end, daemon=True).start()
        print(time.process_time(), flush=True)
        calling = asyncio.create_task(call_for_ever(permit, stub, tasks))
        await ended.wait()
        calling.cancel()

    asyncio.run(call())


if __name__ == "__main__":
    main()
