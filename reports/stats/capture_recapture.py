"""How many documents there are, from how many two or three sources have in common.

Each source holds a part of an outlet's documents. If one does not depend on another, the part of
the one that the other holds says how much of everything the other holds (capture and recapture;
of event data from news: Hendrix and Salehyan 2015, Cook and others 2017). Where sources copy from
each other, or both pass over the same documents, they have more in common, and there are more
documents than estimated: the estimate is a lower bound. Two sources cannot show that, three can.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy

from reports.stats.estimates import Estimate
from reports.stats.intervals import Z
from reports.stats.thresholds import FEW

# Nobody misses a thousand times as much as it has: more is said as "no upper end".
_MOST = 1000

# ``table[i, j, k]`` are the documents that the first source holds if i is 1, and so on; nobody
# knows ``table[0, 0, 0]``.
Table = npt.NDArray[np.float64]


def estimate_from_two(first: int, second: int, both: int, dispersion: float = 1) -> Estimate:
    """Return the estimate of Chapman (1951) from the documents of two sources and of both.

    The interval is that of the profile likelihood (Cormack 1992, Biometrics 48(2)), which holds
    where few documents are in both, or all of them; it is wider by the root of *dispersion*, see
    `measure_dispersion`. Raises `ValueError` where *both* is more than either.
    """
    if both > min(first, second):
        raise ValueError(f"{both} documents of both, and {first} and {second} of each")

    held = np.array([[0.0, second - both], [first - both, both]])
    seen = first + second - both
    _, low, high = _independent(held, dispersion)
    estimated = (first + 1) * (second + 1) / (both + 1) - 1
    return _with_whole_ends(seen, estimated - seen, low, high)


def measure_dispersion(clusters: Sequence[tuple[int, int, int]]) -> float:
    """Return by how much more two sources share by chance if each takes whole days or sections.

    *clusters* are days, or sections: the documents of the first source, of the second and of both.
    What is shared beyond expectation in a cluster, given how much of the cluster each source has,
    is compared with what single documents would make it vary; at least 1. If one of the sources
    takes documents one by one, it makes no difference what the other does. Days that neither has
    are not seen by it.
    """
    first, second, both = np.array(clusters, dtype=float).reshape(-1, 3).T
    seen = first + second - both > 0
    first, second, both = first[seen], second[seen], both[seen]
    if len(both) < FEW or not both.sum():
        return 1.0

    of_second, of_first = both.sum() / first.sum(), both.sum() / second.sum()
    alone = np.where(first > 0, first / of_first, second / of_second)
    size = np.where((first > 0) & (second > 0), (first + 1) * (second + 1) / (both + 1) - 1, alone)
    surplus = both - of_second * first - of_first * second + of_first * of_second * size
    expected = size.sum() * of_first * (1 - of_first) * of_second * (1 - of_second)
    observed = (surplus**2).sum() * len(both) / (len(both) - 1)
    return max(1.0, float(observed / expected)) if expected else 1.0


def estimate_from_three(table: Table, *, are_independent: bool) -> Estimate:
    """Return the log-linear estimate from a table of documents by three sources.

    Of independent sources the interval is that of the profile likelihood, as of two. Else each two
    may depend on each other, and the interval is of the logarithm of what is missed (Bishop,
    Fienberg and Holland 1975, chapter 6).
    """
    held = table.astype(float)
    held[0, 0, 0] = 0
    seen = int(held.sum())
    estimate = _independent if are_independent else _dependent
    missed, low, high = estimate(held)
    return _with_whole_ends(seen, missed, low, high)


def add_up(estimates: Sequence[Estimate]) -> Estimate:
    """Return the sum of independent estimates, of months say, with limits joined by MOVER.

    Source: Zou and Donner (2008), Statistics in Medicine 27(10), 1693-1702.
    """
    value = math.fsum(estimate.value for estimate in estimates)
    below = math.hypot(*(estimate.value - estimate.low for estimate in estimates))
    above = math.hypot(*(estimate.high - estimate.value for estimate in estimates))
    seen = sum(estimate.n for estimate in estimates)
    high = math.ceil(value + above) if math.isfinite(above) else math.inf
    return Estimate(value, max(seen, math.floor(value - below)), high, seen)


def _with_whole_ends(seen: int, missed: float, low: float, high: float) -> Estimate:
    """Return the estimate of all documents; an interval without upper end ends at infinity."""
    highest = seen + math.ceil(high) if math.isfinite(high) else math.inf
    return Estimate(seen + missed, seen + math.floor(low), highest, seen)


def independence_p(tables: Sequence[Table]) -> float:
    """Return the p-value that no two of three sources depend on each other, over all *tables*.

    Of the documents that the third source holds, each is in the first two, in one or in none: their
    odds ratio is one if these two do not depend on each other. It is tested over the tables, which
    differ in how much each source holds, as Mantel and Haenszel (1959) do; the smallest p-value of
    the three pairs is multiplied by three (Bonferroni).
    """
    p_values = []
    for third in range(3):
        quarters = [np.take(table, 1, axis=third) for table in tables]
        p_values.append(_mantel_haenszel(quarters))

    return min(1.0, 3 * min(p_values))


def _mantel_haenszel(quarters: Sequence[npt.NDArray[np.float64]]) -> float:
    difference = variance = 0.0
    for quarter in quarters:
        total = float(quarter.sum())
        rows, columns = quarter.sum(axis=1), quarter.sum(axis=0)
        if total > 1:
            difference += float(quarter[1, 1] - rows[1] * columns[1] / total)
            product = float(rows[0] * rows[1] * columns[0] * columns[1])
            variance += product / (total**2 * (total - 1))

    return float(scipy.special.chdtrc(1, difference**2 / variance)) if variance else 1.0


def _dependent(held: Table) -> tuple[float, float, float]:
    """Return the missed documents and their interval where each two sources may depend."""
    cells = held + 0.5
    odd = cells[1, 1, 1] * cells[1, 0, 0] * cells[0, 1, 0] * cells[0, 0, 1]
    missed = float(odd / (cells[1, 1, 0] * cells[1, 0, 1] * cells[0, 1, 1]))
    variance = float((1 / cells).sum() - 1 / cells[0, 0, 0])
    factor = math.exp(Z * math.sqrt(variance))
    return missed, missed / factor, missed * factor


def _independent(held: Table, dispersion: float = 1) -> tuple[float, float, float]:
    """Return the missed documents at which independence fits best, and their interval.

    The deviance rises by the quantile of chi²(1), times *dispersion*, at its ends. *held* has an
    axis of two for each source, and 0 documents that nobody holds.
    """
    seen = float(held.sum())
    fit = scipy.optimize.minimize_scalar(
        lambda missed: _deviance(held, missed), bounds=(0, _MOST * seen + 1)
    )
    best = float(fit.x)

    def risen(missed: float) -> float:
        return _deviance(held, missed) - float(fit.fun) - dispersion * Z**2

    find_root = scipy.optimize.brentq
    low = float(find_root(risen, 0, best)) if risen(0) > 0 else 0.0
    high = best + 1
    while risen(high) < 0 and high < _MOST * seen + 1:
        high *= 2

    return best, low, float(find_root(risen, best, high)) if risen(high) > 0 else math.inf


def _deviance(held: Table, missed: float) -> float:
    """Return G² of independence if *missed* documents are in no source.

    An expected count is the product of the sources' parts of all documents.
    """
    full = held.copy()
    full[(0,) * full.ndim] = missed
    total = float(full.sum())
    expected = np.array(total)
    for source in range(full.ndim):
        others = tuple(axis for axis in range(full.ndim) if axis != source)
        expected = np.multiply.outer(expected, full.sum(axis=others) / total)

    is_held = full > 0
    return float(2 * (full[is_held] * np.log(full[is_held] / expected[is_held])).sum())
