"""Two subjects of one archive beside each other: differences, and how often both come together.

Pure functions over numbers. A document may name both subjects: counts are paired, and means are of
documents that may hold sentences of both. docs/reports/pairs.md has how often their intervals hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from reports.stats.estimates import Estimate
from reports.stats.intervals import CONFIDENCE, wilson_interval
from reports.stats.thresholds import FEW_DOCUMENTS

_TAIL = (1 - CONFIDENCE) / 2


Numbers = NDArray[Any]


class PairCounts(NamedTuple):
    """How many of *documents* mention the first of two subjects, the second, and both."""

    documents: int
    first: int
    second: int
    both: int

    @property
    def only_first(self) -> int:
        """Documents that mention the first and not the second."""
        return self.first - self.both

    @property
    def only_second(self) -> int:
        """Documents that mention the second and not the first."""
        return self.second - self.both

    @property
    def expected(self) -> float:
        """Documents that would mention both, if one said nothing of the other."""
        return self.first * self.second / self.documents if self.documents else 0.0


def sum_counts(counts: Iterable[PairCounts]) -> PairCounts:
    """Return the counts of all months together."""
    columns = zip(*counts, strict=True)
    return PairCounts(*map(sum, columns))


# --- shares ---


def compare_paired_shares(counts: PairCounts, dispersion: float = 1.0) -> Estimate | None:
    """Return the first share less the second, by the documents that mention one of the two alone.

    The interval is that of R. G. Newcombe, "Improved confidence intervals for the difference
    between binomial proportions based on paired data", Statistics in Medicine 17 (1998), method 10.
    The p-value is exact: of the documents that mention one alone, is it either as often? (Q.
    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12, 1947.) All counts are divided by *dispersion*, for documents
    that go together (`comparing.Share.discount`). None without documents.
    """
    if not counts.documents:
        return None

    value = (counts.first - counts.second) / counts.documents
    low, high = _paired_interval(*(count / dispersion for count in counts))
    p_value = test_signs(counts.only_first / dispersion, counts.only_second / dispersion)
    return Estimate(value, low, high, p_value=p_value)


def test_signs(first: float, second: float) -> float:
    """Return the two-sided p-value that each of *first* + *second* is either as likely."""
    more, fewer = max(first, second), min(first, second)
    return min(1.0, 2 * sign_tail(more, fewer))


def sign_tail(more: float, fewer: float) -> float:
    """Return the probability of *more* or more heads in *more* + *fewer* throws of a coin."""
    return float(scipy.special.betainc(more, fewer + 1, 0.5)) if more else 1.0


def _paired_interval(n: float, first: float, second: float, both: float) -> tuple[float, float]:
    """Return Newcombe's interval of first / n - second / n."""
    # Less than one independent document says nothing.
    if n < 1:
        return -1.0, 1.0

    share, other_share = first / n, second / n
    low, high = wilson_interval(first, n)
    other_low, other_high = wilson_interval(second, n)
    correlation = _correlate(n, first, second, both)

    below, above = share - low, high - share
    other_below, other_above = other_share - other_low, other_high - other_share
    down = below**2 - 2 * correlation * below * other_above + other_above**2
    up = above**2 - 2 * correlation * above * other_below + other_below**2
    difference = share - other_share
    return difference - math.sqrt(max(0.0, down)), difference + math.sqrt(max(0.0, up))


def _correlate(n: float, first: float, second: float, both: float) -> float:
    """Return the correlation phi, nearer to 0 where it is positive (Newcombe's method 10)."""
    margins = first * (n - first) * second * (n - second)
    if margins <= 0:
        return 0.0

    neither = n - first - second + both
    product = both * neither - (first - both) * (second - both)
    if product > 0:
        product = max(product - n / 2, 0.0)

    return product / math.sqrt(margins)


# --- together ---


def compare_with_chance(
    counts: PairCounts, expected: float, dispersion: float = 1.0
) -> Estimate | None:
    """Return how many times as many documents mention both as *expected*.

    Given how often each is mentioned, and whatever the odds, the number of documents with both is
    distributed as a sum of independent events, which strays less than a Poisson variable of the
    same mean. So the exact interval of a Poisson mean errs on the safe side: F. Garwood, "Fiducial
    limits for the Poisson distribution", Biometrika 28 (1936). It is cut where no number of
    documents can lie. The p-value is that of the same exact test. None where nothing is expected.
    """
    if expected <= 0:
        return None

    both, chance = counts.both / dispersion, expected / dispersion
    low = scipy.special.chdtri(2 * both, 1 - _TAIL) / 2 if both else 0.0
    high = scipy.special.chdtri(2 * both + 2, _TAIL) / 2
    most = min(counts.first, counts.second) / expected
    least = max(0, counts.first + counts.second - counts.documents) / expected

    value = counts.both / expected
    interval = max(least, float(low) / chance), min(most, float(high) / chance)
    as_many = float(scipy.special.gammainc(both, chance)) if both else 1.0
    as_few = float(scipy.special.gammaincc(both + 1, chance))
    p_value = min(1.0, 2 * min(as_many, as_few))
    low, high = min(interval[0], value), max(interval[1], value)
    return Estimate(value, low, high, p_value=p_value)


# --- means ---


class ScoreSums(NamedTuple):
    """Sums over the documents of a subject: k sentences with the sum s of polarities in each."""

    # The sums of 1, k, s, k², k·s and s², in this order.
    documents: float = 0
    n: float = 0
    total: float = 0.0
    squared_n: float = 0.0
    mixed: float = 0.0
    squared_total: float = 0.0

    @property
    def mean(self) -> float:
        """The mean over all sentences."""
        return self.total / self.n

    @property
    def squares(self) -> float:
        """Sum over the documents of (s - k·mean)², in units of the mean k."""
        middle = self.mean
        squares = self.squared_total - 2 * middle * self.mixed + middle**2 * self.squared_n
        return max(0.0, squares) * (self.documents / self.n) ** 2


class SharedSums(NamedTuple):
    """Sums of products over documents that two subjects share, k and s as in `ScoreSums`."""

    documents: float = 0
    n_n: float = 0.0
    n_total: float = 0.0
    total_n: float = 0.0
    total_total: float = 0.0


class PairScores(NamedTuple):
    """All that the difference of two means needs; those of months can be added."""

    first: ScoreSums = ScoreSums()
    second: ScoreSums = ScoreSums()
    shared: SharedSums = SharedSums()


class Scored(NamedTuple):
    """The documents with a polarity of a subject, each once: ids, sentences, sums of polarities."""

    documents: Numbers
    n: Numbers
    totals: Numbers


def sum_pair(first: Scored, second: Scored) -> PairScores:
    """Return the sums of two subjects' sentences; `math.fsum` gives the same in any order."""
    shared, places, other_places = np.intersect1d(
        first.documents, second.documents, assume_unique=True, return_indices=True
    )
    n, total = first.n[places], first.totals[places]
    other_n, other_total = second.n[other_places], second.totals[other_places]
    products = (n * other_n, n * other_total, total * other_n, total * other_total)
    shared_sums = SharedSums(len(shared), *map(math.fsum, products))
    return PairScores(_sum_scored(first), _sum_scored(second), shared_sums)


def _sum_scored(scored: Scored) -> ScoreSums:
    _, n, totals = scored
    products = (totals, n**2, n * totals, totals**2)
    return ScoreSums(len(n), int(n.sum()), *map(math.fsum, products))


def add_pairs(months: Sequence[PairScores]) -> PairScores:
    """Return the sums of all months together."""
    first = ScoreSums(*_add_columns([month.first for month in months]))
    second = ScoreSums(*_add_columns([month.second for month in months]))
    shared = SharedSums(*_add_columns([month.shared for month in months]))
    return PairScores(first, second, shared)


def _add_columns(rows: Sequence[tuple[float, ...]]) -> list[float]:
    return [math.fsum(column) for column in zip(*rows, strict=True)]


def compare_paired_means(scores: PairScores) -> Estimate | None:
    """Return the first mean less the second, with documents as clusters of sentences.

    A document's part in the difference is what its sentences of both subjects add to it; the
    variance is that of the parts (the linearized variance of a ratio: W. G. Cochran, "Sampling
    Techniques", 3rd edition, 1977, 6.5; for clusters K.-Y. Liang and S. L. Zeger, "Longitudinal
    data analysis using generalized linear models", Biometrika 73, 1986). So sentences of one
    document, and documents that mention both, are not taken for independent. No subject's own
    documents are taken to vary less than those of both together: a few zeros by chance would seem
    sure. Student's t has the degrees of freedom of the subject in fewer documents. None where
    either has fewer than ten documents, or nothing varies.
    """
    first, second = scores.first, scores.second
    fewer = min(first.documents, second.documents)
    if fewer < FEW_DOCUMENTS:
        return None

    pooled = (first.squares + second.squares) / (first.documents + second.documents - 2)
    shared = scores.shared.documents
    variance = _mean_variance(first, shared, pooled) + _mean_variance(second, shared, pooled)
    variance -= 2 * _mean_covariance(scores)
    if variance <= 0:
        return None

    error = math.sqrt(variance)
    value = first.mean - second.mean
    degrees = fewer - 1
    half = float(scipy.special.stdtrit(degrees, 1 - _TAIL)) * error
    p_value = 2 * float(scipy.special.stdtr(degrees, -abs(value) / error))
    low, high = max(-2.0, value - half), min(2.0, value + half)
    return Estimate(value, low, high, p_value=p_value)


def _mean_variance(sums: ScoreSums, shared: float, pooled: float) -> float:
    """Return the squared error of a mean, of whose documents *shared* are the other's too."""
    variance = sums.squares / (sums.documents - 1)
    missing = max(0.0, pooled - variance) * (1 - shared / sums.documents)
    return (variance + missing) / sums.documents


def _mean_covariance(scores: PairScores) -> float:
    first, second, shared = scores
    middle, other_middle = first.mean, second.mean
    products = (
        shared.total_total
        - middle * shared.n_total
        - other_middle * shared.total_n
        + middle * other_middle * shared.n_n
    )
    return products / (first.n * second.n)


# --- days ---


def measure_pair_dispersion(
    documents: Sequence[int], first: Sequence[int], second: Sequence[int], both: Sequence[int]
) -> float | None:
    """Return how many times more the daily differences vary than if documents were independent.

    As `daily_counts.measure_dispersion`, of the daily differences of the two counts: a document
    adds 1, -1 or 0, with the variance of the month. None where none mentions one alone, or of
    fewer than two days with documents.
    """
    n = sum(documents)
    days = sum(map(bool, documents))
    difference = sum(first) - sum(second)
    alone = sum(first) + sum(second) - 2 * sum(both)
    if days < 2 or not alone:
        return None

    mean = difference / n
    variance = alone / n - mean**2
    if variance <= 0:
        return None

    squares = 0.0
    for day_documents, day_first, day_second in zip(documents, first, second, strict=True):
        if day_documents:
            lead = day_first - day_second
            squares += (lead - day_documents * mean) ** 2 / day_documents

    return squares / variance / (days - 1)
