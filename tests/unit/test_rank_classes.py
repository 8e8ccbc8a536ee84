"""Classes of the rest by rank: their sizes, and estimates from samples that draw them unequally."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.codebooks.division import expect_shares, weigh_parts
from analysis.codebooks.rank_classes import expect_relative_share, size_classes
from core.enums import SampleGoal, SamplePart
from reports.stats.code_plans import bound_half_width, plan_codes, predict_half_width
from reports.stats.coded_shares import estimate_share
from reports.stats.coded_strata import CodedStratum, collapse, pool

REST = SamplePart.REST
CLASSES = list(size_classes(0))


def of_class(part: SamplePart, size: int, positives: int, n: int) -> CodedStratum:
    codes = [1.0] * positives + [0.0] * (n - positives)
    relative_share = expect_relative_share(part)
    return CodedStratum(REST, size, codes, relative_share=relative_share, joins_periods=True)


@given(st.integers(0, 10_000))
def test_each_text_of_the_rest_is_of_one_class(rest: int) -> None:
    sizes = size_classes(rest)
    assert sum(sizes.values()) == rest
    assert list(sizes.values()) == sorted(sizes.values())


def test_the_expected_shares_of_classes_average_to_that_of_the_rest() -> None:
    shares = {part: expect_relative_share(part) for part in CLASSES}
    sizes = size_classes(1024)
    assert sum(shares[part] * sizes[part] for part in CLASSES) / 1024 == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert expect_relative_share(SamplePart.MENTION) == 1


def test_a_text_that_ranks_high_is_drawn_more_often_and_none_never() -> None:
    sizes = {SamplePart.MENTION: 400, SamplePart.NEAR_MISS: 400, **size_classes(16_000)}
    weights = weigh_parts(sizes, SampleGoal.SHARE)
    of_classes = [weights[part] for part in CLASSES]
    assert of_classes == sorted(of_classes, reverse=True)
    assert of_classes[0] > 3 * of_classes[-1] > 0


def test_codes_move_all_classes_alike() -> None:
    sizes = {SamplePart.MENTION: 400, SamplePart.NEAR_MISS: 400, **size_classes(16_000)}
    before = expect_shares(sizes, {})
    after = expect_shares(sizes, {SamplePart.REST_1: (0.0, 30.0), SamplePart.REST: (0.0, 30.0)})
    ratios = [after[part] / before[part] for part in CLASSES]
    assert ratios == pytest.approx([ratios[0]] * len(CLASSES))
    assert ratios[0] < 1


def test_a_class_weighs_its_documents_however_often_it_was_drawn() -> None:
    strata = [of_class(SamplePart.REST_1, 1000, 10, 50), of_class(REST, 9000, 1, 50)]
    cell = pool(strata)
    assert (cell.size, cell.n, cell.positives) == (10_000, 100, 11)
    assert cell.total == pytest.approx(1000 * 10 / 50 + 9000 * 1 / 50)
    # As one stratum the eleven of a hundred would be 11 %.
    assert cell.total < 0.04 * cell.size


def test_a_class_without_a_code_is_counted_to_the_one_before() -> None:
    first = of_class(SamplePart.REST_1, 1000, 5, 50)
    cell = pool([first, of_class(SamplePart.REST_2, 2000, 0, 0), of_class(REST, 7000, 0, 50)])
    assert cell.total == pytest.approx(3000 * 5 / 50)
    assert 0 < cell.effective_n < 300
    assert pool([of_class(SamplePart.REST_1, 10, 0, 0), of_class(REST, 20, 0, 0)]).share is None


def test_a_class_that_was_read_whole_may_stand_for_one_without_a_code() -> None:
    cell = pool([of_class(SamplePart.REST_1, 4, 1, 4), of_class(REST, 100, 0, 0)])
    assert (cell.unread, cell.total) == (100, 26)
    assert 0 < cell.effective_n < 10


def test_an_upper_limit_is_as_if_one_more_yes_had_been_read_in_each_class_alike() -> None:
    """A class whose codes weigh much and hold no yes is not taken to have no variance."""
    cell = pool([of_class(SamplePart.REST_1, 1000, 5, 50), of_class(REST, 9000, 0, 100)])
    weights = np.array([950, 8900]) / 9850
    # Kish's size of a class is more by the part of it that was read.
    n = np.array([50 * 999 * 950 / 1000**2, 100 * 8999 * 8900 / 9000**2])
    likely = (np.array([0.1, 0.0]) * n + 0.5) / (n + 0.5)
    mean = weights @ likely
    expected = mean * (1 - mean) / (weights**2 * likely * (1 - likely) / n).sum()
    assert cell.effective_n == pytest.approx(expected, rel=0.03)
    # With one more no the share is not likelier anywhere: a lower limit that is surer.
    assert cell.lower_n is not None
    assert cell.lower_n > 2 * cell.effective_n


def test_classes_that_are_alike_are_as_sure_as_one() -> None:
    strata = [of_class(part, 1000, 5, 50) for part in (SamplePart.REST_1, REST)]
    cell, one = pool(strata), pool([of_class(REST, 2000, 10, 100)])
    assert cell.share == pytest.approx(one.share)
    assert cell.effective_n == pytest.approx(one.effective_n, rel=0.02)
    assert cell.lower_n == pytest.approx(one.effective_n, rel=0.02)


def test_a_range_of_half_widths_holds_what_is_reached_in_four_of_five_samples() -> None:
    rng = np.random.default_rng(7)
    sizes = np.array([*size_classes(64_000).values()])
    positives = np.round(1280 * np.array([0.24, 0.2, 0.2, 0.2, 0.16])).astype(int)
    counts = np.array([24, 36, 56, 74, 110])
    below = above = 0
    for _ in range(60):
        found = rng.hypergeometric(positives, sizes - positives, counts)
        more = rng.hypergeometric(positives - found, sizes - positives - (counts - found), counts)
        pilot, later = (
            [of_class(*row) for row in zip(CLASSES, sizes.tolist(), yes, n, strict=True)]
            for yes, n in (
                (found.tolist(), counts.tolist()),
                ((found + more).tolist(), (2 * counts).tolist()),
            )
        )
        low, high = bound_half_width(pilot, (2 * counts).tolist())
        assert low <= predict_half_width(pilot, (2 * counts).tolist()) <= high
        estimate = estimate_share(later)
        assert estimate is not None
        below += estimate.half_width < low
        above += estimate.half_width > high

    assert 5 <= below + above <= 18
    assert max(below, above) <= 12


def test_codes_that_are_all_there_leave_no_range() -> None:
    strata = [of_class(part, size, 4, 40) for part, size in size_classes(64_000).items()]
    low, high = bound_half_width(strata, [40] * len(strata))
    estimate = estimate_share(strata)
    assert estimate is not None
    assert low == pytest.approx(high)
    assert low == pytest.approx(estimate.half_width, rel=0.02)


def test_periods_too_small_for_a_code_each_are_one_if_drawn_at_one_rate() -> None:
    periods = [of_class(REST, 100, 0, n) for n in (1, 0, 1, 0, 0, 1)]
    ((joined, size),) = collapse(periods)
    assert (len(joined.codes), size) == (3, 600)
    # A text that was drawn for certain stands for itself.
    certain = CodedStratum(REST, 20, [1.0], [20.0], relative_share=periods[0].relative_share)
    assert pool([*periods, certain]).total == 20
    # By months that were wanted: each keeps its own.
    assert len(collapse([of_class(REST, 100, 0, n) for n in (0, 30, 30)])) == 2


def test_intervals_cover_and_are_narrower_than_from_a_rest_without_classes() -> None:
    """A share of 2 % of the rest, divided between the classes otherwise than expected."""
    rng = np.random.default_rng(5)
    sizes = np.array([*size_classes(64_000).values()])
    positives = np.round(1280 * np.array([0.24, 0.2, 0.2, 0.2, 0.16])).astype(int)
    relative = np.array([expect_relative_share(part) for part in CLASSES])
    counts = np.round(300 * sizes * relative**0.5 / (sizes @ relative**0.5)).astype(int)
    covered, width, plain_width = 0, 0.0, 0.0
    for _ in range(300):
        found = rng.hypergeometric(positives, sizes - positives, counts)
        rows = zip(CLASSES, sizes.tolist(), found.tolist(), counts.tolist(), strict=True)
        estimate = estimate_share([of_class(*row) for row in rows])
        plain = estimate_share([of_class(REST, 64_000, int(rng.binomial(300, 0.02)), 300)])
        assert estimate is not None
        assert plain is not None
        covered += estimate.low <= 0.02 <= estimate.high
        width, plain_width = width + estimate.half_width, plain_width + plain.half_width

    assert covered >= 0.93 * 300
    assert width < 0.88 * plain_width


def test_a_plan_reaches_what_it_expects_of_classes() -> None:
    sizes = size_classes(64_000)
    pilot = [of_class(part, size, 4, 40) for part, size in sizes.items()]
    plan = plan_codes(pilot, 0.01)
    assert plan is not None
    # High classes get more of their documents.
    rates = [count / size for count, size in zip(plan.counts, sizes.values(), strict=True)]
    assert rates == sorted(rates, reverse=True)
    assert predict_half_width(pilot, plan.counts) == pytest.approx(plan.half_width)

    level = 20 / sum(40 * expect_relative_share(part) for part in CLASSES)
    shares = [min(0.5, level * expect_relative_share(part)) for part in CLASSES]
    # What was read stays, and what is to come has the level.
    later = [
        of_class(part, size, round(4 + share * (count - 40)), count)
        for (part, size), share, count in zip(sizes.items(), shares, plan.counts, strict=True)
    ]
    estimate = estimate_share(later)
    assert estimate is not None
    assert estimate.half_width == pytest.approx(plan.half_width, rel=0.05)


def test_a_class_without_a_code_is_planned_by_the_level_of_the_others() -> None:
    pilot = [of_class(SamplePart.REST_1, 1000, 5, 50), of_class(REST, 9000, 0, 0)]
    plan = plan_codes(pilot, 0.02)
    assert plan is not None
    assert plan.counts[1] > 50
    assert plan.half_width <= 0.02
