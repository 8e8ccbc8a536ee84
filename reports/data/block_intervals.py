"""The intervals that pictures show: how far other days like those of a period would move it.

Exports and tables have Wilson's and Student's intervals, which take documents as independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import polars as pl

from core.enums import Grain
from reports.data.run_data import RunData, once
from reports.data.tables.periods import PeriodRow
from reports.series.fold import period_of
from reports.series.reading import read_daily
from reports.stats.blocks import block_interval
from reports.stats.intervals import TRILLIONTHS

# A period of these grains holds several blocks of days.
GRAINS = (Grain.MONTH, Grain.YEAR)

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BlockIntervals:
    """The intervals of a share and of a mean polarity; None where there is no interval."""

    share: Interval | None
    polarity: Interval | None


_NONE = BlockIntervals(None, None)


@dataclass(frozen=True, slots=True)
class DrawnRow(PeriodRow):
    """A row with the intervals that a picture shows, beside those of the export."""

    exported_share: tuple[float | None, float | None] = (None, None)
    exported_polarity: tuple[float | None, float | None] = (None, None)


def use_block_intervals(
    run: RunData, period_rows: Iterable[PeriodRow], grain: Grain
) -> list[PeriodRow]:
    """Return the rows of keywords, which are by *grain*, with intervals from blocks of days.

    A row has no interval if its period is too short for blocks, and a share of zero has none.
    """
    intervals = read_block_intervals(run, grain) if grain in GRAINS else {}
    rows: list[PeriodRow] = []
    for period_row in period_rows:
        period_intervals = intervals.get((period_row.keyword, period_row.period), _NONE)
        share = period_intervals.share if period_row.matched else None
        polarity = period_intervals.polarity
        share_low, share_high = share or (None, None)
        polarity_low, polarity_high = polarity or (None, None)
        drawn = {
            **asdict(period_row),
            "share_low": share_low,
            "share_high": share_high,
            "polarity_low": polarity_low,
            "polarity_high": polarity_high,
        }
        drawn["exported_share"] = period_row.share_low, period_row.share_high
        drawn["exported_polarity"] = period_row.polarity_low, period_row.polarity_high
        rows.append(DrawnRow(**drawn))

    return rows


@once
def read_block_intervals(
    run: RunData, grain: Grain
) -> Mapping[tuple[str | None, str], BlockIntervals]:
    """Return the intervals of each keyword in each period of the run."""
    daily = read_daily(run)
    days = daily.days.filter(~pl.col("is_missing")).sort("day")
    hits = daily.hits.filter(pl.col("term").is_null())
    intervals: dict[tuple[str | None, str], BlockIntervals] = {}
    for keyword in run.keywords:
        of_keyword = hits.filter(pl.col("keyword") == keyword.name).drop(
            "job", "group", "keyword", "term"
        )
        counted = days.join(of_keyword, on="day", how="left", maintain_order="left").fill_null(0)
        for (period,), rows in counted.group_by(period_of(grain), maintain_order=True):
            intervals[keyword.name, str(period)] = BlockIntervals(
                _share_interval(rows), _polarity_interval(rows)
            )

    return intervals


def _share_interval(days: pl.DataFrame) -> Interval | None:
    matched, documents = days["matched"].to_list(), days["documents"].to_list()
    if not sum(documents):
        return None

    share = sum(matched) / sum(documents)
    interval = block_interval(matched, documents, share * (1 - share) / sum(documents))
    return _cut(interval, 0.0, 1.0)


def _polarity_interval(days: pl.DataFrame) -> Interval | None:
    counts = days["scored"].to_list()
    mentions = sum(counts)
    if mentions < 2:
        return None

    sums = (days["total"] / TRILLIONTHS).to_list()
    mean = days["total"].sum() / TRILLIONTHS / mentions
    mean_square = days["squares"].sum() / TRILLIONTHS**2 / mentions
    variance = max(0.0, mean_square - mean**2) / (mentions - 1)
    return _cut(block_interval(sums, counts, variance), -1.0, 1.0)


def _cut(interval: Interval | None, lowest: float, highest: float) -> Interval | None:
    if interval is None:
        return None
    return max(lowest, interval[0]), min(highest, interval[1])
