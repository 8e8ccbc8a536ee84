"""Tests of several shares and means, against published examples and properties."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.stats.comparing import (
    Sample,
    Share,
    adjust_holm,
    compare_means,
    compare_shares,
    count_effective,
    sample_values,
)

COUNTS = st.lists(st.tuples(st.integers(0, 60), st.integers(60, 500)), min_size=2, max_size=12)
MEANS = st.lists(
    st.tuples(st.integers(10, 400), st.floats(-1, 1), st.floats(0, 1)), min_size=2, max_size=12
)


def shares(*counts: tuple[int, int]) -> list[Share]:
    return [Share(f"m{place}", *count) for place, count in enumerate(counts)]


def samples(*figures: tuple[float, float, float]) -> list[Sample]:
    return [Sample(f"m{place}", *of_sample) for place, of_sample in enumerate(figures)]


def test_the_test_of_shares_is_pearsons_chi_square() -> None:
    # 10 of 100, 20 of 100, 30 of 100: 20 expected, so 2·100/20 + 2·100/80 = 12.5; two degrees of
    # freedom, of which the upper tail is exp(-χ²/2)
    comparison = compare_shares(shares((10, 100), (20, 100), (30, 100)))
    assert comparison is not None
    assert comparison.p_value == pytest.approx(math.exp(-12.5 / 2))


def test_shares_that_expect_less_than_one_match_are_left_out() -> None:
    comparison = compare_shares(shares((30, 1000), (2, 3), (31, 1000)))
    assert comparison is not None
    assert comparison.names == ("m0", "m2")
    assert compare_shares(shares((1, 10), (0, 1000))) is None
    assert compare_shares(shares((0, 100), (0, 100))) is None
    assert compare_shares([]) is None


def test_rare_matches_are_compared_by_the_exact_test() -> None:
    # all 6 in one of two equal months: 2·(1/2)^6
    comparison = compare_shares(shares((6, 1000), (0, 1000)))
    assert comparison is not None
    assert comparison.single[0, 1] == pytest.approx(2 / 64)


def test_rare_documents_without_a_match_are_compared_as_rare_matches_are() -> None:
    comparison = compare_shares(shares((994, 1000), (1000, 1000)))
    assert comparison is not None
    assert comparison.single[0, 1] == pytest.approx(2 / 64)


def test_a_share_is_discounted_by_its_dispersion() -> None:
    assert Share("a", 30, 1000).discount(4.0) == Share("a", 7.5, 250)
    sure = compare_shares(shares((50, 1000), (90, 1000)))
    unsure = compare_shares([share.discount(2.0) for share in shares((50, 1000), (90, 1000))])
    assert sure is not None
    assert unsure is not None
    # χ² is divided by the dispersion: z² = 12.29 and 6.15
    assert sure.p_value == pytest.approx(0.0004557, abs=1e-7)
    assert unsure.p_value == pytest.approx(0.0131829, abs=1e-7)


def test_holms_p_values_equal_the_worked_example() -> None:
    # sorted 0.01, 0.03, 0.04: 3·0.01, 2·0.03, and not less than that
    assert adjust_holm(np.array([0.03, 0.01, 0.04])) == pytest.approx([0.06, 0.03, 0.06])


def test_of_two_samples_of_one_variance_the_test_of_means_is_students() -> None:
    # t = 0.2 / (0.3·√(2/50)) = 10/3, 98 degrees of freedom: two-sided .001212
    comparison = compare_means(samples((50, 0.1, 0.09), (50, 0.3, 0.09)))
    assert comparison is not None
    assert comparison.p_value == pytest.approx(0.001212, abs=1e-6)
    assert comparison.single[0, 1] == pytest.approx(comparison.p_value)


def test_welchs_degrees_of_freedom_are_satterthwaites() -> None:
    comparison = compare_means(samples((10, 0.0, 0.1), (40, 0.5, 0.4)))
    assert comparison is not None
    # both squared errors are 0.01: 0.02² / (0.01²/9 + 0.01²/39)
    assert comparison.degrees[0, 1] == pytest.approx(4 / (1 / 9 + 1 / 39))


def test_a_sample_of_equal_values_is_not_surer_than_all_together() -> None:
    equal = samples((10, 0.0, 0.0), (200, 0.08, 0.04), (200, 0.08, 0.04))
    alone = compare_means(equal)
    together = compare_means(equal, one_variance=True)
    assert alone is not None
    assert together is not None
    assert alone.single[0, 1] < 0.0001
    assert together.single[0, 1] > 0.2


def test_two_samples_that_do_not_vary_are_told_apart_beside_one_that_does() -> None:
    comparison = compare_means(samples((30, 1.0, 0.0), (30, 2.0, 0.0), (30, 1.5, 0.4)))
    assert comparison is not None
    assert comparison.single[0, 1] == 0
    assert 0 < comparison.single[0, 2] < 0.001


def test_few_values_are_not_compared() -> None:
    assert compare_means(samples((9, 0.9, 0.1), (9, -0.9, 0.1))) is None
    assert compare_means(samples((50, 0.0, 0.0), (50, 0.0, 0.0))) is None


def test_the_highest_stands_alone_only_where_all_others_are_shown_to_be_lower() -> None:
    alone = compare_shares(shares((50, 1000), (150, 1000), (52, 1000)))
    tied = compare_shares(shares((50, 1000), (150, 1000), (140, 1000)))
    assert alone is not None
    assert tied is not None
    assert alone.list_highest(0.005) == ["m1"]
    assert tied.list_highest(0.005) == ["m1", "m2"]
    assert tied.find_clearest_pair(0.005) == ("m1", "m0")
    assert tied.list_different(0.005) == [("m1", "m0"), ("m2", "m0")]


def test_the_more_months_the_farther_the_highest_must_stand_apart() -> None:
    high, low = (132, 1000), (90, 1000)
    few = compare_shares(shares(high, low))
    many = compare_shares(shares(high, *[low] * 40))
    assert few is not None
    assert many is not None
    assert few.list_highest(0.005) == ["m0"]
    assert len(many.list_highest(0.005)) == 41


def test_the_bound_of_a_change_is_the_farthest_end_of_the_simultaneous_intervals() -> None:
    # two samples, one pair: 0.1 + t(98; 1 - 0.0025)·0.06
    comparison = compare_means(samples((50, 0.1, 0.09), (50, 0.2, 0.09)))
    assert comparison is not None
    assert comparison.bound_change(0.005) == pytest.approx(0.1 + 2.87198 * 0.06, abs=1e-6)


@given(COUNTS, st.randoms())
def test_the_order_of_months_changes_no_test_of_shares(
    counts: list[tuple[int, int]], chance: Random
) -> None:
    months = shares(*counts)
    shuffled = list(months)
    chance.shuffle(shuffled)
    first, second = compare_shares(months), compare_shares(shuffled)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.p_value == pytest.approx(second.p_value, rel=1e-9, abs=1e-300)
        assert sorted(first.pairs.flat) == pytest.approx(sorted(second.pairs.flat), rel=1e-6)
        assert first.bound_change(0.01) == pytest.approx(second.bound_change(0.01))


@example([(10, 0.0, 0.0), (11, 1.0, 5e-324)])  # its standard error is rounded to zero
@given(MEANS)
def test_what_pairs_say_of_means_is_between_nothing_and_their_sum(
    figures: list[tuple[float, float, float]],
) -> None:
    comparison = compare_means(samples(*figures), one_variance=True)
    if comparison is None:
        return
    assert (comparison.pairs >= comparison.single).all()
    assert (comparison.single >= 0).all()
    assert (comparison.pairs <= 1).all()
    spread = max(comparison.values) - min(comparison.values)
    assert comparison.bound_change(0.05) >= spread


def test_values_that_follow_each_other_count_for_fewer() -> None:
    assert count_effective(30, 0.0) == 30
    assert count_effective(30, 0.5) == pytest.approx(10)
    assert count_effective(30, -0.5) == 30
    assert sample_values("a", [1.0, 2.0, 3.0]) == Sample("a", 3, 2.0, 1.0)
    assert sample_values("a", [4.0]).variance == 0
