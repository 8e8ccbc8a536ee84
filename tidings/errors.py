"""The errors of the module; the text of each is the sentence that the command printed."""

from __future__ import annotations

from collections.abc import Sequence


class TidingsError(Exception):
    """The base of all errors of this module."""


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
