"""Rate limits per API key, exact over all processes of the server."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import tempfile
import time
from collections.abc import Sequence

from core.rate_limit_notation import Window
from textapi.server.errors import HttpError


class KeyLimits:
    """The rate limits of so many *keys*. Make it before the processes fork: they share it."""

    def __init__(self, keys: int, windows: Sequence[Window]) -> None:
        self._logs = [[_CallLog(window) for window in windows] for _ in range(keys)]
        self._lock, path = tempfile.mkstemp(prefix="tidings-textapi-")
        os.unlink(path)  # noqa: PTH108 - processes share the descriptor, which needs no name

    def count_request(self, key: int) -> None:
        """Count one request of the key of this number. Raises `HttpError` (429) if it has to wait."""
        logs = self._logs[key]
        now = time.monotonic()

        fcntl.lockf(self._lock, fcntl.LOCK_EX)  # released with its holder, however that ends
        try:
            wait = max(log.seconds_to_wait(now) for log in logs)
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


class _CallLog:
    """The times of a window's last calls: a ring of fixed size in shared memory."""

    _TIME = struct.Struct("d")
    _COUNT = struct.Struct("Q")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._memory = mmap.mmap(-1, self._COUNT.size + window.calls * self._TIME.size)

    def seconds_to_wait(self, now: float) -> float:
        """Return the seconds until another call fits, 0 or less if it fits *now*."""
        (oldest,) = self._TIME.unpack_from(self._memory, self._offset())
        return float(oldest + self.window.seconds - now) if oldest else 0.0

    def add(self, now: float) -> None:
        self._TIME.pack_into(self._memory, self._offset(), now)
        (count,) = self._COUNT.unpack_from(self._memory)
        self._COUNT.pack_into(self._memory, 0, count + 1)

    def _offset(self) -> int:
        (count,) = self._COUNT.unpack_from(self._memory)
        return self._COUNT.size + int(count % self.window.calls) * self._TIME.size
