"""What long work says of its progress to the command that waits for it; nobody has to listen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class _Listener:
    show: Callable[[str], None]

    # How far each piece of work has come.
    reached: dict[str, int] = field(default_factory=dict)


_current: ContextVar[_Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(show: Callable[[str], None]) -> Iterator[None]:
    """Let *show* get the progress of all work that is done as long as the context lasts."""
    token = _current.set(_Listener(show))
    try:
        yield
    finally:
        _current.reset(token)


def say(progress: str) -> None:
    """Show *progress*."""
    listener = _current.get()
    if listener is not None:
        listener.show(progress)


def tell(work: str, done: int, total: int, units: str = "jobs") -> None:
    """Show how much of *work* is done. Work that is repeated in part does not go backwards."""
    listener = _current.get()
    if listener is not None and done > listener.reached.get(work, -1):
        listener.reached[work] = done
        listener.show(f"{work}: {done:,} of {total:,} {units}")


def track(work: str, items: Collection[T], units: str = "jobs") -> Iterator[T]:
    """Yield *items*, and show how many of them are done."""
    total = len(items)
    for done, item in enumerate(items):
        tell(work, done, total, units)
        yield item

    tell(work, total, total, units)
