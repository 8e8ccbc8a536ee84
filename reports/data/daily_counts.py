"""The documents of each day: how far they vary, and which months lack their first or last days."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import fmean, variance

# Days without a document at an edge of a month are missing if their probability is smaller.
_IMPROBABLE = 0.001
# That none comes where more independent clusters are expected is as improbable: exp(-n).
IMPROBABLE_CLUSTERS = -log(_IMPROBABLE)


def measure_dispersion(matched: Sequence[float], documents: Sequence[float]) -> float | None:
    """Return how many times more daily shares vary than if documents were independent.

    Pearson's χ² of the days of one month, divided by its degrees of freedom: P. McCullagh and J. A.
    Nelder, "Generalized Linear Models" (1989), 4.5. An event brings many documents in few days.
    Return None without a match, if every document matches, and for fewer than two days.
    """
    counted = [(matching, n) for matching, n in zip(matched, documents, strict=True) if n]
    total, all_matched = sum(documents), sum(matched)
    if len(counted) < 2 or not 0 < all_matched < total:
        return None

    share = all_matched / total
    squares = sum((matching - n * share) ** 2 / n for matching, n in counted)
    return squares / (share * (1 - share)) / (len(counted) - 1)


def find_missing_days(days: Sequence[int]) -> tuple[int, int]:
    """Return how many first and how many last days a month of an archive lacks.

    It lacks days at an edge that have no document although that is improbable under the month's
    daily rate. If n documents fall on D days independently, g given days have none with the
    probability (1 - g/D)^n. Documents come in clusters (few at weekends, many on some days): n
    is divided by the ratio of the daily counts' variance to their mean, R. A. Fisher's index of
    dispersion ("Statistical Methods for Research Workers", 1925), where that is above 1. The
    fullest day is left out of n and of the index: a bulk day would hide every gap. An empty month
    lacks none: it has no data.
    """
    if not any(days):
        return 0, 0

    first_day, last_day = _edges(days)
    other_days = sorted(days)[:-1]
    clusters = 0.0
    if any(other_days):
        mean = fmean(other_days)
        dispersion = variance(other_days, mean) / mean
        clusters = sum(other_days) / max(1.0, dispersion)

    missing_before, missing_after = first_day, len(days) - 1 - last_day
    is_improbable = [
        (1 - gap / len(days)) ** clusters < _IMPROBABLE for gap in (missing_before, missing_after)
    ]
    return missing_before * is_improbable[0], missing_after * is_improbable[1]


def _edges(days: Sequence[int]) -> tuple[int, int]:
    """Return the first and the last place of *days* that has a document."""
    counted_days = [index for index, count in enumerate(days) if count]
    return counted_days[0], counted_days[-1]
