"""The errors of the module; the text of each is the sentence that the command printed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

# So many names are shown where one is wrong.
MOST_NAMES = 10


def suggest(name: str, names: Collection[str]) -> str:
    """Return which of *names* a wrong one may have meant, or what there is."""
    if close := get_close_matches(name, names):
        return f"did you mean {' or '.join(close)}?"

    more = f", and {len(names) - MOST_NAMES:,} more" * (len(names) > MOST_NAMES)
    return f"it is one of {', '.join(list(names)[:MOST_NAMES])}{more}"


class TidingsError(Exception):
    """The base of all errors of this module."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: the sentence, and no line of what lies within."""
        return [f"{type(self).__name__}: {self}"]


class CommandError(TidingsError):
    """A command ended with an error: what happened, to what, and what to do about it."""

    def __init__(self, sentence: str, *, status: int, command: Sequence[str]) -> None:
        super().__init__(sentence)
        self.status = status
        self.command = tuple(command)


class UsageError(CommandError):
    """The arguments of a command do not fit; its exit status is 2."""


class NoWorker(TidingsError):
    """A run was waited for, and no worker was there that could work on it."""


class RunFailed(TidingsError):
    """A run was waited for and did not end as done: it failed, was paused or was cancelled."""
