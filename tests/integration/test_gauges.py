"""Forecasts and gauges from what the database and Redis hold, on both databases."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import date
from typing import Any

import pytest
import redis
from redis.asyncio import Redis
from sqlalchemy import insert, update

from core.enums import QUEUE_TEXT, JobKind, PayerKind, State
from core.process_identity import own_process_name
from core.ratelimit import MinuteCount
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import LimitedResource, parse_limits
from core.ratelimit.usage import read_closed_seconds, read_use
from core.settings import Settings
from models.database import Database
from models.documents import DocumentScope
from models.jobs import record_worker
from models.run_transitions import pause_run
from models.runs import NewJob, create_run
from models.tables import Call, DocumentCount, Job, Payer
from producers.forecast import NOTHING_ENDED, Forecast
from producers.gauges import read_gauges, share_gauges, take_gauges
from producers.run_forecasts import NO_WORKER, forecast_calls, forecast_run
from producers.status import run_status

CREDENTIAL = "abc"
MINUTES = 30


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url)


def set_up(db: Database, *, months: int = 12, ended: int = 6, calls: int = 60) -> int:
    """Make a run of months that ended one after the other in the last half hour."""
    jobs = [
        NewJob(
            JobKind.MONTH,
            f"2020-{month:02}",
            {},
            scope=DocumentScope(days=(date(2020, month, 1), date(2020, month, 28))),
        )
        for month in range(1, months + 1)
    ]
    run = create_run(db, kind="months", name=None, parameters={}, jobs=jobs)
    record_worker(db, own_process_name(), queues=QUEUE_TEXT, slots=1)
    now = time.time()
    began = now - MINUTES * 60
    with db.write() as connection:
        for month in range(1, ended + 1):
            times = {"started_at": began + 300 * (month - 1), "ended_at": began + 300 * month}
            job = update(Job).where(Job.run_id == run, Job.name == f"2020-{month:02}")
            connection.execute(job.values(state=State.DONE, **times))

        counts = [
            {"source": "nyt", "period": f"2020-{month:02}", "origin_id": 1, "documents": 1000}
            for month in range(1, months + 1)
        ]
        connection.execute(insert(DocumentCount), counts)
        if calls:
            connection.execute(insert(Call), [calls_of(run, now, ago, calls) for ago in range(31)])

    return run


def calls_of(run: int, now: float, minutes_ago: int, calls: int) -> dict[str, Any]:
    key = {"run_id": run, "service": "textapi", "credential": CREDENTIAL, "operation": "ner"}
    counts = {"calls": calls, "answers_reused": 0, "retries": 0, "maybe_twice": 0}
    times = {"seconds": calls * 0.1, "waited": calls * 0.1}
    return {**key, "minute": int(now // 60) - minutes_ago, **counts, **times}


def test_half_of_the_documents_took_half_an_hour_and_the_others_will(
    db: Database, settings: Settings
) -> None:
    run = set_up(db)
    told = forecast_run(db, settings.model_copy(update={"textapi_limits": "1/s"}), run)
    assert isinstance(told, Forecast)
    assert told.ends_at == pytest.approx(time.time() + MINUTES * 60, abs=180)
    assert told.earliest < told.ends_at < told.latest
    assert told.bound_by == "the limit 1/s of textapi"
    # Calls waited as long as they took: without a limit they would be twice as quick.
    free = forecast_run(db, settings, run)
    assert isinstance(free, Forecast)
    assert free.ends_at == pytest.approx(time.time() + MINUTES * 30, abs=180)


def test_a_larger_month_that_is_left_takes_longer(db: Database, settings: Settings) -> None:
    run = set_up(db)
    with db.write() as connection:
        last = update(DocumentCount).where(DocumentCount.period == "2020-12")
        connection.execute(last.values(documents=7000))

    told = forecast_run(db, settings.model_copy(update={"textapi_limits": "1/s"}), run)
    assert isinstance(told, Forecast)
    assert told.ends_at == pytest.approx(time.time() + MINUTES * 120, abs=600)


def test_a_run_whose_answers_are_all_stored_goes_by_its_jobs(
    db: Database, settings: Settings
) -> None:
    told = forecast_run(db, settings, set_up(db, calls=0))
    assert isinstance(told, Forecast)
    assert told.ends_at == pytest.approx(time.time() + MINUTES * 60, abs=600)


def test_why_nothing_is_foretold_is_said_and_a_paused_run_has_no_forecast(
    db: Database, settings: Settings
) -> None:
    run = set_up(db, ended=0)
    assert forecast_run(db, settings, run) == NOTHING_ENDED
    outlook = run_status(db, settings, run).outlook
    assert outlook == f"the end cannot be foretold yet: {NOTHING_ENDED}"
    pause_run(db, run)
    assert run_status(db, settings, run).outlook is None


def test_without_a_worker_nothing_is_foretold(db: Database, settings: Settings) -> None:
    run = set_up(db)
    record_worker(db, own_process_name(), queues="training", slots=2)
    assert forecast_run(db, settings, run) == NO_WORKER


def test_the_calls_of_a_plan_go_as_fast_as_such_calls_went_beside_the_open_run(
    db: Database, settings: Settings
) -> None:
    set_up(db)
    limited = settings.model_copy(update={"textapi_limits": "1/s"})
    told = forecast_calls(db, limited, {"textapi": 600.0}, {})
    assert isinstance(told, Forecast)
    # The open run makes as many calls meanwhile.
    assert told.ends_at == pytest.approx(time.time() + 1200 / 0.985, abs=60)


def test_gauges_tell_limits_runs_purses_and_slots(db: Database, settings: Settings) -> None:
    run = set_up(db)
    limits = "1/s,10000/d"
    with db.write() as connection:
        payer = {"kind": PayerKind.PURSE, "currency": "USD", "max_cost": 1000}
        purses = [{**payer, "name": "grant", "cost_charged": 950}]
        connection.execute(insert(Payer), purses)

    settings = settings.model_copy(update={"textapi_limits": limits})
    with redis.Redis.from_url(settings.redis_url or "") as client:
        make_calls(settings, limits, 3)
        gauges = take_gauges(db, client, settings)

    def value(name: str, *labels: str) -> float:
        return gauges.families[name][json.dumps(labels)]

    assert value("tidings_limit_left", "textapi", "10000/d", "calls") == 9997
    assert value("tidings_limit_used_ratio", "textapi", "10000/d") == pytest.approx(0.0003)
    assert value("tidings_run_done_ratio", str(run)) == 0.5
    assert value("tidings_run_due_jobs", str(run)) == 6
    assert value("tidings_run_calls", str(run)) == 31 * 60
    assert value("tidings_purse_left_ratio", "grant") == pytest.approx(0.05)
    assert value("tidings_run_left_seconds", str(run), "about") == pytest.approx(1827, abs=180)
    # A call each second, in flight for 0.1 s, of ten that a slot can have in flight.
    assert value("tidings_useful_slots", "text") == pytest.approx(1.05 * 0.1 / 10, rel=0.01)
    assert value("tidings_brake_slots", "text", "jobs") == 6
    assert json.dumps(["text", "tokens"]) not in gauges.families["tidings_brake_slots"]


def make_calls(settings: Settings, limits: str, count: int) -> None:
    async def history(_seconds: float) -> list[MinuteCount]:
        return []

    async def call() -> None:
        client = Redis.from_url(settings.redis_url or "")
        windows = parse_limits(limits)
        limiter = RateLimiter(
            client, service="textapi", credential=CREDENTIAL, windows=windows, history=history
        )
        for _ in range(count):
            async with limiter.call():
                pass

        await limiter.aclose()
        await client.aclose()

    asyncio.run(call())


def test_one_worker_takes_the_gauges_and_the_others_read_them(
    db: Database, settings: Settings
) -> None:
    set_up(db)
    with redis.Redis.from_url(settings.redis_url or "") as client:
        taken = share_gauges(db, client, settings)
        assert taken is not None
        again = share_gauges(db, client, settings)
        assert again is not None
        assert again == read_gauges(client)
        assert (again.at, again.families) == (taken.at, taken.families)


def test_the_use_of_tokens_leaves_out_what_has_ended(redis_url: str) -> None:
    windows = parse_limits("10/s,5k tokens/min")

    async def history(_seconds: float) -> list[MinuteCount]:
        return []

    async def call() -> None:
        client = Redis.from_url(redis_url)
        limiter = RateLimiter(
            client, service="model", credential=CREDENTIAL, windows=windows, history=history
        )
        async with limiter.call({LimitedResource.TOKENS: 900}) as permitted:
            permitted.settle({LimitedResource.TOKENS: 400})

        await limiter.open_circuit(100)
        await limiter.aclose()
        await client.aclose()

    asyncio.run(call())
    with redis.Redis.from_url(redis_url) as client:
        _, tokens = read_use(client, "model", CREDENTIAL, windows)
        assert (tokens.used, tokens.left) == (400, 4600)
        assert tokens.per_second == pytest.approx(5000 / 60)
        assert 90 < read_closed_seconds(client, "model", CREDENTIAL) <= 100
        assert read_closed_seconds(client, "model", "other") == 0
