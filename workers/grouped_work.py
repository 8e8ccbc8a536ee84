"""Work in a thread that is done at once for all items that were submitted meanwhile.

Each turn costs a transaction and the way to a thread and back, and the steps of a job submit items
at the same moments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeAlias, TypeVar

from core.errors import DatabaseAway

Item = TypeVar("Item")
Result = TypeVar("Result")

Group: TypeAlias = list[tuple[Item, asyncio.Future[Result]]]

# A result or an error.
Outcome: TypeAlias = tuple[Any, Exception | None]


class GroupedWork(Generic[Item, Result]):
    """Gives items to *work* in a thread; the next turn takes all items submitted meanwhile.

    The thread belongs to *executor*, or to the loop's own executor.

    *work* returns a result for each item. If it raises an error, each item is tried alone, so that
    an error reaches its own submitter. If the database is away, all submitters get that error. Use
    it within one event loop.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        executor: Executor | None = None,
    ) -> None:
        self._work = work
        self._executor = executor
        self._waiting: Group[Item, Result] = []
        self._is_at_work = False

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Return the future result of *item*. The item has its turn even if this is cancelled."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if not self._is_at_work:
            self._is_at_work = True
            # The turn takes all items that are submitted until then.
            loop.call_soon(self._begin_turn)

        return future

    def _begin_turn(self) -> None:
        group, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()

        def work() -> None:
            outcomes = self._try([item for item, _ in group])
            loop.call_soon_threadsafe(self._end_turn, group, outcomes)

        loop.run_in_executor(self._executor, work)

    def _end_turn(self, group: Group[Item, Result], outcomes: Sequence[Outcome]) -> None:
        for (_, future), (result, error) in zip(group, outcomes, strict=True):
            # The future was cancelled.
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._is_at_work = bool(self._waiting)
        if self._is_at_work:
            self._begin_turn()

    def _try(self, items: Sequence[Item]) -> list[Outcome]:
        """Return a result or an error for each of *items*."""
        try:
            return [(result, None) for result in self._work(items)]
        except Exception as error:  # noqa: BLE001 - the submitters raise it
            if len(items) == 1 or isinstance(error, DatabaseAway):
                return [(None, error)] * len(items)

        outcomes: list[Outcome] = []
        for item in items:
            outcomes += self._try([item])

        return outcomes
