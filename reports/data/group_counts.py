"""What is counted of each keyword in each group of a run: in all, by period, and to be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from analysis import grains
from core.enums import Grain
from reports.data.run_data import RunData, once
from reports.data.tables.periods import PeriodRow, list_rows
from reports.series.fold import fold, sum_rows
from reports.series.groupings import NOT_KNOWN
from reports.series.reading import list_subjects, read_daily, read_groups
from reports.stats.intervals import TRILLIONTHS


@dataclass(frozen=True)
class ComparedMonths:
    """A group in the months in which another group has documents too."""

    matched: int = 0
    documents: int = 0

    # The documents that would mention the keyword by the shares of the months.
    expected: float = 0.0

    # The polarities, and the mean of each less the mean of its month.
    scored: int = 0
    apart: float = 0.0


@dataclass(frozen=True)
class GroupCounts:
    """A keyword in a group, or in several: all months together, and each period."""

    name: str
    total: PeriodRow
    by_period: Mapping[str, PeriodRow] = field(default_factory=dict)
    compared: ComparedMonths = ComparedMonths()

    # The months in which it has data, and those in which it has none and other groups have.
    months: Sequence[str] = ()
    missing_months: Sequence[str] = ()


@dataclass(frozen=True)
class KeywordGroups:
    """A keyword in each group, by the groups' names."""

    keyword: str
    groups: Mapping[str, GroupCounts]

    # The mean polarity of the months that are compared.
    mean: float

    # The rows of the groups in the series, by month and by the grain of the pictures.
    month_rows: pl.DataFrame
    period_rows: pl.DataFrame

    def add_up(
        self, name: str, group_names: Collection[str], months: Collection[str] | None = None
    ) -> GroupCounts:
        """Return the counts of several groups together; in all of their months, or in *months*."""
        is_among = pl.col("group").is_in(list(group_names))
        month_rows = self.month_rows.filter(is_among)
        if months is not None:
            month_rows = month_rows.filter(pl.col("period").is_in(list(months)))

        (total,) = list_rows(sum_rows(month_rows))
        periods = list_rows(sum_rows(self.period_rows.filter(is_among), "period"))
        return GroupCounts(name, total, {row.period: row for row in periods})


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
    """Count each keyword of the run in each group."""
    groups = read_groups(run)
    daily, subjects = read_daily(run, groups=groups), list_subjects(run)
    of_group = pl.col("group").is_not_null() & pl.col("term").is_null()
    month_rows = fold(daily, Grain.MONTH, subjects, groups).filter(of_group)
    period_rows = fold(daily, grain, subjects, groups).filter(of_group)
    counted = []
    for keyword in run.keywords:
        is_of_keyword = pl.col("keyword") == keyword.name
        rows = month_rows.filter(is_of_keyword), period_rows.filter(is_of_keyword)
        counted.append(compare_groups(keyword.name, *rows))

    return counted


def compare_groups(
    keyword: str, month_rows: pl.DataFrame, period_rows: pl.DataFrame
) -> KeywordGroups:
    """Return a keyword in each group, by the rows of the groups in each month and each period."""
    is_known = pl.col("group") != NOT_KNOWN
    is_whole = (pl.col("documents") > 0) & ~pl.col("cut_off")
    found = month_rows.filter("has_counts", is_known & is_whole)
    is_missing = (
        is_known & ~pl.col("has_counts") & pl.col("period").is_in(found["period"].to_list())
    )
    missing = _list_months(month_rows.filter(is_missing))
    counted = _list_months(month_rows.filter("has_counts"))
    compared, mean = _compare(found)
    by_period: dict[str | None, dict[str, PeriodRow]] = defaultdict(dict)
    for row in list_rows(period_rows):
        by_period[row.group][row.period] = row

    groups = {}
    for total in list_rows(sum_rows(month_rows, "keyword", "group")):
        name = total.group or ""
        groups[name] = GroupCounts(
            name=name,
            total=total,
            by_period=by_period[name],
            compared=compared.get(name, ComparedMonths()),
            months=counted.get(name, ()),
            missing_months=missing.get(name, ()),
        )

    return KeywordGroups(keyword, groups, mean, month_rows, period_rows)


def _list_months(rows: pl.DataFrame) -> dict[str, list[str]]:
    return dict(rows.sort("period").group_by("group").agg("period").iter_rows())


def _compare(found: pl.DataFrame) -> tuple[dict[str, ComparedMonths], float]:
    """Return what is to be expected of each group, if all wrote alike in a month, and the mean.

    *found* are the months of groups that have documents; those with one group alone compare none.
    """
    rows = found.with_columns(pl.when("has_polarity").then(pl.col("scored", "total")).otherwise(0))
    rows = rows.filter(pl.len().over("period") > 1)
    all_matched, all_documents, all_scored, all_total = (
        pl.col(column).sum().over("period")
        for column in ("matched", "documents", "scored", "total")
    )
    expected = pl.col("documents") * (all_matched / all_documents)
    apart = pl.when(pl.col("scored") > 0).then(
        pl.col("total") - pl.col("scored") * (all_total / all_scored)
    )
    months = rows.with_columns(expected=expected, apart=apart / TRILLIONTHS).sort("period")
    columns = ("matched", "documents", "expected", "scored")
    summed = months.group_by("group", maintain_order=True).agg(
        pl.col(columns).sum(),
        apart=pl.col("apart").sum() / pl.max_horizontal(1, pl.col("scored").sum()),
    )
    compared = {row.pop("group"): ComparedMonths(**row) for row in summed.to_dicts()}
    n = int(rows["scored"].sum())
    return compared, int(rows["total"].sum()) / TRILLIONTHS / max(1, n)
