"""Tasks of the rate limiter end when they are stopped."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from core.ratelimit.background_task import BackgroundTask


def test_a_task_is_stopped_though_a_cancellation_is_lost() -> None:
    ended: list[str] = []

    async def lose_the_first_cancellation() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled again")

    async def main() -> None:
        task = BackgroundTask(lose_the_first_cancellation)
        task.ensure_running()
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await task.stop()

    asyncio.run(main())
    assert ended == ["cancelled again"]
