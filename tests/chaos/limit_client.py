"""One process that calls the stub as often as a shared limit lets it: started several times over, and killed.

``python tests/chaos/limit_client.py REDIS STUB LIMITS SECONDS [--busy] [--jitter S] [--concurrency N]``
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence

import aiohttp
from redis.asyncio import Redis

from core.errors import CapReached
from core.rate_limit_notation import parse_limits
from core.ratelimit.limiter import RateLimiter


async def _nothing_known(_seconds: float) -> Sequence[tuple[int, int]]:
    return []


async def main(given: argparse.Namespace) -> None:
    """Call until the time is over."""
    redis = Redis.from_url(given.redis)
    gate = RateLimiter(
        redis,
        service="textapi",
        credential="k",
        windows=parse_limits(given.limits),
        history=_nothing_known,
    )
    end = time.monotonic() + given.seconds

    async def calls(session: aiohttp.ClientSession) -> None:
        while time.monotonic() < end:
            try:
                async with gate.call():
                    if given.jitter:
                        await asyncio.sleep(random.uniform(0, given.jitter))
                    async with session.post(
                        f"{given.stub}/text/text_polarity", json={"text": "x"}
                    ) as response:
                        await response.read()
            except CapReached as error:  # a job would be put off until then
                await asyncio.sleep(max(error.until - time.time(), 0.0))

    async def stand_still() -> None:
        while True:
            await asyncio.sleep(random.uniform(0, 0.3))
            time.sleep(random.uniform(0, 0.15))  # noqa: ASYNC251 - a loop that is busy with something else

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        busy = asyncio.create_task(stand_still()) if given.busy else None
        tasks = [asyncio.create_task(calls(session)) for _ in range(given.concurrency)]
        await asyncio.wait(tasks, timeout=given.seconds + 1)
        for task in [*tasks, *([busy] if busy else [])]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await gate.aclose()
    await redis.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("redis")
    parser.add_argument("stub")
    parser.add_argument("limits")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--jitter", type=float, default=0.0)
    parser.add_argument("--concurrency", type=int, default=20)
    asyncio.run(main(parser.parse_args()))
