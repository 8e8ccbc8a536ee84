"""The notation of rate limits: ``10/s,50000/d`` is two windows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import SettingsError

# Recovery refills windows of this length from the table of calls; shorter ones are waited out.
LONG_WINDOW_SECONDS = 60
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "month": 30 * 86400}
_LIMIT = re.compile(r"^(\d+)/(\d*)(s|min|h|d|month)$")


@dataclass(frozen=True)
class Window:
    """At most *calls* calls in any period of *seconds*."""

    calls: int
    seconds: int

    def __str__(self) -> str:
        unit = max((u for u in _UNITS if self.seconds % _UNITS[u] == 0), key=_UNITS.__getitem__)
        count = self.seconds // _UNITS[unit]
        return f"{self.calls}/{count if count > 1 else ''}{unit}"


def parse_limits(text: str) -> tuple[Window, ...]:
    """Return the windows of ``10/s,50000/d`` or ``450/15min``, the shortest first; "" is no limit.

    Raises `SettingsError`.
    """
    windows = []
    for part in text.split(","):
        limit = part.strip()
        if not limit:
            continue
        match = _LIMIT.match(limit)
        if not match or not int(match[1]) or match[2] == "0":
            raise SettingsError(
                f"{limit!r} is no limit: write calls/unit, as 10/s, 5/min, 450/15min, 50000/d"
            )
        windows.append(Window(int(match[1]), int(match[2] or 1) * _UNITS[match[3]]))

    return tuple(sorted(windows, key=lambda window: window.seconds))
