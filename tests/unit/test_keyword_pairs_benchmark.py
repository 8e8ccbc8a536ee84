"""What is said of two keywords errs in at most 0.5 % of series in which nothing is true."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"
SERIES = 100


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        return importlib.import_module("keyword_pairs")


@pytest.mark.parametrize("number", [3, 4, 6])
def test_months_in_which_nothing_is_true_have_hardly_any_claim(
    bench: ModuleType, number: int
) -> None:
    """Were it 0.5 %, more than 2 of 100 series would have one in 1.4 % of all seeds."""
    rng = np.random.default_rng(number)
    with_claim, _, coverage = bench.measure_size(rng, bench.SIZES[number], SERIES)
    assert with_claim <= bench.most_by_chance(SERIES) == 2
    assert min(coverage.values()) >= 0.88  # of intervals at 95 %, by 3 standard errors


def test_the_months_that_are_named_hold_the_true_one(bench: ModuleType) -> None:
    crossing = bench.CROSSINGS[1]
    found = list(bench.measure_crossing(np.random.default_rng(1), crossing, 20))
    assert len(found) >= 18
    assert all((each.before, each.after) == ("a", "b") for each in found)
    assert sum(each.earliest <= "2010-08" <= each.latest for each in found) >= len(found) - 2
