"""Means of a scale from a sample, their intervals, and whether two of them differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.scale_means import (
    ScaleMean,
    ScaleStratum,
    compare_scale_means,
    estimate_scale_mean,
)

DRAWS = 400


def mean_of(*strata: ScaleStratum) -> ScaleMean:
    mean = estimate_scale_mean(strata, 1, 5)
    assert mean is not None
    return mean


def test_a_sample_of_many_documents_has_the_interval_of_the_textbook() -> None:
    steps = [1.0, 2, 3, 4, 5] * 20
    mean = mean_of(ScaleStratum("rest", 100_000, steps))
    # The variance of the steps is 2 * 100 / 99; 100 of 100,000 were read.
    error = math.sqrt(2 * 100 / 99 / 100 * (1 - 100 / 100_000))
    low, high = mean.interval()
    assert mean.mean == 3
    # Two more units, at the ends, make the variance larger by as little as 3 %.
    assert (high - low) / 2 == pytest.approx(1.984 * error, rel=0.03)
    assert (high - low) / 2 >= 1.984 * error * (1 - 1e-4)


def test_what_was_read_whole_has_no_error() -> None:
    assert mean_of(ScaleStratum("rest", 5, [1, 2, 3, 4, 5])).interval() == (3, 3)


def test_strata_weigh_their_documents_and_those_of_strata_without_a_unit() -> None:
    strata = [
        ScaleStratum("rest", 30, [1, 1]),
        ScaleStratum("rest", 10, []),
        ScaleStratum("rest", 60, [4, 4, 4]),
    ]
    assert mean_of(*strata).mean == pytest.approx(0.4 * 1 + 0.6 * 4)


def test_a_stratum_without_a_unit_counts_as_others_of_its_kind() -> None:
    strata = [
        ScaleStratum("mention", 10, [5, 5]),
        ScaleStratum("rest", 100, [1, 1]),
        ScaleStratum("mention", 10, [5, 5]),
        ScaleStratum("rest", 100, []),
    ]
    assert mean_of(*strata).mean == pytest.approx((20 * 5 + 200 * 1) / 220)


def test_a_kind_of_which_nothing_was_read_is_left_out() -> None:
    mean = mean_of(ScaleStratum("mention", 10, [5, 5, 5]), ScaleStratum("rest", 100, []))
    assert (mean.mean, mean.size) == (5, 10)


def test_an_interval_leaves_as_much_outside_as_it_is_told_to() -> None:
    mean = mean_of(ScaleStratum("rest", 100_000, [2.0, 3, 4] * 100))
    usual_low, usual_high = mean.interval()
    low, high = mean.interval(0.001)
    assert mean.degrees == 299
    # 99.8 and 95 % of Student's distribution of 299 degrees lie within these.
    assert (high - low) / (usual_high - usual_low) == pytest.approx(3.1174 / 1.9679, rel=1e-4)


def test_a_scale_is_of_the_documents_of_which_it_is_asked() -> None:
    mean = mean_of(
        ScaleStratum("rest", 90, [2, 2, None]), ScaleStratum("rest", 60, [5, None, None])
    )
    # 60 documents at 2 and 20 at 5.
    assert (mean.n, mean.size) == (3, 80)
    assert mean.mean == pytest.approx((60 * 2 + 20 * 5) / 80)


def test_a_unit_weighs_the_documents_that_it_stands_for() -> None:
    assert mean_of(ScaleStratum("rest", 100, [1, 4, 4], [2, 1, 1])).mean == 2.5


def test_few_codes_that_are_alike_are_not_sure() -> None:
    low, high = mean_of(ScaleStratum("rest", 1000, [1.0] * 10)).interval()
    assert low == 1
    assert high > 1.3


def test_fewer_than_three_codes_are_no_mean() -> None:
    assert estimate_scale_mean([ScaleStratum("rest", 10, [1, 2, None, None])], 1, 5) is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.lists(st.none() | st.integers(1, 5).map(float), max_size=8),
        ),
        max_size=5,
    )
)
def test_a_mean_and_its_interval_are_on_the_scale(
    drawn: list[tuple[int, list[float | None]]],
) -> None:
    strata = [ScaleStratum("rest", len(steps) + more, steps) for more, steps in drawn]
    mean = estimate_scale_mean(strata, 1, 5)
    if mean is not None:
        low, high = mean.interval()
        assert 1 - 1e-9 <= low <= mean.mean + 1e-9
        assert mean.mean - 1e-9 <= high <= 5 + 1e-9


@pytest.mark.parametrize("counts", [(10, 10), (10, 100), (100, 100)])
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_equal_means_are_rarely_called_different(counts: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(1)
    different = covered = 0
    for _ in range(DRAWS):
        means = []
        for count in counts:
            steps = np.where(rng.random(count) < share, rng.integers(2, 6, count), 1)
            means.append(mean_of(ScaleStratum("rest", 5000, steps.astype(float).tolist())))

        different += compare_scale_means(*means).p_value <= 0.05
        low, high = means[0].interval()
        covered += low <= 1 + share * 2.5 <= high

    # Two standard errors of 400 draws are allowed.
    assert different / DRAWS <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / DRAWS)
    assert covered / DRAWS >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / DRAWS)


def test_means_that_are_far_apart_are_called_different() -> None:
    low_mean = mean_of(ScaleStratum("rest", 5000, [1.0, 2.0] * 20))
    high_mean = mean_of(ScaleStratum("rest", 5000, [3.0, 4.0] * 20))
    difference = compare_scale_means(high_mean, low_mean)
    assert difference.value == 2
    assert difference.low > 1.5
    assert difference.p_value < 1e-6


def test_strata_of_one_unit_each_are_as_sure_as_their_units_together() -> None:
    steps = [1.0, 2, 3, 4, 5, 2, 3, 4, 3, 3]
    apart = mean_of(*(ScaleStratum("rest", 100, [step]) for step in steps))
    together = mean_of(ScaleStratum("rest", 1000, steps))
    assert apart.mean == pytest.approx(together.mean)
    assert apart.variance == pytest.approx(together.variance)
    assert apart.degrees == together.degrees == 9
