"""Classes of the rest by rank: their sizes, and estimates from samples that draw them unequally."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.codebooks.division import expect_shares, weigh_parts
from analysis.codebooks.rank_classes import expect_relative_share, size_classes
from core.enums import SampleGoal, SamplePart
from reports.stats.code_plans import plan_codes, predict_half_width
from reports.stats.coded_strata import CodedStratum, collapse, pool
from reports.stats.proportions import estimate_share

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
    later = [
        of_class(part, size, round(share * count), count)
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
