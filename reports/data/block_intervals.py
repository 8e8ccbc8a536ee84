"""The intervals that pictures show: how far other days like those of a period would move it.

Exports and tables have Wilson's and Student's intervals, which take documents as independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from analysis import grains
from core.enums import Grain
from reports.data.groupings import Group
from reports.data.month_mentions import Term
from reports.data.run_data import RunData
from reports.data.tables.archive_days import NO_MATCHES, ArchiveDay, read_archive_days
from reports.data.tables.periods import PeriodRow
from reports.stats.blocks import block_interval

# A period of these grains holds several blocks of days.
GRAINS = (Grain.MONTH, Grain.YEAR)

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BlockIntervals:
    """The intervals of a share and of a mean polarity; None where there is no interval."""

    share: Interval | None
    polarity: Interval | None


_NONE = BlockIntervals(None, None)


def use_block_intervals(
    run: RunData, period_rows: Iterable[PeriodRow], grain: Grain
) -> list[PeriodRow]:
    """Return the rows of keywords, which are by *grain*, with intervals from blocks of days.

    A row has no interval if its period is too short for blocks, and a share of zero has none.
    """
    intervals = read_block_intervals(run, grain) if grain in GRAINS else {}
    rows = []
    for period_row in period_rows:
        period_intervals = intervals.get((period_row.keyword, period_row.period), _NONE)
        share = period_intervals.share if period_row.matched else None
        polarity = period_intervals.polarity
        rows.append(
            replace(
                period_row,
                share_low=share[0] if share else None,
                share_high=share[1] if share else None,
                polarity_low=polarity[0] if polarity else None,
                polarity_high=polarity[1] if polarity else None,
            )
        )
    return rows


def read_block_intervals(
    run: RunData, grain: Grain
) -> Mapping[tuple[str | None, str], BlockIntervals]:
    """Return the intervals of each keyword in each period of the run, computed once."""
    return run.selected_readings.once(
        (read_block_intervals, grain), lambda: _compute_intervals(run, grain)
    )


def _compute_intervals(run: RunData, grain: Grain) -> dict[tuple[str | None, str], BlockIntervals]:
    def period_of(day: Mapping[Group, ArchiveDay]) -> str:
        return grains.period_of(day[None].date, grain)

    intervals: dict[tuple[str | None, str], BlockIntervals] = {}
    for period, days in groupby(read_archive_days(run), key=period_of):
        period_days = [day[None] for day in days if not day[None].is_missing]
        for keyword in run.keywords:
            term = (keyword.name, None)
            intervals[keyword.name, period] = BlockIntervals(
                _share_interval(period_days, term), _polarity_interval(period_days, term)
            )
    return intervals


def _share_interval(days: Sequence[ArchiveDay], term: Term) -> Interval | None:
    matched = [day.matches.get(term, NO_MATCHES).matched for day in days]
    documents = [day.documents for day in days]
    if not sum(documents):
        return None
    share = sum(matched) / sum(documents)
    interval = block_interval(matched, documents, share * (1 - share) / sum(documents))
    return _cut(interval, 0.0, 1.0)


def _polarity_interval(days: Sequence[ArchiveDay], term: Term) -> Interval | None:
    sums, counts, squares = [], [], []
    for day in days:
        polarities = [
            polarity
            for polarity in day.matches.get(term, NO_MATCHES).polarities
            if polarity is not None
        ]
        sums.append(math.fsum(polarities))
        counts.append(len(polarities))
        squares.append(math.fsum(polarity**2 for polarity in polarities))

    mentions = sum(counts)
    if mentions < 2:
        return None
    mean = math.fsum(sums) / mentions
    variance = max(0.0, math.fsum(squares) / mentions - mean**2) / (mentions - 1)
    return _cut(block_interval(sums, counts, variance), -1.0, 1.0)


def _cut(interval: Interval | None, lowest: float, highest: float) -> Interval | None:
    if interval is None:
        return None
    return max(lowest, interval[0]), min(highest, interval[1])
