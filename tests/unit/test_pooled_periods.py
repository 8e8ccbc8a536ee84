"""Shares of periods by rates of all periods."""

from __future__ import annotations

import numpy as np
import pytest

from core.enums import SamplePart
from reports.stats.coded_strata import CodedStratum
from reports.stats.pooled_periods import PooledPeriods, pool_periods

MENTION, REST = SamplePart.MENTION, SamplePart.REST


def code(positives: int, n: int) -> list[float]:
    """Return codes of *n* units, the first ones in the category."""
    return [1.0] * positives + [0.0] * (n - positives)


def months(*counts: tuple[int, int, int]) -> dict[str, list[CodedStratum]]:
    """Return months by their mentions, positive codes of ten of these, and of fifty others."""
    return {
        f"2020-{number:02}": [
            CodedStratum(MENTION, mentions, code(hits, 10)),
            CodedStratum(REST, 5000 - mentions, code(misses, 50)),
        ]
        for number, (mentions, hits, misses) in enumerate(counts, start=1)
    }


def pooled(strata: dict[str, list[CodedStratum]]) -> PooledPeriods:
    found = pool_periods(strata)
    assert found is not None
    return found


def test_a_period_is_told_by_its_counts_and_the_rates_of_all() -> None:
    found = pooled(months((100, 8, 1), (100, 8, 1), (100, 8, 1), (1000, 8, 1)))
    assert found.may_be_pooled
    quiet, loud = found.estimates["2020-01"], found.estimates["2020-04"]
    assert quiet.value == pytest.approx((0.8 * 100 + 0.02 * 4900) / 5000)
    assert loud.value == pytest.approx((0.8 * 1000 + 0.02 * 4000) / 5000)
    assert (loud.n, loud.size) == (60, 5000)


def test_periods_that_differ_beyond_chance_are_not_pooled() -> None:
    found = pooled(months((100, 10, 0), (100, 1, 0), (100, 10, 1), (100, 2, 0)))
    assert not found.may_be_pooled
    assert found.p_value < 0.01


def test_two_periods_or_none_coded_have_no_pooled_shares() -> None:
    assert pool_periods(months((100, 8, 1), (100, 7, 1))) is None
    empty = {
        month: [CodedStratum(MENTION, 100, ()), CodedStratum(REST, 4900, ())]
        for month in ("2020-01", "2020-02", "2020-03")
    }
    assert pool_periods(empty) is None


def test_the_interval_holds_that_periods_may_differ_where_the_test_cannot_tell() -> None:
    """Half of the months have twice the misses, and no mention is coded otherwise."""
    rng = np.random.default_rng(5)
    covered = significant = 0
    for _ in range(60):
        shares = [0.01, 0.03] * 6
        counts = [(100, 8, int(rng.binomial(50, share))) for share in shares]
        found = pooled(months(*counts))
        significant += not found.may_be_pooled
        for share, estimate in zip(shares, found.estimates.values(), strict=True):
            truth = (0.8 * 100 + share * 4900) / 5000
            covered += estimate.low <= truth <= estimate.high

    assert covered / (60 * 12) > 0.94
    assert significant / 60 < 0.3


@pytest.mark.thorough
def test_alike_periods_are_called_different_in_at_most_five_of_a_hundred_samples() -> None:
    rng = np.random.default_rng(6)
    different = 0
    for _ in range(200):
        counts = [(100, int(rng.binomial(10, 0.6)), int(rng.binomial(50, 0.04))) for _ in range(12)]
        different += not pooled(months(*counts)).may_be_pooled

    assert different / 200 <= 0.08
