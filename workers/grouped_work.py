"""Work in a thread that is done together for all who asked for it meanwhile.

Each turn costs a transaction and the way to a thread and back, and the steps of a job ask at the
same moments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from core.errors import DatabaseAway

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupedWork(Generic[Item, Result]):
    """Gives items to *work*, in a thread: the next are all that were submitted meanwhile.

    *work* returns a result for each item. Where it raises an error, each item is tried alone, so
    that an error is its submitter's; all get that of a database that is away. Use it within one
    event loop.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Return the future result of *item*. To cancel it does not keep the item from its turn."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work_in_turns())
        return future

    async def _work_in_turns(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            items = [item for item, _ in group]
            outcomes = await asyncio.to_thread(self._try, items)
            for (_, future), (result, error) in zip(group, outcomes, strict=True):
                if future.done():  # it was cancelled
                    continue
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(result)

    def _try(self, items: Sequence[Item]) -> list[tuple[Any, Exception | None]]:
        """Return a result or an error for each of *items*."""
        try:
            return [(result, None) for result in self._work(items)]
        except Exception as error:  # noqa: BLE001 - the submitters raise it
            if len(items) == 1 or isinstance(error, DatabaseAway):
                return [(None, error)] * len(items)

        outcomes = []
        for item in items:
            outcomes += self._try([item])
        return outcomes
