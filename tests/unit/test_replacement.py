"""Whether a machine may replace a coder: the alternative annotator test, exact for each person."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control

from reports.data.replaced_coders import ReplacedCoder
from reports.stats.multiple_tests import adjust_benjamini_yekutieli
from reports.stats.replacement import (
    LEVEL,
    MARGIN,
    DoubleCoded,
    Verdict,
    find_p_value,
    judge_replacement,
)


def texts(*groups: tuple[int, str, str, str]) -> list[DoubleCoded]:
    """Return texts: how many, the codes of Ann and Ben, and the machine's."""
    return [
        DoubleCoded({"Ann": ann, "Ben": ben}, machine)
        for n, ann, ben, machine in groups
        for _ in range(n)
    ]


def test_where_nobody_leads_the_probability_is_that_of_no_lead_in_so_many_texts() -> None:
    # It is largest where the machine leads on none: then a person does on a tenth.
    assert find_p_value(30, 0, 0) == pytest.approx((1 - MARGIN) ** 30, rel=1e-6)
    assert find_p_value(30, 1, 0) == pytest.approx(binom.cdf(1, 30, MARGIN), rel=0.2)


@pytest.mark.parametrize("n", [30, 60])
@pytest.mark.parametrize("machine_leads", [0.0, 0.02, 0.1, 0.3])
def test_a_person_is_won_over_by_mistake_in_one_of_twenty_at_most(
    n: int, machine_leads: float
) -> None:
    """The sum over all outcomes at the margin, where t-tests err in up to one of five."""
    person_leads = machine_leads + MARGIN
    size = 0.0
    for person in range(n + 1):
        for machine in range(n + 1 - person):
            ties = n - person - machine
            ways = math.comb(n, person) * math.comb(n - person, machine)
            chance = ways * person_leads**person * machine_leads**machine
            chance *= (1 - person_leads - machine_leads) ** ties
            # What is next to impossible costs the most time.
            if chance > 1e-9 and find_p_value(n, person, machine) <= LEVEL:
                size += chance

    assert size <= LEVEL + 1e-6
    assert size > 0.005


def test_adjusted_values_are_those_of_another_program() -> None:
    values = np.random.default_rng(3).random(7) ** 3
    expected = false_discovery_control(values, method="by")
    assert adjust_benjamini_yekutieli(values.tolist()) == pytest.approx(expected.tolist())


def test_a_machine_that_agrees_as_people_do_may_replace_one_and_one_that_guesses_may_not() -> None:
    good = judge_replacement(texts((95, "a", "a", "a"), (5, "a", "b", "a")))
    assert good is not None
    assert (good.verdict, good.more, good.people) == (Verdict.YES, 0, 2)
    # In Ben's place the machine agrees with Ann where he does not: it is as good everywhere.
    assert good.as_good.value == 1.0

    poor = judge_replacement(texts((60, "a", "a", "a"), (40, "b", "b", "a")))
    assert poor is not None
    assert (poor.verdict, poor.as_good.value) == (Verdict.NO, 0.6)


def test_too_few_texts_decide_nothing_and_more_of_the_same_do() -> None:
    few = judge_replacement(texts((19, "a", "a", "a"), (1, "b", "b", "a")))
    assert few is not None
    assert few.verdict == Verdict.OPEN
    assert few.more is not None
    assert few.more >= 10
    n = 20 + few.more
    enough = judge_replacement(texts((n - n // 20, "a", "a", "a"), (n // 20, "b", "b", "a")))
    assert enough is not None
    assert enough.verdict == Verdict.YES


def test_texts_of_one_person_tell_nothing_and_scales_go_by_distance() -> None:
    assert judge_replacement([DoubleCoded({"Ann": "a"}, "a")]) is None
    near = judge_replacement(texts((40, "1", "3", "2")), is_scale=True)
    far = judge_replacement(texts((40, "1", "3", "5")), is_scale=True)
    assert near is not None
    assert far is not None
    # The machine stands between the two: it is nearer to each than the other is.
    assert (near.as_good.value, near.verdict) == (1.0, Verdict.YES)
    # It is as far from Ben as Ann is, and farther from Ann than Ben is.
    assert far.as_good.value == 0.5


def test_the_answer_is_a_sentence() -> None:
    found = judge_replacement(texts((60, "a", "a", "a"), (40, "b", "b", "a")))
    assert found is not None
    judged = ReplacedCoder("model:m", "frame", "a", "", found)
    assert judged.sentence == (
        "frame = a: no; as good as a person on 60 % (50 to 69 %) of 100 texts that several people "
        "coded"
    )


@pytest.mark.thorough
@pytest.mark.parametrize("people", [2, 3, 5])
@pytest.mark.parametrize("n", [30, 100])
def test_a_false_yes_is_rare_in_2000_draws_at_the_margin(people: int, n: int) -> None:
    """Everybody has the truth in nine of ten texts; the machine errs so often that it just fails.

    A code is one of four; who errs takes any of the others.
    """
    rng = np.random.default_rng(11)
    accuracy = 0.9
    names = [f"p{number}" for number in range(people)]

    def draw(n_texts: int, machine_accuracy: float) -> tuple[np.ndarray, np.ndarray]:
        truth = np.zeros((n_texts, people + 1), int)
        rates = np.array([accuracy] * people + [machine_accuracy])
        errs = rng.random((n_texts, people + 1)) >= rates
        truth[errs] = rng.integers(1, 4, errs.sum())
        return truth[:, :people], truth[:, people]

    def lead(machine_accuracy: float) -> float:
        codes, machine = draw(60_000, machine_accuracy)
        others = codes[:, 1:]
        person = (codes[:, :1] == others).mean(axis=1)
        model = (machine[:, None] == others).mean(axis=1)
        return float((np.sign(person - model)).mean())

    low, high = 0.5, 0.9
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if lead(middle) > MARGIN else (low, middle)

    wrong = 0
    for _ in range(2_000):
        codes, machine = draw(n, low)
        found = judge_replacement(
            DoubleCoded(dict(zip(names, map(str, row), strict=True)), str(code))
            for row, code in zip(codes.tolist(), machine.tolist(), strict=True)
        )
        wrong += found is not None and found.verdict == Verdict.YES

    assert wrong / 2_000 <= LEVEL
