"""The calendar of links to the pages of months."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from reports.data.tables.periods import PeriodRow

MONTHS_OF_YEAR = range(1, 13)
DAYS_OF_MONTH = range(1, 32)


class CalendarMonth(NamedTuple):
    """A month in the calendar of links: the mentions of all keywords, None where not counted."""

    period: str
    mentions: int | None
    has_page: bool


# The months by year, or the days by month; None for one outside of the run.
Calendar = dict[str, list[CalendarMonth | None]]


def make_calendar(
    periods: Iterable[str],
    keywords: Sequence[Mapping[str, PeriodRow]],
    paged_months: Collection[str],
) -> Calendar:
    """Return the months of each year of *periods*, or the days of each month.

    *keywords* are the rows of each keyword by period.
    """
    months = {}
    for period in periods:
        counts = [rows[period].mentions for rows in keywords if period in rows]
        counted = [count for count in counts if count is not None]
        mentions = sum(counted) if counted else None
        months[period] = CalendarMonth(period, mentions, period in paged_months)

    calendar: Calendar = {}
    for whole in dict.fromkeys(period[:-3] for period in months):
        numbers = MONTHS_OF_YEAR if len(whole) == len("2020") else DAYS_OF_MONTH
        calendar[whole] = [months.get(f"{whole}-{number:02}") for number in numbers]

    return calendar
