"""A loop that runs while it has something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

CANCEL_AGAIN_SECONDS = 0.1


class BackgroundTask:
    """A coroutine function that is run by at most one task at a time."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def ensure_running(self) -> None:
        """Start the task unless it runs."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Cancel the task until it has ended: redis-py loses some cancellations."""
        task, self._task = self._task, None
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)
