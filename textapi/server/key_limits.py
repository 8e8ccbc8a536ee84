"""Rate limits per API key, exact over all processes of the server."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import time
from collections.abc import Sequence

from core.ratelimit.notation import Window
from textapi.server.errors import HttpError


class KeyLimits:
    """The rate limits of so many *keys*. Make it before the processes fork: they share it."""

    def __init__(self, keys: int, windows: Sequence[Window]) -> None:
        self._logs = [list(map(_CallLog, windows)) for _ in range(keys)]
        self._lock, path = tempfile.mkstemp(prefix="tidings-textapi-")
        os.unlink(path)  # noqa: PTH108 - processes share the descriptor, which needs no name

    def count_request(self, key: int) -> None:
        """Count a request of the key of this number. Raises `HttpError` (429) if it has to wait."""
        logs = self._logs[key]
        now = time.monotonic()

        # The lock is released with its holder, however that ends.
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
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

    def __init__(self, window: Window) -> None:
        self.window = window
        # It holds the number of calls, then their times; a float counts exactly up to 2**53.
        self._memory = memoryview(mmap.mmap(-1, 8 * (1 + window.amount))).cast("d")

    def seconds_to_wait(self, now: float) -> float:
        """Return the seconds until another call fits, 0 or less if it fits *now*."""
        oldest = self._memory[self._position()]
        return oldest + self.window.seconds - now if oldest else 0.0

    def add(self, now: float) -> None:
        self._memory[self._position()] = now
        self._memory[0] += 1

    def _position(self) -> int:
        return 1 + int(self._memory[0]) % self.window.amount
