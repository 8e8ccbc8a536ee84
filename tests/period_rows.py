"""Rows of months for tests of findings, in as few words as they need."""

from __future__ import annotations

import math

from reports.data.tables.periods import PeriodRow
from reports.stats.intervals import t_quantile, wilson_interval


def row(
    period: str,
    matched: int | None,
    mean: float | None = None,
    *,
    spread: float = 0.3,
    documents: int = 1000,
    cut_off: bool = False,
    dispersion: float | None = None,
) -> PeriodRow:
    """Return a month with *matched* documents, each with one mention; polarities vary by *spread*.

    Without *matched* it is a month without data.
    """
    share = low = high = None
    if matched is not None and documents:
        share, (low, high) = matched / documents, wilson_interval(matched, documents)

    ends: tuple[float | None, float | None] = (None, None)
    if mean is not None and matched is not None and matched > 1:
        half = t_quantile(matched - 1) * spread / math.sqrt(matched)
        ends = (max(-1.0, mean - half), min(1.0, mean + half))

    state = "no-data" if matched is None else "complete"
    counts = (documents, matched, matched)
    figures = (share, low, high, mean, *ends)
    labels = (1, period, None, "c", None, state)
    scored = None if mean is None else matched
    return PeriodRow(*labels, *counts, *figures, period, cut_off, dispersion, polarity_n=scored)
