"""Which months are cut off, by the days that have documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.daily_counts import (
    find_missing_days,
    measure_dispersion,
)
from reports.data.run_data import load_run
from reports.data.tables.periods import read_periods
from reports.series.reading import read_daily
from tests import report_stories as stories

WEEK = [20, 24, 25, 22, 21, 8, 7]  # Monday to Sunday


def month(first: int, last: int, *, daily: list[int] | None = None) -> list[int]:
    """Return 31 days, of which *first* to *last* have documents."""
    week = daily or WEEK
    return [week[day % len(week)] if first <= day <= last else 0 for day in range(1, 32)]


def is_cut_off(days: list[int]) -> bool:
    return any(find_missing_days(days))


@pytest.mark.parametrize(("first", "last"), [(1, 31), (2, 31), (1, 30)])
def test_a_month_with_documents_from_end_to_end_is_whole(first: int, last: int) -> None:
    days = month(first, last, daily=[2, 3, 1, 4, 2, 0, 0])
    assert not is_cut_off(days)


@pytest.mark.parametrize(("first", "last"), [(1, 15), (14, 31), (1, 25), (8, 31), (1, 9)])
def test_a_month_whose_days_at_an_edge_are_missing_is_cut_off(first: int, last: int) -> None:
    assert is_cut_off(month(first, last))


def test_a_weekend_at_the_edge_of_a_weekday_archive_cuts_nothing_off() -> None:
    assert not is_cut_off(month(1, 31, daily=[0, 0, 12, 10, 11, 12, 9]))


def test_few_documents_do_not_show_that_a_month_is_cut_off() -> None:
    assert not is_cut_off([0] * 20 + [1, 0, 2] + [0] * 8)


def test_a_monthly_or_weekly_paper_is_whole() -> None:
    assert not is_cut_off([100] + [0] * 30)
    assert not is_cut_off([0, 0, 0, 0, 0, 0, 25] * 4 + [0, 0, 0])


def test_a_bulk_day_hides_no_missing_days_and_makes_none() -> None:
    days = month(1, 23)
    days[9] = 2010
    assert is_cut_off(days)
    whole = month(1, 31)
    whole[9] = 2010
    assert not is_cut_off(whole)


def test_a_month_without_a_document_is_not_cut_off() -> None:
    assert not is_cut_off([0] * 30)
    assert not is_cut_off([])


@given(st.lists(st.integers(0, 50), min_size=28, max_size=31))
def test_a_month_and_its_mirror_are_cut_off_together(days: list[int]) -> None:
    assert is_cut_off(days) == is_cut_off(days[::-1])
    if days[0] and days[-1]:
        assert not is_cut_off(days)


@pytest.mark.parametrize(
    ("days", "cut_off"),
    [
        (["2020-01-14", "2020-01-31", "2020-02-01", "2020-03-15"], {"2020-01", "2020-03"}),
        (["2020-01-01", "2020-01-20", "2020-03-09", "2020-03-31"], set()),
        (["2020-01-03", "2020-01-09"], {"2020-01"}),
    ],
)
def test_the_first_and_the_last_month_of_an_account_are_cut_off_unless_whole(
    tmp_path: Path, days: list[str], cut_off: set[str]
) -> None:
    db = stories.database(tmp_path)
    stories.store(db, [stories.Text(at, f"On {at}.", handle="nasa", source="x") for at in days])
    data = load_run(db, stories.handles_run(db, ["nasa"]))
    assert {row.period for row in read_periods(data) if row.cut_off} == cut_off


def test_the_dispersion_of_daily_shares_is_pearsons_chi_square_over_its_degrees() -> None:
    # a half of each day expected: (4 + 4)/20 of 10 documents a day, / (.5·.5·1)
    assert measure_dispersion([7, 3], [10, 10]) == pytest.approx((4 + 4) / 10 / 0.25)
    assert measure_dispersion([5, 5, 0], [10, 10, 0]) == 0
    assert measure_dispersion([0, 0], [10, 10]) is None
    assert measure_dispersion([10, 10], [10, 10]) is None
    assert measure_dispersion([3], [10]) is None


def test_a_month_whose_mentions_come_on_one_day_is_dispersed(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = []
    for day in range(1, 31):
        for number in range(10):
            what = "Fever" if day == 12 or number == 0 else "Nothing"
            texts.append(stories.Text(f"2020-04-{day:02d}", f"{what} {day} {number}."))

    stories.store(db, texts)
    data = load_run(db, stories.months_run(db, "2020-04", "2020-04", ["fever"]))
    (row, _) = read_periods(data)
    assert row.matched == 39
    # 29 days with 1 of 10, one with 10 of 10, where 1.3 are expected
    squares = 29 * 0.3**2 / 10 + 8.7**2 / 10
    assert row.dispersion == pytest.approx(squares / (0.13 * 0.87) / 29, abs=1e-6)


def test_documents_are_counted_on_their_days_to_the_last_moment(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = [
        stories.Text(at, f"Fever {at}")
        for at in ("2020-02-01", "2020-02-29T23:59:59.999999", "2020-02-29", "2020-03-31")
    ]
    stories.store(db, texts)
    run = stories.months_run(db, "2020-02", "2020-03", ["fever"])
    data = load_run(db, run)
    days = read_daily(data).days.sort("day")
    assert days.filter(job="2020-02")["documents"].to_list() == [1] + [0] * 27 + [2]
    assert days.filter(job="2020-03")["documents"].sum() == 1


def test_a_month_that_was_collected_by_half_is_marked_in_its_rows(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = []
    for period, days in (("2020-03", 31), ("2020-04", 12)):
        for day in range(1, days + 1):
            for number in range(5):
                texts.append(stories.Text(f"{period}-{day:02d}", f"Fever {period} {day} {number}"))

    stories.store(db, texts)
    data = load_run(db, stories.months_run(db, "2020-03", "2020-04", ["fever"]))
    marked = {row.period: (row.documents, row.cut_off) for row in read_periods(data)}
    assert marked == {"2020-03": (155, False), "2020-04": (60, True)}


def test_an_account_is_marked_in_its_first_and_last_month(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = []
    for at in ("2020-01-20", "2020-02-03", "2020-02-20", "2020-03-05"):
        texts.append(stories.Text(at, f"Hello on {at}.", handle="nasa", source="x"))

    stories.store(db, texts)
    data = load_run(db, stories.handles_run(db, ["nasa"]))
    marked = {row.period: row.cut_off for row in read_periods(data)}
    assert marked == {"2020-01": True, "2020-02": False, "2020-03": True}
