"""Intervals and correlations, from their formulas; pure functions over plain numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from statistics import NormalDist

import scipy

# The level of every test, and of every interval.
LEVEL = 0.05
CONFIDENCE = 1 - LEVEL
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
TAIL = (1 - CONFIDENCE) / 2
_PLACES = 6

# A polarity of 1 is so many: sums of whole numbers are exact in any order.
TRILLIONTHS = 10**12


def round_figure(value: float | None) -> float | None:
    """Round *value* as it is shown, to 6 places and never ``-0.0``."""
    return None if value is None else round(value, _PLACES) + 0.0


def wilson_interval(matched: float, n: float) -> tuple[float, float]:
    """Return the Wilson score interval (95 %) of the share *matched* of *n*.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927). Unlike ``p ± z·√(p(1-p)/n)`` it stays within 0
    and 1 and holds for small *n*. Raises ValueError unless *n* ≥ 1 and 0 ≤ *matched* ≤ *n*.
    """
    if n < 1 or not 0 <= matched <= n:
        raise ValueError(f"{matched} of {n} is not a share")

    share = matched / n
    middle = share + Z * Z / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n

    # At the ends the interval touches 0 or 1 exactly; rounding must not carry it across the share.
    low = 0.0 if matched == 0 else (middle - half) / scale
    high = 1.0 if matched == n else (middle + half) / scale
    return low, high


def midp_interval(matched: float, n: float, tail: float = TAIL) -> tuple[float, float]:
    """Return the mid-p interval of the share *matched* of *n*, with *tail* outside at either end.

    The exact interval (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934) with half of the
    probability of what was observed: H. O. Lancaster, "Significance tests in discrete
    distributions", Journal of the American Statistical Association 56 (1961); A. Agresti and A.
    Gottard, Statistical Science 20 (2005). Neither number has to be whole. Raises ValueError unless
    *n* > 0 and 0 ≤ *matched* ≤ *n*.
    """
    return midp_lower(matched, n, tail), midp_upper(matched, n, tail)


@lru_cache(maxsize=65536)
def midp_lower(matched: float, n: float, tail: float = TAIL) -> float:
    """Return the lower end of `midp_interval`. Raises ValueError as it does."""
    _check_share(matched, n)
    return _solve_midp(matched, n, tail) if matched else 0.0


@lru_cache(maxsize=65536)
def midp_upper(matched: float, n: float, tail: float = TAIL) -> float:
    """Return the upper end of `midp_interval`. Raises ValueError as it does."""
    _check_share(matched, n)
    return 1 - _solve_midp(n - matched, n, tail) if matched < n else 1.0


def _check_share(matched: float, n: float) -> None:
    if n <= 0 or not 0 <= matched <= n:
        raise ValueError(f"{matched} of {n} is not a share")


def _solve_midp(matched: float, n: float, tail: float) -> float:
    """Return the share of which *matched* or more of *n* have the mid-probability *tail*."""

    def exceed(share: float) -> float:
        """Return by how much the mid-probability of *matched* or more exceeds *tail*."""
        at_least = scipy.special.betainc(matched, n - matched + 1, share)
        more = scipy.special.betainc(matched + 1, n - matched, share) if matched < n else 0.0
        return float((at_least + more) / 2 - tail)

    lowest = float(scipy.special.betaincinv(matched, n - matched + 1, tail))
    highest = (
        float(scipy.special.betaincinv(matched + 1, n - matched, tail)) if matched < n else 1.0
    )
    # Of so few or so many that rounding hides the probability, the bounds are the same.
    if exceed(lowest) >= 0:
        return lowest

    return float(scipy.optimize.brentq(exceed, lowest, highest)) if exceed(highest) > 0 else highest


def mean(values: Iterable[float | None]) -> float | None:
    """Return the arithmetic mean of the values that are known, with an exact sum in any order.

    None of none.
    """
    known = [value for value in values if value is not None and not math.isnan(value)]
    return math.fsum(known) / len(known) if known else None


def interval_of_sums(
    n: int, total: int, squares: int
) -> tuple[float | None, float | None, float | None]:
    """Return the mean of *n* polarities in trillionths, and the ends of Student's 95 % interval.

    *total* is their sum and *squares* that of their squares, so that the figures are exact and the
    same in any order. Of no values there is no mean, of fewer than two no interval. It is cut to -1
    and 1: no mean polarity lies beyond, and that of two values would reach far out of the scale.

    "Student" (W. S. Gosset), "The probable error of a mean", Biometrika 6 (1908).
    """
    if not n:
        return None, None, None

    middle = total / TRILLIONTHS / n
    if n < 2:
        return middle, None, None

    variance = (n * squares - total * total) / (n * (n - 1)) / TRILLIONTHS**2
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return middle, max(-1.0, middle - half), min(1.0, middle + half)


@lru_cache(maxsize=4096)
def t_quantile(degrees: int, tail: float = TAIL) -> float:
    """Return the t beyond which Student's distribution of *degrees* of freedom has *tail*.

    Raises ValueError unless *degrees* ≥ 1.
    """
    if degrees < 1:
        raise ValueError(f"{degrees} degrees of freedom: there must be one at least")

    return float(scipy.special.stdtrit(degrees, 1 - tail))


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation of pairs; None where one side does not vary.

    C. Spearman, "The proof and measurement of association between two things", American Journal of
    Psychology 15 (1904). Raises ValueError where the lengths differ.
    """
    from scipy.stats import spearmanr  # noqa: PLC0415 - it takes half a second, and one page asks

    if len(x) != len(y):
        raise ValueError(f"{len(x)} and {len(y)} values make no pairs")
    if len(set(x)) < 2 or len(set(y)) < 2:
        return None

    return float(spearmanr(x, y).statistic)
