"""Days of an archive that were not collected, told from days on which nothing appeared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.missing_days import DayRange, list_missing_days

START = date(2018, 1, 1)
WEEK = (180, 190, 200, 205, 195, 90, 85)


def newspaper(days: int = 365, *, a_day: float = 164) -> dict[date, int]:
    generator = np.random.default_rng(11)
    documents_by_day = {}
    for place in range(days):
        documents = generator.poisson(a_day * WEEK[place % 7] / 164)
        documents_by_day[START + timedelta(days=place)] = int(documents)

    return documents_by_day


def empty(documents_by_day: dict[date, int], days: Iterable[date]) -> dict[date, int]:
    return documents_by_day | dict.fromkeys(days, 0)


def days_from(first: date, number: int) -> list[date]:
    return [first + timedelta(days=place) for place in range(number)]


@pytest.mark.parametrize("first", [date(2018, 1, 1), date(2018, 3, 14), date(2018, 12, 29)])
@pytest.mark.parametrize("number", [1, 2])
def test_days_of_a_newspaper_without_a_document_are_missing(first: date, number: int) -> None:
    documents_by_day = empty(newspaper(), days_from(first, number))
    last = first + timedelta(days=number - 1)
    assert list_missing_days(documents_by_day, ()) == [DayRange(first, last)]


def test_a_stretch_over_the_end_of_a_month_is_one() -> None:
    documents_by_day = empty(newspaper(), days_from(date(2018, 4, 28), 6))
    (stretch,) = list_missing_days(documents_by_day, ())
    assert stretch == DayRange(date(2018, 4, 28), date(2018, 5, 3))
    assert stretch.days == 6


def test_a_bulk_day_hides_no_missing_day() -> None:
    documents_by_day = empty(newspaper(31), [date(2018, 1, 17)])
    documents_by_day[date(2018, 1, 9)] = 20_000
    expected = [DayRange(date(2018, 1, 17), date(2018, 1, 17))]
    assert list_missing_days(documents_by_day, {date(2018, 1, 9)}) == expected


def test_weekends_of_a_paper_that_rests_are_not_missing_and_begin_no_stretch() -> None:
    documents_by_day = newspaper()
    for day in documents_by_day:
        if day.weekday() > 4:
            documents_by_day[day] = 0

    assert list_missing_days(documents_by_day, ()) == []
    monday = date(2018, 5, 14)
    documents_by_day[monday] = 0
    assert list_missing_days(documents_by_day, ()) == [DayRange(monday, monday)]


@pytest.mark.parametrize("a_day", [0.2, 1, 3])
def test_days_without_a_document_are_usual_in_a_small_archive(a_day: float) -> None:
    assert list_missing_days(newspaper(a_day=a_day), ()) == []


def test_two_weeks_without_a_document_are_missing_in_a_small_archive() -> None:
    documents_by_day = empty(newspaper(a_day=3), days_from(date(2018, 6, 4), 14))
    (stretch,) = list_missing_days(documents_by_day, ())
    assert stretch.first <= date(2018, 6, 4) < date(2018, 6, 17) <= stretch.last


def test_months_without_any_document_are_no_missing_days() -> None:
    documents_by_day = empty(newspaper(), days_from(date(2018, 4, 1), 61))
    assert list_missing_days(documents_by_day, ()) == []


def test_an_archive_of_every_second_day_lacks_none() -> None:
    documents_by_day = empty(newspaper(), days_from(START, 365)[::2])
    assert list_missing_days(documents_by_day, ()) == []


@given(st.dictionaries(st.integers(0, 89), st.integers(0, 300), max_size=90))
def test_no_day_with_a_document_is_missing(counts: dict[int, int]) -> None:
    documents_by_day = dict.fromkeys(days_from(START, 90), 0)
    documents_by_day.update({START + timedelta(days=day): n for day, n in counts.items()})
    for first, last in list_missing_days(documents_by_day, ()):
        assert first <= last
        days = days_from(first, (last - first).days + 1)
        assert not any(documents_by_day[day] for day in days)
