"""Numbers with their nouns, as messages and pages write them."""

from __future__ import annotations


def quantity(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: "1 mention", "1,523 mentions", "2 searches"."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
