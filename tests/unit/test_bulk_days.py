"""Bulk days: far above a full day of that weekday, whatever the size and shape of the archive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.bulk_days import BulkDay, judge_days

START = date(2017, 1, 2)
TWO_YEARS = 728
WEEK = (180, 190, 200, 205, 195, 90, 85)


def archive(
    days: int = TWO_YEARS, *, a_day: float | None = None, yearly: float = 1.0
) -> dict[date, int]:
    """Return the days of a daily newspaper, or of an archive with *a_day* documents on average."""
    generator = np.random.default_rng(7)
    documents_by_day = {}
    for place in range(days):
        usual = WEEK[place % 7] if a_day is None else a_day * WEEK[place % 7] / 164
        documents = generator.poisson(usual * yearly ** (place / 365))
        documents_by_day[START + timedelta(days=place)] = int(documents)

    return documents_by_day


def days_of(documents_by_day: Mapping[date, int]) -> list[date]:
    return [bulk_day.date for bulk_day in judge_days(documents_by_day)]


def test_a_day_with_ten_times_the_documents_of_a_full_day_is_a_bulk_day() -> None:
    documents_by_day = archive()
    tuesday = date(2018, 8, 28)
    documents_by_day[tuesday] = 2010
    (bulk_day,) = judge_days(documents_by_day)
    assert (bulk_day.date, bulk_day.documents) == (tuesday, 2010)
    assert 190 < bulk_day.full_day < 215


def test_a_quiet_weekday_is_compared_with_itself() -> None:
    documents_by_day = archive()
    saturday, wednesday = date(2017, 6, 3), date(2017, 6, 7)
    documents_by_day[saturday] = documents_by_day[wednesday] = 400
    assert days_of(documents_by_day) == [saturday]


@pytest.mark.parametrize("a_day", [0.3, 1, 3, 10, 100, 1000])
@pytest.mark.parametrize("yearly", [1.0, 5.0])
def test_an_archive_of_any_size_that_grows_has_no_bulk_day_by_chance(
    a_day: float, yearly: float
) -> None:
    assert days_of(archive(a_day=a_day, yearly=yearly)) == []


def test_a_small_archive_has_a_bulk_day_too() -> None:
    documents_by_day = archive(a_day=2)
    documents_by_day[START + timedelta(days=100)] = 40
    assert days_of(documents_by_day) == [START + timedelta(days=100)]


def test_nine_documents_where_one_is_usual_are_no_bulk_day() -> None:
    documents_by_day = {START + timedelta(days=place): 1 for place in range(90)}
    documents_by_day[START + timedelta(days=40)] = 9
    assert days_of(documents_by_day) == []


def test_an_archive_of_one_month_is_compared_with_all_its_days() -> None:
    documents_by_day = archive(31)
    documents_by_day[START + timedelta(days=9)] = 2010
    documents_by_day[START + timedelta(days=16)] = 1500
    assert days_of(documents_by_day) == [START + timedelta(days=9), START + timedelta(days=16)]


def test_a_few_days_tell_nothing() -> None:
    assert days_of({START: 5, START + timedelta(days=1): 5000}) == []
    assert days_of({}) == []


def test_days_that_are_missing_lower_no_full_day() -> None:
    documents_by_day = archive()
    for place in range(0, TWO_YEARS, 2):
        documents_by_day[START + timedelta(days=place)] = 0
    assert days_of(documents_by_day) == []


def test_an_outlet_that_joins_is_a_new_level_and_no_bulk_load() -> None:
    documents_by_day = archive()
    joined = TWO_YEARS - 10
    for place in range(joined, TWO_YEARS):
        documents_by_day[START + timedelta(days=place)] *= 6

    assert days_of(documents_by_day) == []


def test_documents_of_a_year_that_all_stand_on_the_first_of_months_are_no_bulk_days() -> None:
    firsts = [date(2017, month, 1) for month in range(1, 13)]
    assert days_of(dict.fromkeys(firsts, 3000)) == []


@given(
    st.dictionaries(st.integers(0, 200), st.integers(0, 3000), max_size=120),
    st.integers(2, 50),
)
def test_more_documents_on_a_bulk_day_leave_it_one(counts: dict[int, int], times: int) -> None:
    documents_by_day = {START + timedelta(days=place): count for place, count in counts.items()}
    for bulk_day in judge_days(documents_by_day):
        larger = documents_by_day | {bulk_day.date: bulk_day.documents * times}
        expected = BulkDay(bulk_day.date, bulk_day.documents * times, bulk_day.full_day)
        assert expected in judge_days(larger)
