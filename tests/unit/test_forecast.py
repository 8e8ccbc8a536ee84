"""When a run ends and what decides it, on a clock of the test's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.ratelimit.notation import parse_limits
from producers.forecast import (
    NO_PROGRESS,
    THE_WORKERS,
    Forecast,
    LimitUse,
    Work,
    describe_forecast,
    forecast,
)
from producers.run_forecasts import SizeGroup, measure_done, measure_pace, measure_tail

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86400.0
# An hour in which 1 % was done in each ten minutes of 6, so 6 % of the run.
STEADY = Work(done=0.06, by_minute=[0.001] * 60)


def told(work: Work) -> Forecast:
    prediction = forecast(work, NOON)
    assert isinstance(prediction, Forecast)
    return prediction


def limit(text: str, amount: float, *used: tuple[float, float]) -> LimitUse:
    (window,) = parse_limits(text)
    return LimitUse("textapi", window, amount, used)


def test_without_limits_the_rest_takes_as_long_as_its_share_did() -> None:
    prediction = told(STEADY)
    assert prediction.ends_at == pytest.approx(NOON + 0.94 / 0.001 * 60)
    assert prediction.earliest < prediction.ends_at < prediction.latest
    assert prediction.bound_by == THE_WORKERS


def test_a_limit_per_second_that_allows_half_of_the_speed_doubles_the_time() -> None:
    half = limit("10/s", 0.0005 / 60 / 0.985)
    prediction = told(replace(STEADY, limits=[half]))
    assert prediction.ends_at == pytest.approx(NOON + 0.94 / 0.0005 * 60)
    assert prediction.bound_by == "the limit 10/s of textapi"


def test_a_limit_that_is_raised_counts_at_once_since_the_wait_for_it_is_known() -> None:
    raised = replace(STEADY, stretch=4.0, limits=[limit("40/s", 0.002 / 60 / 0.985)])
    assert told(raised).ends_at == pytest.approx(NOON + 0.94 / 0.002 * 60)


def test_a_limit_of_a_day_is_used_up_and_opens_as_the_calls_of_yesterday_are_a_day_ago() -> None:
    # Half of the day's amount was used in the hour that began six hours ago.
    used = [(6 * HOUR - 60 * minute, 0.1 / 60) for minute in range(60)]
    day = limit("1000/d", 0.2, *used)
    work = Work(done=0.1, by_minute=[0.01] * 60, limits=[day])
    prediction = told(work)
    # 0.1 now, 0.1 when yesterday's are over (18 h), 0.1 tomorrow at this time, and so on.
    assert prediction.ends_at == pytest.approx(NOON + 4 * DAY + 10 * 60, abs=HOUR)
    assert prediction.bound_by == "the limit 1000/d of textapi"


def test_minutes_in_which_a_day_s_limit_was_used_up_say_nothing_of_the_speed() -> None:
    used = [(2 * HOUR - 60 * minute, 0.001) for minute in range(60)]
    stopped = Work(
        done=0.06,
        by_minute=[0.001] * 60 + [0.0] * 60,
        limits=[limit("60/d", 0.06, *used), limit("9/s", 9.0)],
    )
    free = replace(stopped, limits=[limit("60/d", 60.0, *used)])
    # It goes on in 22 hours, and needs 16 days for what is left.
    assert told(stopped).ends_at == pytest.approx(NOON + 15 * DAY + 22.7 * HOUR, abs=HOUR)
    assert told(free).ends_at > NOON + 0.94 / 0.001 * 60


def test_a_run_that_shares_its_slots_takes_the_time_of_what_the_others_do_meanwhile() -> None:
    small, large = replace(STEADY, others=[0.25]), replace(STEADY, others=[3.0])
    assert told(small).ends_at - NOON == pytest.approx(1.25 * 0.94 / 0.001 * 60)
    assert told(large).ends_at - NOON == pytest.approx(2 * 0.94 / 0.001 * 60)


def test_the_more_uneven_the_speed_was_the_wider_is_the_range() -> None:
    uneven = replace(STEADY, by_minute=[0.0005] * 20 + [0.002] * 20 + [0.0005] * 20)
    ranges = [told(work).latest - told(work).earliest for work in (STEADY, uneven)]
    assert ranges[1] > 1.5 * ranges[0]


def test_the_cost_to_come_is_that_of_the_share_that_was_done() -> None:
    prediction = told(replace(STEADY, cost=600_000, currency="USD"))
    assert prediction.cost == pytest.approx(10.0)
    assert prediction.cost_low is not None
    assert prediction.cost_high is not None
    assert 8.0 < prediction.cost_low < 10.0 < prediction.cost_high < 12.0


@pytest.mark.parametrize("by_minute", [[], [0.0] * 60])
def test_nothing_is_foretold_of_a_run_that_did_nothing_lately(by_minute: list[float]) -> None:
    assert forecast(replace(STEADY, by_minute=by_minute), NOON) == NO_PROGRESS


def test_a_forecast_is_told_with_the_days_that_differ() -> None:
    prediction = Forecast(
        NOON + 2 * HOUR, NOON + HOUR + 1200, NOON + 30 * HOUR, "the limit 9/d of nyt"
    )
    assert describe_forecast(prediction, NOON) == (
        "done about Tue 14:00 (13:00 to Wed 18:00) UTC, bound by the limit 9/d of nyt"
    )
    later = replace(prediction, ends_at=NOON + 20 * DAY, earliest=NOON + 19 * DAY)
    assert describe_forecast(replace(later, latest=NOON + 21 * DAY), NOON).startswith(
        "done about 21 Dec 12:00 (20 Dec 12:00 to 22 Dec 12:00) UTC"
    )


def test_a_cost_is_told_in_cents_and_a_small_one_in_hundredths_of_them() -> None:
    prediction = told(replace(STEADY, cost=600_000, currency="USD"))
    assert describe_forecast(prediction, NOON).endswith("; about 10.00 USD (8.88 to 11.28)")
    small = told(replace(STEADY, cost=600, currency="USD"))
    assert describe_forecast(small, NOON).endswith("; about 0.01 USD (0.0089 to 0.0113)")


def test_why_nothing_is_foretold_is_said() -> None:
    assert describe_forecast(NO_PROGRESS, NOON) == (
        "the end cannot be foretold yet: nothing was done lately"
    )


def test_jobs_count_by_their_documents_and_those_at_work_by_their_age() -> None:
    groups = [
        SizeGroup(100.0, ended=1, seconds=100.0, squares=1e4),
        SizeGroup(300.0, at_work=1, ages=150.0),
        SizeGroup(500.0, left=1),
    ]
    assert measure_pace(groups) == 1.0
    done, error = measure_done(groups)
    assert done == pytest.approx(250 / 900)
    assert error > 0


def test_jobs_that_take_longer_than_those_that_have_ended_slow_the_pace() -> None:
    groups = [
        SizeGroup(1.0, ended=1, seconds=10.0, squares=100.0),
        SizeGroup(1.0, at_work=3, ages=300.0),
    ]
    assert measure_pace(groups) > 50.0


def test_before_a_job_has_ended_nothing_is_known() -> None:
    assert measure_done([SizeGroup(1.0, at_work=4, ages=9.0, left=6)]) == (0.0, 0.0)


def test_the_last_jobs_leave_slots_idle() -> None:
    # Two slots, three equal jobs left that none has begun: one slot does two of them.
    ended = SizeGroup(1.0, ended=10, seconds=600.0, squares=36_000.0)
    groups = [ended, SizeGroup(1.0, at_work=2, ages=0.0), SizeGroup(1.0, left=1)]
    assert measure_tail(groups, 2) == pytest.approx(2 * 60 - 3 * 60 / 2)
    assert measure_tail([ended, SizeGroup(1.0, at_work=1, ages=0.0)], 1) == 0.0
