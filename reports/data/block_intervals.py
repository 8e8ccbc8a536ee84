"""The intervals that pictures show: how far other days like those of a period would move it.

Exports and tables have Wilson's and Student's intervals, which take documents as independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from core.enums import Grain
from reports.data.cube import Cube, read_cubes
from reports.data.run_data import RunData
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
    intervals: dict[tuple[str | None, str], BlockIntervals] = {}
    for period, cube in read_cubes(run, grain):
        for term, (keyword, term_name) in enumerate(cube.terms):
            if term_name is None:
                intervals[keyword, period] = BlockIntervals(
                    _share_interval(cube, term), _polarity_interval(cube, term)
                )

    return intervals


def _share_interval(cube: Cube, term: int) -> Interval | None:
    is_counted = ~cube.is_missing[0]
    matched = cube.matched[term, 0, is_counted].tolist()
    documents = cube.documents[0, is_counted].tolist()
    if not sum(documents):
        return None

    share = sum(matched) / sum(documents)
    interval = block_interval(matched, documents, share * (1 - share) / sum(documents))
    return _cut(interval, 0.0, 1.0)


def _polarity_interval(cube: Cube, term: int) -> Interval | None:
    is_scored = cube.select(term, 0) & ~np.isnan(cube.polarities)
    # A sum of floats depends on their order: that of rows is another in each database.
    order = np.lexsort((cube.polarities[is_scored], cube.mention_days[is_scored]))
    days, polarities = cube.mention_days[is_scored][order], cube.polarities[is_scored][order]
    is_counted = ~cube.is_missing[0]
    counts = np.bincount(days, minlength=len(is_counted))[is_counted]
    sums = np.bincount(days, polarities, len(is_counted))[is_counted]
    squares = np.bincount(days, polarities**2, len(is_counted))[is_counted]

    mentions = int(counts.sum())
    if mentions < 2:
        return None

    mean = math.fsum(sums) / mentions
    variance = max(0.0, math.fsum(squares) / mentions - mean**2) / (mentions - 1)
    return _cut(block_interval(sums.tolist(), counts.tolist(), variance), -1.0, 1.0)


def _cut(interval: Interval | None, lowest: float, highest: float) -> Interval | None:
    if interval is None:
        return None
    return max(lowest, interval[0]), min(highest, interval[1])
