"""Which periods are gaps, which are cut off, and how much all of them hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.data.tables.periods import PeriodRow


def gaps(period_rows: Sequence[PeriodRow]) -> list[str]:
    """Return the periods without data, those that failed and those not counted yet."""
    return [period_row.period for period_row in period_rows if period_row.mentions is None]


def polarity_gaps(period_rows: Sequence[PeriodRow]) -> list[str]:
    """Return the periods without a mean; a counted one without a mention is no gap."""
    periods = []
    for period_row in period_rows:
        if period_row.mentions is None or (
            period_row.mentions and period_row.polarity_mean is None
        ):
            periods.append(period_row.period)

    return periods


def cut_off(period_rows: Iterable[PeriodRow]) -> list[str]:
    """Return the periods that lack days at an edge."""
    return [period_row.period for period_row in period_rows if period_row.cut_off]


def sum_matched(period_rows: Iterable[PeriodRow]) -> int:
    """Return the documents that match in all periods."""
    return sum(row.matched or 0 for row in period_rows)


def sum_mentions(period_rows: Iterable[PeriodRow]) -> int:
    """Return the mentions, or posts, of all counted periods."""
    return sum(period_row.mentions or 0 for period_row in period_rows)
