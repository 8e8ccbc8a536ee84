"""The counts of periods: which were counted, which are gaps, which are cut off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.data.tables.periods import PeriodRow


@dataclass(frozen=True, slots=True)
class Count:
    """A counted period; *share* and its interval are None where there was no document."""

    period: str
    documents: int
    matched: int
    mentions: int
    share: float | None
    low: float
    high: float


def count_months(period_rows: Sequence[PeriodRow]) -> list[Count]:
    """Return the periods whose mentions were counted, true zeros among them; others are gaps."""
    counts = []
    for period_row in period_rows:
        if period_row.mentions is not None:
            count = Count(
                period=period_row.period,
                documents=period_row.documents,
                matched=period_row.matched or 0,
                mentions=period_row.mentions,
                share=period_row.share,
                low=period_row.share_low or 0.0,
                high=period_row.share_high or 0.0,
            )
            counts.append(count)

    return counts


def mentions_by_month(period_rows: Sequence[PeriodRow]) -> dict[str, int]:
    """Return the mentions of each counted period."""
    return {count.period: count.mentions for count in count_months(period_rows)}


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


def sum_mentions(period_rows: Iterable[PeriodRow]) -> int:
    """Return the mentions, or posts, of all counted periods."""
    return sum(period_row.mentions or 0 for period_row in period_rows)
