"""The client of the Text API against a server with faults, one kind at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict
from redis.asyncio import Redis

from core import service_client
from core.errors import CapReached, ServiceBadAnswer, ServiceRefused, ServiceUnavailable
from core.ratelimit import MinuteCount
from core.ratelimit.limiter import RateLimiter
from core.service_client import ServiceAnswer, open_session, seconds_to_wait
from core.settings import Settings
from tests.odd_headers import odd_headers
from textapi import client
from textapi.client import Reply, TextApiClient
from textapi.messages import ENGINE_HEADER, Operation

KEY = "a-key-nobody-may-see"
GOOD = {"text polarity": 0.5}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def _use_two_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRY_POLICY", replace(client.RETRY_POLICY, attempts=2))
    # A busy machine reads no 16 MB in half a second.
    monkeypatch.setattr(service_client, "LONGEST_ANSWER", 2**20)


def run_client(
    handler: Handler, work: Callable[[TextApiClient], Awaitable[Any]] | None = None, **changed: Any
) -> Any:
    """Return the result of *work*, by default one request, at a server that uses *handler*."""

    async def main() -> Any:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        redis = Redis.from_url("redis://127.0.0.1:1/0")  # without a limit nothing needs it
        limiter = RateLimiter(
            redis, service="textapi", credential="c", windows=(), history=no_history
        )
        try:
            async with open_session() as session:
                given_settings = Settings(
                    textapi_url=url, textapi_key=KEY, **({"textapi_timeout": 0.5} | changed)
                )
                return await (work or ask)(TextApiClient(session, given_settings, limiter))
        finally:
            await limiter.aclose()
            await redis.aclose()
            await runner.cleanup()

    return asyncio.run(main())


async def no_history(_seconds: float) -> list[MinuteCount]:
    return []


async def ask(api: TextApiClient) -> Reply[Any]:
    async def before(_operation: Operation, _attempt: int) -> None:
        pass

    return await api.ask(Operation.TEXT_POLARITY, {"text": "x"}, before, dict)


def in_turn(*answers: Callable[[web.Request], Any]) -> tuple[Handler, list[web.Request]]:
    """Return a handler that gives *answers* in turn, and the requests that it saw."""
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        answer = answers[min(len(seen), len(answers)) - 1](request)
        return await answer if asyncio.iscoroutine(answer) else answer

    return handler, seen


def good(_request: web.Request) -> web.Response:
    return web.json_response(GOOD, headers={ENGINE_HEADER: "stub/1"})


def status(number: int, **headers: str) -> Callable[[web.Request], web.Response]:
    return lambda _: web.json_response({"error": KEY}, status=number, headers=headers)


def text(body: str) -> Callable[[web.Request], web.Response]:
    return lambda _: web.Response(text=body, content_type="text/html")


async def reset(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def reset_in_mid_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"text polarity"')
    assert request.transport
    request.transport.abort()
    return response


async def hang(_request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()  # chunked: it does not say how much it is
    await response.prepare(request)
    while True:
        await response.write(b" " * 2**16)


def test_an_answer_comes_with_its_engine_and_the_key_was_sent() -> None:
    handler, seen = in_turn(good)
    assert run_client(handler) == Reply(GOOD, "stub/1", 1)
    assert seen[0].path == "/text/text_polarity"
    assert seen[0].headers["apikey"] == KEY


@pytest.mark.parametrize(
    ("number", "todo"),
    [
        (400, "malformed"),
        (401, "TIDINGS_TEXTAPI_KEY"),
        (403, "TIDINGS_TEXTAPI_KEY"),
        (404, "TIDINGS_TEXTAPI_URL"),
        (413, "--text-size"),
        (422, "cannot work on this text"),
        (302, "TIDINGS_TEXTAPI_URL"),
    ],
)
def test_a_refused_request_is_sent_once_and_the_error_says_what_to_do(
    number: int, todo: str
) -> None:
    handler, seen = in_turn(status(number, Location="/elsewhere"))
    with pytest.raises(ServiceRefused, match=rf"\({number}\).*{todo}") as error:
        run_client(handler)

    assert len(seen) == 1
    assert error.value.status == number
    assert KEY not in str(error.value)


def test_the_key_is_in_no_error_that_is_cut_and_in_no_name_of_an_engine() -> None:
    def quoting(_request: web.Request) -> web.Response:
        words = f"{'Bad! ' * 38}{KEY}"
        return web.json_response({"error": words}, status=400)

    handler, _ = in_turn(quoting)
    with pytest.raises(ServiceRefused, match=r"Bad! \*\*\*") as error:
        run_client(handler)

    assert KEY[:6] not in str(error.value)

    def named(_request: web.Request) -> web.Response:
        return web.json_response(GOOD, headers={ENGINE_HEADER: f"{KEY}/2"})

    handler, _ = in_turn(named)
    assert run_client(handler).engine == "***/2"
    assert run_client(handler, lambda api: api.engine()) == "***/2"


TRANSIENT_FAULTS = {
    "408": status(408),
    "429": status(429),
    "500": status(500),
    "503": status(503),
    "reset": reset,
    "reset in mid-body": reset_in_mid_body,
    "hang": hang,
    "drip": drip,
}
MALFORMED_ANSWERS = {
    "HTML": text("<html>busy</html>"),
    "truncated": text('{"text polarity": 0.'),
    "a list": text("[0.5]"),
    "nothing": text(""),
    "huge": huge,
}


@pytest.mark.parametrize("kind", [*TRANSIENT_FAULTS, *MALFORMED_ANSWERS])
def test_a_transient_fault_or_malformed_answer_is_retried(kind: str) -> None:
    handler, seen = in_turn((TRANSIENT_FAULTS | MALFORMED_ANSWERS)[kind], good)
    assert run_client(handler) == Reply(GOOD, "stub/1", 2)
    assert len(seen) == 2


@pytest.mark.parametrize("kind", TRANSIENT_FAULTS)
def test_a_lasting_fault_means_that_the_service_is_unavailable(kind: str) -> None:
    handler, seen = in_turn(TRANSIENT_FAULTS[kind])
    with pytest.raises(ServiceUnavailable, match="textapi"):
        run_client(handler)
    assert len(seen) == 2


@pytest.mark.parametrize("kind", MALFORMED_ANSWERS)
def test_an_answer_that_stays_malformed_is_a_bad_answer(kind: str) -> None:
    handler, seen = in_turn(MALFORMED_ANSWERS[kind])
    with pytest.raises(ServiceBadAnswer, match="textapi: text_polarity answered with"):
        run_client(handler)
    assert len(seen) == 2


def test_an_answer_that_cannot_be_read_is_retried() -> None:
    handler, seen = in_turn(text("{}"), good)

    async def work(api: TextApiClient) -> Reply[float]:
        async def before(_operation: Operation, _attempt: int) -> None:
            pass

        def read(answer: Mapping[str, Any]) -> float:
            if "text polarity" not in answer:
                raise ServiceBadAnswer("textapi: no polarity", service="textapi")

            return float(answer["text polarity"])

        return await api.ask(Operation.TEXT_POLARITY, {"text": "x"}, before, read)

    assert run_client(handler, work).value == GOOD["text polarity"]
    assert len(seen) == 2


def test_a_bad_answer_after_a_fault_means_that_the_service_is_unavailable() -> None:
    handler, _ = in_turn(status(500), text("<html>busy</html>"))
    with pytest.raises(ServiceUnavailable, match="500"):
        run_client(handler)


def test_a_body_announced_as_too_long_is_not_read() -> None:
    handler, _ = in_turn(lambda _: web.Response(body=b" " * (service_client.LONGEST_ANSWER + 1)))
    with pytest.raises(ServiceBadAnswer, match="too much"):
        run_client(handler)


def test_no_call_is_made_before_the_time_that_the_service_named() -> None:
    handler, seen = in_turn(status(429, **{"Retry-After": "1"}), good)

    async def work(api: TextApiClient) -> list[float]:
        times = []

        async def call() -> None:
            async def before(_operation: Operation, _attempt: int) -> None:
                times.append(asyncio.get_running_loop().time())

            await api.ask(Operation.TEXT_POLARITY, {"text": "x"}, before, dict)

        first = asyncio.create_task(call())
        while not seen:  # noqa: ASYNC110 - the server has no event to await
            await asyncio.sleep(0.01)

        await asyncio.sleep(0.05)
        await asyncio.gather(first, *(call() for _ in range(4)))
        return times

    times = run_client(handler, work)
    assert len(times) == 6
    assert min(times[1:]) - times[0] >= 0.95


def test_a_long_retry_after_opens_the_circuit_until_then() -> None:
    handler, seen = in_turn(status(503, **{"Retry-After": "600"}))

    async def work(api: TextApiClient) -> None:
        first = asyncio.create_task(ask(api))
        while not seen:  # noqa: ASYNC110 - the server has no event to await
            await asyncio.sleep(0.01)

        await asyncio.sleep(0.05)
        with pytest.raises(CapReached, match="textapi: is closed until"):
            await ask(api)

        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    run_client(handler, work)
    assert len(seen) == 1


def test_a_503_without_retry_after_opens_the_circuit_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = replace(client.RETRY_POLICY, attempts=3, away_seconds=1.0)
    monkeypatch.setattr(client, "RETRY_POLICY", policy)
    handler, seen = in_turn(status(503), status(503), status(503), good)

    async def work(api: TextApiClient) -> tuple[float, list[Reply[Any]]]:
        with pytest.raises(ServiceUnavailable, match="503"):
            await ask(api)

        began = asyncio.get_running_loop().time()
        replies = await asyncio.gather(*(ask(api) for _ in range(5)))
        return asyncio.get_running_loop().time() - began, list(replies)

    waited, replies = run_client(handler, work)
    assert waited >= 0.7  # others may notice the open circuit a little later
    assert [reply.attempts for reply in replies] == [1] * 5
    assert len(seen) == 8


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    now, most = 0, 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return good(request)

    async def work(api: TextApiClient) -> None:
        await asyncio.gather(*(ask(api) for _ in range(20)))

    run_client(handler, work, textapi_concurrency=3)
    assert most == 3


NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:01:30 GMT"}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:01:30 -0000"}, 90.0),
        ({"Retry-After": "1e300"}, 86400.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Jan 999999999999999999999 2026 12:00:00 GMT"}, None),
        ({"Retry-After": "Thu, 01 Jan 999999999999999999999 12:00:00 GMT"}, None),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:00 +99999999999999"}, None),
        ({"Retry-After": "9999-12-31T23:59:59-23:59"}, 86400.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": ""}, None),
        ({"X-RateLimit-Reset": f"{NOW.timestamp() + 30:.0f}"}, 30.0),
        ({"X-RateLimit-Reset": "30"}, 30.0),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({"X-RateLimit-Reset": "later"}, None),
        ({"Retry-After": "2", "X-RateLimit-Reset": "30"}, 2.0),
    ],
)
def test_retry_after_is_parsed(headers: dict[str, str], seconds: float | None) -> None:
    answer = ServiceAnswer(status=429, headers=CIMultiDict(headers))
    longest = client.RETRY_POLICY.longest_retry_after
    assert seconds_to_wait(answer, NOW.timestamp(), longest) == seconds


@given(st.sampled_from((200, 429, 503)), odd_headers)
@example(200, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1 Jan 2026 0:0:0 +9999999999999"})
def test_whatever_headers_say_a_service_is_left_alone_for_a_day_at_most(
    number: int, headers: dict[str, str]
) -> None:
    answer = ServiceAnswer(status=number, headers=CIMultiDict(headers))
    wait = seconds_to_wait(answer, NOW.timestamp())
    assert wait is None or 0.0 <= wait <= 86400.0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd_headers)
@example({"Retry-After": "Jan 999999999999999999999 2026 00:00:00 GMT"})
@example({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "Mon, 1 Jan 2026 0:0:0 +9999999999"})
@example({ENGINE_HEADER: "caf\xe9"})
@example({ENGINE_HEADER: "x" * 10_000})
@example({"Content-Type": "; charset=\xff"})
def test_no_header_of_a_good_answer_loses_it(headers: dict[str, str]) -> None:
    handler, seen = in_turn(lambda _: web.Response(body=json.dumps(GOOD), headers=headers))
    reply = run_client(handler)
    assert reply.value == GOOD
    assert reply.attempts == len(seen) == 1
    assert reply.engine is None or (reply.engine.isprintable() and reply.engine.isascii())


def test_an_engine_is_named_by_itself_or_by_its_host() -> None:
    handler, _ = in_turn(good)
    assert run_client(handler, lambda api: api.engine()) == "stub/1"
    handler, _ = in_turn(status(404))
    assert run_client(handler, lambda api: api.engine()).startswith("127.0.0.1:")
    handler, _ = in_turn(reset)
    with pytest.raises(ServiceUnavailable, match="is it running"):
        run_client(handler, lambda api: api.engine())


def test_an_unreachable_service_is_named_by_its_address_without_a_secret() -> None:
    async def work(api: TextApiClient) -> Any:
        api._client.base_url = "http://user:hidden@127.0.0.1:1"
        return await ask(api)

    handler, _ = in_turn(good)
    with pytest.raises(
        ServiceUnavailable, match=r"textapi at http://127\.0\.0\.1:1 does not answer"
    ) as error:
        run_client(handler, work)

    assert "hidden" not in str(error.value)
