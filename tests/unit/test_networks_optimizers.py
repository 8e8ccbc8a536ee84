"""Optimizers, schedules and clipping against steps computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    SGD,
    Adam,
    Momentum,
    clip_by_norm,
    clip_by_value,
)


def test_gradient_descent_steps_against_the_gradient() -> None:
    w = np.array([1.0, -2.0])
    SGD(w).step(w, np.array([0.5, 1.0]), 0.1)
    assert w == pytest.approx([0.95, -2.1])


def test_momentum_keeps_its_velocity() -> None:
    w = np.array([1.0])
    optimizer = Momentum(w)
    optimizer.momentum = 0.5
    optimizer.step(w, np.array([1.0]), 0.1)  # v = -0.1
    optimizer.step(w, np.array([1.0]), 0.1)  # v = -0.05 - 0.1
    assert w == pytest.approx([1.0 - 0.1 - 0.15])


def test_adams_steps_are_those_of_its_algorithm() -> None:
    w, optimizer = np.array([1.0, 1.0]), None
    optimizer = Adam(w)
    mean, square, expected = np.zeros(2), np.zeros(2), w.copy()
    for t, gradient in enumerate(
        [np.array([0.1, -3.0]), np.array([0.2, 1.0]), np.array([-0.1, 0.5])], start=1
    ):
        optimizer.step(w, gradient.copy(), 0.01)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        expected -= 0.01 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * mean / (np.sqrt(square) + 1e-8)

    assert w == pytest.approx(expected, rel=1e-14)
    assert optimizer.steps == 3


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_optimizer_finds_the_lowest_point_of_a_bowl_in_either_precision(
    name: str, dtype: type
) -> None:
    w = np.array([3.0, -2.0], dtype)
    optimizer = OPTIMIZERS[name](w)
    for step in range(1500):
        optimizer.step(w, w * np.array([1.0, 4.0], dtype), 0.05 * SCHEDULES["linear"](step / 1500))

    assert w.dtype == dtype
    assert np.abs(w).max() < 1e-3


@pytest.mark.parametrize(
    ("name", "at_half"),
    [("constant", 1.0), ("linear", 0.5), ("cosine", 0.5), ("exponential", math.sqrt(0.001))],
)
def test_a_schedule_begins_at_one_and_never_rises(name: str, at_half: float) -> None:
    schedule = SCHEDULES[name]
    factors = [schedule(progress / 100) for progress in range(100)]
    assert factors[0] == 1.0
    assert factors == sorted(factors, reverse=True)
    assert min(factors) > 0
    assert schedule(0.5) == pytest.approx(at_half)


gradients = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20).map(np.array)


@given(gradients, st.floats(0.01, 100))
def test_clipping_by_norm_keeps_the_direction_and_bounds_the_length(
    gradient: np.ndarray, limit: float
) -> None:
    clipped = gradient.copy()
    clip_by_norm(clipped, limit)
    length = np.linalg.norm(gradient)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-12)
    assert np.allclose(
        clipped, gradient * min(1.0, limit / length) if length else gradient, atol=1e-12
    )


@given(gradients, st.floats(0.01, 100))
def test_clipping_by_value_bounds_each_entry_and_leaves_small_ones(
    gradient: np.ndarray, limit: float
) -> None:
    clipped = gradient.copy()
    clip_by_value(clipped, limit)
    assert np.abs(clipped).max() <= limit
    small = np.abs(gradient) <= limit
    assert np.array_equal(clipped[small], gradient[small])
