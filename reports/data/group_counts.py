"""What is counted of each keyword in each group of a run: in all, by period, and to be compared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis import grains
from core.enums import Grain
from reports.data.cube import Cube, read_months
from reports.data.groupings import NOT_KNOWN
from reports.data.run_data import RunData
from reports.data.run_groups import list_groups
from reports.stats.intervals import t_quantile, wilson_interval

Interval = tuple[float, float]


@dataclass(slots=True)
class Cell:
    """Documents of a group in a period, and those that mention a keyword."""

    documents: int = 0
    matched: int = 0

    # True if the keyword was looked for; False for a gap.
    has_data: bool = False

    # True if days of the period were not collected.
    is_cut_off: bool = False

    @property
    def share(self) -> float | None:
        """The share of the documents that mention the keyword; None without a document."""
        return self.matched / self.documents if self.has_data and self.documents else None

    @property
    def cut_off(self) -> bool:
        """Whether it has data, but of a part of its days alone."""
        return self.is_cut_off and self.documents > 0

    @property
    def interval(self) -> Interval | None:
        """The Wilson 95 % interval of the share."""
        if self.share is None:
            return None
        return wilson_interval(self.matched, self.documents)


@dataclass
class Moments:
    """The number of values, their sum and the sum of their squares."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, values: Sequence[float]) -> None:
        """Add *values*."""
        self.n += len(values)
        self.total += math.fsum(values)
        self.squares += math.fsum(value * value for value in values)

    def add_less(self, moments: Moments, middle: float) -> None:
        """Add the values of *moments*, each less *middle*."""
        self.n += moments.n
        self.total += moments.total - moments.n * middle
        self.squares += moments.squares - 2 * middle * moments.total + moments.n * middle * middle

    @property
    def mean(self) -> float | None:
        """The arithmetic mean; None without values."""
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float:
        """The variance; 0 for fewer than two values."""
        if self.n < 2:
            return 0.0
        return max(0.0, self.squares - self.total * self.total / self.n) / (self.n - 1)

    @property
    def interval(self) -> Interval | None:
        """Student's 95 % interval of the mean, cut to -1 and 1; None for fewer than two."""
        if self.n < 2 or self.mean is None:
            return None

        half = t_quantile(self.n - 1) * math.sqrt(self.variance / self.n)
        return max(-1.0, self.mean - half), min(1.0, self.mean + half)


@dataclass
class _Compared:
    """A group in the months in which another group has documents too."""

    matched: int = 0
    documents: int = 0

    # The expected documents that mention the keyword, by the shares of the months.
    expected: float = 0.0

    # Each polarity less the mean of its month.
    polarities: Moments = field(default_factory=Moments)


@dataclass
class GroupCounts:
    """A keyword in a group."""

    name: str
    total: Cell = field(default_factory=Cell)
    polarities: Moments = field(default_factory=Moments)
    by_period: dict[str, Cell] = field(default_factory=lambda: defaultdict(Cell))
    compared: _Compared = field(default_factory=_Compared)

    # The months in which other groups have documents and this one has none.
    missing_months: list[str] = field(default_factory=list)

    # The months in which it has data.
    by_month: dict[str, Cell] = field(default_factory=dict)


@dataclass
class KeywordGroups:
    """A keyword in each group, by the groups' names."""

    keyword: str
    groups: dict[str, GroupCounts]

    # The mean of the months that are compared.
    mean: Moments = field(default_factory=Moments)


def choose_grain(run: RunData, first_month: str, last_month: str, most: int) -> Grain:
    """Return the run's grain, or the next in which its months make at most *most* periods."""
    lengths = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR)
    for grain in lengths[lengths.index(run.grain) :]:
        periods = grains.list_periods(*grains.periods_of_months(first_month, last_month, grain))
        if len(periods) <= most:
            return grain

    return Grain.YEAR


def count_groups(run: RunData, grain: Grain) -> list[KeywordGroups]:
    """Count each keyword of the run in each group, in one pass over its months, once."""
    counting = (count_groups, grain)
    return run.selected_readings.once(counting, lambda: _count_groups(run, grain))


def _count_groups(run: RunData, grain: Grain) -> list[KeywordGroups]:
    group_names = list_groups(run)
    counted = []
    for keyword in run.keywords:
        groups = {group_name: GroupCounts(group_name) for group_name in group_names}
        counted.append(KeywordGroups(keyword.name, groups))

    for month in read_months(run, None, group_names):
        for keyword_groups in counted:
            add_month(keyword_groups, month, grain)

    return counted


def add_month(counted: KeywordGroups, month: Cube, grain: Grain) -> None:
    """Add a month to the counts of a keyword, and compare its groups."""
    month_name = grains.period_of(month.days[0], Grain.MONTH)
    compared: dict[str, tuple[Cell, Moments]] = {}
    gaps: list[GroupCounts] = []
    for place, group_name in enumerate(month.groups):
        if group_name is None:
            continue

        group = counted.groups[group_name]
        for period, days in month.split(grain):
            _add_days(group.by_period[period], days, counted.keyword, place)

        cell = Cell()
        _add_days(cell, month, counted.keyword, place)
        if not cell.has_data:
            gaps.append(group)
            continue

        polarities = _sum_polarities(month, counted.keyword, place)
        group.by_month[month_name] = cell
        group.total.documents += cell.documents
        group.total.matched += cell.matched
        group.total.has_data = True
        group.polarities.add_less(polarities, 0.0)
        if cell.documents and not cell.cut_off and group_name != NOT_KNOWN:
            compared[group_name] = cell, polarities

    if len(compared) > 1:
        _compare_month(counted, compared)

    for group in gaps if compared else ():
        if group.name != NOT_KNOWN:
            group.missing_months.append(month_name)


def _sum_polarities(month: Cube, keyword: str, group: int) -> Moments:
    """Return the moments of a month's polarities; none where they are not complete."""
    polarities = Moments()
    if month.progress_of(group).has_polarity:
        scores = month.polarities[month.select(month.terms.index((keyword, None)), group)]
        polarities.add(scores[~np.isnan(scores)].tolist())

    return polarities


def _add_days(cell: Cell, days: Cube, keyword: str, group: int) -> None:
    """Add the documents of the days on which the keyword was looked for."""
    cell.is_cut_off |= bool(days.is_missing[group].any())
    if days.progress_of(group).has_counts:
        counted = days.has_data[group]
        term = days.terms.index((keyword, None))
        cell.documents += int(days.documents[group, counted].sum())
        cell.matched += int(days.matched[term, group, counted].sum())
        cell.has_data = True


def _compare_month(counted: KeywordGroups, compared: Mapping[str, tuple[Cell, Moments]]) -> None:
    """Note what is to be expected of each group, if all wrote alike in that month."""
    together = Moments()
    for _, polarities in compared.values():
        together.add_less(polarities, 0.0)

    counted.mean.add_less(together, 0.0)
    matched = sum(month.matched for month, _ in compared.values())
    documents = sum(month.documents for month, _ in compared.values())
    for group_name, (month, polarities) in compared.items():
        compared_group = counted.groups[group_name].compared
        compared_group.matched += month.matched
        compared_group.documents += month.documents
        compared_group.expected += month.documents * matched / documents
        compared_group.polarities.add_less(polarities, together.mean or 0.0)
