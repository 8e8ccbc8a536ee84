"""Whether shares or means differ between months or accounts: one test of all, then pairs by Holm.

Pure functions over numbers. What they assume, and how often they err, is in
docs/reports/highlights.md; ``bench/findings.py`` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

Numbers = NDArray[np.float64]

#: A keyword or an account has highlights of at most ten kinds. Each kind is tested at this level,
#: so all of them together err in at most 5 % (Bonferroni).
LEVEL = 0.05 / 10

# A mean of fewer values is not compared: its variance is hardly known.
FEWEST_VALUES = 10
# A month with fewer expected documents is left out (Cochran 1954).
FEWEST_EXPECTED = 1.0
# Two shares with smaller expected counts are compared by an exact test.
_EXACT_BELOW = 10.0


@dataclass(frozen=True)
class Share:
    """*matched* of *n* documents of the month *name*.

    They are no whole numbers where documents that go together count for fewer.
    """

    name: str
    matched: float
    n: float

    def discount(self, dispersion: float) -> Share:
        """Return the share of as many independent documents as these are worth.

        J. N. K. Rao and A. J. Scott, "A simple method for the analysis of clustered binary data",
        Biometrics 48 (1992): both counts are divided by the dispersion.
        """
        return Share(self.name, self.matched / dispersion, self.n / dispersion)


@dataclass(frozen=True)
class Sample:
    """The mean and variance of *n* values of the month or account *name*.

    *n* is no whole number where dependent values count for fewer.
    """

    name: str
    n: float
    mean: float
    variance: float


@dataclass(frozen=True)
class Comparison:
    """What `compare_shares` and `compare_means` return; matrices have a row and column for each."""

    names: tuple[str, ...]
    values: tuple[float, ...]

    # The test that all are equal has this p-value.
    p_value: float

    # Two-sided p-values hold for each pair alone in `single`, for all pairs together (Holm) in
    # `pairs`.
    single: Numbers
    pairs: Numbers

    # Each difference has a standard error and its degrees of freedom, infinite for shares.
    errors: Numbers
    degrees: Numbers

    def differs(self, level: float) -> bool:
        """Return whether the test of all rejects at *level* that they are equal."""
        return self.p_value < level

    def list_highest(self, level: float) -> list[str]:
        """Return the highest and those that cannot be shown to be lower, in their order.

        The truly highest is left out in at most *level* of all cases, whichever looks highest: to
        be left out it has to be beaten by one of the k - 1 others, each at *level* / (k - 1),
        one-sided. So the choice of the highest is counted in. The idea of a set that holds the
        best: S. S. Gupta, "On some multiple decision (selection and ranking) rules", Technometrics
        7 (1965).
        """
        top = int(np.argmax(self.values))
        needed = 2 * level / (len(self.names) - 1)
        return [self.names[index] for index in np.flatnonzero(self.single[top] >= needed)]

    def find_clearest_pair(self, level: float) -> tuple[str, str] | None:
        """Return the higher and the lower of the pair that differs most surely, if any does."""
        high, low = np.unravel_index(int(np.argmin(self.pairs)), self.pairs.shape)
        if self.pairs[high, low] >= level:
            return None
        if self.values[high] < self.values[low]:
            high, low = low, high
        return self.names[high], self.names[low]

    def list_different(self, level: float) -> list[tuple[str, str]]:
        """Return the pairs that differ at *level*, the higher of each first."""
        different = []
        for left, right in np.argwhere(self.pairs < level):
            # The matrix holds each pair twice.
            if self.values[left] > self.values[right]:
                different.append((self.names[left], self.names[right]))
        return different

    def bound_change(self, level: float) -> float:
        """Return a difference that no pair exceeds, with confidence 1 - *level* for all together.

        The farthest end of the pairs' simultaneous intervals: difference ± quantile x error, the
        quantile at *level* divided by the number of pairs (Bonferroni).
        """
        left, right = np.triu_indices(len(self.names), 1)
        tail = level / (2 * len(left))
        degrees = self.degrees[left, right]
        finite = np.where(np.isfinite(degrees), degrees, 1.0)
        quantiles = np.where(
            np.isfinite(degrees), -stdtrit(finite, tail), np.full_like(degrees, -ndtri(tail))
        )
        values = np.array(self.values)
        apart = np.abs(values[left] - values[right])
        return float(np.max(apart + quantiles * self.errors[left, right]))


def compare_shares(shares: Sequence[Share]) -> Comparison | None:
    """Test whether *shares* are equal, and which pairs differ; None where too little is counted.

    K. Pearson's χ² test of homogeneity (1900). Shares that lead one to expect less than one match,
    or less than one document without, are left out: W. G. Cochran, "Some methods for strengthening
    the common χ² tests", Biometrics 10 (1954).
    """
    countable = _countable(shares)
    if len(countable) < 2:
        return None

    matched = np.array([share.matched for share in countable], dtype=np.float64)
    n = np.array([share.n for share in countable], dtype=np.float64)
    pooled = matched.sum() / n.sum()
    variance = pooled * (1 - pooled)
    # All matches, or all documents without one, may be in the shares that were left out.
    if not variance:
        return None

    pair_p_values = _test_share_pairs(matched, n)
    statistic = float(((matched - n * pooled) ** 2 / (n * variance)).sum())

    return Comparison(
        names=tuple(share.name for share in countable),
        values=tuple((matched / n).tolist()),
        p_value=float(chdtrc(len(countable) - 1, statistic)),
        single=_square(pair_p_values, len(countable)),
        pairs=_square(adjust_holm(pair_p_values), len(countable)),
        errors=_share_errors(matched, n),
        degrees=np.full((len(countable), len(countable)), np.inf),
    )


def _countable(shares: Sequence[Share]) -> list[Share]:
    documents = sum(share.n for share in shares)
    matched = sum(share.matched for share in shares)
    if not documents:
        return []
    rarer = min(matched, documents - matched) / documents
    return [share for share in shares if share.n * rarer >= FEWEST_EXPECTED]


def _test_share_pairs(matched: Numbers, n: Numbers) -> Numbers:
    """Return the two-sided p-value that two shares are equal, of each pair.

    The z test of two proportions; where it expects fewer than ten matches (or documents without) in
    a month, the exact test of two Poisson rates, which takes no normal distribution for granted:
    J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson
    series", Biometrika 31 (1940). It errs on the safe side for shares.
    """
    left, right = np.triu_indices(len(n), 1)
    documents = n[left] + n[right]
    pooled = (matched[left] + matched[right]) / documents
    expected = np.minimum(n[left], n[right]) * np.minimum(pooled, 1 - pooled)
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-300) * (1 / n[left] + 1 / n[right]))
    apart = np.abs(matched[left] / n[left] - matched[right] / n[right])
    normal = 2 * ndtr(-apart / error)

    # The exact test counts what is rarer: matches, or documents without one.
    is_common = pooled > 0.5
    a = np.where(is_common, n[left] - matched[left], matched[left])
    b = np.where(is_common, n[right] - matched[right], matched[right])
    part = n[left] / documents
    exact = 2 * np.minimum(_binomial_tail(a, b, part), _binomial_tail(b, a, 1 - part))
    p_values: Numbers = np.where(expected >= _EXACT_BELOW, normal, np.minimum(exact, 1.0))
    return p_values


def _binomial_tail(a: Numbers, b: Numbers, part: Numbers) -> Numbers:
    """Return the probability of *a* or more of *a* + *b* events that are each *part* likely."""
    tail: Numbers = np.where(a > 0, betainc(np.maximum(a, 1e-9), b + 1, part), 1.0)
    return tail


def _share_errors(matched: Numbers, n: Numbers) -> Numbers:
    """Return the standard error of each difference of two shares.

    A match and a document without are added to each, so that none has the variance 0: A. Agresti
    and B. Caffo, "Simple and effective confidence intervals for proportions and differences of
    proportions result from adding two successes and two failures", The American Statistician 54
    (2000).
    """
    share = (matched + 1) / (n + 2)
    variance = share * (1 - share) / (n + 2)
    return np.sqrt(variance[:, None] + variance[None, :])


def compare_means(samples: Sequence[Sample], *, one_variance: bool = False) -> Comparison | None:
    """Test whether means are equal, and which pairs differ; None where nothing can be compared.

    The test of all allows each sample a variance of its own: M. B. Brown and A. B. Forsythe, "The
    small sample behavior of some statistics which test the equality of several means",
    Technometrics 16 (1974), with the degrees of freedom of D. V. Mehrotra, "Improving the
    Brown-Forsythe solution to the generalized Behrens-Fisher problem", Communications in
    Statistics - Simulation and Computation 26 (1997). Polarities are zeros for the most part, and
    of them B. L. Welch's test (1951) rejects far too often. Pairs are compared by Welch's t test.
    With *one_variance*, none is taken below that of all samples together: a small sample whose
    values are equal by chance would seem sure. Samples of fewer than ten values are left out.
    """
    large = [sample for sample in samples if sample.n >= FEWEST_VALUES]
    if len(large) < 2:
        return None

    n = np.array([sample.n for sample in large])
    means = np.array([sample.mean for sample in large])
    variances = np.array([sample.variance for sample in large])
    pooled = float(((n - 1) * variances).sum() / (n - 1).sum())
    if pooled <= 0:
        return None

    pair_variances = np.maximum(variances, pooled) if one_variance else variances
    errors, degrees = _difference_errors(pair_variances / n, n)
    left, right = np.triu_indices(len(large), 1)
    apart = np.abs(means[left] - means[right])
    # The statistic is infinite where neither of two samples varies.
    with np.errstate(divide="ignore"):
        t = np.divide(apart, errors[left, right], out=np.zeros_like(apart), where=apart > 0)

    p_values = 2 * stdtr(degrees[left, right], -t)
    return Comparison(
        names=tuple(sample.name for sample in large),
        values=tuple(means.tolist()),
        p_value=_test_means(n, means, variances),
        single=_square(p_values, len(large)),
        pairs=_square(adjust_holm(p_values), len(large)),
        errors=errors,
        degrees=degrees,
    )


def _test_means(n: Numbers, means: Numbers, variances: Numbers) -> float:
    """Return the p-value of Brown's and Forsythe's F* with Mehrotra's degrees of freedom."""
    total = n.sum()
    middle = (n * means).sum() / total
    # In this unit the squares of small variances are not rounded to zero.
    unit = np.max(variances)
    relative = variances / unit
    parts = (1 - n / total) * relative
    scale = parts.sum()
    # The statistic is infinite where next to nothing varies.
    with np.errstate(over="ignore"):
        f = float((n * (means - middle) ** 2).sum() / scale / unit)

    weighted = (n * relative).sum() / total
    spread = (relative**2).sum() + weighted**2 - 2 * (n * relative**2).sum() / total
    between = scale**2 / spread
    within = scale**2 / (parts**2 / (n - 1)).sum()
    return float(fdtrc(between, within, f))


def _difference_errors(squares: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Return the standard error of each difference of two means, and its degrees of freedom.

    F. E. Satterthwaite, "An approximate distribution of estimates of variance components",
    Biometrics Bulletin 2 (1946). *squares* are the squared errors of the means.
    """
    sums = squares[:, None] + squares[None, :]
    parts = squares**2 / (n - 1)
    part_sums = parts[:, None] + parts[None, :]
    degrees = np.full_like(sums, np.inf)
    return np.sqrt(sums), np.divide(sums**2, part_sums, out=degrees, where=part_sums > 0)


def adjust_holm(p_values: Numbers) -> Numbers:
    """Return p-values that hold for all tests together.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979).
    """
    order = np.argsort(p_values, kind="stable")
    left = np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * left), 1.0)
    return adjusted


def _square(pair_p_values: Numbers, size: int) -> Numbers:
    """Return a symmetric matrix of the p-values of pairs, 1 on its diagonal."""
    square = np.ones((size, size))
    above = np.triu_indices(size, 1)
    square[above] = pair_p_values
    square.T[above] = pair_p_values
    return square


def count_effective(n: int, autocorrelation: float) -> float:
    """Return how many independent values *n* values in a row are worth.

    n·(1 - r)/(1 + r) for the correlation r of each with the one before: G. V. Bayley and J. M.
    Hammersley, "The 'effective' number of independent observations in an autocorrelated time
    series", Supplement to the Journal of the Royal Statistical Society 8 (1946).
    """
    r = min(max(autocorrelation, 0.0), 0.95)
    return n * (1 - r) / (1 + r)


def sample_values(name: str, values: Sequence[float]) -> Sample:
    """Return the sample of *values* that are independent; of fewer than two the variance is 0."""
    n = len(values)
    middle = math.fsum(values) / n if n else 0.0
    squares = math.fsum((value - middle) ** 2 for value in values)
    return Sample(name, n, middle, squares / (n - 1) if n > 1 else 0.0)
