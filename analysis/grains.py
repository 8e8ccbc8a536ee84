"""Periods of the calendar by grain: `2020-03-01`, `2020-W14` (ISO 8601), `2020-03`, `2020`.

The label of a period tells its grain. Labels of one grain sort by time.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from core.enums import Grain

_DAY = timedelta(days=1)
_LENGTHS = {Grain.YEAR: len("2020"), Grain.MONTH: len("2020-03"), Grain.DAY: len("2020-03-01")}
_BY_LENGTH = {length: grain for grain, length in _LENGTHS.items()}


def grain_of(period: str) -> Grain:
    """Return the grain of a period."""
    return Grain.WEEK if "W" in period else _BY_LENGTH[len(period)]


def period_of(day: date, grain: Grain) -> str:
    """Return the period that holds *day*; a week belongs to the year of its Thursday."""
    if grain == Grain.WEEK:
        year, week, _ = day.isocalendar()
        return f"{year:04d}-W{week:02d}"

    return day.isoformat()[: _LENGTHS[grain]]


def first_day(period: str) -> date:
    """Return the first day of a period."""
    match grain_of(period):
        case Grain.WEEK:
            return date.fromisocalendar(int(period[:4]), int(period[-2:]), 1)
        case Grain.MONTH:
            return date(int(period[:4]), int(period[5:]), 1)
        case Grain.YEAR:
            return date(int(period), 1, 1)
        case Grain.DAY:
            return date.fromisoformat(period)


# The cache has room for the months of three centuries.
@lru_cache(maxsize=4096)
def count_days(period: str) -> int:
    """Return how many days a period has."""
    match grain_of(period):
        case Grain.WEEK:
            return 7
        case Grain.MONTH:
            return calendar.monthrange(int(period[:4]), int(period[5:]))[1]
        case Grain.YEAR:
            return 366 if calendar.isleap(int(period)) else 365
        case Grain.DAY:
            return 1


def is_period(text: str, grain: Grain) -> bool:
    """Return whether *text* is a period of *grain* in the years 1000 to 2999."""
    try:
        return text[:1] in ("1", "2") and period_of(first_day(text), grain) == text
    except (KeyError, ValueError):
        return False


def days_of(period: str) -> list[date]:
    """Return every day of a period; the week of 31 December 9999 ends with that day."""
    start = first_day(period)
    last_offset = min(count_days(period) - 1, (date.max - start).days)
    return [start + offset * _DAY for offset in range(last_offset + 1)]


def next_period(period: str) -> str:
    """Return the period after *period*, of its grain."""
    last_day = first_day(period) + (count_days(period) - 1) * _DAY
    return period_of(last_day + _DAY, grain_of(period))


def list_months(first_month: str, last_month: str) -> list[str]:
    """Return every ``YYYY-MM`` from *first_month* to *last_month*; none if the last comes first."""
    start, end = (
        int(period[:4]) * 12 + int(period[5:]) - 1 for period in (first_month, last_month)
    )
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(start, end + 1)]


def list_periods(first_period: str, last_period: str) -> list[str]:
    """Return every period from *first_period* to *last_period*, which are of one grain."""
    grain = grain_of(first_period)
    if grain == Grain.MONTH:
        return list_months(first_period, last_period)
    if grain == Grain.YEAR:
        return [f"{year:04d}" for year in range(int(first_period), int(last_period) + 1)]

    start, step = first_day(first_period), count_days(first_period)
    last_offset = (first_day(last_period) - start).days
    return [
        period_of(start + timedelta(offset), grain) for offset in range(0, last_offset + 1, step)
    ]


def periods_of_months(first_month: str, last_month: str, grain: Grain) -> tuple[str, str]:
    """Return the first and the last period with a day of *first_month* to *last_month*."""
    return period_of(days_of(first_month)[0], grain), period_of(days_of(last_month)[-1], grain)


def find_stretches(periods: Iterable[str]) -> list[tuple[str, str]]:
    """Return the first and the last period of each stretch of adjacent *periods*."""
    stretches: list[tuple[str, str]] = []
    for period in sorted(periods):
        if stretches and next_period(stretches[-1][1]) == period:
            stretches[-1] = (stretches[-1][0], period)
        else:
            stretches.append((period, period))

    return stretches
