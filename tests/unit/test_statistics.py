"""Intervals and correlations against published values and properties."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.intervals import (
    mean,
    round_figure,
    spearman,
    t_quantile,
    wilson_interval,
)
from tests.interval_kit import interval_of, student_interval

POLARITIES = st.lists(st.floats(-1, 1), min_size=2, max_size=50)
SHARES = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("degrees", "published"),
    [
        (1, 12.706204736),
        (2, 4.302652730),
        (3, 3.182446305),
        (4, 2.776445105),
        (5, 2.570581836),
        (10, 2.228138852),
        (15, 2.131449546),
        (30, 2.042272456),
        (60, 2.000297822),
        (100, 1.983971519),
        (120, 1.979930405),
        (1000, 1.962339081),
        (10_000_000, 1.959964222),
    ],
)
def test_the_quantile_of_t_equals_the_published_value(degrees: int, published: float) -> None:
    assert t_quantile(degrees) == pytest.approx(published, abs=2e-9)


def test_the_quantile_of_t_is_smooth_where_the_formula_changes() -> None:
    steps = [t_quantile(degrees) - t_quantile(degrees + 1) for degrees in range(190, 211)]
    assert all(later < earlier for earlier, later in pairwise(steps))
    assert steps[-1] > 0


def test_zero_degrees_of_freedom_are_an_error() -> None:
    with pytest.raises(ValueError, match="0 degrees"):
        t_quantile(0)


@pytest.mark.parametrize(
    ("matched", "n", "low", "high"),
    [
        # R. G. Newcombe, "Two-sided confidence intervals for the single proportion",
        # Statistics in Medicine 17 (1998)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_wilson_interval_equals_the_published_value(
    matched: int, n: int, low: float, high: float
) -> None:
    assert wilson_interval(matched, n) == pytest.approx((low, high), abs=5e-5)


@given(SHARES)
def test_the_wilson_interval_contains_its_share_and_stays_within_0_and_1(
    counts: tuple[int, int],
) -> None:
    matched, n = counts
    low, high = wilson_interval(matched, n)
    assert 0 <= low <= matched / n <= high <= 1
    assert low < high


@given(SHARES)
def test_the_wilson_interval_of_the_complement_is_its_mirror(counts: tuple[int, int]) -> None:
    matched, n = counts
    low, high = wilson_interval(matched, n)
    assert wilson_interval(n - matched, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("matched", "n"), [(0, 0), (2, 1), (-1, 3)])
def test_counts_that_are_not_a_share_are_an_error(matched: int, n: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson_interval(matched, n)


def test_the_interval_of_a_mean_equals_the_worked_example() -> None:
    # 1, 2, 3, 4: mean 2.5, standard deviation √(5/3), t(3) = 3.182446
    half = 3.182446305 * math.sqrt(5 / 3) / 20
    assert interval_of([0.1, 0.2, 0.3, 0.4]) == pytest.approx(
        (0.25, 0.25 - half, 0.25 + half), abs=1e-8
    )


def test_no_values_have_no_mean_and_one_value_no_interval() -> None:
    assert interval_of([]) == (None, None, None)
    assert interval_of([0.25]) == (0.25, None, None)
    assert mean([]) is None


@given(POLARITIES, st.randoms())
def test_the_interval_of_a_mean_does_not_depend_on_the_order(
    values: list[float], chance: Random
) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert interval_of(shuffled) == interval_of(values)
    assert mean(shuffled) == mean(values)


@given(POLARITIES)
def test_the_interval_of_a_mean_contains_it(values: list[float]) -> None:
    middle, low, high = interval_of(values)
    assert middle is not None
    assert low is not None
    assert high is not None
    assert low <= middle <= high


def test_a_figure_is_rounded_to_six_places_and_has_no_minus_zero() -> None:
    assert round_figure(0.12345678) == 0.123457
    assert str(round_figure(-0.0000001)) == "0.0"
    assert round_figure(None) is None


def test_the_rank_correlation_equals_the_worked_example() -> None:
    # Kendall and Gibbons, "Rank Correlation Methods": 1 - 6·Σd²/(n(n²-1)) without ties
    x = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    y = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert spearman(x, y) == pytest.approx(1 - 6 * 194 / 990, abs=1e-12)


def test_ties_share_their_mean_rank() -> None:
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(
        4.5 / math.sqrt(4.5 * 5), abs=1e-12
    )


def test_constant_values_have_no_rank_correlation() -> None:
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert spearman([], []) is None


def test_unpaired_values_are_an_error() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        spearman([1], [1, 2])


@given(POLARITIES)
def test_the_rank_correlation_depends_on_the_order_alone(values: list[float]) -> None:
    rising = [value + 2 * index for index, value in enumerate(values)]
    places = [float(index) for index in range(len(values))]
    rises = spearman(rising, places)
    if all(earlier < later for earlier, later in pairwise(rising)):
        assert rises == pytest.approx(1)

    assert spearman(values, places) == spearman([value * 3 for value in values], places)


@given(st.lists(st.floats(-1, 1) | st.none() | st.just(math.nan), max_size=50))
def test_the_interval_of_a_mean_polarity_is_students_cut_at_the_ends_of_the_scale(
    polarities: list[float | None],
) -> None:
    known = [value for value in polarities if value is not None and not math.isnan(value)]
    assert mean(polarities) == (math.fsum(known) / len(known) if known else None)
    # Roots of a tenth of a millionth are as near as sums in trillionths tell.
    assert interval_of(known) == pytest.approx(student_interval(known), abs=1e-6)


def test_the_interval_of_two_polarities_ends_at_the_ends_of_the_scale() -> None:
    assert interval_of([0.5, -0.5]) == (0.0, -1.0, 1.0)
