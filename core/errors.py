"""Every error that Tidings raises on purpose.

    TidingsError
    ├── SettingsError            a setting is missing or makes no sense
    ├── UsageError               what was asked for does not fit together (exit status 2)
    ├── BadInput                 a file or a document that cannot be read
    ├── NotFound                 a run, job, table or handle that is not there
    ├── RunEnded                 a run that has ended cannot be paused, resumed or cancelled
    ├── StackError               a part of the stack is away or cannot be started
    │   ├── DatabaseAway         the database does not answer, is locked or full
    │   └── BrokerAway           Redis does not answer
    ├── ServiceError             an outside service: `service` names it
    │   ├── ServiceRefused       ours or the key's fault: never asked again as it is
    │   ├── ServiceUnavailable   later: `retry_after` in seconds where the service said
    │   ├── ServiceBadAnswer     it answered, but not with what was asked for
    │   └── CapReached           a cap on calls: `until` says when it opens, where that is known
    ├── RunCapReached            the run has made as many calls as its cap allows
    └── LeaseLost                another worker owns the job now: stop, write nothing more

A message says what happened, to what, and what to do. No message ever holds a key.
"""

from __future__ import annotations


class TidingsError(Exception):
    """What every error of ours has in common; its text is fit to be shown to a user as it is."""


class SettingsError(TidingsError):
    """A setting is missing or makes no sense."""


class UsageError(TidingsError):
    """What was asked for does not fit together; the command line ends with status 2."""


class BadInput(TidingsError):
    """A file or a document cannot be read."""


class NotFound(TidingsError):
    """A run, job, table or handle is not there."""


class RunEnded(TidingsError):
    """A run has ended, and what was asked for needs one that has not."""


class StackError(TidingsError):
    """A part of the stack is away or cannot be started."""


class DatabaseAway(StackError):
    """The database does not answer, is locked or full."""


class BrokerAway(StackError):
    """Redis does not answer."""


class ServiceError(TidingsError):
    """An outside service did not do what was asked; *service* is its short name (``textapi``, ``nyt``, …)."""

    def __init__(self, message: str, *, service: str) -> None:
        super().__init__(message)
        self.service = service


class ServiceRefused(ServiceError):
    """The request or the key is at fault (400, 401, 403, 404, 422): asking again as it is cannot help."""

    def __init__(self, message: str, *, service: str, status: int | None = None) -> None:
        super().__init__(message, service=service)
        self.status = status


class ServiceUnavailable(ServiceError):
    """The service cannot answer now (408, 429, 5xx, resets, time-outs); *retry_after* is in seconds, where it said.

    *away*: it is the service that is not there (503, refused connections), not one call that failed.
    """

    def __init__(
        self, message: str, *, service: str, retry_after: float | None = None, away: bool = False
    ) -> None:
        super().__init__(message, service=service)
        self.retry_after = retry_after
        self.away = away


class ServiceBadAnswer(ServiceError):
    """The service answered, but not with what was asked for: no JSON, a missing key, a wrong type."""


class CapReached(ServiceError):
    """A cap on calls is reached; *until* is the Unix time at which it opens again, None where nobody knows."""

    def __init__(self, message: str, *, service: str, until: float | None = None) -> None:
        super().__init__(message, service=service)
        self.until = until


class LeaseLost(TidingsError):
    """Another worker owns the job now: stop and write nothing more."""


class RunCapReached(TidingsError):
    """The run has made as many calls as its cap allows: a person may raise it."""
