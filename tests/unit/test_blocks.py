"""Intervals from blocks of days cover what they should, also where days hang together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.blocks import BLOCK, block_interval
from reports.stats.intervals import wilson_interval

SHARE = 0.05
SERIES = 600


def autoregressive(rng: np.random.Generator, days: int, memory: float) -> np.ndarray:
    """Return a stationary series with variance 1; *memory* days on, the correlation is 1/e."""
    rho = math.exp(-1 / memory) if memory else 0.0
    shocks = rng.normal(size=days + 100)
    series = np.empty(days + 100)
    series[0] = shocks[0]
    for index in range(1, len(series)):
        series[index] = rho * series[index - 1] + math.sqrt(1 - rho**2) * shocks[index]

    return series[100:]


def coverage(days: int, memory: float) -> tuple[float, float]:
    """Return how often blocks, and Wilson's interval, hold the share that the days vary around."""
    rng = np.random.default_rng(7)
    by_blocks = by_documents = 0
    for _ in range(SERIES):
        documents = rng.poisson(150, days)
        shares = SHARE * np.exp(0.4 * autoregressive(rng, days, memory) - 0.08)
        matched = rng.binomial(documents, np.minimum(shares, 1.0))
        interval = block_interval(matched.tolist(), documents.tolist())
        assert interval is not None
        by_blocks += interval[0] <= SHARE <= interval[1]
        low, high = wilson_interval(int(matched.sum()), int(documents.sum()))
        by_documents += low <= SHARE <= high

    return by_blocks / SERIES, by_documents / SERIES


@pytest.mark.parametrize(
    ("days", "memory", "least"),
    [(30, 0, 0.95), (30, 1, 0.94), (30, 3, 0.87), (365, 0, 0.93), (365, 3, 0.86)],
)
def test_blocks_cover_days_that_hang_together_and_intervals_of_documents_do_not(
    days: int, memory: float, least: float
) -> None:
    by_blocks, by_documents = coverage(days, memory)
    assert by_blocks >= least
    if memory:
        assert by_documents < 0.75


def test_longer_memory_widens_the_interval() -> None:
    ups = [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0] * 2
    mixed = [1, 0] * 14
    documents = [1] * 28
    weeks, days = block_interval(ups, documents), block_interval(mixed, documents)
    assert weeks is not None
    assert days is not None
    assert (weeks[0] + weeks[1]) / 2 == pytest.approx(0.5)
    assert weeks[1] - weeks[0] > 4 * (days[1] - days[0])


def test_equal_days_have_the_least_variance_alone() -> None:
    assert block_interval([2] * 28, [10] * 28) == pytest.approx((0.2, 0.2))
    interval = block_interval([2] * 28, [10] * 28, 0.0001)
    assert interval == pytest.approx((0.2 - 0.031824, 0.2 + 0.031824), abs=1e-6)


def test_too_few_days_and_no_documents_have_no_interval() -> None:
    assert block_interval([1] * (2 * BLOCK - 1), [2] * (2 * BLOCK - 1)) is None
    assert block_interval([0] * 28, [0] * 28) is None
    with pytest.raises(ValueError, match="27 and 28 days"):
        block_interval([0] * 27, [0] * 28)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=14, max_size=40))
def test_the_interval_lies_around_the_ratio_whatever_the_scale(days: list[tuple[int, int]]) -> None:
    matched = [min(pair) for pair in days]
    documents = [max(pair) for pair in days]
    interval = block_interval(matched, documents)
    if interval is None:
        assert sum(documents) == 0
        return

    low, high = interval
    assert (low + high) / 2 == pytest.approx(sum(matched) / sum(documents), abs=1e-9)
    tenfold = block_interval([10 * count for count in matched], [10 * count for count in documents])
    assert tenfold == pytest.approx(interval, abs=1e-9)
