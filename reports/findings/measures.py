"""What a series that is watched for events counts or measures: a share, posts, wording or mood.

Each says how its periods are compared, what several of them are together, and which changes are
worth a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from analysis import grains
from reports.data.tables.periods import PeriodRow
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

# A mean of fewer polarities says nothing.
FEWEST_SCORED = 30
# A rise to fewer documents is not told.
FEWEST_DOCUMENTS = 5
# A change is not told either if its figures in the whole run, with repeats and bulk days, differ by
# less than this part of the larger one.
LEAST_CHANGE = 0.1

Rows = Sequence[PeriodRow]


class Measure(Protocol):
    """What is counted or measured of each period of a series."""

    @property
    def name(self) -> str:
        """The word for it in exports and keys."""

    @property
    def level_part(self) -> float:
        """The part that it has of its subject's error budget."""

    def judge(
        self, period_rows: Rows, memory: Memory, level: float, list_season: ListSeason
    ) -> list[Judgement]:
        """Judge each of the sorted rows by those before it."""

    def pool(self, period_rows: Rows) -> float:
        """Return the rate, or the mean polarity, of several periods together."""

    def is_worth_telling(self, before: float, now: float, period_row: PeriodRow) -> bool:
        """Return whether a change to the figures of *period_row* is large enough for a sentence."""


@dataclass(frozen=True)
class CountMeasure:
    """A number of documents, of those that there are or of the days."""

    name: str
    level_part: float
    count: Callable[[PeriodRow], Count | None]
    compare: Callable[[Sequence[Count], Count], Departure]

    def judge(
        self, period_rows: Rows, memory: Memory, level: float, list_season: ListSeason
    ) -> list[Judgement]:
        """Judge each of the sorted rows by those before it."""
        counts = [self.count(period_row) for period_row in period_rows]
        return find_surprises(counts, Judge(self.compare, _is_zero), memory, level, list_season)

    def pool(self, period_rows: Rows) -> float:
        """Return the rate of several periods together."""
        counts = list(filter(None, map(self.count, period_rows)))
        exposure = sum(count.exposure for count in counts)
        return sum(count.matched for count in counts) / max(1, exposure)

    def is_worth_telling(self, before: float, now: float, period_row: PeriodRow) -> bool:
        """Return whether the figures of the whole run differ too, and a rise has documents."""
        if now > before and (period_row.matched or 0) < FEWEST_DOCUMENTS:
            return False

        return abs(now - before) > LEAST_CHANGE * max(now, before)


@dataclass(frozen=True)
class MoodMeasure:
    """The mean polarity of what mentions a keyword, or of posts."""

    name: str
    level_part: float

    def judge(
        self, period_rows: Rows, memory: Memory, level: float, list_season: ListSeason
    ) -> list[Judgement]:
        """Judge each of the sorted rows by those before it."""
        means = [_measure_mood(period_row) for period_row in period_rows]
        return find_surprises(
            means, Judge(compare_means, _is_never_zero), memory, level, list_season
        )

    def pool(self, period_rows: Rows) -> float:
        """Return the mean polarity of several periods together.

        The rows count what has a polarity as their mentions: see `PeriodRow.scored_row`.
        """
        scored = [row for row in period_rows if row.polarity_mean is not None and row.mentions]
        total = sum((row.polarity_mean or 0.0) * (row.mentions or 0) for row in scored)
        return total / max(1, sum(row.mentions or 0 for row in scored))

    def is_worth_telling(self, before: float, now: float, period_row: PeriodRow) -> bool:
        """Return True: means are compared with the variance that they have."""
        del before, now, period_row
        return True


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
    n, mean = period_row.mentions or 0, period_row.polarity_mean
    low, high = period_row.polarity_low, period_row.polarity_high
    if period_row.cut_off or n < FEWEST_SCORED or mean is None or low is None or high is None:
        return None

    # One end of the interval may be cut at -1 or 1.
    half = max(mean - low, high - mean)
    return Mean(mean, (half / t_quantile(n - 1)) ** 2, n)


def _is_zero(count: Count) -> bool:
    return not count.matched


def _is_never_zero(_: Mean) -> bool:
    return False


# A subject has a share or posts, which take four fifths of its budget. Its terms divide the part of
# wording.
SHARE = CountMeasure("share", 0.8, _count_documents, compare_shares)
POSTS = CountMeasure("posts", 0.8, _count_posts, compare_counts)
WORDING = CountMeasure("wording", 0.1, _count_documents, compare_shares)
MOOD = MoodMeasure("mood", 0.1)
