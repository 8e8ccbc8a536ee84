"""Coders' errors: their rates from texts of several, and the share without them."""

from __future__ import annotations

import numpy as np
import pytest

from reports.stats.coder_errors import (
    FEWEST_SHARED,
    SharedText,
    correct_share,
    move_share,
    remove_errors,
)
from reports.stats.estimates import Estimate

SHARES = {"mention": 0.6, "rest": 0.05}


def share_texts(rng: np.random.Generator, n: int, error: float) -> list[SharedText]:
    """Return texts that two coders coded who err in *error* of them."""
    texts = []
    for kind, share in SHARES.items():
        truths = rng.random(n) < share
        codes = truths != (rng.random((2, n)) < error)
        texts += [SharedText(kind, 2, int(positives)) for positives in codes.sum(axis=0)]

    return texts


def test_rates_are_found_without_a_truth_and_the_share_is_corrected() -> None:
    # Of 5 % of the texts 10 % are missed, and 10 % of the others are wrongly in it.
    share = Estimate(0.05 * 0.9 + 0.95 * 0.1, 0.12, 0.16, 1000)
    found = correct_share(share, share_texts(np.random.default_rng(1), 1000, 0.1))
    assert found is not None
    assert found.n == 2000
    assert found.false_yes.value == pytest.approx(0.1, abs=0.02)
    assert found.false_no.value == pytest.approx(0.1, abs=0.04)
    assert found.corrected.low < 0.05 < found.corrected.high
    assert found.corrected.half_width > share.half_width


def test_what_was_decided_is_the_truth() -> None:
    wrong = [SharedText("rest", 2, 1, decided=False)] * 10
    right = [SharedText("rest", 2, 0, decided=False)] * 40 + [SharedText("rest", 2, 2, True)] * 10
    found = correct_share(Estimate(0.3, 0.25, 0.35, 100), wrong + right)
    assert found is not None
    # Ten false yes of a hundred codes of texts to which it does not apply, and half a code more.
    assert found.false_yes.value == pytest.approx(10.5 / 101)
    assert found.false_no.value == pytest.approx(0.5 / 21)


def test_few_texts_of_several_tell_nothing() -> None:
    texts = [SharedText("rest", 2, 0)] * (FEWEST_SHARED - 1)
    assert correct_share(Estimate(0.1, 0.05, 0.15), texts) is None


def test_decided_codes_need_no_correction() -> None:
    texts = share_texts(np.random.default_rng(2), 100, 0.1)
    found = correct_share(Estimate(0.1, 0.05, 0.15), texts, single_part=0.0)
    assert found is not None
    assert found.corrected.value == pytest.approx(0.1)


def test_assumed_errors_move_a_share_as_rogan_and_gladen_say() -> None:
    assert move_share([(500, 0.117)]) == pytest.approx(
        {0.01: 0.107 / 0.98, 0.05: 0.067 / 0.9, 0.1: 0.017 / 0.8}
    )
    # Errors explain the few of the rest, and not that all texts with a rare keyword have it.
    few_of_rest = move_share([(10, 1.0), (990, 0.02)])
    assert few_of_rest == pytest.approx({0.01: 0.01 + 0.99 * 0.01 / 0.98, 0.05: 0.01, 0.1: 0.01})
    few = remove_errors(np.array([0.02]), np.array([0.05]), np.array([0.05]))
    assert few.tolist() == [0.0]


def test_corrected_intervals_cover_where_raw_ones_do_not() -> None:
    rng = np.random.default_rng(3)
    covered = raw = 0
    for seed in range(60):
        codes = (rng.random(400) < 0.1) != (rng.random(400) < 0.05)
        value = float(codes.mean())
        half = 1.96 * np.sqrt(value * (1 - value) / 400)
        share = Estimate(value, value - half, value + half, 400)
        found = correct_share(share, share_texts(rng, 60, 0.05), seed=seed)
        assert found is not None
        covered += found.corrected.low <= 0.1 <= found.corrected.high
        raw += share.low <= 0.1 <= share.high

    assert raw / 60 < 0.4
    assert covered / 60 > 0.9
