"""The mean on the human scale: its value, its weights, and that its interval covers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.stats.intervals import t_quantile
from reports.stats.scale_means import labels_needed
from tests.stratum_kit import correlate, estimate_mean, labelled

MANY = 10**9  # mentions, of which no sample is a part to speak of


def test_the_mean_is_moved_along_the_fitted_line_to_the_polarity_of_all_mentions() -> None:
    polarities, labels = [0.0, 0.2, 0.4, 0.6], [-1.0, 0.0, 0.0, 1.0]
    estimate = estimate_mean([labelled(MANY, 0.5, polarities, labels)])
    assert estimate is not None
    slope = np.polyfit(polarities, labels, 1)[0]
    assert slope == pytest.approx(3.0)
    assert estimate.value == pytest.approx(0.0 + 3.0 * (0.5 - 0.3))

    left_out = []
    for number, (x, y) in enumerate(zip(polarities, labels, strict=True)):
        rest = [(a - 0.3, b) for a, b in zip(polarities, labels, strict=True)]
        del rest[number]
        slope = sum(a * b for a, b in rest) / sum(a * a for a, _ in rest)
        left_out.append(y - slope * (x - 0.3))

    half = t_quantile(2) * np.std(left_out, ddof=1) / 2
    assert (estimate.high - estimate.low) / 2 == pytest.approx(half)


def test_a_label_weighs_as_many_mentions_as_it_stands_for() -> None:
    strata = [
        labelled(900, 0.0, [0.0] * 3, [1.0, 1.0, 0.0]),
        labelled(100, 0.0, [0.0] * 2, [-1.0, 0.0]),
    ]
    estimate = estimate_mean(strata)
    assert estimate is not None
    assert estimate.value == pytest.approx(0.9 * 2 / 3 + 0.1 * -0.5)


def test_a_label_of_a_text_that_repeats_weighs_its_copies_and_is_no_more_sure() -> None:
    labels = [1.0, 0.0, -1.0, 0.0]
    stratum = labelled(MANY, 0.0, [0.0] * 4, labels)
    copied = estimate_mean([replace(stratum, copies=[3, 1, 1, 1])])
    equal = estimate_mean([replace(stratum, copies=[5, 5, 5, 5])])
    alone = estimate_mean([stratum])

    assert copied is not None
    assert copied.n == 4
    assert copied.value == pytest.approx((3 * 1 - 1) / 6)
    assert equal is not None
    assert alone is not None
    assert (equal.value, equal.low) == (pytest.approx(alone.value), pytest.approx(alone.low))


def test_a_stratum_without_a_label_is_counted_to_the_one_before_it_or_the_first() -> None:
    pairs = ([0.1, -0.1], [1.0, 0.0]), ([0.2, 0.0], [-1.0, -1.0])
    expected = estimate_mean([labelled(40, 0.0, *pairs[0]), labelled(60, 0.0, *pairs[1])])
    empty = labelled(10, 0.0, [], [])
    within = [labelled(30, 0.0, *pairs[0]), empty, labelled(60, 0.0, *pairs[1])]
    ahead = [empty, labelled(30, 0.0, *pairs[0]), labelled(60, 0.0, *pairs[1])]
    assert estimate_mean(within) == expected == estimate_mean(ahead)


def test_strata_of_one_label_have_an_interval_together() -> None:
    strata = [labelled(50, 0.0, [0.0], [label]) for label in (1.0, -1.0, 0.0, 1.0, 0.0)]
    estimate = estimate_mean(strata)
    assert estimate is not None
    assert estimate.value == pytest.approx(0.2)
    assert estimate.low < 0
    assert estimate.high > 0.4


def test_where_all_is_read_nothing_is_uncertain() -> None:
    labels = [1.0, 0.0, -1.0, -1.0]
    strata = [labelled(2, 0.1, [0.2, 0.0], labels[:2]), labelled(2, 0.1, [0.1, 0.1], labels[2:])]
    estimate = estimate_mean(strata)
    assert estimate is not None
    assert (estimate.low, estimate.value, estimate.high) == pytest.approx((-0.25, -0.25, -0.25))


def test_a_perfect_engine_leaves_no_uncertainty() -> None:
    polarities = [0.1, -0.3, 0.2, 0.4]
    estimate = estimate_mean([labelled(MANY, 0.05, polarities, [2 * p - 0.1 for p in polarities])])
    assert estimate is not None
    assert (estimate.low, estimate.high) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_of_fewer_than_three_labels_there_is_no_estimate() -> None:
    assert estimate_mean([]) is None
    assert estimate_mean([labelled(9, 0.0, [0.1, 0.2], [1.0, 0.0])]) is None
    assert correlate([labelled(9, 0.0, [0.1, 0.2], [1.0, 0.0])]) is None


values = st.lists(
    st.tuples(st.floats(-1, 1), st.sampled_from([-1.0, 0.0, 1.0])), min_size=3, max_size=20
)


# two strata of the same variance: their degrees of freedom are a whole number, but for rounding
EQUAL_STRATA = [[(0.0, -1.0), (0.0, 0.0), (0.1875, -1.0)], [(0.0, 0.0), (0.0, 1.0), (0.1875, -1.0)]]


@example(EQUAL_STRATA, 0.0, 1.375)
@given(st.lists(values, min_size=1, max_size=4), st.floats(-3, 3), st.floats(0.5, 3))
def test_the_engine_s_own_zero_and_unit_change_nothing(
    pairs: list[list[tuple[float, float]]], shift: float, unit: float
) -> None:
    strata, moved = [], []
    for of_stratum in pairs:
        x, y = zip(*of_stratum, strict=True)
        if np.std(x) < 0.01:
            x = tuple(np.linspace(-1, 1, len(x)))

        stratum = labelled(7 * len(x), float(np.mean(x)) / 2, x, y)
        strata.append(stratum)
        scaled = [unit * value + shift for value in x]
        moved.append(labelled(7 * len(x), unit * float(np.mean(x)) / 2 + shift, scaled, y))

    first, second = estimate_mean(strata), estimate_mean(moved)
    assert first is not None
    assert second is not None
    assert second.value == pytest.approx(first.value, abs=1e-6)
    assert second.high - second.low == pytest.approx(first.high - first.low, abs=1e-6)


@given(st.lists(values, min_size=1, max_size=4))
def test_an_engine_that_says_the_same_of_all_leaves_the_labels_alone(
    pairs: list[list[tuple[float, float]]],
) -> None:
    strata = []
    for of_stratum in pairs:
        labels = [label for _, label in of_stratum]
        strata.append(labelled(9 * len(labels), 0.3, [0.3] * len(labels), labels))

    assert estimate_mean(strata) == estimate_mean(strata, use_machine=False)


def test_intervals_of_100_labels_from_unequal_strata_cover_the_truth() -> None:
    rng = np.random.default_rng(11)
    population = []
    for size, level in ((4000, 0.1), (800, -0.3), (150, -0.6), (50, 0.5)):
        x = np.clip(rng.normal(level / 3, 0.3, size), -1, 1)
        y = np.sign(np.round(x + level + rng.normal(0, 0.6, size)))
        population.append((x, y))

    truth = np.concatenate([y for _, y in population]).mean()
    covered, ratios = 0, []
    for _ in range(800):
        strata = []
        for x, y in population:
            drawn = rng.choice(len(x), 25, replace=False)
            strata.append(labelled(len(x), float(x.mean()), x[drawn].tolist(), y[drawn].tolist()))

        estimate, alone = estimate_mean(strata), estimate_mean(strata, use_machine=False)
        assert estimate is not None
        assert alone is not None
        covered += estimate.low <= truth <= estimate.high
        ratios.append((estimate.high - estimate.low) / (alone.high - alone.low))

    assert 0.93 <= covered / 800 <= 0.97
    assert 0.85 < np.mean(ratios) < 0.97


def test_the_correlation_is_pearson_s_of_all_mentions() -> None:
    x, y = [0.1, 0.5, -0.2, 0.3], [0.0, 1.0, -1.0, 1.0]
    assert correlate([labelled(MANY, 0.0, x, y)]) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert correlate([labelled(MANY, 0.0, x, [1.0] * 4)]) is None
    repeated = np.corrcoef(x[:2] + 3 * x[2:], y[:2] + 3 * y[2:])[0, 1]  # the latter stand for more
    weighted = correlate([labelled(20, 0.0, x[:2], y[:2]), labelled(60, 0.0, x[2:], y[2:])])
    assert weighted == pytest.approx(repeated)


def test_the_number_of_labels_for_an_interval_of_0_05() -> None:
    assert labels_needed(0.0, 1000) == 0
    assert labels_needed(1.0, MANY) == math.ceil((1.959964 / 0.05) ** 2)  # 1,537
    assert labels_needed(0.5, MANY) == 769
    assert labels_needed(0.5, 500) == 303  # many of all are read
    assert labels_needed(0.5, 40) == 39
