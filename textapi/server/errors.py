"""The error that becomes the answer to a request."""

from __future__ import annotations


class HttpError(Exception):
    """A request fails with *status*; *retry_after* is in seconds."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
