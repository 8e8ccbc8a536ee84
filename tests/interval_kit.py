"""Student's interval of a mean polarity, by its formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from reports.stats.intervals import TRILLIONTHS, interval_of_sums, t_quantile

Interval = tuple[float | None, float | None, float | None]


def student_interval(values: Sequence[float]) -> Interval:
    """Return the mean of polarities and its interval, cut to -1 and 1, as textbooks have it."""
    if len(values) < 2:
        return (*values, None, None) if values else (None, None, None)

    middle = fmean(values)
    half = t_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return middle, max(-1.0, middle - half), min(1.0, middle + half)


def interval_of(values: Sequence[float]) -> Interval:
    """Return what the product says of polarities, by their sums."""
    trillionths = [round(value * TRILLIONTHS) for value in values]
    squares = sum(value * value for value in trillionths)
    return interval_of_sums(len(values), sum(trillionths), squares)
