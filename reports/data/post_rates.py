"""How many posts a day an account writes, month by month, with an error that bursts do not fool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from reports.data.daily_counts import DailyCounts, no_documents
from reports.data.tables.periods import PeriodRow
from reports.stats.comparing import Sample, count_effective, sample_values


def rate_by_month(period_rows: Sequence[PeriodRow], days: DailyCounts) -> list[Sample]:
    """Return the mean of the daily posts of each whole month, with its variance.

    Posts come in bursts, so that counts vary by more than Poisson's distribution allows: the
    variance of a day is its mean times one dispersion of all months (R. W. M. Wedderburn,
    "Quasi-likelihood functions, generalized linear models, and the Gauss-Newton method",
    Biometrika 61, 1974). A busy day follows a busy one, so that days count for fewer: by their
    correlation with the day before.
    """
    posts_by_month = _whole_months(period_rows, days)
    counts = list(posts_by_month.values())
    dispersion, autocorrelation = _disperse(counts), _correlate_days(counts)
    samples = []
    for period, daily_posts in posts_by_month.items():
        n = count_effective(len(daily_posts), autocorrelation)
        rate = sum(daily_posts) / len(daily_posts)
        samples.append(Sample(period, n, rate, dispersion * rate))
    return samples


def rate_over_months(account: str, period_rows: Sequence[PeriodRow], days: DailyCounts) -> Sample:
    """Return the mean of an account's daily posts in all whole months of *period_rows*."""
    daily_posts: list[int] = []
    for counts in _whole_months(period_rows, days).values():
        daily_posts += counts
    sample = sample_values(account, daily_posts)
    n = count_effective(len(daily_posts), _correlate_days([daily_posts]))
    return Sample(account, n, sample.mean, sample.variance)


def common_months(rows_by_account: Mapping[str, Sequence[PeriodRow]]) -> set[str]:
    """Return the months that all accounts cover whole; none for fewer than two accounts."""
    covered = []
    for period_rows in rows_by_account.values():
        whole = [
            period_row
            for period_row in period_rows
            if period_row.mentions is not None and not period_row.cut_off
        ]
        covered.append({period_row.period for period_row in whole})
    return set.intersection(*covered) if len(covered) > 1 else set()


def _whole_months(period_rows: Sequence[PeriodRow], days: DailyCounts) -> dict[str, Sequence[int]]:
    """Return the posts of each day of the months that are counted and not cut off."""
    counted: dict[str, Sequence[int]] = {}
    for period_row in period_rows:
        if period_row.mentions is not None and not period_row.cut_off:
            counted[period_row.period] = days.get(period_row.period) or no_documents(
                period_row.period
            )
    return counted


def _disperse(months: Sequence[Sequence[int]]) -> float:
    """Return the ratio of a day's variance to its mean over all months together, at least 1."""
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
        deviations = [count - middle for count in counts]
        squares += sum(deviation * deviation for deviation in deviations)
        products += sum(a * b for a, b in pairwise(deviations))
    if not squares:
        return 0.0
    n = sum(map(len, months)) / len(months)
    return (products / squares * n + 1) / (n - 4)
