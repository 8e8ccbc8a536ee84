"""The months of an account's page: what is a zero, and what nobody knows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.grains import list_months
from core.enums import Grain
from reports.data.account_rows import SILENCE, fill_periods
from reports.data.tables.periods import PeriodRow
from reports.pages.posts import is_sparse

NUMBERS = st.sets(st.integers(0, 12 * 60), min_size=1, max_size=12)  # months from January 1990


def posts(period: str, n: int = 3) -> PeriodRow:
    return PeriodRow(
        1, period, "nasa", None, None, "complete", n, n, n, 1.0, 0.4, 1.0, 0.5, 0.1, 0.9, "@nasa"
    )


def counts(*periods: str) -> dict[str, int | None]:
    return {row.period: row.mentions for row in fill_periods(list(map(posts, periods)))}


def test_a_month_without_a_post_between_two_with_posts_is_a_zero() -> None:
    assert counts("2020-01", "2020-03") == {"2020-01": 3, "2020-02": 0, "2020-03": 3}
    (_, zero, _) = fill_periods([posts("2020-01"), posts("2020-03")])
    assert (zero.state, zero.handle, zero.job, zero.share) == ("complete", "nasa", "@nasa", None)


def test_a_silence_of_a_year_is_no_data_and_no_zero() -> None:
    months = counts("2007-10", "2014-10", "2014-12")
    assert [period for period, n in months.items() if n == 0] == ["2014-11"]
    silent = fill_periods([posts("2007-10"), posts("2014-10")])[1:-1]
    assert len(silent) == 83
    assert {(row.state, row.matched, row.mentions) for row in silent} == {("no-data", None, None)}


def test_accounts_are_compared_by_year_where_most_columns_would_be_empty() -> None:
    lonely = fill_periods([posts("2009-05", 1), posts("2021-06", 1)])
    busy = fill_periods([posts(period) for period in list_months("2020-01", "2021-12")])
    assert is_sparse([lonely])
    assert not is_sparse([busy, fill_periods([posts("2020-01")])])


@given(NUMBERS)
def test_months_go_from_the_first_post_to_the_last_and_zeros_are_never_far_from_one(
    numbers: set[int],
) -> None:
    every_month = list_months("1990-01", "2050-12")
    posted = [every_month[number] for number in sorted(numbers)]
    filled = fill_periods(list(map(posts, posted)))
    assert [row.period for row in filled] == list_months(posted[0], posted[-1])
    assert [row for row in filled if row.mentions] == list(map(posts, posted))
    zeros = 0
    for row in filled:
        zeros = zeros + 1 if row.mentions == 0 else 0
        assert zeros < SILENCE[Grain.MONTH]


def test_a_silence_of_a_year_is_no_data_by_day_week_and_year_too() -> None:
    assert counts("2019-12-31", "2020-01-02") == {
        "2019-12-31": 3, "2020-01-01": 0, "2020-01-02": 3,
    }  # fmt: skip
    assert counts("2020-W52", "2021-W01") == {"2020-W52": 3, "2020-W53": 0, "2021-W01": 3}
    assert counts("2018", "2020") == {"2018": 3, "2019": None, "2020": 3}
    assert set(counts("2019-01-01", "2020-01-01").values()) == {3, 0}
    assert set(counts("2019-01-01", "2020-01-02").values()) == {3, None}
    assert set(counts("2019-W01", "2019-W52").values()) == {3, 0}
    assert set(counts("2019-W01", "2020-W02").values()) == {3, None}


def test_an_account_without_a_dated_post_has_no_months() -> None:
    assert fill_periods([]) == []
