"""Periods of the calendar: labels, days and order; the moving average of days."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import grains
from core.enums import Grain
from reports.figures import smoothing, style
from reports.words.periods import period_name

DAYS = st.dates(date(1851, 1, 1), date(2199, 12, 31))
GRAINS = st.sampled_from(list(Grain))
FORMS = {Grain.DAY: "%Y-%m-%d", Grain.WEEK: "%G-W%V", Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
PARTS = st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9))


@given(DAYS, GRAINS)
def test_a_day_is_in_the_period_whose_label_the_calendar_gives(day: date, grain: Grain) -> None:
    period = grains.period_of(day, grain)
    assert period == day.strftime(FORMS[grain])
    assert grains.grain_of(period) == grain
    assert day in grains.days_of(period)


@given(DAYS, DAYS, GRAINS)
def test_periods_follow_each_other_without_a_gap_and_sort_by_time(
    one: date, other: date, grain: Grain
) -> None:
    first, last = sorted([one, min(other, one + timedelta(days=900))])
    periods = grains.list_periods(grains.period_of(first, grain), grains.period_of(last, grain))
    days = [day for period in periods for day in grains.days_of(period)]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert periods == sorted(periods)
    assert first in grains.days_of(periods[0])
    assert last in grains.days_of(periods[-1])


def test_weeks_are_those_of_iso_8601() -> None:
    assert grains.first_day("2020-W14") == date(2020, 3, 30)
    assert grains.days_of("2020-W14")[-1] == date(2020, 4, 5)
    assert grains.period_of(date(2021, 1, 3), Grain.WEEK) == "2020-W53"
    assert grains.period_of(date(2018, 12, 31), Grain.WEEK) == "2019-W01"
    assert grains.next_period("2020-W53") == "2021-W01"
    assert grains.periods_of_months("2020-03", "2020-06", Grain.WEEK) == ("2020-W09", "2020-W27")


def test_tables_name_each_period() -> None:
    named = list(map(period_name, ["2020-03-02", "2020-W14", "2020-03", "2020"]))
    assert named == ["2 Mar 2020", "2020-W14 (30 Mar)", "Mar 2020", "2020"]


@pytest.mark.parametrize(("first", "last", "ticks"), [
    ("2020-03-01", "2020-03-12", ["1 Mar\n2020", *(f"{day} Mar" for day in range(2, 13))]),
    ("2019-12-28", "2020-01-20", ["30 Dec\n2019", "6 Jan\n2020", "13 Jan", "20 Jan"]),
    ("2020-03-15", "2020-07-02", ["Apr\n2020", "May", "Jun", "Jul"]),
    ("2020-W09", "2020-W27", ["Mar\n2020", "Apr", "May", "Jun"]),
    ("2001", "2004", ["2001", "2002", "2003", "2004"]),
    ("1985", "2004", ["1986", "1988", "1990", "1992", "1994", "1996", "1998", "2000", "2002",
                      "2004"]),
])  # fmt: skip
def test_ticks_of_every_grain_name_dates(first: str, last: str, ticks: list[str]) -> None:
    assert [label for _, label in style.ticks(style.Range(first, last))] == ticks


@given(st.lists(PARTS, max_size=30), st.integers(0, 12))
def test_the_moving_average_is_that_of_the_seven_days_around(
    parts: list[tuple[float, float] | None], least: int
) -> None:
    averages = smoothing.moving_average(parts, least=least)
    assert len(averages) == len(parts)
    for middle, average in enumerate(averages):
        window = [
            parts[n] if 0 <= n < len(parts) else "beyond" for n in range(middle - 3, middle + 4)
        ]
        known = [part for part in window if isinstance(part, tuple)]
        below = sum(part[1] for part in known)
        if "beyond" in window or len(known) < 4 or below == 0 or below < least:
            assert average is None
        else:
            assert average is not None
            assert math.isclose(average, sum(part[0] for part in known) / below)


def test_a_moving_average_of_shares_weighs_days_by_their_documents() -> None:
    parts: list[tuple[float, float] | None] = [(1, 1), None, (0, 9), None, (0, 10), None, (1, 5)]
    assert smoothing.moving_average(parts) == [None, None, None, 2 / 25, None, None, None]
