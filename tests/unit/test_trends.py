"""Slopes over months: exact where they are exact, careful where months go together."""

from __future__ import annotations

import numpy as np
import pytest

from reports.stats.trends import find_step, fit_trend

MONTHS = [float(month) for month in range(24)]


def noise(*, correlation: float, size: int = 24, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.empty(size)
    values[0] = rng.normal()
    for place in range(1, size):
        step = rng.normal() * np.sqrt(1 - correlation**2)
        values[place] = correlation * values[place - 1] + step
    return values


def test_a_line_has_its_slope_and_no_more_error_than_chance_explains() -> None:
    trend = fit_trend(MONTHS, [0.1 + 0.02 * month for month in MONTHS], [0.01] * 24)
    assert trend is not None
    assert trend.slope == pytest.approx(0.02)
    # Σ(x - mean)² of 0 to 23 is 1150
    assert trend.error == pytest.approx(np.sqrt(0.01 / 1150))
    assert trend.degrees == pytest.approx(22)
    low, high = trend.interval(0.05)
    assert low == pytest.approx(0.02 - 2.0739 * trend.error, abs=1e-6)
    assert high == pytest.approx(0.02 + 2.0739 * trend.error, abs=1e-6)


def test_fewer_than_twelve_months_have_no_trend() -> None:
    assert fit_trend(MONTHS[:11], MONTHS[:11], [1.0] * 11) is None
    assert fit_trend(MONTHS[:12], MONTHS[:12], [1.0] * 12) is not None
    assert fit_trend(MONTHS, MONTHS, [0.0] * 24) is None


def test_a_surer_month_weighs_more() -> None:
    values = [0.0] * 23 + [1.0]
    sure = fit_trend(MONTHS, values, [1.0] * 23 + [0.1])
    unsure = fit_trend(MONTHS, values, [1.0] * 23 + [100.0])
    assert sure is not None
    assert unsure is not None
    assert sure.slope > 10 * unsure.slope


def test_months_that_differ_by_more_than_chance_make_the_slope_less_sure() -> None:
    values = np.array(MONTHS) * 0.01 + 0.3 * noise(correlation=0.0)
    trend = fit_trend(MONTHS, values.tolist(), [0.0001] * 24)
    assert trend is not None
    assert trend.error > 10 * np.sqrt(0.0001 / 1150)


def test_months_that_go_together_make_the_slope_less_sure() -> None:
    together = fit_trend(MONTHS, noise(correlation=0.8).tolist(), [0.01] * 24)
    apart = fit_trend(MONTHS, noise(correlation=0.0).tolist(), [0.01] * 24)
    assert together is not None
    assert apart is not None
    assert together.degrees < 15 < apart.degrees


@pytest.mark.parametrize(("correlation", "most"), [(0.0, 0.012), (0.3, 0.025), (0.6, 0.04)])
def test_a_trend_is_rarely_seen_where_there_is_none(correlation: float, most: float) -> None:
    """At the level of 0.5 %. What a correlation adds is in docs/reports/highlights.md."""
    rng = np.random.default_rng(1)
    found = 0
    for seed in range(1000):
        errors = rng.uniform(0.05, 0.2, 24)
        values = 0.2 * noise(correlation=correlation, seed=seed) + rng.normal(0, errors)
        trend = fit_trend(MONTHS, values.tolist(), (errors**2).tolist())
        assert trend is not None
        found += trend.p_value < 0.005
    assert found / 1000 <= most


def test_a_step_is_found_at_its_place_with_its_means() -> None:
    values = 0.1 * noise(correlation=0.0) + np.repeat([3.9, 0.2], [15, 9])
    step = find_step(MONTHS, values.tolist(), [0.01] * 24)
    assert step is not None
    assert step.place == 15
    assert step.before == pytest.approx(values[:15].mean())
    assert step.after == pytest.approx(values[15:].mean())
    assert step.p_value < 1e-10


def test_a_slope_is_no_step() -> None:
    assert find_step(MONTHS, [0.02 * month for month in MONTHS], [0.01] * 24) is None
    sloping = np.array(MONTHS) * 0.1 + 0.3 * noise(correlation=0.0)
    assert find_step(MONTHS, sloping.tolist(), [0.01] * 24) is None


def test_a_step_leaves_three_months_on_either_side() -> None:
    step = find_step(MONTHS, [0.0] * 23 + [9.0], [1.0] * 24)
    assert step is None or 3 <= step.place <= 21
    step = find_step(MONTHS, [9.0] * 3 + [0.0] * 21, [1.0] * 24)
    assert step is not None
    assert step.place == 3


def test_a_steps_p_value_counts_in_the_places_that_it_could_have_had() -> None:
    """Of series without any step the best place looks like one far more often than in 5 %."""
    rejected = 0
    for seed in range(400):
        step = find_step(MONTHS, noise(correlation=0.0, seed=seed).tolist(), [0.01] * 24)
        rejected += step is not None and step.p_value < 0.05
    assert rejected / 400 <= 0.07
