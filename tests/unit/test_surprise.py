"""A period beside the past of its own series: formulas against other computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.stats.surprise import (
    CLUSTERING,
    MONTHS,
    MOOD_SWAY,
    SWAY,
    USUAL_DEGREES,
    WEEKS,
    Count,
    Mean,
    Memory,
    compare_counts,
    compare_means,
    compare_shares,
    spend,
)

LONG = [Count(matched, 4000) for matched in (40, 52, 31, 47, 44, 38, 60, 41, 35, 49)]


def test_counts_of_equal_exposure_have_the_p_value_of_a_moderated_prediction_interval() -> None:
    """On a scale where usual months vary by 1, the spread is a mean of 1 and the series' own."""
    scale = [
        2 / SWAY * math.asinh(SWAY * math.sqrt((count.matched + 0.375) / 4000.75 * 4000 / 1.5))
        for count in [*LONG, Count(90, 4000)]
    ]
    assert CLUSTERING == 1.5
    *previous, current = scale
    degrees = USUAL_DEGREES + 9
    spread = (USUAL_DEGREES + 9 * np.var(previous, ddof=1)) / degrees
    t = (current - np.mean(previous)) / math.sqrt(spread * (1 + 1 / 10))
    departure = compare_counts(LONG, Count(90, 4000))
    assert departure.p_value == pytest.approx(2 * stats.t.sf(t, degrees))
    assert (departure.before, departure.now) == (437 / 40_000, 90 / 4000)


def test_a_count_beside_a_regular_past_is_no_less_probable_than_for_two_poisson_counts() -> None:
    departure = compare_counts([Count(5, 1000)] * 52, Count(15, 1000))
    tail = stats.binom.sf(14, 52 * 5 + 15, 1 / 53)
    assert departure.p_value == pytest.approx(2 * tail)


def test_the_scale_gives_counts_of_any_size_about_the_same_variance() -> None:
    rng = np.random.default_rng(1)
    for mean in (10, 50, 250):
        rates = mean * np.exp(rng.normal(0, SWAY, 4000) - SWAY**2 / 2)
        # Clusters of documents: the variance is CLUSTERING times the mean.
        counts = rng.negative_binomial(rates / (CLUSTERING - 1), 1 / CLUSTERING)
        scale = 2 / SWAY * np.arcsinh(SWAY * np.sqrt((counts + 0.375) / CLUSTERING))
        assert 0.85 < np.var(scale) < 1.15


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.integers(0, 400))
def test_a_share_and_the_share_of_the_others_are_as_improbable(
    matched: list[int], now: int
) -> None:
    previous, current = [Count(count, 400) for count in matched], Count(now, 400)
    others = [Count(400 - count, 400) for count in matched]
    left = compare_shares(previous, current)
    right = compare_shares(others, Count(400 - now, 400))
    assert 0 <= left.p_value <= 1
    # Half of the documents is a tie.
    if 2 * sum(matched) != 400 * len(matched):
        assert left.p_value == pytest.approx(right.p_value)

    assert left.now == pytest.approx(1 - right.now)


def test_the_p_value_of_a_usual_series_is_uniform() -> None:
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(1500):
        rates = 60 * np.exp(rng.normal(0, SWAY, 13) - SWAY**2 / 2)
        counts = rng.negative_binomial(rates / (CLUSTERING - 1), 1 / CLUSTERING)
        *previous, current = [Count(int(count), 4000) for count in counts]
        p_values.append(compare_counts(previous, current).p_value)

    # With USUAL_DEGREES of a spread that is true, small p-values are a little too rare.
    assert 0.025 < np.mean(np.array(p_values) < 0.05) < 0.06
    assert np.mean(np.array(p_values) < 0.001) < 0.004


def test_means_of_equal_variance_have_the_p_value_of_a_moderated_prediction_interval() -> None:
    previous = [Mean(mean, 0.0006, 150) for mean in (-0.1, -0.05, -0.12, -0.08)]
    departure = compare_means(previous, Mean(0.1, 0.0006, 150))
    variance = 1.5 * 0.0006 + MOOD_SWAY**2
    squares = 3 * np.var([-0.1, -0.05, -0.12, -0.08], ddof=1) / variance
    spread = (USUAL_DEGREES + squares) / (USUAL_DEGREES + 3)
    t = (0.1 + 0.0875) / math.sqrt(spread * variance * (1 + 1 / 4))
    assert departure.p_value == pytest.approx(2 * stats.t.sf(t, USUAL_DEGREES + 3))
    assert departure.before == pytest.approx(-0.0875)


@pytest.mark.parametrize("memory", [MONTHS, WEEKS])
def test_a_level_is_not_spent_before_ten_years_and_half_of_it_in_later_ones(
    memory: Memory,
) -> None:
    ten_years = [spend(test, memory) for test in range(1, memory.lasting + 1)]
    assert 0.99 < sum(ten_years) <= 1
    later = [spend(memory.lasting + test, memory) for test in range(1, memory.lasting + 1)]
    assert 0.5 <= sum(later) < 0.51
