"""How many codes are needed: the allocation, and the half-width that it reaches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.enums import SamplePart
from reports.stats.code_plans import PilotShare, plan_codes, plan_first_codes
from reports.stats.coded_shares import estimate_share
from reports.stats.coded_strata import CodedStratum, MachineCodes

MENTION, NEAR_MISS, REST = SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST

# A month of which few were read: half of the 400 mentions are in the category.
PILOT = [
    CodedStratum(MENTION, 400, [1] * 15 + [0] * 15),
    CodedStratum(NEAR_MISS, 300, [1] * 3 + [0] * 27),
    CodedStratum(REST, 4300, [1] * 2 + [0] * 38),
]


def test_codes_go_to_strata_of_many_documents_and_much_variation() -> None:
    plan = plan_codes(PILOT, 0.02)

    assert plan is not None
    mentions, near_misses, others = plan.counts
    deviations = [(share * (1 - share)) ** 0.5 for share in (15.5 / 31, 3.5 / 31, 2.5 / 41)]
    assert others / mentions == pytest.approx(
        4300 * deviations[2] / (400 * deviations[0]), rel=0.05
    )
    assert near_misses >= 30
    assert plan.n == sum(plan.counts)
    assert 0.019 < plan.half_width <= 0.02


def test_a_wide_interval_needs_no_more_than_the_pilot() -> None:
    plan = plan_codes(PILOT, 0.4)

    assert plan is not None
    assert plan.counts == [30, 30, 40]


def test_an_interval_that_no_sample_gives_takes_all_documents() -> None:
    plan = plan_codes(PILOT, 1e-9)

    assert plan is not None
    assert plan.counts == [400, 300, 4300]
    assert plan.half_width == 0


def test_strata_without_documents_get_no_codes() -> None:
    full = CodedStratum(MENTION, 400, [])
    empty = [CodedStratum(MENTION, 0, []), CodedStratum(REST, 0, [])]
    shares = {MENTION: PilotShare.assume(0.1)}

    plan = plan_first_codes([empty[0], full, empty[1]], shares, 0.02)
    alone = plan_first_codes([full], shares, 0.02)
    assert plan.counts == [0, *alone.counts, 0]
    assert plan.half_width == alone.half_width <= 0.02
    assert plan_first_codes(empty, shares, 0.02).counts == [0, 0]


def test_repeats_are_not_read_twice() -> None:
    plan = plan_codes([CodedStratum(REST, 1000, [1, 0, 0, 1], [5, 5, 5, 5])], 1e-9)

    assert plan is not None
    assert plan.counts == [200]


def test_a_stratum_without_a_code_is_planned_for_too() -> None:
    plan = plan_codes([*PILOT, CodedStratum(REST, 4300, [])], 0.03)

    assert plan is not None
    assert plan.counts[3] >= 2


def test_without_a_pilot_or_a_width_there_is_no_plan() -> None:
    assert plan_codes([CodedStratum(REST, 100, [])], 0.03) is None
    with pytest.raises(ValueError, match="no width"):
        plan_codes(PILOT, 0)


@given(st.floats(0.005, 0.2), st.floats(0.005, 0.2))
@settings(deadline=None, max_examples=15)
def test_a_narrower_interval_takes_no_fewer_codes(width: float, other_width: float) -> None:
    narrow, wide = sorted((width, other_width))
    narrow_plan, wide_plan = plan_codes(PILOT, narrow), plan_codes(PILOT, wide)

    assert narrow_plan is not None
    assert wide_plan is not None
    assert narrow_plan.n >= wide_plan.n
    assert narrow_plan.half_width <= narrow + 1e-9


@pytest.mark.parametrize("positives", [(300, 30, 40), (40, 10, 10), (25, 2, 0)])
def test_the_predicted_half_width_is_reached(positives: tuple[int, int, int]) -> None:
    """Shares of 7.4, 1.2 and .5 %: in the last two nothing is found in the rest of most pilots."""
    rng = np.random.default_rng(5)
    sizes, kinds = (400, 300, 4300), (MENTION, NEAR_MISS, REST)
    orders = [np.arange(size) < yes for size, yes in zip(sizes, positives, strict=True)]
    ratios = []
    for _ in range(40):
        drawn = [rng.permutation(order).astype(float) for order in orders]

        def code(
            counts: Sequence[int], drawn: Sequence[NDArray[np.float64]] = drawn
        ) -> list[CodedStratum]:
            return [
                CodedStratum(kind, len(codes), codes[:n].tolist())
                for kind, codes, n in zip(kinds, drawn, counts, strict=True)
            ]

        plan = plan_codes(code([30, 30, 30]), 0.02)
        assert plan is not None
        estimate = estimate_share(code(plan.counts))
        assert estimate is not None
        ratios.append((estimate.high - estimate.low) / 2 / plan.half_width)

    assert 0.85 < np.median(ratios) < 1.15


def test_a_machine_that_is_often_right_saves_codes() -> None:
    positives, negatives = [1.0] * 20 + [0.0] * 20, [0.0] * 60
    codes = [*positives, *negatives]
    machine_codes = [1.0] * 18 + [0.0] * 22 + [1.0] * 2 + [0.0] * 58
    pilot = [CodedStratum(REST, 5000, codes, (), MachineCodes(machine_codes, 1000, 5000))]
    alone, helped = (plan_codes(pilot, 0.02, use_machine=use) for use in (False, True))

    assert alone is not None
    assert helped is not None
    assert helped.half_width == pytest.approx(alone.half_width, rel=0.01)
    assert 0.3 * alone.n < helped.n < 0.8 * alone.n


def test_a_useless_machine_changes_no_plan() -> None:
    machine = MachineCodes([0.0] * 30, 2000, 4300)
    pilot = [CodedStratum(REST, 4300, [1.0] * 10 + [0.0] * 20, (), machine)]
    assert plan_codes(pilot, 0.02, use_machine=True) == plan_codes(pilot, 0.02)
