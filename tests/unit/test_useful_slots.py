"""How many slots the limits feed, by Little's law."""

from __future__ import annotations

import math

import pytest

from core.ratelimit.notation import LimitedResource
from producers.useful_slots import HEADROOM, RunLoad, ServiceLoad, count_useful_slots
from tests.scaled_fleet_kit import CASES, CYCLE_SECONDS, Case, run_fleet

CALLS, TOKENS, COST = LimitedResource.CALLS, LimitedResource.TOKENS, LimitedResource.COST


def asked(calls: float, *, seconds: float = 0.05, waiting: float = 0.0) -> ServiceLoad:
    """A service that was called so often in a second, with 100 tokens and 20 millionths a call."""
    rates = {CALLS: calls, TOKENS: 100 * calls, COST: 20 * calls}
    return ServiceLoad(rates, calls * seconds, waiting)


def useful(*runs: RunLoad, database: float = math.inf, **limits: float) -> float:
    allowed = {"textapi": {LimitedResource(unit): amount for unit, amount in limits.items()}}
    return count_useful_slots(runs, allowed, database)[0]


def test_a_limit_of_fifty_calls_of_50_ms_feeds_two_and_a_half_slots() -> None:
    # Eight slots make 50 calls/s together: 2.5 are in flight, 5.5 wait.
    run = RunLoad(due=100, busy=8, services={"textapi": asked(50, waiting=5.5)})
    assert useful(run, calls=50) == pytest.approx(2.5 * HEADROOM)


def test_slots_that_wait_for_no_limit_may_grow_to_what_it_allows() -> None:
    run = RunLoad(due=100, busy=2, services={"textapi": asked(40)})
    assert useful(run, calls=100) == pytest.approx(5 * HEADROOM)
    assert useful(run) == 100


def test_what_is_allowed_of_tokens_and_money_bounds_as_calls_do() -> None:
    run = RunLoad(due=100, busy=4, services={"textapi": asked(80)})
    assert useful(run, tokens=4000) == pytest.approx(2 * HEADROOM)
    assert useful(run, cost=800) == pytest.approx(2 * HEADROOM)
    assert useful(run, calls=80, tokens=4000, cost=400) == pytest.approx(HEADROOM)


def test_jobs_that_are_due_and_the_database_bound_it() -> None:
    run = RunLoad(due=3, busy=4, services={"textapi": asked(80)})
    assert useful(run, calls=800) == 3
    assert useful(run, database=2) == 2


def test_a_limit_that_is_used_up_feeds_no_slot_and_a_run_without_calls_one_for_each_job() -> None:
    stopped = RunLoad(due=100, busy=4, services={"textapi": asked(80)})
    assert useful(stopped, calls=0) == 0
    assert useful(stopped, RunLoad(due=7, busy=0), calls=0) == 7


def test_runs_share_what_a_limit_allows_as_they_take_it_now() -> None:
    quick = RunLoad(due=100, busy=4, services={"textapi": asked(60)})
    other = RunLoad(due=1, busy=4, services={"textapi": asked(20)})
    # 40/s of 80: half of each, but the second has one job.
    assert useful(quick, other, calls=40) == pytest.approx(2 * HEADROOM + 1)


def test_the_lowest_of_the_brakes_is_the_one_that_binds() -> None:
    run = RunLoad(due=100, busy=4, services={"textapi": asked(80)})
    allowed = {"textapi": {CALLS: 80.0, TOKENS: 4000.0}}
    slots, brakes = count_useful_slots([run], allowed, 50)
    assert brakes == {
        "calls": pytest.approx(4 * HEADROOM),
        "tokens": pytest.approx(2 * HEADROOM),
        "cost": math.inf,
        "database": 50,
        "jobs": 100,
    }
    assert slots == brakes["tokens"]


@pytest.mark.thorough
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_fleet_that_follows_the_advice_is_hardly_slower_than_the_largest(case: Case) -> None:
    fleet, largest = run_fleet(case, follows=True), run_fleet(case, follows=False)
    assert fleet.now <= 1.03 * largest.now
    assert fleet.advised <= 1.07 * fleet.needed
    at_work = fleet.made[-1] * CYCLE_SECONDS
    assert at_work / fleet.slot_seconds > at_work / largest.slot_seconds
