"""Bulk days: days with far more documents than that weekday usually has, loaded at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import quantiles

import polars as pl

from reports.data.run_data import RunData, once_of_run
from reports.series.reading import read_days

# A bulk day has more than this many times the documents of a full day of its weekday.
_TIMES_FULL = 3

# The square roots of both differ by more than this. That of a Poisson count has a standard
# deviation of 1/2, so these are six of them.
_MORE_IN_ROOT = 3

# A full day is the last quantile of so many parts, of the days of its weekday in so many weeks
# before and after.
_PARTS = 10
WEEKS = 13
# Fewer days of that weekday tell nothing: the days of all weekdays are then compared.
_FEWEST_OF_WEEKDAY = 8
_FEWEST_DAYS = 7
# A stretch of so many days with far more documents is a new level of the archive.
_NEW_LEVEL = 7

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BulkDay:
    """A bulk day, its documents, and those of a full day of its weekday."""

    date: date
    documents: int
    full_day: int


def find_bulk_days(run: RunData) -> frozenset[date]:
    """Return the bulk days of a run of months; one of posts has none."""
    return frozenset(bulk_day.date for bulk_day in list_bulk_days(run))


@once_of_run
def list_bulk_days(run: RunData) -> Sequence[BulkDay]:
    """Return the bulk days of a run of months in their order, whatever its selection leaves out."""
    if not run.kind.has_mentions:
        return ()

    days = read_days(run).filter(pl.col("documents").sum().over("job") > 0)
    return judge_days(dict(days.select("day", "documents").iter_rows()))


def judge_days(documents_by_day: Mapping[date, int]) -> list[BulkDay]:
    """Return the bulk days among days with their documents, in their order.

    A bulk day exceeds a full day by far. A full day is the 90 % quantile of the days of the same
    weekday that have documents, from 13 weeks before to 13 weeks after. The quantile withstands
    bulk days and missing days among them, and follows the growth of an archive. F. R. Hampel ("The
    Influence Curve and Its Role in Robust Estimation", 1974) compares outliers with such
    estimates. Small counts are compared by their square roots, whose variance does not depend on
    their size: M. S. Bartlett ("The Square Root Transformation in Analysis of Variance", 1936).
    """
    counts = {day.toordinal(): documents for day, documents in documents_by_day.items()}
    bulk_days = []
    for ordinal, documents in sorted(counts.items()):
        compared = _list_compared(counts, ordinal)
        if len(compared) < _FEWEST_DAYS:
            continue

        full_day = quantiles(compared, n=_PARTS, method="inclusive")[-1]
        is_far_above = documents > _TIMES_FULL * full_day
        if is_far_above and sqrt(documents) > sqrt(full_day) + _MORE_IN_ROOT:
            bulk_days.append(BulkDay(date.fromordinal(ordinal), documents, round(full_day)))

    return _leave_out_new_levels(bulk_days)


def _list_compared(counts: Mapping[int, int], ordinal: int) -> list[int]:
    """Return the documents of the days with which a day is compared; days are ordinals."""
    reach = 7 * WEEKS
    weekdays = range(ordinal - reach, ordinal + reach + 1, 7)
    compared = [counts.get(weekday, 0) for weekday in weekdays if weekday != ordinal]
    if sum(map(bool, compared)) < _FEWEST_OF_WEEKDAY:
        days = range(ordinal - reach, ordinal + reach + 1)
        compared = [counts.get(day, 0) for day in days if day != ordinal]

    return list(filter(None, compared))


def _leave_out_new_levels(bulk_days: Sequence[BulkDay]) -> list[BulkDay]:
    """Return *bulk_days* without stretches of a week or more: such an archive has grown."""
    stretches: list[list[BulkDay]] = []
    for bulk_day in bulk_days:
        if stretches and stretches[-1][-1].date + _DAY == bulk_day.date:
            stretches[-1].append(bulk_day)
        else:
            stretches.append([bulk_day])

    return [bulk_day for stretch in stretches if len(stretch) < _NEW_LEVEL for bulk_day in stretch]
