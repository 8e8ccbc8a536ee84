"""Calls that a second process may make."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedCall(Generic[T]):
    """A call that the process of an executor makes, or this one where it has not been begun."""

    def __init__(
        self, executor: Executor | None, function: Callable[..., T], *arguments: Any, **named: Any
    ) -> None:
        """Let the process make the call, if there is one."""
        self._call = partial(function, *arguments, **named)
        self._future: Future[T] | None = None
        self._result: list[T] = []
        if executor is not None:
            with suppress(BrokenExecutor):
                self._future = executor.submit(self._call)

    def result(self) -> T:
        """Return what the function returns; call it here if the other process failed."""
        future = self._future
        if not self._result:
            is_here = future is None or future.cancel() or future.exception() is not None
            self._result.append(self._call() if is_here or future is None else future.result())

        return self._result[0]
