"""Numbers with their nouns, days and addresses, as captions, findings and pages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from core.quantities import quantity

__all__ = [
    "format_day",
    "format_expected",
    "format_points",
    "format_ratio",
    "format_share",
    "join_words",
    "quantity",
    "signed",
    "web_address",
]

_WEB = re.compile(r"^https?://[^\s/]", re.IGNORECASE)


def join_words(phrases: Sequence[str]) -> str:
    """Return at least one phrase as "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def format_share(share: float | None) -> str:
    """Return a share in percent with two digits that count, or one place; a dash for None."""
    if share is None:
        return "\u2013"
    percent = 100 * share
    if percent >= 1 or percent == 0:
        return f"{percent:.1f} %"
    if percent >= 0.1:
        return f"{percent:.2f} %"
    return f"{percent:.3f} %" if percent >= 0.001 else "under 0.001 %"


def format_points(difference: float) -> str:
    """Return a difference of shares in percentage points, with its sign: +4.1, \u22120.33."""
    points = 100 * difference
    return _write_sign(f"{points:+.1f}" if abs(points) >= 1 else f"{points:+.2f}")


def signed(polarity: float) -> str:
    """Return a polarity with its sign, two places, a true minus: +0.12, 0.00."""
    return _write_sign(f"{polarity:+.2f}")


def _write_sign(text: str) -> str:
    """Return a formatted number with a true minus; a zero has no sign."""
    return "0.00" if text in {"+0.00", "-0.00"} else text.replace("-", "\u2212")


def format_expected(count: float) -> str:
    """Return an expected number of documents: whole from ten on, below with a place."""
    return f"{count:,.0f}" if count >= 10 else f"{count:.1f}"


def format_ratio(ratio: float) -> str:
    """Return how many times as many: 0.04, 1.1, 12."""
    if ratio >= 9.95:
        return f"{ratio:,.0f}"
    return f"{ratio:.1f}" if ratio >= 0.995 else f"{ratio:.2f}"


def web_address(address: str | None) -> str | None:
    """Return *address* if it is one of the web (http, https) that may become a link."""
    return address if address and _WEB.match(address) else None


def format_day(time: datetime | None) -> str:
    """Return the day of a UTC time as ``YYYY-MM-DD``; nothing for None."""
    return "" if time is None else time.date().isoformat()
