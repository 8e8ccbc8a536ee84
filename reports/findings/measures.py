"""What a series that is watched for events counts or measures: a share, posts, wording or mood.

Each says how its periods are compared, what several of them are together, and which changes are
worth a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis import grains
from reports.data.tables.periods import PeriodRow
from reports.findings.mood_facts import list_scored_periods, pool_means
from reports.stats.intervals import t_quantile
from reports.stats.surprise import (
    Count,
    Departure,
    Judge,
    Judgement,
    ListSeason,
    Mean,
    Memory,
    compare_counts,
    compare_means,
    compare_shares,
    find_surprises,
)
from reports.stats.thresholds import (
    FEW,
    FEW_DOCUMENTS,
    FEWEST_OF_GROUP,
    LEAST_CHANGE,
    LEAST_DIFFERENCE,
)

Rows = Sequence[PeriodRow]


@dataclass(frozen=True)
class Measure:
    """What is counted or measured of each period of a series: a `Count` or a `Mean`."""

    # The word for it in exports, keys and the names of its sentences.
    name: str

    # The part that it has of its subject's error budget.
    level_part: float

    # How sentences write its figures.
    form: str

    # Returns None for a period that is not compared.
    read: Callable[[PeriodRow], Any]

    compare: Callable[[Sequence[Any], Any], Departure]

    is_mean: bool = False

    def judge(
        self, period_rows: Rows, memory: Memory, level: float, list_season: ListSeason
    ) -> list[Judgement]:
        """Judge each of the sorted rows by those before it."""
        figures = [self.read(period_row) for period_row in period_rows]
        judge = Judge(self.compare, lambda figure: isinstance(figure, Count) and not figure.matched)
        return find_surprises(figures, judge, memory, level, list_season)

    def pool(self, period_rows: Rows) -> float:
        """Return the rate, or the mean polarity, of several periods together."""
        if self.is_mean:
            scored_rows = list_scored_periods(period_rows, with_cut_off=True)
            return pool_means(scored_rows)[0] if scored_rows else 0.0

        figures = [self.read(period_row) for period_row in period_rows]
        counts: list[Count] = [figure for figure in figures if figure is not None]
        exposure = sum(count.exposure for count in counts)
        return sum(count.matched for count in counts) / max(1, exposure)

    def is_worth_telling(self, before: float, now: float, period_row: PeriodRow) -> bool:
        """Return whether a change to the figures of *period_row* is large enough for a sentence.

        Means are compared with the variance that they have, and each change of them is.
        """
        is_of_few = now > before and (period_row.matched or 0) < FEW
        is_large = abs(now - before) > LEAST_CHANGE * max(now, before)
        return self.is_mean or (is_large and not is_of_few)

    def is_worth_listing(self, before: float, now: float, period_row: PeriodRow) -> bool:
        """Return whether a change that is no event is large enough for the list below events."""
        if self.is_mean:
            return abs(now - before) >= LEAST_DIFFERENCE

        count = self.read(period_row)
        return count is not None and max(before, now) * count.exposure >= FEW_DOCUMENTS


def _count_documents(period_row: PeriodRow) -> Count | None:
    """Return what a whole period counts; a period without documents is a gap and no zero."""
    if period_row.matched is None or period_row.cut_off or not period_row.documents:
        return None

    return Count(period_row.matched, period_row.documents)


def _count_posts(period_row: PeriodRow) -> Count | None:
    """Return what a whole period counts; a period without posts is a zero."""
    if period_row.matched is None or period_row.cut_off:
        return None

    return Count(period_row.matched, grains.count_days(period_row.period))


def _measure_mood(period_row: PeriodRow) -> Mean | None:
    """Return the mean polarity of a whole period, with the variance that its interval has."""
    n, mean = period_row.polarity_n or 0, period_row.polarity_mean
    half = period_row.polarity_half
    if period_row.cut_off or n < FEWEST_OF_GROUP or mean is None or half is None:
        return None

    return Mean(mean, (half / t_quantile(n - 1)) ** 2, n)


# A subject has a share or posts, which take four fifths of its budget. Its terms divide the part of
# wording.
SHARE = Measure("share", 0.8, "%", _count_documents, compare_shares)
POSTS = Measure("posts", 0.8, ".1f", _count_posts, compare_counts)
WORDING = Measure("wording", 0.1, "%", _count_documents, compare_shares)
MOOD = Measure("mood", 0.1, "+", _measure_mood, compare_means, is_mean=True)
