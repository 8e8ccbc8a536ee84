"""Agreement between coders."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def krippendorff_alpha(units: Iterable[Sequence[float]]) -> float | None:
    """Return Krippendorff's alpha of interval data: 1 is perfect agreement, 0 that of chance.

    A unit holds the values of the coders who coded it, however many; of fewer than two it tells
    nothing. None where no unit has two values, or all values are the same.

    K. Krippendorff, "Content Analysis" (2004), 11.3: one less observed over expected disagreement,
    the squared difference of values, in pairs within units and among all.
    """
    values: list[float] = []
    observed = 0.0
    for unit in units:
        if len(unit) > 1:
            values += unit
            observed += _squared_differences(unit) / (len(unit) - 1)

    expected = _squared_differences(values) / (len(values) - 1) if values else 0.0
    return 1 - observed / expected if expected > 0 else None


def _squared_differences(values: Sequence[float]) -> float:
    """Return the sum over ordered pairs of values."""
    total = math.fsum(values)
    return 2 * (len(values) * math.fsum(value * value for value in values) - total * total)
