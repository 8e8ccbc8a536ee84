"""The intervals that pictures show: how far other days like those of a period would move it.

Exports and tables have Wilson's and Student's intervals, which take documents as independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from core.enums import Grain
from reports.data.run_data import RunData, once
from reports.data.tables.periods import Ends, PeriodRow
from reports.series.fold import period_of
from reports.series.reading import read_daily
from reports.stats.blocks import block_interval
from reports.stats.intervals import TRILLIONTHS

# A period of these grains holds several blocks of days.
GRAINS = (Grain.MONTH, Grain.YEAR)

_NONE: Ends = (None, None)


def use_block_intervals(
    run: RunData, period_rows: Iterable[PeriodRow], grain: Grain
) -> list[PeriodRow]:
    """Return the rows of keywords, which are by *grain*, with intervals from blocks of days.

    A row has no interval if its period is too short for blocks, and a share of zero has none.
    """
    intervals = read_block_intervals(run, grain) if grain in GRAINS else {}
    rows: list[PeriodRow] = []
    for row in period_rows:
        share, polarity = intervals.get((row.keyword, row.period), (_NONE, _NONE))
        share_low, share_high = share if row.matched else _NONE
        polarity_low, polarity_high = polarity
        drawn = replace(
            row,
            share_low=share_low,
            share_high=share_high,
            polarity_low=polarity_low,
            polarity_high=polarity_high,
            exported_share=(row.share_low, row.share_high),
            exported_polarity=(row.polarity_low, row.polarity_high),
        )
        rows.append(drawn)

    return rows


@once
def read_block_intervals(
    run: RunData, grain: Grain
) -> Mapping[tuple[str | None, str], tuple[Ends, Ends]]:
    """Return the intervals of the share and of the mean of each keyword in each period."""
    daily = read_daily(run)
    days = daily.days.filter(~pl.col("is_missing")).sort("day")
    hits = daily.hits.filter(pl.col("term").is_null())
    intervals: dict[tuple[str | None, str], tuple[Ends, Ends]] = {}
    for keyword in run.keywords:
        of_keyword = hits.filter(pl.col("keyword") == keyword.name).drop(
            "job", "group", "keyword", "term"
        )
        counted = days.join(of_keyword, on="day", how="left", maintain_order="left").fill_null(0)
        for (period,), rows in counted.group_by(period_of(grain), maintain_order=True):
            intervals[keyword.name, str(period)] = _share_interval(rows), _polarity_interval(rows)

    return intervals


def _share_interval(days: pl.DataFrame) -> Ends:
    matched, documents = days["matched"].to_list(), days["documents"].to_list()
    if not sum(documents):
        return _NONE

    share = sum(matched) / sum(documents)
    interval = block_interval(matched, documents, share * (1 - share) / sum(documents))
    return _cut(interval, 0.0, 1.0)


def _polarity_interval(days: pl.DataFrame) -> Ends:
    counts = days["scored"].to_list()
    mentions = sum(counts)
    if mentions < 2:
        return _NONE

    sums = (days["total"] / TRILLIONTHS).to_list()
    mean = days["total"].sum() / TRILLIONTHS / mentions
    mean_square = days["squares"].sum() / TRILLIONTHS**2 / mentions
    variance = max(0.0, mean_square - mean**2) / (mentions - 1)
    return _cut(block_interval(sums, counts, variance), -1.0, 1.0)


def _cut(interval: tuple[float, float] | None, lowest: float, highest: float) -> Ends:
    if interval is None:
        return _NONE
    return max(lowest, interval[0]), min(highest, interval[1])
