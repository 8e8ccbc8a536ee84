"""How many documents there are, from what two or three sources have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from reports.stats.capture_recapture import (
    Table,
    estimate_from_three,
    estimate_from_two,
    independence_p,
    measure_dispersion,
)
from reports.stats.intervals import LEVEL


def test_two_sources_are_estimated_as_chapman_does() -> None:
    estimate = estimate_from_two(200, 150, 60)
    assert estimate.value == pytest.approx(201 * 151 / 61 - 1)
    assert (estimate.low, estimate.high) == (430, 599)
    assert estimate.n == 290


def test_sources_that_hold_the_same_miss_little_and_never_less_than_nothing() -> None:
    estimate = estimate_from_two(40, 40, 40)
    assert (estimate.low, estimate.value, estimate.high) == (40, 40, 41)


def test_sources_that_have_nothing_in_common_set_no_upper_end() -> None:
    estimate = estimate_from_two(1, 7, 0)
    assert (estimate.low, estimate.value, estimate.high) == (8, 15, math.inf)


def test_a_part_cannot_be_larger_than_the_whole() -> None:
    with pytest.raises(ValueError, match="9 documents of both, and 8 and 10 of each"):
        estimate_from_two(8, 10, 9)


def test_three_independent_sources_agree_with_their_exact_expectation() -> None:
    # 1,000 documents, held by half, two fifths and a fifth.
    parts = [np.array([1 - part, part]) for part in (0.5, 0.4, 0.2)]
    table = 1000 * np.einsum("i,j,k->ijk", *parts)
    estimate = estimate_from_three(table, are_independent=True)
    assert estimate.value == pytest.approx(1000, abs=1)
    assert estimate.low < 1000 < estimate.high
    assert independence_p([table]) == 1
    both = estimate_from_three(table, are_independent=False)
    assert both.value == pytest.approx(1000, rel=0.02)
    assert both.half_width > 2 * estimate.half_width


def test_dependence_of_two_sources_is_found_whichever_they_are() -> None:
    table = np.zeros((2, 2, 2))
    table[1, 1, :] = [300, 300]
    table[1, 0, :], table[0, 1, :] = [100, 100], [100, 100]
    table[0, 0, 1] = 100
    for axes in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        assert independence_p([table.transpose(axes)]) < 1e-4


@pytest.mark.thorough
@pytest.mark.parametrize("parts", [(0.9, 0.8, 0.5), (0.5, 0.5, 0.5), (0.7, 0.6, 0.3)])
def test_intervals_cover_and_dependence_at_odds_of_two_is_found(
    parts: tuple[float, float, float],
) -> None:
    rng = np.random.default_rng(48)
    draws, covered = 300, [0, 0]
    found = {1.0: 0, 2.0: 0}
    for _ in range(draws):
        two = draw(rng, 400, parts)
        first, second = two[1].sum(), two[:, 1].sum()
        estimate = estimate_from_two(int(first), int(second), int(two[1, 1].sum()))
        covered[0] += estimate.low <= 400 <= estimate.high
        estimate = estimate_from_three(two, are_independent=True)
        covered[1] += estimate.low <= 400 <= estimate.high
        for odds in found:
            outlet = [draw(rng, 400, parts, odds) for _ in range(12)]
            found[odds] += independence_p(outlet) < LEVEL

    assert min(covered) >= 0.93 * draws
    assert found[1.0] <= 0.09 * draws
    assert found[2.0] >= 0.8 * draws


def draw(
    rng: np.random.Generator, size: int, parts: tuple[float, float, float], odds: float = 1
) -> Table:
    """Draw which of *size* documents three sources hold; the first two depend at *odds*."""

    def surplus(alone: float) -> float:
        beside = odds * alone / (1 - alone + odds * alone)
        return parts[0] * beside + (1 - parts[0]) * alone - parts[1]

    alone = float(brentq(surplus, 1e-9, 1 - 1e-9))
    beside = odds * alone / (1 - alone + odds * alone)
    first = rng.random(size) < parts[0]
    second = rng.random(size) < np.where(first, beside, alone)
    third = rng.random(size) < parts[2]
    table = np.zeros((2, 2, 2))
    np.add.at(table, (first.astype(int), second.astype(int), third.astype(int)), 1)
    table[0, 0, 0] = 0
    return table


def test_sources_that_both_take_whole_sections_vary_more() -> None:
    # Ten sections of 100: the first source has most of some and little of others, as the second.
    rates = [(0.9, 0.9), (0.9, 0.2), (0.2, 0.9), (0.2, 0.2), (0.9, 0.9)] * 2
    clustered = [(round(100 * a), round(100 * b), round(100 * a * b)) for a, b in rates]
    assert measure_dispersion(clustered) > 5
    # It makes no difference how the first varies where the second takes half of each section.
    even = [(round(100 * a), 50, round(50 * a)) for a, _ in rates]
    assert measure_dispersion(even) == 1
    assert measure_dispersion(clustered[:4]) == 1

    narrow, wide = estimate_from_two(600, 600, 400), estimate_from_two(600, 600, 400, 9)
    assert wide.half_width == pytest.approx(3 * narrow.half_width, rel=0.1)
