"""Work in a thread that is done together for all who asked for it meanwhile.

Each turn costs a transaction and the way to a thread and back, and the steps of a job ask at the
same moments.
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
Outcome: TypeAlias = tuple[Any, Exception | None]  # a result or an error


class GroupedWork(Generic[Item, Result]):
    """Gives items to *work*, in a thread: the next are all that were submitted meanwhile.

    The thread is one of *executor*'s, or of the loop's own.

    *work* returns a result for each item. Where it raises an error, each item is tried alone, so
    that an error is its submitter's; all get that of a database that is away. Use it within one
    event loop.
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
        """Return the future result of *item*. To cancel it does not keep the item from its turn."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if not self._is_at_work:
            self._is_at_work = True
            loop.call_soon(self._begin_turn)  # with what is submitted until then
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
            if future.done():  # it was cancelled
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
