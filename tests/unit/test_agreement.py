"""Krippendorff's alpha, against the example that he works out himself."""

from __future__ import annotations

import pytest

from reports.stats.agreement import krippendorff_alpha

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
