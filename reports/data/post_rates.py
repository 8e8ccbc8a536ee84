"""How many posts a day an account writes, month by month, with an error that bursts do not fool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from reports.data.daily_counts import DailyCounts, no_documents
from reports.data.tables.periods import PeriodRow
from reports.stats.comparing import Sample, count_effective, sample_values


def rate_by_month(rows: Sequence[PeriodRow], days: DailyCounts) -> list[Sample]:
    """Return the mean of the daily posts of each whole month, with its variance.

    Posts come in bursts, so that counts vary by more than Poisson's distribution allows: the
    variance of a day is its mean times one dispersion of all months (R. W. M. Wedderburn,
    "Quasi-likelihood functions, generalized linear models, and the Gauss-Newton method",
    Biometrika 61, 1974). A busy day follows a busy one, so that days count for fewer: by their
    correlation with the day before.
    """
    by_month = _whole_months(rows, days)
    counts = list(by_month.values())
    dispersion, autocorrelation = _disperse(counts), _correlate_days(counts)
    samples = []
    for period, of_month in by_month.items():
        n = count_effective(len(of_month), autocorrelation)
        rate = sum(of_month) / len(of_month)
        samples.append(Sample(period, n, rate, dispersion * rate))
    return samples


def rate_over_months(name: str, rows: Sequence[PeriodRow], days: DailyCounts) -> Sample:
    """Return the mean of the daily posts of the account *name* in all whole months of *rows*."""
    in_a_row: list[int] = []
    for counts in _whole_months(rows, days).values():
        in_a_row += counts
    sample = sample_values(name, in_a_row)
    n = count_effective(len(in_a_row), _correlate_days([in_a_row]))
    return Sample(name, n, sample.mean, sample.variance)


def common_months(rows: Mapping[str, Sequence[PeriodRow]]) -> set[str]:
    """Return the months that all accounts cover whole; none of fewer than two accounts."""
    covered = []
    for of_account in rows.values():
        whole = [row for row in of_account if row.mentions is not None and not row.cut_off]
        covered.append(set(map(attrgetter("period"), whole)))
    return set.intersection(*covered) if len(covered) > 1 else set()


def _whole_months(rows: Sequence[PeriodRow], days: DailyCounts) -> dict[str, Sequence[int]]:
    """Return the posts of each day of the months that are counted and not cut off."""
    counted: dict[str, Sequence[int]] = {}
    for row in rows:
        if row.mentions is not None and not row.cut_off:
            counted[row.period] = days.get(row.period) or no_documents(row.period)
    return counted


def _disperse(months: Sequence[Sequence[int]]) -> float:
    """Return how many times its mean a day's variance is, of all months together; 1 at least."""
    squares, degrees = 0.0, 0
    for counts in months:
        middle = sum(counts) / len(counts)
        if middle:
            squares += sum((count - middle) ** 2 for count in counts) / middle
            degrees += len(counts) - 1
    return max(1.0, squares / degrees) if degrees else 1.0


def _correlate_days(months: Sequence[Sequence[int]]) -> float:
    """Return the correlation of a day's posts with those of the day before, within months.

    A month's mean is estimated from its days, which takes (1 + 4r)/n from it: M. G. Kendall, "Note
    on bias in the estimation of autocorrelation", Biometrika 41 (1954).
    """
    products = squares = 0.0
    for counts in months:
        middle = sum(counts) / len(counts)
        from_mean = [count - middle for count in counts]
        squares += sum(value * value for value in from_mean)
        products += sum(a * b for a, b in pairwise(from_mean))
    if not squares:
        return 0.0
    n = sum(map(len, months)) / len(months)
    return (products / squares * n + 1) / (n - 4)
