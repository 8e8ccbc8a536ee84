"""Means of a scale from a sample, their intervals, and whether two of them differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.coded_strata import CodedStratum
from reports.stats.estimates import Estimate
from reports.stats.intervals import TAIL
from reports.stats.scale_means import compare_scale_means, estimate_scale_mean

DRAWS = 400
NOT_ASKED = math.nan


def mean_of(*strata: CodedStratum, tail: float = TAIL) -> Estimate:
    mean = estimate_scale_mean(strata, 1, 5, tail)
    assert mean is not None
    return mean


def compare(strata: list[CodedStratum], other_strata: list[CodedStratum]) -> Estimate:
    difference = compare_scale_means(strata, other_strata, 1, 5)
    assert difference is not None
    return difference


def test_a_sample_of_many_documents_has_the_interval_of_the_textbook() -> None:
    steps = [1.0, 2, 3, 4, 5] * 20
    mean = mean_of(CodedStratum("rest", 100_000, steps))
    # The variance of the steps is 2 * 100 / 99; 100 of 100,000 were read.
    error = math.sqrt(2 * 100 / 99 / 100 * (1 - 100 / 100_000))
    assert mean.value == 3
    # Two more units, at the ends, make the variance larger by as little as 3 %.
    assert mean.half_width == pytest.approx(1.984 * error, rel=0.03)
    assert mean.half_width >= 1.984 * error * (1 - 1e-4)


def test_what_was_read_whole_has_no_error() -> None:
    mean = mean_of(CodedStratum("rest", 5, [1, 2, 3, 4, 5]))
    assert (mean.low, mean.high) == (3, 3)


def test_strata_weigh_their_documents_and_those_of_strata_without_a_unit() -> None:
    strata = [
        CodedStratum("rest", 30, [1, 1]),
        CodedStratum("rest", 10, []),
        CodedStratum("rest", 60, [4, 4, 4]),
    ]
    assert mean_of(*strata).value == pytest.approx(0.4 * 1 + 0.6 * 4)


def test_a_stratum_without_a_unit_counts_as_others_of_its_kind() -> None:
    strata = [
        CodedStratum("mention", 10, [5, 5]),
        CodedStratum("rest", 100, [1, 1]),
        CodedStratum("mention", 10, [5, 5]),
        CodedStratum("rest", 100, []),
    ]
    assert mean_of(*strata).value == pytest.approx((20 * 5 + 200 * 1) / 220)


def test_a_kind_of_which_nothing_was_read_is_left_out() -> None:
    mean = mean_of(CodedStratum("mention", 10, [5, 5, 5]), CodedStratum("rest", 100, []))
    assert (mean.value, mean.size) == (5, 10)


def test_an_interval_leaves_as_much_outside_as_it_is_told_to() -> None:
    stratum = CodedStratum("rest", 100_000, [2.0, 3, 4] * 100)
    usual, wide = mean_of(stratum), mean_of(stratum, tail=0.001)
    # 99.8 and 95 % of Student's distribution of 299 degrees lie within these.
    assert wide.half_width / usual.half_width == pytest.approx(3.1174 / 1.9679, rel=1e-4)


def test_a_scale_is_of_the_documents_of_which_it_is_asked() -> None:
    mean = mean_of(
        CodedStratum("rest", 90, [2, 2, NOT_ASKED]),
        CodedStratum("rest", 60, [5, NOT_ASKED, NOT_ASKED]),
    )
    # 60 documents at 2 and 20 at 5.
    assert (mean.n, mean.size) == (3, 80)
    assert mean.value == pytest.approx((60 * 2 + 20 * 5) / 80)


def test_a_unit_weighs_the_documents_that_it_stands_for() -> None:
    assert mean_of(CodedStratum("rest", 100, [1, 4, 4], [2, 1, 1])).value == 2.5


def test_few_codes_that_are_alike_are_not_sure() -> None:
    mean = mean_of(CodedStratum("rest", 1000, [1.0] * 10))
    assert mean.low == 1
    assert mean.high > 1.3


def test_fewer_than_three_codes_are_no_mean() -> None:
    assert (
        estimate_scale_mean([CodedStratum("rest", 10, [1, 2, NOT_ASKED, NOT_ASKED])], 1, 5) is None
    )


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.lists(st.just(NOT_ASKED) | st.integers(1, 5).map(float), max_size=8),
        ),
        max_size=5,
    )
)
def test_a_mean_and_its_interval_are_on_the_scale(
    drawn: list[tuple[int, list[float]]],
) -> None:
    strata = [CodedStratum("rest", len(steps) + more, steps) for more, steps in drawn]
    mean = estimate_scale_mean(strata, 1, 5)
    if mean is not None:
        assert 1 - 1e-9 <= mean.low <= mean.value + 1e-9
        assert mean.value - 1e-9 <= mean.high <= 5 + 1e-9


@pytest.mark.parametrize("counts", [(10, 10), (10, 100), (100, 100)])
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_equal_means_are_rarely_called_different(counts: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(1)
    different = covered = 0
    for _ in range(DRAWS):
        strata = []
        for count in counts:
            steps = np.where(rng.random(count) < share, rng.integers(2, 6, count), 1)
            strata.append([CodedStratum("rest", 5000, steps.astype(float).tolist())])

        different += compare(*strata).p_value <= 0.05
        mean = mean_of(*strata[0])
        covered += mean.low <= 1 + share * 2.5 <= mean.high

    # Two standard errors of 400 draws are allowed.
    assert different / DRAWS <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / DRAWS)
    assert covered / DRAWS >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / DRAWS)


def test_means_that_are_far_apart_are_called_different() -> None:
    low_steps = [CodedStratum("rest", 5000, [1.0, 2.0] * 20)]
    high_steps = [CodedStratum("rest", 5000, [3.0, 4.0] * 20)]
    difference = compare(high_steps, low_steps)
    assert difference.value == 2
    assert difference.low > 1.5
    assert difference.p_value < 1e-6


def test_strata_of_one_unit_each_are_as_sure_as_their_units_together() -> None:
    steps = [1.0, 2, 3, 4, 5, 2, 3, 4, 3, 3]
    apart = mean_of(*(CodedStratum("rest", 100, [step]) for step in steps))
    together = mean_of(CodedStratum("rest", 1000, steps))
    assert apart.value == pytest.approx(together.value)
    assert apart.half_width == pytest.approx(together.half_width)
