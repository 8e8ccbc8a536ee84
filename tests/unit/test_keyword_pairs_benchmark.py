"""The intervals of two keywords' differences hold what is true about as often as they say."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        return importlib.import_module("keyword_pairs")


@pytest.mark.parametrize("number", [3, 4, 6])
def test_intervals_hold_what_is_true(bench: ModuleType, number: int) -> None:
    """At 95 % fewer than 88 of 100 hold it in 1 of 400 seeds."""
    coverage = bench.measure_size(np.random.default_rng(number), bench.SIZES[number], 100)
    assert set(coverage) == set(bench.INTERVALS)
    assert min(coverage.values()) >= 0.88
