"""Whether shares or means differ between months or accounts: one test of all, then pairs by Holm.

Pure functions over numbers. What they assume, and how often they err, is in docs/reports.md;
``bench/findings.py`` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

Numbers = NDArray[np.float64]

#: Of the highlights of one keyword or account each of at most ten kinds is tested at this level, so
#: that all of them together err in at most 5 % (Bonferroni).
LEVEL = 0.05 / 10

FEWEST_VALUES = 10  # of a mean that is compared: fewer leave its variance unknown
FEWEST_EXPECTED = 1.0  # documents that a month must lead one to expect (Cochran 1954)
_EXACT_BELOW = 10.0  # expected counts up to which two shares are compared by an exact test


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
    p_value: float  # of the test that all are equal
    single: Numbers  # two-sided p-value of each pair for itself
    pairs: Numbers  # the same, for all pairs together (Holm)
    errors: Numbers  # standard error of each difference
    degrees: Numbers  # of freedom, infinite for shares

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
        return [self.names[number] for number in np.flatnonzero(self.single[top] >= needed)]

    def find_clearest_pair(self, level: float) -> tuple[str, str] | None:
        """Return the higher and the lower of the pair that differs most surely, if any does."""
        first, second = np.unravel_index(int(np.argmin(self.pairs)), self.pairs.shape)
        if self.pairs[first, second] >= level:
            return None
        if self.values[first] < self.values[second]:
            first, second = second, first
        return self.names[first], self.names[second]

    def list_different(self, level: float) -> list[tuple[str, str]]:
        """Return the pairs that differ at *level*, the higher of each first."""
        different = []
        for first, second in np.argwhere(self.pairs < level):
            if self.values[first] > self.values[second]:  # the matrix holds each pair twice
                different.append((self.names[first], self.names[second]))
        return different

    def bound_change(self, level: float) -> float:
        """Return a difference that no pair exceeds, with confidence 1 - *level* for all together.

        The farthest end of the pairs' simultaneous intervals: difference ± quantile x error, the
        quantile at *level* divided by the number of pairs (Bonferroni).
        """
        first, second = np.triu_indices(len(self.names), 1)
        tail = level / (2 * len(first))
        degrees = self.degrees[first, second]
        finite = np.where(np.isfinite(degrees), degrees, 1.0)
        quantiles = np.where(
            np.isfinite(degrees), -stdtrit(finite, tail), np.full_like(degrees, -ndtri(tail))
        )
        values = np.array(self.values)
        apart = np.abs(values[first] - values[second])
        return float(np.max(apart + quantiles * self.errors[first, second]))


def compare_shares(shares: Sequence[Share]) -> Comparison | None:
    """Test whether *shares* are equal, and which pairs differ; None where too little is counted.

    K. Pearson's χ² test of homogeneity (1900). Shares that lead one to expect less than one match,
    or less than one document without, are left out: W. G. Cochran, "Some methods for strengthening
    the common χ² tests", Biometrics 10 (1954).
    """
    kept = _countable(shares)
    if len(kept) < 2:
        return None
    matched = np.array([share.matched for share in kept], dtype=np.float64)
    n = np.array([share.n for share in kept], dtype=np.float64)
    pooled = matched.sum() / n.sum()
    variance = pooled * (1 - pooled)
    if not variance:  # what was left out held all matches, or all documents without
        return None
    of_pairs = _test_share_pairs(matched, n)
    statistic = float(((matched - n * pooled) ** 2 / (n * variance)).sum())

    return Comparison(
        names=tuple(share.name for share in kept),
        values=tuple((matched / n).tolist()),
        p_value=float(chdtrc(len(kept) - 1, statistic)),
        single=_square(of_pairs, len(kept)),
        pairs=_square(adjust_holm(of_pairs), len(kept)),
        errors=_share_errors(matched, n),
        degrees=np.full((len(kept), len(kept)), np.inf),
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
    first, second = np.triu_indices(len(n), 1)
    together = matched[first] + matched[second]
    of_both = n[first] + n[second]
    pooled = together / of_both
    expected = np.minimum(n[first], n[second]) * np.minimum(pooled, 1 - pooled)
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-300) * (1 / n[first] + 1 / n[second]))
    apart = np.abs(matched[first] / n[first] - matched[second] / n[second])
    normal = 2 * ndtr(-apart / error)

    # of rare matches, or of rare documents without
    is_common = pooled > 0.5
    a = np.where(is_common, n[first] - matched[first], matched[first])
    b = np.where(is_common, n[second] - matched[second], matched[second])
    part = n[first] / of_both
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
    kept = [sample for sample in samples if sample.n >= FEWEST_VALUES]
    if len(kept) < 2:
        return None
    n = np.array([sample.n for sample in kept])
    means = np.array([sample.mean for sample in kept])
    variances = np.array([sample.variance for sample in kept])
    pooled = float(((n - 1) * variances).sum() / (n - 1).sum())
    if pooled <= 0:
        return None

    of_pairs = np.maximum(variances, pooled) if one_variance else variances
    errors, degrees = _difference_errors(of_pairs / n, n)
    first, second = np.triu_indices(len(kept), 1)
    apart = np.abs(means[first] - means[second])
    with np.errstate(divide="ignore"):  # infinite where neither of two samples varies
        t = np.divide(apart, errors[first, second], out=np.zeros_like(apart), where=apart > 0)
    p_values = 2 * stdtr(degrees[first, second], -t)
    return Comparison(
        names=tuple(sample.name for sample in kept),
        values=tuple(means.tolist()),
        p_value=_test_means(n, means, variances),
        single=_square(p_values, len(kept)),
        pairs=_square(adjust_holm(p_values), len(kept)),
        errors=errors,
        degrees=degrees,
    )


def _test_means(n: Numbers, means: Numbers, variances: Numbers) -> float:
    """Return the p-value of Brown's and Forsythe's F* with Mehrotra's degrees of freedom."""
    total = n.sum()
    middle = (n * means).sum() / total
    unit = np.max(variances)  # in which squares of small variances are no zeros
    relative = variances / unit
    parts = (1 - n / total) * relative
    scale = parts.sum()
    with np.errstate(over="ignore"):  # infinite where next to nothing varies
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
    both = squares[:, None] + squares[None, :]
    parts = squares**2 / (n - 1)
    together = parts[:, None] + parts[None, :]
    most = np.full_like(both, np.inf)
    return np.sqrt(both), np.divide(both**2, together, out=most, where=together > 0)


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


def _square(of_pairs: Numbers, size: int) -> Numbers:
    """Return a symmetric matrix of the p-values of pairs, 1 on its diagonal."""
    square = np.ones((size, size))
    above = np.triu_indices(size, 1)
    square[above] = of_pairs
    square.T[above] = of_pairs
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
