"""The threads in which a process works on its database, apart from those that compute."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from workers.grouped_work import GroupedWork

# A file has one writer, and two threads that read it take the interpreter from each other at every
# row: with six, an account's job took a third more processor time. Threads may wait for a server.
FILE_THREADS = 1

# There are as many threads as connections that are kept open.
SERVER_THREADS = 5

T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")


class DatabaseThreads:
    """Run short work on the database. Longer work belongs into another thread."""

    def __init__(self, *, is_file: bool) -> None:
        count = FILE_THREADS if is_file else SERVER_THREADS
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="database")

    async def run(self, work: Callable[[], T]) -> T:
        """Do *work* and wait for its end, even if the task is cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        run_in_context = contextvars.copy_context().run
        return await finish(loop.run_in_executor(self._executor, run_in_context, work))

    def group(
        self, work: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> GroupedWork[Item, Result]:
        """Return work that is done at once for all items that are submitted meanwhile."""
        return GroupedWork(work, self._executor)

    def close(self) -> None:
        """Wait for the work that was begun, and end the threads."""
        self._executor.shutdown()


async def finish(running: asyncio.Future[T]) -> T:
    """Return the result of *running*; wait for its end even if the task is cancelled."""
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
