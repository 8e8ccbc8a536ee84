"""The error that becomes the answer to a request, and where an unexpected one came from."""

from __future__ import annotations

import traceback


class HttpError(Exception):
    """A request fails with *status*; *retry_after* is in seconds."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


def locate(error: BaseException | None) -> list[str]:
    """Return file and line of the last calls before *error*, whose message may hold a text."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)[-5:]
    return [f"{frame.filename}:{frame.lineno}" for frame in frames]
