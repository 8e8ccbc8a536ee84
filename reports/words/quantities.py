"""Numbers with their nouns, days and addresses, as captions, findings and pages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from core.quantities import quantity

__all__ = [
    "LISTED",
    "NAMED",
    "describe_range",
    "format_about",
    "format_confidence",
    "format_day",
    "format_expected",
    "format_minute",
    "format_points",
    "format_ratio",
    "format_share",
    "format_shares",
    "join_words",
    "quantity",
    "signed",
    "web_address",
]

# A sentence, a cell or a head names so many; more are counted.
NAMED = 3
# A short list on a page, or in a picture, has so many entries.
LISTED = 5

_WEB = re.compile(r"^https?://[^\s/]", re.IGNORECASE)


def join_words(phrases: Sequence[str]) -> str:
    """Return at least one phrase as "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def format_confidence(confidence: float) -> str:
    """Return the level of an interval in percent: "95 %", "99.95 %"."""
    return f"{100 * confidence:.4g} %"


def format_share(share: float | None, fewest_places: int = 1) -> str:
    """Return a share in percent with two digits that count, or one place; a dash for None.

    It has at least *fewest_places* where it stands beside others.
    """
    if share is None:
        return "\u2013"

    percent = 100 * share
    if percent == 0:
        return "0.0 %"
    if 0 < percent < 0.001:
        return "under 0.001 %"

    return f"{percent:.{_count_places(share, fewest_places)}f} %"


def _count_places(share: float, fewest_places: int) -> int:
    """Return the places of a share in percent that leave two digits that count, or one place."""
    return max(fewest_places, 1 if share >= 0.01 else 2 if share >= 0.001 else 3)


def format_shares(shares: Sequence[float]) -> list[str]:
    """Return shares that stand in one sentence, with up to two places more where they are close.

    Rounded, 1.053 and 1.049 would be 1.1 and 1.0: places are added until no printed difference of
    two neighbours is off by more than half of the true one.
    """
    neighbours = [pair for pair in pairwise(shares) if pair[0] != pair[1]]
    of_largest = _count_places(max(shares), fewest_places=1)
    for fewest_places in range(of_largest, of_largest + 3):
        formatted = [format_share(share, fewest_places) for share in shares]
        differences = [_difference_off(pair, fewest_places) for pair in neighbours]
        if all(off <= 0.5 for off in differences):
            break

    return formatted


def _difference_off(pair: tuple[float, float], fewest_places: int) -> float:
    """Return by what part of it the difference of two shares is off as they are printed."""
    printed = [round(100 * share, _count_places(share, fewest_places)) / 100 for share in pair]
    difference = pair[0] - pair[1]
    return abs(printed[0] - printed[1] - difference) / abs(difference)


def describe_range(shares: Sequence[float]) -> str:
    """Return what a picture of shares shows, for its title: "0.22 to 1.6 %"."""
    low, high = min(shares, default=None), max(shares, default=None)
    if format_share(low) == format_share(high):
        return format_share(high)

    return f"{format_share(low).removesuffix(' %')} to {format_share(high)}"


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


def format_about(count: float) -> str:
    """Return an estimated number with two digits that count: 7, 48, 690, 6,700."""
    return f"{float(f'{count:.2g}'):,.0f}"


def format_ratio(ratio: float) -> str:
    """Return how many times as many: 0.04, 1.1, 12."""
    if ratio >= 9.95:
        return f"{ratio:,.0f}"
    return f"{ratio:.1f}" if ratio >= 0.995 else f"{ratio:.2f}"


def web_address(address: str | None) -> str | None:
    """Return *address* if it is one of the web (http, https) that may become a link."""
    return address if address and _WEB.match(address) else None


def format_minute(at: float | None) -> str:
    """Return a Unix time as people write it, in UTC; nothing for None."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def format_day(time: datetime | None) -> str:
    """Return the day of a UTC time as ``YYYY-MM-DD``; nothing for None."""
    return "" if time is None else time.date().isoformat()
