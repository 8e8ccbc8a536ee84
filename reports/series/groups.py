"""What is counted of each keyword in each group of a run: in all, by period, and to be compared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from analysis import grains
from core.enums import Grain
from reports.data.run_data import RunData, once
from reports.series.groupings import NOT_KNOWN
from reports.series.reading import read_groups, read_series
from reports.stats.intervals import TRILLIONTHS, t_quantile, wilson_interval

Interval = tuple[float, float]


@dataclass(slots=True)
class GroupCell:
    """Documents of a group in a period, and those that mention a keyword."""

    documents: int = 0
    matched: int = 0

    # True if the keyword was looked for; False for a gap.
    has_data: bool = False

    # True if it has data, but of a part of its days alone.
    cut_off: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> GroupCell:
        """Return the cell of a row of a series."""
        if not row["has_counts"]:
            return cls()
        return cls(row["documents"], row["matched"], has_data=True, cut_off=row["cut_off"])

    def add(self, cell: GroupCell) -> None:
        """Add the documents of a cell, of another period or another group."""
        self.documents += cell.documents
        self.matched += cell.matched
        self.has_data |= cell.has_data

    @property
    def share(self) -> float | None:
        """The share of the documents that mention the keyword; None without a document."""
        return self.matched / self.documents if self.has_data and self.documents else None

    @property
    def interval(self) -> Interval | None:
        """The Wilson 95 % interval of the share."""
        if self.share is None:
            return None
        return wilson_interval(self.matched, self.documents)


@dataclass(slots=True)
class Moments:
    """The number of polarities, their sum and the sum of their squares."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Moments:
        """Return the moments of a row of a series; none where its polarities are not complete."""
        if not row["has_polarity"]:
            return cls()
        return cls(row["scored"], row["total"] / TRILLIONTHS, row["squares"] / TRILLIONTHS**2)

    def add(self, moments: Moments, middle: float = 0.0) -> None:
        """Add the values of *moments*, each less *middle*."""
        self.n += moments.n
        self.total += moments.total - moments.n * middle
        self.squares += moments.squares - 2 * middle * moments.total + moments.n * middle * middle

    @property
    def mean(self) -> float | None:
        """The arithmetic mean; None without values."""
        return self.total / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """Student's 95 % interval of the mean, cut to -1 and 1; None for fewer than two."""
        if self.n < 2 or self.mean is None:
            return None

        variance = max(0.0, self.squares - self.total * self.total / self.n) / (self.n - 1)
        half = t_quantile(self.n - 1) * math.sqrt(variance / self.n)
        return max(-1.0, self.mean - half), min(1.0, self.mean + half)


@dataclass
class _ComparedMonths:
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
    total: GroupCell = field(default_factory=GroupCell)
    polarities: Moments = field(default_factory=Moments)
    by_period: dict[str, GroupCell] = field(default_factory=lambda: defaultdict(GroupCell))
    compared: _ComparedMonths = field(default_factory=_ComparedMonths)

    # The months in which other groups have documents and this one has none.
    missing_months: list[str] = field(default_factory=list)

    # The months in which it has data.
    by_month: dict[str, GroupCell] = field(default_factory=dict)


@dataclass
class KeywordGroups:
    """A keyword in each group, by the groups' names."""

    keyword: str
    groups: dict[str, GroupCounts]

    # The mean of the months that are compared.
    mean: Moments = field(default_factory=Moments)

    def add_month(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Add the rows of a month, by the names of their groups, and compare the groups."""
        compared: dict[str, tuple[GroupCell, Moments]] = {}
        gaps: list[str] = []
        for name, row in rows.items():
            cell, polarities = GroupCell.of(row), Moments.of(row)
            if not cell.has_data:
                gaps.append(name)
                continue

            group = self.groups[name]
            group.by_month[row["period"]] = cell
            group.total.add(cell)
            group.polarities.add(polarities)
            if cell.documents and not cell.cut_off and name != NOT_KNOWN:
                compared[name] = cell, polarities

        if len(compared) > 1:
            self._compare(compared)
        for name in gaps if compared else ():
            if name != NOT_KNOWN:
                self.groups[name].missing_months.append(rows[name]["period"])

    def _compare(self, compared: Mapping[str, tuple[GroupCell, Moments]]) -> None:
        """Note what is to be expected of each group, if all wrote alike in that month."""
        together, all_documents = Moments(), GroupCell()
        for month, polarities in compared.values():
            together.add(polarities)
            all_documents.add(month)

        self.mean.add(together)
        share = all_documents.share or 0.0
        for name, (month, polarities) in compared.items():
            group = self.groups[name].compared
            group.matched += month.matched
            group.documents += month.documents
            group.expected += month.documents * share
            group.polarities.add(polarities, together.mean or 0.0)


def choose_grain(run: RunData, first_month: str, last_month: str, most: int) -> Grain:
    """Return the run's grain, or the next in which its months make at most *most* periods."""
    lengths = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR)
    for grain in lengths[lengths.index(run.grain) :]:
        periods = grains.list_periods(*grains.periods_of_months(first_month, last_month, grain))
        if len(periods) <= most:
            return grain

    return Grain.YEAR


@once
def count_groups(run: RunData, grain: Grain) -> list[KeywordGroups]:
    """Count each keyword of the run in each group, once."""
    names = read_groups(run).names
    counted = {}
    for keyword in run.keywords:
        groups = {name: GroupCounts(name) for name in names}
        counted[keyword.name] = KeywordGroups(keyword.name, groups)

    months: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in _read_rows(run, Grain.MONTH):
        months[row["keyword"], row["period"]][row["group"]] = row

    for (keyword_name, _), rows in months.items():
        counted[keyword_name].add_month(rows)

    for row in _read_rows(run, grain):
        counted[row["keyword"]].groups[row["group"]].by_period[row["period"]] = GroupCell.of(row)

    return list(counted.values())


def _read_rows(run: RunData, grain: Grain) -> list[dict[str, Any]]:
    """Return the rows of keywords in each group."""
    series = read_series(run, grain, groups=read_groups(run))
    is_shown = pl.col("group").is_not_null() & pl.col("term").is_null()
    return series.filter(is_shown).to_dicts()
