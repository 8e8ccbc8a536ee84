"""Numbers with their nouns, as captions, highlights and pages write them."""

from __future__ import annotations


def quantity(n: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: "1 mention", "1,523 mentions", "2 searches"."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def format_share(share: float | None) -> str:
    """Return a share in percent with two digits that count, or one place; a dash for None."""
    if share is None:
        return "\u2013"
    percent = 100 * share
    if percent >= 1 or percent == 0:
        return f"{percent:.1f} %"
    return f"{percent:.2f} %" if percent >= 0.1 else f"{percent:.3f} %"
