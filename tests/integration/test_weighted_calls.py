"""Calls with weights: the client of services, the limiter in Valkey, the table of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis as redis_client
from aiohttp import web
from multidict import CIMultiDict
from redis.asyncio import Redis
from sqlalchemy import select, update

from core.errors import CapReached, ServiceRefused, ServiceUnavailable
from core.ratelimit import MinuteCount, StatedLimit
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import LimitedResource, Weights, parse_limits
from core.service_client import (
    RetryPolicy,
    ServiceAnswer,
    ServiceClient,
    open_session,
    read_stated_limits,
    seconds_to_wait,
)
from models.answers import calls_by_minute
from models.calls import Charge, Usage
from models.costs import CallBound, ModelCalls, Settlement, charge_calls
from models.database import Database
from models.runs import create_run
from models.tables import Call
from tests.limiter_kit import nobody_in_flight
from tests.ports import reserved_port

CALLS, TOKENS, COST = LimitedResource.CALLS, LimitedResource.TOKENS, LimitedResource.COST
BOUND: Weights = {TOKENS: 1000, COST: 500}
NOW = 1_800_000_000.0
QUICK = RetryPolicy(attempts=3, first_wait=0.001, longest_wait=0.01)
LIMITS = "100/d, 1M tokens/d, 5 USD/d"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def read_usage(answer: ServiceAnswer) -> Weights | None:
    """Return what the stub says that it used; its refusals use nothing."""
    if answer.status == 400:
        return {}

    usage = answer.value.get("usage") if answer.status == 200 else None
    return None if usage is None else {TOKENS: usage["tokens"], COST: usage["cost"]}


def serve(
    redis_url: str, handler: Handler | None, work: Callable[[ServiceClient], Awaitable[Any]]
) -> dict[str, int]:
    """Do *work* with the client of a server, or of none; return what the limiter counts then."""

    async def main() -> None:
        app = web.Application()
        if handler is not None:
            app.router.add_post("/ask", handler)

        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        port = reserved_port()
        if handler is not None:
            await web.TCPSite(runner, "127.0.0.1", port).start()

        redis = Redis.from_url(redis_url)
        limiter = RateLimiter(
            redis, service="nyt", credential="c", windows=parse_limits(LIMITS), history=no_history
        )
        try:
            async with open_session() as session:
                client = ServiceClient(
                    service="nyt",
                    base_url=f"http://127.0.0.1:{port}",
                    session=session,
                    limiter=limiter,
                    retry_policy=QUICK,
                )
                await work(client)
        finally:
            await limiter.aclose()
            await redis.aclose()
            await runner.cleanup()

    with nobody_in_flight():
        asyncio.run(main())

    with redis_client.Redis.from_url(redis_url) as client:
        base = "tidings:limit:nyt:c:86400s"
        counted = {"calls": client.zcard(base)}
        for unit in ("tokens", "cost"):
            counted[unit] = int(client.hget(f"{base}:{unit}:weights", "sum") or 0)

        return counted


async def no_history(_seconds: float) -> list[MinuteCount]:
    return []


async def ask(client: ServiceClient, **options: Any) -> ServiceAnswer:
    return await client.attempt(
        "POST", "/ask", weights=BOUND, read_weights=read_usage, json={}, **options
    )


def test_an_answer_settles_what_was_reserved(redis_url: str) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"usage": {"tokens": 30, "cost": 4}})

    assert serve(redis_url, handler, ask) == {"calls": 1, "tokens": 30, "cost": 4}


def test_each_attempt_is_charged(redis_url: str) -> None:
    attempts = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            return web.json_response({}, status=500)
        if attempts == 2:
            assert request.transport
            request.transport.abort()

        return web.json_response({"usage": {"tokens": 30, "cost": 4}})

    async def work(client: ServiceClient) -> None:
        async def attempt(_number: int) -> ServiceAnswer:
            return await ask(client)

        await client.retry(attempt)

    counted = serve(redis_url, handler, work)
    assert counted == {"calls": 3, "tokens": 2030, "cost": 1004}


def test_a_refusal_is_charged_with_what_it_says(redis_url: str) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({}, status=400)

    async def work(client: ServiceClient) -> None:
        with pytest.raises(ServiceRefused):
            await ask(client)

    assert serve(redis_url, handler, work) == {"calls": 1, "tokens": 0, "cost": 0}


def test_a_call_that_was_never_sent_is_charged_with_nothing(redis_url: str) -> None:
    async def work(client: ServiceClient) -> None:
        async def stop() -> None:
            raise CapReached("the run may not", service="nyt")

        with pytest.raises(ServiceUnavailable, match="Connection refused"):
            await ask(client)

        with pytest.raises(CapReached, match="the run may not"):
            await ask(client, before=stop)

    assert serve(redis_url, None, work) == {"calls": 2, "tokens": 0, "cost": 0}


def test_what_an_answer_says_is_left_lowers_the_windows(redis_url: str) -> None:
    async def handler(_request: web.Request) -> web.Response:
        headers = {"x-ratelimit-remaining-tokens": "1500", "x-ratelimit-reset-tokens": "1h0m0s"}
        return web.json_response({"usage": {"tokens": 30, "cost": 4}}, headers=headers)

    async def work(client: ServiceClient) -> None:
        await ask(client)
        await asyncio.sleep(0.2)
        in_flight = client.limiter.call(BOUND)
        await in_flight.__aenter__()
        with pytest.raises(
            CapReached, match=r"says until .* less is left than our limit of 1M tok"
        ):
            await ask(client)

        await in_flight.__aexit__(None, None, None)

    serve(redis_url, handler, work)


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "600"},
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "10m0s"},
        {"x-ratelimit-reset-requests": "10m"},
    ],
)
def test_a_429_closes_the_service_for_as_long_as_it_says(
    redis_url: str, headers: dict[str, str]
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({}, status=429, headers=headers)

    async def work(client: ServiceClient) -> None:
        with pytest.raises(ServiceUnavailable):
            await ask(client)

        with pytest.raises(CapReached, match="is closed until"):
            await ask(client)

    serve(redis_url, handler, work)


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ({}, []),
        ({"x-ratelimit-remaining-tokens": "5"}, []),
        (
            {"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"},
            [StatedLimit(TOKENS, 5, None, 360.0)],
        ),
        (
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-reset-tokens": "1d2h3m4.5s",
            },
            [StatedLimit(CALLS, 59, 60, 0.12), StatedLimit(TOKENS, None, 150_000, 86400.0)],
        ),
        (
            {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "60"},
            [],
        ),
        (
            {"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "60"},
            [StatedLimit(TOKENS, 7, None, 60.0)],
        ),
        ({"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "soon"}, []),
    ],
)
def test_stated_limits_are_parsed(headers: dict[str, str], stated: list[StatedLimit]) -> None:
    answer = ServiceAnswer(status=200, headers=CIMultiDict(headers))
    assert read_stated_limits(answer, NOW) == stated


def test_a_good_answer_with_nothing_left_lowers_the_windows_and_closes_nothing() -> None:
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "58s"}
    good, refused = (
        ServiceAnswer(status=status, headers=CIMultiDict(headers)) for status in (200, 429)
    )
    assert seconds_to_wait(good, NOW) is None
    assert seconds_to_wait(refused, NOW) == 58.0


@pytest.fixture
def run(db: Database) -> int:
    return create_run(db, kind="months", name=None, parameters={}, jobs=())


def charge(db: Database, run: int) -> Charge:
    bound = CallBound(
        run_id=run,
        service="model",
        credential="c",
        operation="chat",
        tokens=BOUND[TOKENS],
        cost=BOUND[COST],
    )
    (charged,) = charge_calls(db, [bound])
    assert isinstance(charged, Charge)
    return charged


def settle(db: Database, charged: Charge, usage: Usage | None) -> None:
    settlement = Settlement(charge=charged, usage=usage, is_retry=True, seconds=0.5, waited=0.25)
    with db.write() as connection:
        ModelCalls(db, charged.run_id, [settlement])(connection)


def stored_calls(db: Database) -> list[dict[str, Any]]:
    columns = (
        Call.calls,
        Call.retries,
        Call.seconds,
        Call.tokens_in,
        Call.tokens_out,
        Call.tokens_cached,
        Call.tokens_reasoning,
        Call.cost,
        Call.charged_tokens,
        Call.charged_cost,
    )
    with db.read() as connection:
        rows = connection.execute(select(*columns).order_by(Call.run_id, Call.minute))
        return [dict(row) for row in rows.mappings()]


USAGE = Usage(tokens_in=20, tokens_out=10, tokens_cached=5, cost=4)
SETTLED = {
    "calls": 1,
    "retries": 1,
    "seconds": 0.5,
    "tokens_in": 20,
    "tokens_out": 10,
    "tokens_cached": 5,
    "tokens_reasoning": None,
    "cost": 4,
    "charged_tokens": 30,
    "charged_cost": 4,
}


def test_a_call_is_charged_before_it_is_made_and_settled_with_its_answer(
    db: Database, run: int
) -> None:
    charged = charge(db, run)
    (before,) = stored_calls(db)
    assert (before["calls"], before["charged_tokens"], before["charged_cost"]) == (1, 1000, 500)
    assert before["tokens_in"] is None

    with db.write() as connection:
        connection.execute(update(Call).values(minute=charged.minute))

    settle(db, charged, USAGE)
    sums = {column: sum(row[column] or 0 for row in stored_calls(db)) for column in SETTLED}
    assert sums == SETTLED | {"tokens_reasoning": 0}


def test_a_call_without_an_answer_stays_charged_in_the_table(db: Database, run: int) -> None:
    settle(db, charge(db, run), None)
    charged = charge(db, run)
    counts = calls_by_minute(db, service="model", credential="c", seconds=120, at_once=10)
    assert sum(count.calls for count in counts) == 2
    assert sum(count.tokens for count in counts) == 2000
    assert sum(count.cost for count in counts) == 1000
    assert charged.weights == BOUND


def test_a_call_that_is_settled_later_counts_in_the_minute_of_its_answer(
    db: Database, run: int
) -> None:
    charged = charge(db, run)
    with db.write() as connection:
        connection.execute(update(Call).values(minute=charged.minute - 5))

    earlier = Charge(**vars(charged) | {"minute": charged.minute - 5})
    settle(db, earlier, USAGE)
    empty, settled = stored_calls(db)
    assert settled == SETTLED
    assert not any(empty[column] for column in ("calls", "charged_tokens", "charged_cost"))
    counts = calls_by_minute(db, service="model", credential="c", seconds=3600, at_once=10)
    assert [count[1:] for count in counts] == [(1, 30, 4)]
