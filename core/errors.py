"""The hierarchy of errors that Tidings raises on purpose.

A message says what happened, to what, and what to do. No message ever holds a key.
"""

from __future__ import annotations

import errno
from typing import Any

# An `OSError` with one of these numbers means a full disk.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


class TidingsError(Exception):
    """The base of all errors of ours; its text is fit to be shown to a user as it is."""


class SettingsError(TidingsError):
    """A setting is missing or invalid."""


class UsageError(TidingsError):
    """Arguments do not fit together; the command line ends with status 2."""


class BadInput(TidingsError):
    """A file or a document cannot be read."""


class NotFound(TidingsError):
    """A run, job, table or handle does not exist."""


class RunEnded(TidingsError):
    """A run has ended, and the request needs one that has not."""


class RunAtWork(TidingsError):
    """A run is at work, and the request needs one that has ended."""


class ImportGoesOn(TidingsError):
    """An import still reads, and the request needs one that has ended."""


class StackError(TidingsError):
    """A part of the stack is away or cannot be started."""


class DatabaseAway(StackError):
    """The database does not answer, is locked or full."""


class BrokerAway(StackError):
    """Redis does not answer."""

    @classmethod
    def caused_by(cls, error: Exception) -> BrokerAway:
        """Return the error for a call of Redis that ended with *error*."""
        if "No space left" in str(error):
            return cls(
                "Redis takes nothing, since the disk that it writes to is full: make room on it "
                "(of `tidings up` it is the one of TIDINGS_HOME)"
            )

        return cls(f"Redis does not answer ({type(error).__name__}): is the stack up?")


class ServiceError(TidingsError):
    """An outside service failed; *service* is its short name."""

    def __init__(self, message: str, *, service: str) -> None:
        super().__init__(message)
        self.service = service


class ServiceRefused(ServiceError):
    """The request or the key is at fault (400, 401, 403, 404, 422): a retry cannot help.

    *body* is the JSON of the answer, if it has one; it may hold what no message may.
    """

    def __init__(
        self, message: str, *, service: str, status: int | None = None, body: Any = None
    ) -> None:
        super().__init__(message, service=service)
        self.status = status
        self.body = body


class ContentRefused(ServiceRefused):
    """A filter of the service refuses the text of one request; others may be answered."""


class ServiceUnavailable(ServiceError):
    """The service cannot answer now (408, 429, 5xx, resets, time-outs).

    *status* is that of an answer. *retry_after* is in seconds, if the service named a time. *away*
    means that the service itself is not reachable (503, refused connections), and not that a single
    call failed. *unanswered* means that the request was sent, and the service may have done the
    work and counted it.
    """

    def __init__(
        self,
        message: str,
        *,
        service: str,
        status: int | None = None,
        retry_after: float | None = None,
        away: bool = False,
        unanswered: bool = False,
    ) -> None:
        super().__init__(message, service=service)
        self.status = status
        self.retry_after = retry_after
        self.away = away
        self.unanswered = unanswered


class ServiceBadAnswer(ServiceError):
    """The answer is not what was requested: no JSON, a missing key, a wrong type."""

    #: An answer may name the engine of the Text API.
    engine: str | None = None


class BoundExceeded(ServiceError):
    """A server has counted more tokens than a request could have.

    No plan of its costs would hold, so the run stops.
    """


class AnswersPending(ServiceError):
    """Answers come later by themselves: look again in so many *seconds*."""

    def __init__(self, message: str, *, service: str, seconds: float) -> None:
        super().__init__(message, service=service)
        self.seconds = seconds


class CapReached(ServiceError):
    """A cap on calls is reached; it opens at the Unix time *until*, None if that is unknown."""

    def __init__(self, message: str, *, service: str, until: float | None = None) -> None:
        super().__init__(message, service=service)
        self.until = until


class LeaseLost(TidingsError):
    """Another worker owns the job now: stop and write nothing more."""


class RunCapReached(TidingsError):
    """The run has made as many calls, or cost as much, as its cap allows: a person may raise it.

    *max_cost* is the cap on costs that was met, None if it was the cap on calls. *payer* is the
    kind, the name and the currency of whose cap it is, None if it is the run's.
    """

    def __init__(
        self,
        message: str,
        *,
        max_cost: int | None = None,
        payer: tuple[str, str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.max_cost = max_cost
        self.payer = payer
