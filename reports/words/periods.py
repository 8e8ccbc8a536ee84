"""Periods in words: their names, in English at every locale, and lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from analysis import grains
from core.enums import Grain
from reports.words.quantities import NAMED, join_words, quantity

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def month_name(period: str, form: str = "%b %Y") -> str:
    """Return ``2020-03`` as "Mar 2020", and a day of it as "2 Mar 2020", at every locale."""
    year, month, *day = period.split("-")
    full = MONTHS[int(month) - 1]
    name = form.replace("%b", full[:3]).replace("%B", full).replace("%Y", year)
    return f"{int(day[0])} {name}" if day else name


def period_name(period: str, form: str = "%b %Y") -> str:
    """Return a period as tables write it: a month in *form*, "2 Mar 2020", "2020-W10 (2 Mar)"."""
    match grains.grain_of(period):
        case Grain.MONTH:
            return month_name(period, form)
        case Grain.YEAR:
            return period
        case Grain.WEEK:
            return f"{period} ({month_name(grains.first_day(period).isoformat(), '%b')})"
        case Grain.DAY:
            return month_name(period)


def name_when(period: str) -> str:
    """Return a month or a week as "in March 2020", "in the week from 9 March 2020"."""
    if grains.grain_of(period) == Grain.MONTH:
        return f"in {month_name(period, '%B %Y')}"
    return f"in the week from {name_day(grains.first_day(period))}"


def name_day(day: date) -> str:
    """Return a day as "9 March 2020"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def name_sample_period(period: str) -> str:
    """Return a period of a sample: "Mar 2020", "1st quarter of 2020", "2020", or "all months"."""
    if "Q" in period:
        year, quarter = period.split("-Q")
        return f"{('1st', '2nd', '3rd', '4th')[int(quarter) - 1]} quarter of {year}"

    return period_name(period) if period else "all months"


def name_stretch(first: str, last: str, form: str = "%b %Y") -> str:
    """Return a stretch of periods as "Jan 2017 to Jan 2018", or "Mar 2018"."""
    name = period_name(first, form)
    return name if first == last else f"{name} to {period_name(last, form)}"


def describe_periods(periods: Sequence[str]) -> str:
    """Return *periods* as "in May 2020 and July 2020 to May 2021"; many stretches are counted."""
    stretches = [
        name_stretch(first, last, "%B %Y") for first, last in grains.find_stretches(periods)
    ]
    if len(stretches) > NAMED:
        return f"in {quantity(len(periods), grains.grain_of(periods[0]).value)}"

    return f"in {join_words(stretches)}"
