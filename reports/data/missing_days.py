"""Missing days: days of an archive without a document, although that is improbable."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from statistics import median
from typing import NamedTuple

from analysis import grains
from core.enums import Grain
from reports.data.bulk_days import WEEKS
from reports.data.daily_counts import IMPROBABLE_CLUSTERS, find_missing_days
from reports.stats.dispersion import measure_index_of_dispersion

# Fewer days of that weekday tell nothing: the days of all weekdays are then compared.
_FEWEST_OF_WEEKDAY = 3


class DayRange(NamedTuple):
    """The days from *first* to *last*, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def list_missing_days(
    documents_by_day: Mapping[date, int], bulk_days: Collection[date]
) -> list[DayRange]:
    """Return the stretches of missing days in months that have documents, in their order.

    *documents_by_day* has every day of these months. The days of a stretch have none. It is missing
    if it would have had n documents by the medians of its weekdays, and that none comes is
    improbable: as in `find_missing_days`, n is divided by the index of dispersion of the days. The
    days by which a month is cut off are missing too.
    """
    counted = _leave_out_empty_months(documents_by_day)
    usual = _find_usual(counted)
    whole_days = [day for day in counted if usual[day] and day not in bulk_days]
    dispersion = measure_index_of_dispersion((counted[day], usual[day]) for day in whole_days)

    missing = set(_list_cut_off_days(counted))
    for stretch in _find_empty_stretches(counted):
        expected_days = [day for day in stretch if usual[day]]
        expected = sum(usual[day] for day in expected_days)
        if expected / dispersion > IMPROBABLE_CLUSTERS:
            first, last = expected_days[0], expected_days[-1]
            missing.update(day for day in stretch if first <= day <= last)

    return join_days(missing)


def join_days(days: Collection[date]) -> list[DayRange]:
    """Return *days* as stretches of adjacent days, in their order."""
    stretches = grains.find_stretches(map(date.isoformat, days))
    return [DayRange(grains.first_day(first), grains.first_day(last)) for first, last in stretches]


def _leave_out_empty_months(documents_by_day: Mapping[date, int]) -> dict[date, int]:
    """Return the days of months that have documents: a month without any is a gap of its own."""
    counted = {}
    for month_days in _list_months(documents_by_day):
        if any(documents_by_day[day] for day in month_days):
            counted.update({day: documents_by_day[day] for day in month_days})

    return counted


def _list_months(days: Collection[date]) -> Iterator[list[date]]:
    for _, month_days in groupby(sorted(days), key=lambda day: (day.year, day.month)):
        yield list(month_days)


def _find_usual(counted: Mapping[date, int]) -> dict[date, float]:
    """Return what is usual on each day."""
    counts = {day.toordinal(): documents for day, documents in counted.items()}
    reach = 7 * WEEKS
    usual = {}
    for day in counted:
        ordinal = day.toordinal()
        weekdays = range(ordinal - reach, ordinal + reach + 1, 7)
        compared = [counts[other] for other in weekdays if other in counts and other != ordinal]
        if len(compared) < _FEWEST_OF_WEEKDAY:
            days = range(ordinal - reach, ordinal + reach + 1)
            compared = [counts[other] for other in days if other in counts]

        usual[day] = median(compared)

    return usual


def _list_cut_off_days(counted: Mapping[date, int]) -> Iterator[date]:
    for month_days in _list_months(counted):
        is_whole = len(month_days) == grains.count_days(
            grains.period_of(month_days[0], Grain.MONTH)
        )
        if is_whole:
            missing_first, missing_last = find_missing_days([counted[day] for day in month_days])
            yield from month_days[:missing_first]
            yield from month_days[len(month_days) - missing_last :]


def _find_empty_stretches(counted: Mapping[date, int]) -> list[Sequence[date]]:
    empty_days = [day for day, documents in counted.items() if not documents]
    stretches: list[Sequence[date]] = []
    for first, last in join_days(empty_days):
        stretches.append(
            [first + timedelta(days=place) for place in range((last - first).days + 1)]
        )

    return stretches
