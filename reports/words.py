"""Numbers with their nouns, days and addresses, as captions, highlights and pages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_WEB = re.compile(r"^https?://[^\s/]", re.IGNORECASE)


def quantity(n: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: "1 mention", "1,523 mentions", "2 searches"."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def join_words(words: Sequence[str]) -> str:
    """Return *words*, of which there is one at least, as "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def format_share(share: float | None) -> str:
    """Return a share in percent with two digits that count, or one place; a dash for None."""
    if share is None:
        return "\u2013"
    percent = 100 * share
    if percent >= 1 or percent == 0:
        return f"{percent:.1f} %"
    return f"{percent:.2f} %" if percent >= 0.1 else f"{percent:.3f} %"


def web_address(address: str | None) -> str | None:
    """Return *address* if it is one of the web (http, https) that may become a link."""
    return address if address and _WEB.match(address) else None


def format_day(time: datetime | None) -> str:
    """Return the day of a UTC time as ``YYYY-MM-DD``; nothing for None."""
    return "" if time is None else time.date().isoformat()
