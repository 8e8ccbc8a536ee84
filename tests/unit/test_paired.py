"""Differences and co-mentions of two subjects against published figures and other libraries."""

from __future__ import annotations

import math
from statistics import NormalDist, stdev, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.stats.intervals import wilson_interval
from reports.stats.paired import (
    PairCounts,
    add_pairs,
    compare_paired_means,
    compare_paired_shares,
    compare_with_chance,
    measure_pair_dispersion,
    sum_counts,
)
from tests.pair_months import sum_scores

Z = NormalDist().inv_cdf(0.975)


@pytest.mark.parametrize(
    ("cells", "interval"),  # both, first alone, second alone, neither
    [
        ((36, 12, 2, 0), (0.0569, 0.3404)),  # Newcombe 1998, table II, method 10
        ((20, 24, 6, 0), (0.1540, 0.5284)),
        ((1, 1, 7, 12), (-0.507, -0.026)),  # Fagerland, Lydersen and Laake 2014, Bentur's data
    ],
)
def test_the_interval_of_shares_is_newcombes(
    cells: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    both, first, second, _ = cells
    estimate = compare_paired_shares(PairCounts(sum(cells), both + first, both + second, both))
    assert estimate is not None
    assert estimate.value == pytest.approx((first - second) / sum(cells))
    assert (estimate.low, estimate.high) == pytest.approx(interval, abs=6e-4)


def test_documents_that_mention_both_speak_for_neither() -> None:
    few = compare_paired_shares(PairCounts(1000, 12, 2, 0))
    many = compare_paired_shares(PairCounts(1000, 412, 402, 400))
    assert few is not None
    assert many is not None
    assert few.p_value == many.p_value == pytest.approx(stats.binomtest(2, 14).pvalue)
    unpaired = math.hypot(*(wilson_interval(n, 1000)[1] - n / 1000 for n in (412, 402)))
    assert many.high - many.low < unpaired  # as if documents were independent: twice that


def test_nothing_is_compared_without_documents_and_all_is_open_with_less_than_one() -> None:
    assert compare_paired_shares(PairCounts(0, 0, 0, 0)) is None
    estimate = compare_paired_shares(PairCounts(3, 2, 0, 0), dispersion=5.0)
    assert estimate is not None
    assert (estimate.low, estimate.high) == (-1.0, 1.0)


def test_bursts_make_documents_count_for_fewer() -> None:
    sure = compare_paired_shares(PairCounts(4000, 120, 80, 0))
    burst = compare_paired_shares(PairCounts(4000, 120, 80, 0), dispersion=4.0)
    quarter = compare_paired_shares(PairCounts(1000, 30, 20, 0))
    assert burst is not None
    assert burst == quarter
    assert sure is not None
    assert sure.p_value < 0.01 < burst.p_value


@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_interval_of_shares_holds_its_difference_and_turns_with_it(
    neither: int, first: int, second: int, both: int
) -> None:
    n = neither + first + second + both
    estimate = compare_paired_shares(PairCounts(n, first + both, second + both, both))
    other = compare_paired_shares(PairCounts(n, second + both, first + both, both))
    assert estimate is not None
    assert other is not None
    assert -1.0000001 <= estimate.low <= estimate.value <= estimate.high <= 1.0000001
    assert 0 <= estimate.p_value <= 1
    turned = other.reverse()
    assert (turned.value, turned.low, turned.high) == pytest.approx(
        (estimate.value, estimate.low, estimate.high)
    )


def test_the_ratio_of_documents_with_both_has_garwoods_interval() -> None:
    estimate = compare_with_chance(PairCounts(10_000, 400, 250, 10), 10.0)
    assert estimate is not None
    assert estimate.value == 1.0
    assert (10 * estimate.low, 10 * estimate.high) == pytest.approx((4.795, 18.390), abs=1e-3)
    none = compare_with_chance(PairCounts(10_000, 400, 250, 0), 10.0)
    assert none is not None
    assert (none.low, 10 * none.high) == pytest.approx((0.0, 3.6889), abs=1e-3)
    assert none.p_value == pytest.approx(2 * math.exp(-10))
    assert compare_with_chance(PairCounts(10_000, 0, 250, 0), 0.0) is None


def test_the_ratio_has_no_interval_where_no_number_of_documents_can_lie() -> None:
    estimate = compare_with_chance(PairCounts(10, 9, 8, 7), 7.2)
    assert estimate is not None
    assert (7.2 * estimate.low, 7.2 * estimate.high) == pytest.approx((7.0, 8.0))


def test_means_of_sentences_in_the_same_documents_are_compared_in_pairs() -> None:
    first = {n: [0.5 * math.sin(n)] for n in range(40)}
    second = {n: [0.5 * math.sin(n) - 0.1 + 0.25 * math.cos(7 * n)] for n in range(40)}
    estimate = compare_paired_means(sum_scores(first, second))
    differences = [first[n][0] - second[n][0] for n in range(40)]
    assert estimate is not None
    assert estimate.value == pytest.approx(math.fsum(differences) / 40)
    paired = stats.t.ppf(0.975, 39) * stdev(differences) / math.sqrt(40)
    values = [value for (value,) in first.values()], [value for (value,) in second.values()]
    unpaired = math.sqrt(sum(map(variance, values)) / 40) * stats.t.ppf(0.975, 39)
    assert paired <= estimate.high - estimate.value < 1.3 * paired < 0.8 * unpaired


def test_means_of_other_documents_have_the_error_of_two_samples() -> None:
    first = {n: [0.5 * math.sin(n)] for n in range(30)}
    second = {100 + n: [0.5 * math.sin(n + 1)] for n in range(60)}
    values = [value for (value,) in first.values()], [value for (value,) in second.values()]
    estimate = compare_paired_means(sum_scores(first, second))
    assert estimate is not None
    error = math.sqrt(variance(values[0]) / 30 + variance(values[1]) / 60)
    half = stats.t.ppf(0.975, 29) * error
    assert estimate.high - estimate.value == pytest.approx(half, rel=0.03)


def test_ten_sentences_of_a_document_say_no_more_than_one() -> None:
    first = {n: [0.4 * math.sin(n)] for n in range(20)}
    second = {100 + n: [0.4 * math.cos(n)] for n in range(20)}
    repeated = {document: 10 * values for document, values in first.items()}
    once, often = (compare_paired_means(sum_scores(each, second)) for each in (first, repeated))
    assert once is not None
    assert often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_few_documents_are_not_compared_and_few_zeros_are_not_sure() -> None:
    many = {100 + n: [0.3 * math.sin(n)] for n in range(500)}
    assert compare_paired_means(sum_scores({n: [0.1] for n in range(9)}, many)) is None
    zeros = compare_paired_means(sum_scores({n: [0.0] for n in range(10)}, many))
    assert zeros is not None
    assert zeros.high - zeros.value > 0.1  # their own variance is 0
    assert compare_paired_means(sum_scores({}, {})) is None


Scores = st.dictionaries(st.integers(0, 30), st.lists(st.floats(-1, 1), min_size=1, max_size=3))


@given(Scores, Scores, Scores, Scores)
def test_months_can_be_added(
    first: dict[int, list[float]],
    second: dict[int, list[float]],
    later_first: dict[int, list[float]],
    later_second: dict[int, list[float]],
) -> None:
    shift = {1000 + document: values for document, values in later_first.items()}
    other_shift = {1000 + document: values for document, values in later_second.items()}
    months = [sum_scores(first, second), sum_scores(shift, other_shift)]
    together = sum_scores(first | shift, second | other_shift)
    for added, whole in zip(add_pairs(months), together, strict=True):
        assert tuple(added) == pytest.approx(tuple(whole), abs=1e-9)

    counts = [PairCounts(9, 3, 2, 1), PairCounts(5, 1, 0, 0)]
    assert sum_counts(counts) == PairCounts(14, 4, 2, 1)


def test_differences_that_stay_the_same_on_all_days_have_no_dispersion() -> None:
    even = measure_pair_dispersion([50] * 10, [6] * 10, [2] * 10, [1] * 10)
    assert even == pytest.approx(0.0)
    burst = measure_pair_dispersion([50] * 10, [40, *[0] * 9], [2] * 10, [0] * 10)
    assert burst is not None
    assert burst > 10
    assert measure_pair_dispersion([50] * 10, [1] * 10, [1] * 10, [1] * 10) is None
