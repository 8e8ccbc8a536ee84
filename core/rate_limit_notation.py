"""What a limit says: so many calls in any stretch of so long, written as ``10/s,50000/d``."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from core.errors import SettingsError

LONG_WINDOW_SECONDS = (
    60  # from here on windows are refilled from the table of calls, shorter ones are waited out
)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "month": 30 * 86400}
_LIMIT = re.compile(r"^(\d+)/(\d*)(s|min|h|d|month)$")


@dataclass(frozen=True)
class Window:
    """At most *calls* calls in any stretch of *seconds*."""

    calls: int
    seconds: int

    def __str__(self) -> str:
        unit, size = max(
            ((u, s) for u, s in _UNITS.items() if self.seconds % s == 0), key=lambda pair: pair[1]
        )
        count = self.seconds // size
        return f"{self.calls}/{count if count > 1 else ''}{unit}"


def parse_limits(text: str) -> tuple[Window, ...]:
    """Read ``10/s,50000/d`` or ``450/15min``; "" is no limit. Raises `SettingsError`."""
    windows = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _LIMIT.match(part)
        if not match or not int(match[1]) or match[2] == "0":
            raise SettingsError(
                f"{part!r} is no limit: write calls/unit, as 10/s, 5/min, 450/15min, 50000/d"
            )
        windows.append(Window(int(match[1]), int(match[2] or 1) * _UNITS[match[3]]))
    return tuple(sorted(windows, key=lambda window: window.seconds))


def credential_of(key: str | None) -> str:
    """A name for a key that does not tell it."""
    return hashlib.sha256(b"tidings credential\0" + (key or "").encode()).hexdigest()[:12]
