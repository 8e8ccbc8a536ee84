"""Shares, precision and recall from codes: hand-worked cases, invariants, and that they cover."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from core.enums import SamplePart
from reports.stats.coded_shares import (
    compare_shares,
    estimate_f1,
    estimate_precision,
    estimate_recall,
    estimate_share,
)
from reports.stats.coded_strata import (
    CodedStratum,
    FirstPhase,
    MachineCodes,
    pool,
)
from reports.stats.intervals import TAIL, midp_interval
from reports.stats.multiple_tests import adjust_holm
from tests.stratum_kit import estimate_mean

MENTION, NEAR_MISS, REST = SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST

# Documents of which no sample is a part to speak of.
MANY = 10**9

MONTH = 5000


def code(positives: int, n: int) -> list[float]:
    return [1.0] * positives + [0.0] * (n - positives)


# --- limits ---


@pytest.mark.parametrize(("matched", "n"), [(1, 10), (4, 9), (29, 30), (3, 400)])
def test_the_midp_limits_are_where_half_of_what_was_seen_and_all_beyond_have_the_tail(
    matched: int, n: int
) -> None:
    low, high = midp_interval(matched, n)

    beyond_low = binom.sf(matched, n, low) + binom.pmf(matched, n, low) / 2
    beyond_high = binom.cdf(matched, n, high) - binom.pmf(matched, n, high) / 2
    assert beyond_low == pytest.approx(TAIL, rel=1e-6)
    assert beyond_high == pytest.approx(TAIL, rel=1e-6)


def test_of_no_unit_in_the_category_the_upper_limit_follows_the_rule_of_three() -> None:
    low, high = midp_interval(0, 300)

    assert low == 0
    assert high == pytest.approx(1 - 0.05 ** (1 / 300))
    assert high == pytest.approx(3 / 300, rel=0.01)


@given(st.integers(1, 500), st.data())
def test_midp_limits_hold_the_share_and_mirror_each_other(n: int, data: st.DataObject) -> None:
    matched = data.draw(st.integers(0, n))
    low, high = midp_interval(matched, n)
    other_low, other_high = midp_interval(n - matched, n)

    assert 0 <= low <= matched / n <= high <= 1
    assert other_low == pytest.approx(1 - high, abs=1e-9)
    assert other_high == pytest.approx(1 - low, abs=1e-9)


@given(st.floats(0, 1), st.floats(1e-3, 1e9), st.sampled_from([0.025, 0.4, 1e-9]))
def test_every_share_of_every_size_has_limits(share: float, n: float, tail: float) -> None:
    low, high = midp_interval(share * n, n, tail)

    assert 0 <= low <= high <= 1


def test_a_share_that_is_whole_but_for_rounding_has_limits() -> None:
    low, high = midp_interval(30 - 1e-14, 30)

    assert low == pytest.approx(midp_interval(30, 30)[0], rel=1e-6)
    assert high == pytest.approx(1)


def test_periods_in_which_all_is_in_the_category_have_a_share_of_one() -> None:
    sizes = (3000, 8000, 5000, 2000, 6000, 4000, 7000)
    cell = pool([CodedStratum(MENTION, size, code(3, 3)) for size in sizes])

    assert cell.share == 1


def test_no_share_has_limits_of_it() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        midp_interval(3, 2)


# --- shares of people's codes ---


def test_a_stratum_weighs_its_documents_and_limits_are_joined_by_their_squares() -> None:
    strata = [
        CodedStratum(MENTION, MANY // 10, code(18, 20)),
        CodedStratum(REST, MANY * 9 // 10, code(1, 50)),
    ]
    estimate = estimate_share(strata)

    assert estimate is not None
    assert estimate.n == 70
    assert estimate.value == pytest.approx(0.1 * 0.9 + 0.9 * 0.02)
    (low, high), (other_low, other_high) = midp_interval(18, 20), midp_interval(1, 50)
    below = math.hypot(0.1 * (0.9 - low), 0.9 * (0.02 - other_low))
    above = math.hypot(0.1 * (high - 0.9), 0.9 * (other_high - 0.02))
    assert estimate.low == pytest.approx(estimate.value - below, abs=1e-6)
    assert estimate.high == pytest.approx(estimate.value + above, abs=1e-6)


def test_strata_of_one_kind_are_pooled_over_periods_by_their_weights() -> None:
    cell = pool([CodedStratum(REST, MANY * 3, code(1, 10)), CodedStratum(REST, MANY, code(10, 10))])

    assert cell.share == pytest.approx(0.75 * 0.1 + 0.25)
    # Weights of .075 and .025: one over the sum of their squares is 16, if all vary alike.
    positive_squares = 0.075**2 + 10 * 0.025**2
    negative_squares = 9 * 0.075**2
    variance = positive_squares * (1 - 0.325) ** 2 + negative_squares * 0.325**2
    kish = 1 / (10 * 0.075**2 + 10 * 0.025**2)
    assert cell.effective_n == pytest.approx(min(kish, 0.325 * 0.675 / variance))
    assert cell.effective_n <= kish


def test_a_unit_weighs_its_copies_and_counts_as_one_draw() -> None:
    alone = pool([CodedStratum(REST, MANY, [1, 0, 0, 0])])
    copied = pool([CodedStratum(REST, MANY, [1, 0, 0, 0], [6, 2, 2, 2])])

    assert alone.share == 0.25
    assert alone.effective_n == pytest.approx(4)
    assert copied.share == 0.5
    # Kish's size is 12² / 48 = 3; the heavy unit is the one in the category, which tells no less.
    assert copied.effective_n == pytest.approx(3)


def test_units_in_the_category_that_stand_for_most_documents_make_the_share_less_sure() -> None:
    heavy = pool([CodedStratum(REST, MANY, code(1, 30), [5, *[1] * 29])])
    kish = 34**2 / (25 + 29)
    share = 5 / 34

    variance = (25 * (1 - share) ** 2 + 29 * share**2) / 34**2
    assert heavy.effective_n == pytest.approx(share * (1 - share) / variance)
    assert heavy.effective_n < kish / 2


def test_a_stratum_that_was_read_whole_has_no_error() -> None:
    estimate = estimate_share(
        [CodedStratum(MENTION, 8, code(3, 8)), CodedStratum(REST, 2, [1], [2])]
    )

    assert estimate is not None
    assert (estimate.low, estimate.value, estimate.high) == (0.5, 0.5, 0.5)


def test_what_was_read_is_never_outside_of_the_interval() -> None:
    estimate = estimate_share([CodedStratum(MENTION, 20, code(9, 19))])

    assert estimate is not None
    assert (estimate.low, estimate.high) == (9 / 20, 10 / 20)


def test_a_period_without_codes_is_counted_to_the_one_before() -> None:
    coded = CodedStratum(REST, 400, code(2, 20)), CodedStratum(REST, 600, code(6, 20))
    empty = CodedStratum(REST, 100, [])

    within = estimate_share([coded[0], empty, coded[1]])
    ahead = estimate_share([empty, *coded])
    assert within == ahead
    assert within == estimate_share([replace(coded[0], size=500), coded[1]])


def test_a_kind_of_which_nothing_was_read_may_hold_any_share() -> None:
    strata = [CodedStratum(MENTION, 100, code(80, 100)), CodedStratum(REST, 300, [])]
    estimate = estimate_share(strata)

    assert estimate is not None
    assert estimate.value == pytest.approx(0.8)
    assert (estimate.low, estimate.high) == (pytest.approx(0.2), pytest.approx(0.95))
    assert estimate_share([CodedStratum(REST, 300, [])]) is None
    assert estimate_share([]) is None


@pytest.mark.parametrize(
    ("stratum", "message"),
    [
        (lambda: CodedStratum(REST, 2, [1, 0, 0]), "stand for 3 of 2 documents"),
        (lambda: CodedStratum(REST, 9, [1, 0], [5]), "2 codes have 1 numbers of copies"),
        (lambda: CodedStratum(REST, 9, [1, 2]).sums, "no number from 0 to 1"),
        (lambda: CodedStratum(REST, 9, [math.nan]).sums, "no number from 0 to 1"),
        (lambda: CodedStratum(REST, 9, [1], [0]), "stands for no document"),
        (
            lambda: CodedStratum(REST, 9, [1, 0], (), MachineCodes([1], 2, 9)),
            "1 codes of 2 units",
        ),
        (
            lambda: CodedStratum(REST, 9, [1], (), MachineCodes([1], 8, 7)).machine_parts,
            "coded 7 of 9 documents, 8 into the category",
        ),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(stratum: object, message: str) -> None:
    assert callable(stratum)
    with pytest.raises(ValueError, match=message):
        stratum()


counts = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 200))


@given(st.lists(counts, min_size=1, max_size=6), st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_share_lies_in_its_interval_and_both_between_what_was_read_and_what_was_not(
    numbers: list[tuple[int, int, int]], use_machine: bool
) -> None:
    strata = []
    for number, (yes, no, unread) in enumerate(numbers):
        codes = code(yes, yes + no)
        size = yes + no + unread
        machine = MachineCodes([unit % 2 for unit in range(yes + no)], size // 2, size)
        kind = (MENTION, NEAR_MISS, REST)[number % 3]
        # A machine that puts more of the units into the category than documents is none.
        is_possible = size // 2 >= (yes + no + 1) // 2
        strata.append(CodedStratum(kind, size, codes, (), machine if is_possible else None))

    estimate = estimate_share(strata, use_machine=use_machine)

    documents = sum(map(sum, numbers))
    if not sum(yes + no for yes, no, _ in numbers):
        assert estimate is None
        return

    assert estimate is not None
    lowest = sum(yes for yes, _, _ in numbers) / documents
    highest = lowest + sum(unread for _, _, unread in numbers) / documents
    assert lowest - 1e-9 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value - 1e-9 <= estimate.high <= highest + 1e-9


# --- with a machine coder ---


def test_a_machine_makes_post_strata_of_which_it_knows_the_size() -> None:
    machine = MachineCodes(code(10, 10) + code(0, 90), MANY // 5, MANY)
    codes = code(9, 10) + code(1, 90)
    estimate = estimate_share([CodedStratum(REST, MANY, codes, (), machine)], use_machine=True)

    assert estimate is not None
    assert estimate.value == pytest.approx(0.2 * 0.9 + 0.8 / 90)
    (low, _), (other_low, _) = midp_interval(9, 10), midp_interval(1, 90)
    below = math.hypot(0.2 * (0.9 - low), 0.8 * (1 / 90 - other_low))
    assert estimate.low == pytest.approx(estimate.value - below, abs=1e-6)


def test_post_stratification_is_the_difference_estimator_with_the_best_slope() -> None:
    positives, size = 30_000, 100_000
    codes = code(25, 30) + code(7, 70)
    machine = MachineCodes(code(30, 30) + code(0, 70), positives, size)
    estimate = estimate_share([CodedStratum(REST, size, codes, (), machine)], use_machine=True)

    slope = 25 / 30 - 7 / 70
    assert estimate is not None
    assert estimate.value == pytest.approx(0.32 + slope * (0.3 - 0.3))
    other_positives = replace(machine, positives=40_000)
    moved = estimate_share([CodedStratum(REST, size, codes, (), other_positives)], use_machine=True)
    assert moved is not None
    assert moved.value == pytest.approx(0.32 + slope * (0.4 - 0.3))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_machine_gives_the_share_that_the_regression_estimator_gives(
    yes_yes: int, yes_no: int, no_yes: int, no_no: int
) -> None:
    codes = code(yes_yes, yes_yes + yes_no) + code(no_yes, no_yes + no_no)
    machine_codes = code(yes_yes + yes_no, len(codes))
    machine = MachineCodes(machine_codes, MANY // 4, MANY)
    stratum = CodedStratum(REST, MANY, codes, (), machine)
    estimate = estimate_share([stratum], use_machine=True)
    regression = estimate_mean([stratum])

    assert estimate is not None
    assert regression is not None
    if estimate != estimate_share([stratum]):
        assert estimate.value == pytest.approx(regression.value, abs=1e-6)


def test_a_useless_machine_leaves_the_interval_of_people_alone() -> None:
    codes = code(8, 100)
    machine = MachineCodes([unit % 2 for unit in range(100)], MANY // 2, MANY)
    strata = [CodedStratum(REST, MANY, codes, (), machine)]

    assert estimate_share(strata, use_machine=True) == estimate_share(strata)


def test_a_machine_that_is_always_right_narrows_the_interval() -> None:
    codes = code(50, 100)
    strata = [CodedStratum(REST, MANY, codes, (), MachineCodes(codes, MANY // 2, MANY))]
    alone, joined = estimate_share(strata), estimate_share(strata, use_machine=True)

    assert alone is not None
    assert joined is not None
    assert joined.value == pytest.approx(0.5)
    assert joined.high - joined.low < 0.5 * (alone.high - alone.low)


def test_documents_that_the_machine_has_not_coded_are_a_post_stratum_of_their_own() -> None:
    codes = code(40, 40) + code(0, 40) + code(20, 40)
    machine_codes = [1.0] * 40 + [0.0] * 40 + [None] * 40
    machine = MachineCodes(machine_codes, MANY // 10, MANY * 9 // 10)
    estimate = estimate_share([CodedStratum(REST, MANY, codes, (), machine)], use_machine=True)

    assert estimate is not None
    assert estimate.value == pytest.approx(0.1 * 1 + 0.8 * 0 + 0.1 * 0.5)


# --- the keyword ---

# 400 documents mention it, 300 are near misses, 4,300 neither.
KEYWORD = [
    CodedStratum(MENTION, 400, code(27, 30)),
    CodedStratum(NEAR_MISS, 300, code(3, 30)),
    CodedStratum(REST, 4300, code(1, 43)),
]


def test_precision_is_the_share_among_mentions() -> None:
    precision = estimate_precision(KEYWORD)

    assert precision == estimate_share(KEYWORD[:1])
    assert precision is not None
    assert precision.value == pytest.approx(0.9)


def test_recall_is_relevant_mentions_among_all_relevant_documents() -> None:
    recall = estimate_recall(KEYWORD)

    assert recall is not None
    assert recall.n == 103
    # One miss was read of 43 texts that stand for 100 documents each: a third of a unit is 33.
    assert recall.value == pytest.approx(360 / (360 + 30 + 133.3), rel=1e-3)
    assert recall.low < recall.value < recall.high


def test_the_limits_of_recall_are_those_at_which_the_totals_no_longer_differ() -> None:
    recall = estimate_recall(KEYWORD)
    hits, misses = estimate_share(KEYWORD[:1]), estimate_share(KEYWORD[1:])
    assert recall is not None
    assert hits is not None
    assert misses is not None

    # Where the ratio of misses to hits is r, the interval of misses - r * hits ends at 0.
    for limit, miss, hit in (
        (recall.high, misses.low, hits.high),
        (recall.low, misses.high, hits.low),
    ):
        ratio = 1 / limit - 1
        difference = 4600 * misses.value - ratio * 400 * hits.value
        half = math.hypot(4600 * (misses.value - miss), ratio * 400 * (hits.value - hit))
        assert abs(difference) == pytest.approx(half)


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    precision, recall, f1 = (
        estimate(KEYWORD) for estimate in (estimate_precision, estimate_recall, estimate_f1)
    )

    assert precision is not None
    assert recall is not None
    assert f1 is not None
    assert 1 / f1.value == pytest.approx((1 / precision.value + 1 / recall.value) / 2)
    assert f1.low < f1.value < f1.high


def test_a_keyword_that_finds_all_that_was_read_may_still_miss_what_was_not() -> None:
    strata = [CodedStratum(MENTION, 400, code(30, 30)), CodedStratum(REST, 4600, code(0, 60))]
    recall = estimate_recall(strata)

    assert recall is not None
    # A third of a unit of 4,600 / 60 may have been missed, beside 400 that were found.
    assert recall.value == pytest.approx(400 / (400 + 4600 / 60 / 3), rel=0.02)
    assert recall.high == 1
    assert recall.low < 0.8


def test_without_a_relevant_document_there_is_no_recall() -> None:
    strata = [CodedStratum(MENTION, 400, code(0, 30)), CodedStratum(REST, 4600, code(0, 60))]

    assert estimate_recall(strata) is None
    assert estimate_f1(strata) is None


def test_recall_takes_codes_of_documents_with_and_without_a_mention() -> None:
    mentions, others = CodedStratum(MENTION, 400, code(9, 30)), CodedStratum(REST, 4600, code(2, 9))

    assert estimate_recall([mentions, replace(others, codes=[])]) is None
    assert estimate_f1([replace(mentions, codes=[]), others]) is None
    assert estimate_recall([mentions]) is not None


def test_of_mentions_that_were_all_read_and_none_is_relevant_recall_is_surely_zero() -> None:
    strata = [CodedStratum(MENTION, 30, code(0, 30)), CodedStratum(REST, 4600, code(9, 60))]
    recall = estimate_recall(strata)

    assert recall is not None
    assert (recall.low, recall.value, recall.high) == (0, 0, 0)


def test_a_keyword_that_finds_nothing_has_a_recall_of_zero() -> None:
    strata = [CodedStratum(MENTION, 400, code(0, 30)), CodedStratum(REST, 4600, code(9, 60))]
    recall = estimate_recall(strata)

    assert recall is not None
    assert recall.low == recall.value == 0
    assert 0 < recall.high < 0.5


# --- differences ---


def test_the_p_value_is_that_of_the_confidence_at_which_the_interval_touches_zero() -> None:
    left = [CodedStratum(REST, MANY, code(30, 100))]
    right = [CodedStratum(REST, MANY, code(15, 100))]
    comparison, reversed_comparison = compare_shares(left, right), compare_shares(right, left)

    assert comparison is not None
    assert reversed_comparison is not None
    assert comparison.value == pytest.approx(0.15)
    assert comparison.low > 0
    tail = comparison.p_value / 2
    below = 0.3 - midp_interval(30, 100, tail)[0]
    above = midp_interval(15, 100, tail)[1] - 0.15
    assert math.hypot(below, above) == pytest.approx(0.15, abs=1e-4)
    assert reversed_comparison.value == -comparison.value
    assert reversed_comparison.p_value == pytest.approx(comparison.p_value)
    assert (reversed_comparison.low, reversed_comparison.high) == (
        pytest.approx(-comparison.high),
        pytest.approx(-comparison.low),
    )


def test_equal_shares_do_not_differ_and_far_ones_surely_do() -> None:
    half, all_of_it = (CodedStratum(REST, MANY, code(n, 400)) for n in (200, 400))
    equal, far = compare_shares([half], [half]), compare_shares([half], [all_of_it])

    assert equal is not None
    assert (equal.value, equal.p_value) == (0, 1)
    assert far is not None
    assert far.p_value < 1e-9
    assert compare_shares([half], [CodedStratum(REST, 5, [])]) is None


@given(st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None, max_examples=20)
def test_a_p_value_of_5_percent_or_less_is_an_interval_without_zero(left: int, right: int) -> None:
    comparison = compare_shares(
        [CodedStratum(REST, 4000, code(left, 60))], [CodedStratum(REST, 900, code(right, 60))]
    )

    assert comparison is not None
    assert (comparison.p_value <= 0.05) == (not comparison.low <= 0 <= comparison.high)


@pytest.mark.parametrize("share", [0.02, 0.4])
def test_equal_shares_are_called_different_in_at_most_one_of_twenty_draws(share: float) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.binomial(80, share, size=(300, 2)).tolist()
    excluded = 0
    for left, right in drawn:
        low, high = midp_interval(left, 80)
        other_low, other_high = midp_interval(right, 80)
        difference = (left - right) / 80
        below = math.hypot(left / 80 - low, other_high - right / 80)
        above = math.hypot(high - left / 80, right / 80 - other_low)
        excluded += not difference - below <= 0 <= difference + above

    # Of 300 draws at 5 % more than 27 are excluded in 1 of 1,000 cases.
    assert excluded <= 27


def test_holm_multiplies_by_the_tests_that_are_left_and_keeps_the_order() -> None:
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_holm([0.9, 0.6]) == [1.0, 1.0]
    assert adjust_holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_adjusted_p_values_keep_their_order_and_are_never_smaller(p_values: list[float]) -> None:
    adjusted = adjust_holm(p_values)

    for p_value, adjusted_value in zip(p_values, adjusted, strict=True):
        assert p_value <= adjusted_value <= min(1.0, len(p_values) * p_value) + 1e-12

    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[test] for test in order] == sorted(adjusted)


# --- coverage ---


@pytest.mark.parametrize("share", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("use_machine", [False, True])
def test_intervals_of_rare_categories_cover_the_truth(share: float, use_machine: bool) -> None:
    rng = np.random.default_rng(11)
    # By kind: documents, people's yes among them; a machine that is right in 80 %.
    population = [(MENTION, 200, 0.8), (NEAR_MISS, 300, 0.5 * share), (REST, 4500, share)]
    truth = sum(round(size * part) for _, size, part in population) / 5000
    covered = 0
    for _ in range(120):
        strata = []
        for kind, size, part in population:
            yes = round(size * part)
            cells = [round(0.8 * yes), yes - round(0.8 * yes)]
            cells += [round(0.2 * (size - yes)), size - yes - round(0.2 * (size - yes))]
            drawn = rng.multivariate_hypergeometric(cells, 60).tolist()
            codes = code(drawn[0] + drawn[1], 60)
            machine_codes = code(drawn[0], drawn[0] + drawn[1])
            machine_codes += code(drawn[2], drawn[2] + drawn[3])
            machine = MachineCodes(machine_codes, cells[0] + cells[2], size)
            strata.append(CodedStratum(kind, size, codes, (), machine))

        estimate = estimate_share(strata, use_machine=use_machine)
        assert estimate is not None
        covered += estimate.low <= truth <= estimate.high

    # Of 120 intervals that cover in 94 %, fewer than 104 do so in 1 of 1,000 cases.
    assert covered >= 104


# --- a first phase: another coder of a larger sample ---


def add_first_phase(people: list[float], model: list[float], sample: list[float]) -> CodedStratum:
    """Return a stratum of which a model coded *sample*, people a part with the codes *model*."""
    phase = FirstPhase(model, [CodedStratum(REST, MANY, sample)])
    return CodedStratum(REST, MANY, people, first_phase=phase)


def test_a_first_phase_tells_the_sizes_of_the_parts_by_its_code() -> None:
    # A model put 2,500 of 10,000 texts into the category; people read 100 of the ones and 300 of
    # the others.
    people = [*code(80, 100), *code(6, 300)]
    stratum = add_first_phase(people, code(100, 400), code(2500, 10_000))
    estimate = estimate_share([stratum])
    alone = estimate_share([CodedStratum(REST, MANY, people)])

    assert estimate is not None
    assert alone is not None
    assert estimate.n == 400
    assert estimate.value == pytest.approx(0.25 * 0.8 + 0.75 * 0.02)
    low_of_ones, _ = midp_interval(80, 100)
    low_of_others, _ = midp_interval(6, 300)
    low_of_size, _ = midp_interval(2500, 10_000)
    below = math.hypot(
        0.25 * (0.8 - low_of_ones), 0.75 * (0.02 - low_of_others), 0.78 * (0.25 - low_of_size)
    )
    assert estimate.low == pytest.approx(estimate.value - below, abs=1e-6)
    assert estimate.high - estimate.low < 0.7 * (alone.high - alone.low)


def test_a_first_phase_of_all_documents_is_a_machine_that_coded_all() -> None:
    people, model, everything = code(30, 200), code(40, 200), code(900, 4000)
    phase = FirstPhase(model, [CodedStratum(REST, 4000, everything)])
    machine = MachineCodes(model, 900, 4000)
    by_phase = estimate_share([CodedStratum(REST, 4000, people, first_phase=phase)])
    by_machine = estimate_share([CodedStratum(REST, 4000, people, (), machine)], use_machine=True)

    assert by_phase == by_machine


def test_a_first_phase_that_tells_nothing_leaves_the_estimate_alone() -> None:
    people = [*code(10, 50), *code(10, 50)]
    stratum = add_first_phase(people, code(50, 100), code(300, 600))
    split, alone = estimate_share([stratum]), estimate_share([CodedStratum(REST, MANY, people)])
    assert split is not None
    assert alone is not None
    # It is used whatever people's codes of its parts are: otherwise these would choose.
    assert split.value == pytest.approx(alone.value)
    assert split.half_width < 1.05 * alone.half_width

    # People have read none of those that the model puts into the category.
    unread = add_first_phase(code(10, 50), code(0, 50), code(100, 600))
    assert estimate_share([unread]) == estimate_share([CodedStratum(REST, MANY, code(10, 50))])


def test_a_network_of_all_documents_helps_the_first_phase() -> None:
    """The network is as the model is in 9 of 10 documents, the model as people are in 19 of 20."""
    rng = np.random.default_rng(4)
    model = rng.binomial(1, 0.3, MONTH)
    people = np.where(rng.random(MONTH) < 0.95, model, 1 - model)
    network = np.where(rng.random(MONTH) < 0.9, model, 1 - model)
    machine = [
        MachineCodes(network[:n].astype(float).tolist(), int(network.sum()), MONTH)
        for n in (300, 600)
    ]
    sample = CodedStratum(REST, MONTH, model[:600].astype(float).tolist(), (), machine[1])
    phase = FirstPhase(model[:300].astype(float).tolist(), [sample])
    stratum = CodedStratum(REST, MONTH, people[:300].astype(float).tolist(), (), machine[0], phase)
    widths = []
    for chosen, use_network in (
        (replace(stratum, first_phase=None), True),
        (stratum, False),
        (stratum, True),
    ):
        estimate = estimate_share([chosen], use_machine=use_network)
        assert estimate is not None
        widths.append(estimate.high - estimate.low)

    assert widths[2] < 0.95 * min(widths[:2])


def test_codes_of_a_first_phase_are_those_of_the_units() -> None:
    with pytest.raises(ValueError, match="2 units have 1 codes of the first"):
        CodedStratum(REST, 100, [1, 0], first_phase=FirstPhase([1], []))
