"""What is counted of each keyword in each group of a run: in all, by period, and to be compared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from analysis import grains
from core.enums import Grain
from reports.data.daily_counts import measure_dispersion
from reports.data.groupings import NOT_KNOWN, Group, list_groups
from reports.data.run_data import RunData
from reports.data.tables.archive_days import (
    NO_MATCHES,
    ArchiveDay,
    Matches,
    Progress,
    read_archive_days,
)
from reports.stats.comparing import Sample, Share
from reports.stats.intervals import t_quantile, wilson_interval

Interval = tuple[float, float]
OfMonth = Mapping[Group, Sequence[ArchiveDay]]


@dataclass
class Cell:
    """Documents of a group in a period, and those that mention a keyword."""

    documents: int = 0
    matched: int = 0
    has_data: bool = False  # the keyword was looked for; False of a gap
    is_part: bool = False  # days of it were not collected

    @property
    def share(self) -> float | None:
        """The share of the documents that mention the keyword; None without a document."""
        return self.matched / self.documents if self.has_data and self.documents else None

    @property
    def cut_off(self) -> bool:
        """Whether it has data, but of a part of its days alone."""
        return self.is_part and self.documents > 0

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

    def add_less(self, other: Moments, middle: float) -> None:
        """Add the values of *other*, each less *middle*."""
        self.n += other.n
        self.total += other.total - other.n * middle
        self.squares += other.squares - 2 * middle * other.total + other.n * middle * middle

    @property
    def mean(self) -> float | None:
        """The arithmetic mean; None of no values."""
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float:
        """The variance; 0 of fewer than two values."""
        if self.n < 2:
            return 0.0
        return max(0.0, self.squares - self.total * self.total / self.n) / (self.n - 1)

    @property
    def interval(self) -> Interval | None:
        """Student's 95 % interval of the mean, cut to -1 and 1; None of fewer than two values."""
        if self.n < 2 or self.mean is None:
            return None
        half = t_quantile(self.n - 1) * math.sqrt(self.variance / self.n)
        return max(-1.0, self.mean - half), min(1.0, self.mean + half)


@dataclass
class _Compared:
    """A group in the months in which another group has documents too."""

    matched: int = 0
    documents: int = 0
    expected: float = 0.0  # documents that mention the keyword, by the shares of the months
    polarities: Moments = field(default_factory=Moments)  # each less the mean of its month


@dataclass
class Weighted:
    """A weighted mean, as it is added up."""

    total: float = 0.0
    weights: float = 0.0

    def add(self, value: float, weight: float) -> None:
        """Add a value."""
        self.total += value * weight
        self.weights += weight

    @property
    def mean(self) -> float:
        """The mean; 0 of no values."""
        return self.total / self.weights if self.weights else 0.0


@dataclass
class GroupCounts:
    """A keyword in a group."""

    name: str
    total: Cell = field(default_factory=Cell)
    polarities: Moments = field(default_factory=Moments)
    by_period: dict[str, Cell] = field(default_factory=lambda: defaultdict(Cell))
    compared: _Compared = field(default_factory=_Compared)
    dispersion: Weighted = field(default_factory=Weighted)  # of months that are not cut off
    missing_months: list[str] = field(default_factory=list)  # of which others have documents

    @property
    def compared_share(self) -> float | None:
        """The share in the months in which it can be compared."""
        compared = self.compared
        return compared.matched / compared.documents if compared.documents else None


@dataclass
class KeywordGroups:
    """A keyword in each group, by the groups' names."""

    keyword: str
    groups: dict[str, GroupCounts]
    mean: Moments = field(default_factory=Moments)  # of the months that are compared
    dispersion: Weighted = field(default_factory=Weighted)  # of all groups

    def list_shares(self, names: Sequence[str]) -> list[Share]:
        """Return the share of each group, as if all had their documents in the same months.

        Indirect standardization: the documents of a group are those in which all groups together
        would have as many mentions as its months lead one to expect. So a group that has documents
        of a quiet year alone is not behind for that. Documents of one burst count for fewer: by
        the dispersion of their group or, where that is larger, of all, since it cannot be seen in a
        few documents. Months weigh by their documents that mention the keyword.
        """
        compared = [self.groups[name].compared for name in names]
        matched = sum(each.matched for each in compared)
        documents = sum(each.documents for each in compared)
        shares = []
        for name, each in zip(names, compared, strict=True):
            if matched and each.expected:
                standard = each.expected * documents / matched
                n = max(standard, each.matched)
                dispersion = max(1.0, self.dispersion.mean, self.groups[name].dispersion.mean)
                shares.append(Share(name, each.matched, n).discount(dispersion))
        return shares

    def list_moods(self, names: Sequence[str]) -> list[Sample]:
        """Return the mean polarity of each group, as if all had their mentions in one month."""
        middle = self.mean.mean or 0.0
        samples = []
        for name in names:
            moments = self.groups[name].compared.polarities
            if moments.n > 1 and moments.mean is not None:
                samples.append(Sample(name, moments.n, middle + moments.mean, moments.variance))
        return samples


def choose_grain(data: RunData, first: str, last: str, most: int) -> Grain:
    """Return the run's grain, or the next in which its months make at most *most* periods."""
    lengths = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR)
    for grain in lengths[lengths.index(data.grain) :]:
        periods = grains.list_periods(*grains.periods_of_months(first, last, grain))
        if len(periods) <= most:
            return grain
    return Grain.YEAR


def count_groups(data: RunData, keywords: Sequence[str], grain: Grain) -> list[KeywordGroups]:
    """Count each keyword in each group, in one pass over the run's months."""
    names = list_groups(data)
    counted = []
    for keyword in keywords:
        groups = {name: GroupCounts(name) for name in names}
        counted.append(KeywordGroups(keyword, groups))
    for of_month in _read_months(data, names):
        for keyword_groups in counted:
            add_month(keyword_groups, of_month, grain)
    return counted


def _read_months(data: RunData, names: Sequence[str]) -> Iterator[OfMonth]:
    days = read_archive_days(data, None, names)
    for _, of_month in groupby(days, key=lambda day: day[None].job):
        in_month = list(of_month)
        yield {name: [day[name] for day in in_month] for name in names}


def add_month(counted: KeywordGroups, of_month: OfMonth, grain: Grain) -> None:
    """Add a month to the counts of a keyword, and compare its groups."""
    compared: dict[str, tuple[Cell, Moments]] = {}
    gaps: list[GroupCounts] = []
    for name, group in counted.groups.items():
        days = of_month[name]
        matches = [day.matches.get((counted.keyword, None), NO_MATCHES) for day in days]
        matched = [each.matched for each in matches]
        month = Cell()
        for day, n in zip(days, matched, strict=True):
            _add_day(month, day, n)
            _add_day(group.by_period[grains.period_of(day.date, grain)], day, n)
        if not month.has_data:
            gaps.append(group)
            continue

        polarities = _sum_polarities(days, matches)
        group.total.documents += month.documents
        group.total.matched += month.matched
        group.total.has_data = True
        group.polarities.add_less(polarities, 0.0)
        if month.documents and not month.cut_off and name != NOT_KNOWN:
            compared[name] = month, polarities
            dispersion = measure_dispersion(matched, [day.documents for day in days])
            for mean in (group.dispersion, counted.dispersion):
                mean.add(dispersion or 0.0, month.matched if dispersion is not None else 0)
    if len(compared) > 1:
        _compare_month(counted, compared)
    for group in gaps if compared else ():
        if group.name != NOT_KNOWN:
            group.missing_months.append(grains.period_of(of_month[group.name][0].date, Grain.MONTH))


def _sum_polarities(days: Sequence[ArchiveDay], matches: Sequence[Matches]) -> Moments:
    """Return the moments of a month's polarities; none where they are not complete."""
    polarities = Moments()
    if Progress.together([day.progress for day in days]).has_polarity:
        for each in matches:
            polarities.add([value for value in each.polarities if value is not None])
    return polarities


def _add_day(cell: Cell, day: ArchiveDay, matched: int) -> None:
    cell.is_part |= day.is_missing
    if day.progress.has_counts:
        cell.documents += day.documents
        cell.matched += matched
        cell.has_data = True


def _compare_month(counted: KeywordGroups, compared: Mapping[str, tuple[Cell, Moments]]) -> None:
    """Note what is to be expected of each group, if all wrote alike in that month."""
    together = Moments()
    for _, polarities in compared.values():
        together.add_less(polarities, 0.0)
    counted.mean.add_less(together, 0.0)
    matched = sum(month.matched for month, _ in compared.values())
    documents = sum(month.documents for month, _ in compared.values())
    for name, (month, polarities) in compared.items():
        of_group = counted.groups[name].compared
        of_group.matched += month.matched
        of_group.documents += month.documents
        of_group.expected += month.documents * matched / documents
        of_group.polarities.add_less(polarities, together.mean or 0.0)
