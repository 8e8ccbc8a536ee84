"""A process that calls the stub as often as its rate limiter allows; tests start several.

``python tests/chaos/limit_client.py REDIS STUB LIMITS SECONDS [OPTIONS]``
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
from core.ratelimit import MinuteCount
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import parse_limits


async def _no_calls(_seconds: float) -> Sequence[MinuteCount]:
    return []


async def main(options: argparse.Namespace) -> None:
    """Call until the time is over."""
    redis = Redis.from_url(options.redis)
    limiter = RateLimiter(
        redis,
        service="textapi",
        credential="k",
        windows=parse_limits(options.limits),
        history=_no_calls,
    )
    url = f"{options.stub}/text/text_polarity"
    end = time.monotonic() + options.seconds

    async def call_often(session: aiohttp.ClientSession) -> None:
        while time.monotonic() < end:
            try:
                async with limiter.call():
                    if options.jitter:
                        await asyncio.sleep(random.uniform(0, options.jitter))

                    async with session.post(url, json={"text": "x"}) as response:
                        await response.read()
            except CapReached as error:  # a job would be put off until then
                await asyncio.sleep(max(error.until - time.time(), 0.0))

    async def block_loop() -> None:
        while True:
            await asyncio.sleep(random.uniform(0, 0.3))
            time.sleep(random.uniform(0, 0.15))  # noqa: ASYNC251 - other work in the loop

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [asyncio.create_task(call_often(session)) for _ in range(options.concurrency)]
        blocking = [asyncio.create_task(block_loop())] if options.busy else []

        await asyncio.wait(tasks, timeout=options.seconds + 1)
        for task in tasks + blocking:
            task.cancel()

        await asyncio.gather(*tasks, *blocking, return_exceptions=True)

    await limiter.aclose()
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
