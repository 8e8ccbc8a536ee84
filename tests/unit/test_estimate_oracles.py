"""Estimates beside those of `glide-py`, which takes Python 3.12."""

from __future__ import annotations

import numpy as np
import pytest

from core.enums import SamplePart
from reports.stats.coded_shares import estimate_share
from reports.stats.coded_strata import CodedStratum, FirstPhase, MachineCodes
from tests.stratum_kit import estimate_mean

MENTION, NEAR_MISS, REST = SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST

estimators = pytest.importorskip("glide.estimators")

KINDS = (MENTION, NEAR_MISS, REST)
SIZES = (4_000_000, 3_000_000, 43_000_000)
SHARES = (0.8, 0.2, 0.03)


@pytest.mark.parametrize("seed", range(5))
def test_the_share_by_people_is_the_stratified_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = [rng.binomial(1, share, 60).astype(float) for share in SHARES]
    expected = estimators.StratifiedClassicalMeanEstimator().estimate(
        np.concatenate(codes),
        np.repeat([0, 1, 2], 60),
        stratum_weights=np.array(SIZES) / sum(SIZES),
    )

    strata = []
    for kind, size, kind_codes in zip(KINDS, SIZES, codes, strict=True):
        strata.append(CodedStratum(kind, size, kind_codes.tolist()))

    estimate = estimate_share(strata)
    assert estimate is not None
    assert estimate.value == pytest.approx(expected.mean, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_of_many_codes_is_that_of_the_central_limit_theorem(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.binomial(1, 0.4, 40_000).astype(float)
    expected = estimators.ClassicalMeanEstimator().estimate(codes)
    estimate = estimate_share([CodedStratum(REST, 10**12, codes.tolist())])

    assert estimate is not None
    interval = expected.confidence_interval
    assert estimate.low == pytest.approx(interval.lower_bound, abs=2e-5)
    assert estimate.high == pytest.approx(interval.upper_bound, abs=2e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_machine_that_is_right_of_all_units_has_the_slope_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    machine = rng.binomial(1, 0.3, 5000).astype(float)
    codes = machine[:200]
    # The labelled documents are among all documents too.
    expected = estimators.PPIMeanEstimator().estimate(
        np.concatenate([codes, np.full(5000, np.nan)]),
        np.concatenate([codes, machine]),
        power_tuning=False,
    )

    machine_codes = MachineCodes(codes.tolist(), int(machine.sum()), 5000)
    strata = [CodedStratum(REST, 5000, codes.tolist(), (), machine_codes)]
    estimate = estimate_share(strata, use_machine=True)
    regression = estimate_mean(strata)
    assert estimate is not None
    assert regression is not None
    assert estimate.value == pytest.approx(expected.mean, abs=1e-6)
    assert regression.value == pytest.approx(expected.mean, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shares", [(0.4,), (0.8, 0.3, 0.2)])
def test_people_who_code_a_part_of_a_models_sample_are_prediction_powered(
    seed: int, shares: tuple[float, ...]
) -> None:
    """Check the share to .0006 (± .009) and the half-width to 2 %, for one kind and three.

    The oracle knows no finite archives: here they are far larger than the samples. Its slope has
    the variance of all of the model's codes, ours that of those that people read.
    """
    rng = np.random.default_rng(seed)
    strata: list[CodedStratum] = []
    mean = square_of_half_width = 0.0
    weights = np.array((40, 30, 80)[: len(shares)])
    for kind, thousands, share in zip(KINDS, weights.tolist(), shares, strict=False):
        model = rng.binomial(1, share, 1000 * thousands).astype(float)
        codes = np.where(rng.random(2000) < 0.9, model[:2000], 1 - model[:2000])
        expected = estimators.PPIMeanEstimator().estimate(
            np.concatenate([codes, np.full(len(model) - 2000, np.nan)]), model
        )
        weight = thousands / weights.sum()
        mean += weight * expected.mean
        interval = expected.confidence_interval
        half_width = (interval.upper_bound - interval.lower_bound) / 2
        square_of_half_width += (weight * half_width) ** 2

        size = 10**6 * len(model)
        phase = FirstPhase(model[:2000].tolist(), [CodedStratum(kind, size, model.tolist())])
        strata.append(CodedStratum(kind, size, codes.tolist(), first_phase=phase))

    estimate = estimate_share(strata)
    half_width = square_of_half_width**0.5
    assert estimate is not None
    assert estimate.value == pytest.approx(mean, abs=6e-4)
    assert (estimate.high - estimate.low) / 2 == pytest.approx(half_width, rel=0.02)
