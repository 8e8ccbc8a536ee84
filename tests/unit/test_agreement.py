"""Krippendorff's alpha against the example that he works out himself, pairs, and confusion."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.agreement import (
    CodePair,
    MeasurementLevel,
    estimate_alpha,
    krippendorff_alpha,
    make_confusion_matrix,
)

# "Computing Krippendorff's Alpha-Reliability" (2011), part D: four observers, twelve units.
CODERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


def units_of(*coders: str) -> list[list[float]]:
    columns = zip(*(coder.split() for coder in coders), strict=True)
    return [[float(value) for value in column if value != "."] for column in columns]


def test_alpha_of_interval_data_is_that_of_the_published_example() -> None:
    assert krippendorff_alpha(units_of(*CODERS)) == pytest.approx(0.849, abs=0.0005)


def test_a_unit_of_one_coder_tells_nothing() -> None:
    assert krippendorff_alpha([*units_of(*CODERS), [5.0], []]) == krippendorff_alpha(
        units_of(*CODERS)
    )


def test_perfect_agreement_is_one_and_contradiction_is_below_zero() -> None:
    assert krippendorff_alpha([[-1, -1], [1, 1], [0, 0]]) == 1
    worse = krippendorff_alpha([[-1, 1], [1, -1]])
    assert worse is not None
    assert worse < 0


@pytest.mark.parametrize("units", [[], [[1.0], [0.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_without_pairs_or_without_any_difference_there_is_no_alpha(
    units: list[list[float]],
) -> None:
    assert krippendorff_alpha(units) is None


# --- levels and intervals ---


def test_alpha_of_nominal_data_is_that_of_the_published_example() -> None:
    assert krippendorff_alpha(units_of(*CODERS), MeasurementLevel.NOMINAL) == pytest.approx(
        0.743, abs=5e-4
    )


def test_alpha_of_names_is_worked_by_hand() -> None:
    # Five codes are 0 and three 1; one of four units disagrees, in two ordered pairs.
    units = [[0, 0], [0, 0], [1, 1], [0, 1]]
    observed = 2 / 8
    expected = 2 * 5 * 3 / (8 * 7)

    assert krippendorff_alpha(units, MeasurementLevel.NOMINAL) == pytest.approx(
        1 - observed / expected
    )


coded_units = st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=8)


@given(coded_units, st.sampled_from(MeasurementLevel), st.randoms())
def test_alpha_depends_on_no_order_and_is_at_most_one(
    units: list[list[int]], level: MeasurementLevel, random: Random
) -> None:
    alpha = krippendorff_alpha(units, level)
    shuffled = [random.sample(unit, len(unit)) for unit in random.sample(units, len(units))]

    other = krippendorff_alpha(shuffled, level)
    assert (alpha is None) == (other is None)
    if alpha is not None:
        assert alpha <= 1
        assert other == pytest.approx(alpha)


@given(coded_units, st.sampled_from(MeasurementLevel))
def test_alpha_is_that_of_the_package_krippendorff(
    units: list[list[int]], level: MeasurementLevel
) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    alpha = krippendorff_alpha(units, level)

    codes = {code for unit in units if len(unit) > 1 for code in unit}
    if len(codes) > 1:
        counts = [[unit.count(code) for code in sorted(codes)] for unit in units if len(unit) > 1]
        expected = krippendorff.alpha(
            value_counts=np.array(counts),
            value_domain=sorted(codes),
            level_of_measurement=str(level),
        )
        assert alpha == pytest.approx(expected, abs=1e-9)
    else:
        assert alpha is None


def test_two_values_have_one_alpha_at_every_level() -> None:
    units = [[0, 0, 1], [1, 1], [0, 1], [0, 0, 0]]
    alphas = [krippendorff_alpha(units, level) for level in MeasurementLevel]

    assert alphas == [pytest.approx(alphas[0])] * 2


def test_the_interval_of_alpha_is_that_of_resampled_units() -> None:
    units = [[0, 0], [1, 1]] * 30 + [[0, 1]] * 6
    estimate = estimate_alpha(units, MeasurementLevel.NOMINAL)

    assert estimate is not None
    assert estimate.n == 66
    assert estimate.value == krippendorff_alpha(units, MeasurementLevel.NOMINAL)
    # About one less twice the share of disagreements, of which 66 units have 6.
    half = 2 * 1.96 * math.sqrt(6 / 66 * 60 / 66 / 66)
    assert estimate.low == pytest.approx(estimate.value - half, abs=0.03)
    assert estimate.high == pytest.approx(estimate.value + half, abs=0.03)
    assert estimate == estimate_alpha(units, MeasurementLevel.NOMINAL)


def test_perfect_agreement_has_an_interval_of_no_width_and_no_difference_has_none() -> None:
    perfect = estimate_alpha([[0, 0], [1, 1]] * 10, MeasurementLevel.NOMINAL)

    assert perfect is not None
    assert (perfect.low, perfect.value, perfect.high) == (1, 1, 1)
    assert estimate_alpha([[1, 1], [1, 1]], MeasurementLevel.NOMINAL) is None


# --- a machine beside people ---


def test_a_confusion_matrix_counts_the_documents_for_which_units_stand() -> None:
    pairs = [
        CodePair("for", "for", 10),
        CodePair("for", "against", 5),
        CodePair("against", "against", 1),
        CodePair("neither", "for", 4),
    ]
    matrix = make_confusion_matrix(pairs, ("for", "against", "neither", "other"))

    assert matrix is not None
    assert matrix.n == 4
    assert matrix.documents == ((10, 5, 0, 0), (0, 1, 0, 0), (4, 0, 0, 0), (0, 0, 0, 0))
    assert matrix.accuracy == pytest.approx(11 / 20)
    assert matrix.precision("for") == pytest.approx(10 / 14)
    assert matrix.recall("for") == pytest.approx(10 / 15)
    assert matrix.precision("neither") is None
    assert matrix.recall("other") is None
    # F1 of "for" is 20/29, of "against" 2/7, of "neither" 0; people never used "other".
    assert matrix.macro_f1 == pytest.approx((20 / 29 + 2 / 7) / 3)


def test_a_code_that_is_no_category_is_no_silent_success() -> None:
    with pytest.raises(KeyError, match="maybe"):
        make_confusion_matrix([CodePair("for", "maybe")], ("for",))
    assert make_confusion_matrix([], ("for",)) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9)), min_size=1))
def test_accuracy_and_macro_f1_are_those_of_scikit_learn(
    numbers: list[tuple[int, int, int]],
) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    categories = ("a", "b", "c", "d")
    people, machine, weights = zip(*numbers, strict=True)
    pairs = [CodePair(categories[a], categories[b], float(w)) for a, b, w in numbers]
    matrix = make_confusion_matrix(pairs, categories)

    assert matrix is not None
    expected = metrics.accuracy_score(people, machine, sample_weight=weights)
    assert matrix.accuracy == pytest.approx(expected)
    scores = metrics.f1_score(
        people,
        machine,
        labels=sorted(set(people)),
        average="macro",
        sample_weight=weights,
        zero_division=0,
    )
    assert matrix.macro_f1 == pytest.approx(scores)
