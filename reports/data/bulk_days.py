"""Bulk days: days with far more documents than that weekday usually has, loaded at once."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median

from analysis import grains
from analysis.kinds.kind import Unit
from reports.data.daily_counts import read_daily_counts
from reports.data.run_data import RunData

# A bulk day has more than this many times the usual number of documents of its weekday,
_TIMES_USUAL = 4
# and at least this many documents more.
_FEWEST_MORE = 50
# The usual number is the median of that weekday over so many weeks before and after.
_WEEKS = 13
# A median of fewer days tells nothing.
_FEWEST_WEEKS = 4


def find_bulk_days(run: RunData) -> frozenset[date]:
    """Return the bulk days of a run of months; one of posts has none."""
    if run.kind.unit != Unit.MENTION:
        return frozenset()
    return run.readings.once(find_bulk_days, lambda: _find_bulk_days(run))


def _find_bulk_days(run: RunData) -> frozenset[date]:
    documents_by_day: dict[date, int] = {}
    for job in run.jobs:
        for month, counts in read_daily_counts(run, job).items():
            documents_by_day.update(zip(grains.days_of(month), counts, strict=True))

    bulk_days = set()
    for day, documents in documents_by_day.items():
        weekdays = [day + timedelta(weeks=week) for week in range(-_WEEKS, _WEEKS + 1) if week]
        usual_counts = [
            documents_by_day[weekday] for weekday in weekdays if weekday in documents_by_day
        ]
        if len(usual_counts) < _FEWEST_WEEKS:
            continue
        usual = median(usual_counts)
        if documents > _TIMES_USUAL * usual and documents - usual >= _FEWEST_MORE:
            bulk_days.add(day)
    return frozenset(bulk_days)
