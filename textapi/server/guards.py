"""Who is let in, how often, and with what: keys, limits for each key, requests that say what they have to say."""

from __future__ import annotations

import fcntl
import hmac
import mmap
import os
import struct
import tempfile
import time
from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from core.rate_limit_notation import Window
from textapi.messages import TextBody

Request = TypeVar("Request", bound=TextBody)

# pydantic's names for a value of the right type that cannot be answered.
_OUT_OF_BOUNDS = frozenset(
    {
        "finite_number",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "literal_error",
        "string_too_long",
        "too_long",
        "value_error",
    }
)


class HttpError(Exception):
    """A request that is answered with an error: *status*, what was wrong with it, and when to come again."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class Keys:
    """The keys that are let in, and what each may ask; shared by the server's processes when made before they fork."""

    def __init__(self, keys: Sequence[str], windows: Sequence[Window]) -> None:
        self._keys = [key.encode() for key in keys]
        self._logs = [[_CallLog(window) for window in windows] for _ in keys] if windows else []
        self._lock = _nameless_file() if windows else None

    def authenticate(self, key: str | None) -> None:
        """Let one request with *key* pass, or raise `HttpError` (401, or 429 with the seconds to wait)."""
        if not key:
            raise HttpError(401, "the header 'apikey' is missing: send the key you were given")
        given = key.encode("utf-8", "surrogateescape")
        found = None
        for i, known in enumerate(self._keys):  # all of them, so that the time taken tells nothing
            if hmac.compare_digest(given, known):
                found = i
        if found is None:
            raise HttpError(401, "the key in the header 'apikey' is not known here")
        if self._lock is not None:
            self._count(self._logs[found])

    def _count(self, logs: list[_CallLog]) -> None:
        assert self._lock is not None  # noqa: S101  # says to mypy what authenticate() has looked at
        now = time.monotonic()
        fcntl.lockf(self._lock, fcntl.LOCK_EX)  # ends with its holder, however that ends
        try:
            wait = max(log.wait(now) for log in logs)
            if wait <= 0:
                for log in logs:
                    log.add(now)
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)
        if wait > 0:
            limit = ",".join(str(log.window) for log in logs)
            raise HttpError(
                429, f"this key may ask {limit}: try again in {wait:.1f} s", retry_after=wait
            )


def _nameless_file() -> int:
    """A descriptor that forked processes share, for as long as one of them lives."""
    descriptor, path = tempfile.mkstemp(prefix="tidings-textapi-")
    os.unlink(path)  # noqa: PTH108
    return descriptor


class _CallLog:
    """The times of the last calls of a window, a ring in memory that forked processes share: exact, of fixed size."""

    _TIME = struct.Struct("d")
    _NEXT = struct.Struct("Q")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._memory = mmap.mmap(-1, self._NEXT.size + window.calls * self._TIME.size)

    def wait(self, now: float) -> float:
        """Seconds until one more call fits, counted from *now*; 0 or less where it does."""
        (oldest,) = self._TIME.unpack_from(self._memory, self._offset())
        return float(oldest + self.window.seconds - now) if oldest else 0.0

    def add(self, now: float) -> None:
        self._TIME.pack_into(self._memory, self._offset(), now)
        (count,) = self._NEXT.unpack_from(self._memory)
        self._NEXT.pack_into(self._memory, 0, count + 1)

    def _offset(self) -> int:
        (count,) = self._NEXT.unpack_from(self._memory)
        return self._NEXT.size + int(count % self.window.calls) * self._TIME.size


def parse_request(body: bytes, model: type[Request]) -> Request:
    """The request in *body*, or `HttpError`: 413 for a text too long, 422 for a value out of bounds, else 400.

    The message names the field and never holds what was sent.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"])) or "body"
    message = f"{field}: {first['msg'].removeprefix('Value error, ')}"
    if first["type"] == "string_too_long" and field == "text":
        raise HttpError(413, f"{message}: send it in several requests")
    raise HttpError(422 if first["type"] in _OUT_OF_BOUNDS else 400, message)
