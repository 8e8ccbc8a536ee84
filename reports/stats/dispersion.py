"""How much more counts vary than independent events would."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean


def measure_index_of_dispersion(counts: Iterable[tuple[float, float]]) -> float:
    """Return the mean of (count - expected)² / expected over pairs of both, and at least 1.

    It is 1 for independent events: R. A. Fisher, "Statistical Methods for Research Workers" (1925).
    An index below 1 would take clusters for less than single events.
    """
    ratios = [(count - expected) ** 2 / expected for count, expected in counts]
    return max(1.0, fmean(ratios)) if ratios else 1.0
