"""Lists of periods in words."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures import style
from reports.grains import grain_of
from reports.words import join_words, quantity

MOST_STRETCHES = 4  # that are named


def describe_periods(periods: Sequence[str]) -> str:
    """Return *periods* as "in May 2020 and July to August 2020"; many stretches are counted."""
    stretches = []
    for first, last in style.stretches(periods):
        name = style.period_name(first, "%B %Y")
        is_one = first == last
        stretches.append(name if is_one else f"{name} to {style.period_name(last, '%B %Y')}")
    if len(stretches) > MOST_STRETCHES:
        return f"in {quantity(len(periods), grain_of(periods[0]).value)}"
    return f"in {join_words(stretches)}"
