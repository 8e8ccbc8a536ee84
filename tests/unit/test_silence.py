"""A feed that has fallen silent: how often one that has not is called so, and how soon one is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.silence import silent_since

START = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 90 * 24


def publish(rate: float, *, weekends: float, nights: float, seed: int) -> list[datetime]:
    """Stories of 90 days at random, *rate* an hour, fewer at weekends and at night."""
    hours = np.arange(HOURS)
    is_weekend = (hours // 24 + START.weekday()) % 7 >= 5
    is_night = hours % 24 < 7
    rates = rate * np.where(is_weekend, weekends, 1.0) * np.where(is_night, nights, 1.0)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rates)
    at = np.repeat(hours, counts) + rng.random(counts.sum())
    return [START + timedelta(hours=float(hour)) for hour in np.sort(at)]


def share_said(times: Sequence[datetime]) -> float:
    """The share of hourly looks, from day 28 on, at which the feed is said to be silent."""
    looks = [START + timedelta(hours=hour) for hour in range(28 * 24, HOURS)]
    seen = np.searchsorted(
        [time.timestamp() for time in times], [look.timestamp() for look in looks]
    )
    said = [
        silent_since(times[max(0, count - 2000) : count], look) is not None
        for count, look in zip(seen, looks, strict=True)
    ]
    return float(np.mean(said))


@pytest.mark.parametrize(
    ("rate", "weekends", "nights"),
    [(2.0, 0.3, 0.1), (0.5, 0.0, 0.0), (0.2, 0.1, 0.0), (0.05, 0.5, 0.5)],
)
def test_of_a_feed_that_goes_on_it_is_hardly_ever_said(
    rate: float, weekends: float, nights: float
) -> None:
    shares = [
        share_said(publish(rate, weekends=weekends, nights=nights, seed=seed)) for seed in range(3)
    ]
    assert np.mean(shares) < 0.003


@pytest.mark.parametrize(
    ("rate", "weekends", "days"), [(2.0, 0.3, 2), (0.5, 0.0, 8), (0.05, 0.5, 10)]
)
def test_of_a_feed_that_ended_it_is_said_within_twice_its_longest_gap(
    rate: float, weekends: float, days: int
) -> None:
    times = publish(rate, weekends=weekends, nights=0.1, seed=7)
    silence = silent_since(times, times[-1] + timedelta(days=days))
    assert silence is not None
    newest, longest = silence
    assert newest == times[-1]
    assert longest < timedelta(days=days) / 2
    assert silent_since(times, newest + 2 * longest) is None


def test_nothing_is_said_of_a_feed_that_is_not_known_for_two_weeks_or_has_few_stories() -> None:
    later = START + timedelta(days=300)
    assert silent_since([], later) is None
    assert silent_since([START + timedelta(hours=hour) for hour in range(24 * 13)], later) is None
    assert silent_since([START + timedelta(days=day) for day in range(20)], later) is None
    assert silent_since([START + timedelta(days=day) for day in range(21)], later) is not None
