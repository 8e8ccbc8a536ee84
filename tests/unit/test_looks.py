"""Looks at a growing sample: when they end it, what they draw, and that their intervals hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.enums import SamplePart
from reports.stats.coded_shares import estimate_share
from reports.stats.coded_strata import CodedStratum, MachineCodes
from reports.stats.looks import LEVELS, PARTS, WantedShare, count_pilot, take_look

MENTION, NEAR_MISS, REST = SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST
SIZES = (400, 300, 4300)
PILOT = [
    CodedStratum(MENTION, 400, [1] * 15 + [0] * 15),
    CodedStratum(NEAR_MISS, 300, [1] * 3 + [0] * 27),
    CodedStratum(REST, 4300, [1] * 2 + [0] * 38),
]
DRAWN = [30, 30, 40]


def want(strata: list[CodedStratum], name: str = "share") -> WantedShare:
    return WantedShare(name, [replace(stratum, number=n) for n, stratum in enumerate(strata)])


def test_the_errors_of_all_looks_add_up_to_five_percent() -> None:
    assert math.fsum(LEVELS) == pytest.approx(0.05)
    assert len(PARTS) == len(LEVELS) - 1


def test_a_look_has_the_interval_of_its_own_level() -> None:
    look = take_look(1, [want(PILOT)], 0.01, drawn=DRAWN, texts=SIZES)

    estimate = estimate_share(PILOT, tail=LEVELS[0] / 2)
    usual = estimate_share(PILOT)
    assert estimate is not None
    assert usual is not None
    assert look.shares[0].estimate == estimate
    assert estimate.low < usual.low < usual.high < estimate.high
    assert look.half_width == pytest.approx((estimate.high - estimate.low) / 2)


def test_a_sample_that_is_enough_ends() -> None:
    look = take_look(1, [want(PILOT)], 0.3, drawn=DRAWN, texts=SIZES)

    assert look.missing == []
    assert look.drawn is None


def test_a_later_look_draws_a_larger_part_of_its_plan() -> None:
    looks = [take_look(number, [want(PILOT)], 0.02, drawn=DRAWN, texts=SIZES) for number in (1, 3)]

    first, third = (sum(look.drawn or ()) for look in looks)
    assert sum(DRAWN) < first < third


def test_a_network_that_coded_all_texts_saves_codes() -> None:
    helped = [
        CodedStratum(
            stratum.kind,
            stratum.size,
            stratum.codes,
            (),
            MachineCodes(stratum.codes, round(stratum.size * np.mean(stratum.codes)), stratum.size),
        )
        for stratum in PILOT
    ]
    alone, saved = (
        take_look(3, [want(strata)], 0.02, drawn=DRAWN, texts=SIZES) for strata in (PILOT, helped)
    )

    assert saved.half_width < alone.half_width
    assert sum(saved.drawn or ()) < 0.6 * sum(alone.drawn or ())


def test_a_look_expects_a_range_that_holds_what_the_next_one_finds() -> None:
    rng = np.random.default_rng(3)
    positives = (200, 30, 40)
    orders = [np.arange(size) < yes for size, yes in zip(SIZES, positives, strict=True)]
    ratios, are_inside = [], []
    for _ in range(30):
        codes = [rng.permutation(order).astype(float).tolist() for order in orders]
        counts: Sequence[int] = DRAWN
        expected = None
        for number in (1, 2, 3):
            strata = [
                CodedStratum(kind, size, stratum_codes[:n])
                for kind, size, stratum_codes, n in zip(
                    (MENTION, NEAR_MISS, REST), SIZES, codes, counts, strict=True
                )
            ]
            look = take_look(number, [want(strata)], 0.02, drawn=counts, texts=SIZES)
            if expected is not None:
                lowest, highest = expected
                ratios.append(look.half_width / (lowest + highest) * 2)
                are_inside.append(lowest <= look.half_width <= highest)
            if look.drawn is None:
                break

            counts, expected = look.drawn, look.expected

    assert 0.85 < np.median(ratios) < 1.15
    assert 0.7 < np.mean(are_inside) < 1


def test_the_fifth_look_is_the_last() -> None:
    look = take_look(5, [want(PILOT)], 0.001, drawn=DRAWN, texts=SIZES)

    assert look.drawn is None
    assert [share.name for share in look.missing] == ["share"]
    with pytest.raises(ValueError, match="there is no look 6"):
        take_look(6, [want(PILOT)], 0.02, drawn=DRAWN, texts=SIZES)


def test_a_cap_leaves_each_stratum_its_part() -> None:
    free = take_look(1, [want(PILOT)], 0.01, drawn=DRAWN, texts=SIZES).drawn
    capped = take_look(1, [want(PILOT)], 0.01, drawn=DRAWN, texts=SIZES, most_new=50).drawn

    assert free is not None
    assert capped is not None
    assert 45 <= sum(capped) - sum(DRAWN) <= 50
    assert capped[2] - DRAWN[2] == pytest.approx(
        50 * (free[2] - DRAWN[2]) / (sum(free) - sum(DRAWN)), abs=1
    )
    nothing = take_look(1, [want(PILOT)], 0.01, drawn=DRAWN, texts=SIZES, most_new=0)
    assert nothing.drawn is None


def test_each_stratum_gets_what_the_most_demanding_share_takes() -> None:
    rare = [
        CodedStratum(kind, size, [0] * n)
        for kind, size, n in zip((MENTION, NEAR_MISS, REST), SIZES, DRAWN, strict=True)
    ]
    both = take_look(
        1, [want(PILOT, "common"), want(rare, "rare")], 0.02, drawn=DRAWN, texts=SIZES
    ).drawn
    alone = take_look(1, [want(PILOT)], 0.02, drawn=DRAWN, texts=SIZES).drawn

    assert both is not None
    assert alone is not None
    assert all(more >= fewer for more, fewer in zip(both, alone, strict=True))


def test_a_period_without_a_code_gets_a_floor() -> None:
    empty = [CodedStratum(REST, 500, [], number=3)]
    look = take_look(
        1, [WantedShare("2020-02", empty)], 0.02, drawn=[*DRAWN, 0], texts=[*SIZES, 500]
    )

    assert look.shares[0].half_width == 0.5
    assert look.drawn is not None
    assert look.drawn[:3] == DRAWN
    assert look.drawn[3] > 0


def test_a_pilot_has_some_of_each_period() -> None:
    assert count_pilot(1, are_estimated=False) == 100
    assert count_pilot(1, are_estimated=True) == 100
    assert count_pilot(24, are_estimated=True) == 720
    assert count_pilot(120, are_estimated=False) == 360


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(5, 400), st.integers(0, 3)), min_size=3, max_size=3),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.01, 0.03, 0.1]),
)
def test_looks_end_and_never_draw_less_than_before(
    kinds: list[tuple[int, int]], seed: int, within: float
) -> None:
    rng = np.random.default_rng(seed)
    orders = [
        rng.permutation([i < size * tenths / 10 for i in range(size)]) for size, tenths in kinds
    ]
    sizes = [len(order) for order in orders]
    drawn = [min(10, size) for size in sizes]

    for number in range(1, len(LEVELS) + 1):
        strata = [
            CodedStratum(kind, len(order), [float(code) for code in order[:n]])
            for kind, order, n in zip((MENTION, NEAR_MISS, REST), orders, drawn, strict=True)
        ]
        look = take_look(number, [want(strata)], within, drawn=drawn, texts=sizes)
        if look.drawn is None:
            assert not look.missing or number == len(LEVELS) or drawn == sizes
            return

        assert all(
            old <= new <= size for old, new, size in zip(drawn, look.drawn, sizes, strict=True)
        )
        assert sum(look.drawn) > sum(drawn)
        drawn = list(look.drawn)

    pytest.fail("the last look has drawn more")
