"""Whether a machine's errors differ between groups: exact cases and the level of the test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from reports.stats.differential_error import PERMUTATIONS, ErrorCount, compare_errors


def test_of_two_groups_the_p_value_is_nearly_that_of_fishers_exact_test() -> None:
    counts = [ErrorCount("2019", "rest", 9, 40), ErrorCount("2020", "rest", 2, 40)]
    comparison = compare_errors(counts)

    assert comparison is not None
    exact = fisher_exact([[9, 31], [2, 38]]).pvalue
    # Groups of one size: both order the tables alike.
    error = 4 * (exact * (1 - exact) / PERMUTATIONS) ** 0.5
    assert comparison.p_value == pytest.approx(exact, abs=error)
    assert comparison.rates == {"2019": 9 / 40, "2020": 2 / 40}


def test_kinds_are_compared_within_themselves() -> None:
    # Mentions are harder, and one year has more of them: in each kind the years err alike.
    counts = [
        ErrorCount("2019", "mention", 20, 40),
        ErrorCount("2020", "mention", 5, 10),
        ErrorCount("2019", "rest", 1, 10),
        ErrorCount("2020", "rest", 4, 40),
    ]
    comparison = compare_errors(counts)
    pooled = compare_errors([ErrorCount(c.group, "all", c.errors, c.units) for c in counts])

    assert comparison is not None
    assert comparison.p_value > 0.9
    assert pooled is not None
    assert pooled.p_value < 0.05


def test_without_two_groups_or_without_an_error_nothing_is_tested() -> None:
    assert compare_errors([]) is None
    assert compare_errors([ErrorCount("2019", "rest", 3, 9)]) is None
    assert compare_errors([ErrorCount("a", "rest", 0, 9), ErrorCount("b", "rest", 0, 9)]) is None
    assert compare_errors([ErrorCount("a", "rest", 9, 9), ErrorCount("b", "rest", 9, 9)]) is None
    assert compare_errors([ErrorCount("a", "rest", 3, 9), ErrorCount("b", "rest", 0, 0)]) is None


def test_a_seed_gives_one_p_value() -> None:
    counts = [ErrorCount("a", "rest", 3, 9), ErrorCount("b", "rest", 5, 30)]

    assert compare_errors(counts) == compare_errors(counts)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), min_size=2, max_size=5))
@settings(deadline=None, max_examples=30)
def test_a_p_value_is_a_probability_and_rates_are_shares(numbers: list[tuple[int, int]]) -> None:
    counts = []
    for group, (errors, correct) in enumerate(numbers):
        counts.append(ErrorCount(str(group), "rest", errors, errors + correct))

    comparison = compare_errors(counts)

    if comparison is not None:
        assert 0 < comparison.p_value <= 1
        assert all(0 <= rate <= 1 for rate in comparison.rates.values())


@pytest.mark.parametrize("units", [[6, 6, 6], [40, 10, 25, 25]])
def test_the_level_holds_in_sparse_tables(units: list[int]) -> None:
    rng = np.random.default_rng(3)
    rejected = 0
    for seed in range(150):
        counts = []
        for group, group_units in enumerate(units):
            errors = int(rng.binomial(group_units, 0.08))
            counts.append(ErrorCount(str(group), "rest", errors, group_units))

        comparison = compare_errors(counts, seed=seed)
        rejected += comparison is not None and comparison.p_value <= 0.05

    # Of 150 tests at 5 % more than 17 reject in 1 of 1,000 cases.
    assert rejected <= 17
