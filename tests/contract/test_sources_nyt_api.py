"""Months of the NYT Archive API: whole or not there, and the key told to nobody."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable, TidingsError
from sources.base import SourceDocument
from sources.nyt import fetch_month, read_archive
from tests.contract.replay import (
    SECRET,
    SECRET_FORMS,
    CountingLimiter,
    Replay,
    Scripted,
    in_a_while,
    make_client,
    serving,
)

NOW = datetime(2026, 2, 10, tzinfo=UTC)
DOCS = [
    {"_id": str(n), "headline": {"main": f"Headline {n}"}, "pub_date": "2020-03-01"}
    for n in range(3)
]


def month_of(docs: list[Any], hits: int) -> Scripted:
    return Scripted({"copyright": "c", "response": {"docs": docs, "meta": {"hits": hits}}})


def fetch(*script: Scripted, month: str = "2020-03") -> tuple[list[str], Replay, Path]:
    replay = Replay(script, Scripted())

    async def go() -> tuple[list[str], Path]:
        async with serving(replay) as (client, limiter):
            async with fetch_month(month, client=client, key=SECRET, now=NOW) as path:
                found = [
                    item.native_id
                    for item in read_archive(path)
                    if isinstance(item, SourceDocument)
                ]

            assert limiter.calls == len(replay.requests)
            return found, path

    found, path = asyncio.run(go())
    return found, replay, path


def failure(*script: Scripted, month: str = "2020-03") -> tuple[TidingsError, Replay, list[float]]:
    replay = Replay(script, Scripted())

    async def go() -> tuple[TidingsError, list[float]]:
        async with serving(replay) as (client, limiter):
            with pytest.raises(TidingsError) as caught:
                async with fetch_month(month, client=client, key=SECRET, now=NOW):
                    raise AssertionError

            return caught.value, limiter.closed

    error, closed = asyncio.run(go())
    assert SECRET not in "".join(traceback.format_exception(error)) + repr(error)
    assert "s3cret" not in repr(error.__context__) + repr(error.__cause__)
    return error, replay, closed


def test_a_month_is_a_file_while_it_is_needed_and_gone_afterwards() -> None:
    found, replay, path = fetch(month_of(DOCS, 3))
    assert found == ["0", "1", "2"]
    assert not path.exists()
    [request] = replay.requests
    assert (request.path, request.query["api-key"]) == ("/svc/archive/v1/2020/3.json", SECRET)


def test_a_month_without_documents_is_whole() -> None:
    assert fetch(month_of([], 0))[0] == []


def test_documents_that_cannot_be_read_make_no_month_incomplete() -> None:
    assert fetch(month_of([DOCS[0], 7, {"_id": "1", "headline": None}], 3))[0] == ["0"]


def test_fewer_documents_than_hits_are_no_whole_month() -> None:
    error, _, _ = failure(month_of(DOCS, 4))
    assert isinstance(error, ServiceBadAnswer)
    assert "meta.hits says 4 documents, the file holds 3" in str(error)


@pytest.mark.parametrize("cut", [1, 10, 60, 100])
def test_a_200_with_half_a_body_is_no_whole_month(cut: int) -> None:
    whole = json.dumps(month_of(DOCS, 3).value).encode()
    error, _, _ = failure(Scripted(body=whole[:-cut]))
    assert isinstance(error, ServiceBadAnswer)
    assert "incomplete" in str(error)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"fault": {}}'])
def test_a_200_with_another_body_is_a_bad_answer(body: bytes) -> None:
    assert isinstance(failure(Scripted(body=body))[0], ServiceBadAnswer)


def test_a_connection_cut_on_the_way_is_tried_again_from_the_start() -> None:
    whole = json.dumps(month_of(DOCS, 3).value).encode()
    longer = whole + b" " * 500 + b"nothing of this stays"
    found, replay, _ = fetch(Scripted(body=longer, kept_back=9), Scripted(body=whole))
    assert found == ["0", "1", "2"]
    assert len(replay.requests) == 2


@pytest.mark.parametrize(
    ("status", "what_to_do"),
    [
        (401, "check TIDINGS_NYT_KEY"),
        (403, "enable the Archive API"),
        (404, "is TIDINGS_NYT_URL right"),
        (400, "check what was asked for"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_not_asked_again(status: int, what_to_do: str) -> None:
    fault = {"fault": {"faultstring": f"{'Bad! ' * 38}{' '.join(SECRET_FORMS.values())}"}}
    error, replay, _ = failure(Scripted(fault, status))
    assert not [form for form in SECRET_FORMS.values() if form[:6] in str(error)]
    assert isinstance(error, ServiceRefused)
    assert error.status == status
    assert what_to_do in str(error)
    assert len(replay.requests) == 1


def test_429_closes_the_service_for_a_minute_where_it_names_no_time() -> None:
    error, replay, closed = failure(
        Scripted({"fault": {"faultstring": f"Quota. Identifier : {SECRET}"}}, 429)
    )
    assert isinstance(error, ServiceUnavailable)
    assert (error.retry_after, closed, len(replay.requests)) == (60, [60], 1)
    assert "5 a minute, 500 a day" in str(error)


def test_429_with_a_time_closes_the_service_until_then() -> None:
    error, _, closed = failure(Scripted({}, 429, {"Retry-After": "7200"}))
    assert isinstance(error, ServiceUnavailable)
    assert (error.retry_after, closed) == (7200, [7200])


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_service_that_stays_busy_is_unavailable(status: int) -> None:
    error, replay, _ = failure(Scripted({}, status))
    assert isinstance(error, ServiceUnavailable)
    assert len(replay.requests) == 3


@pytest.mark.parametrize("month", ["2026-03", "2031-01", "1851-08", "2020-13", "soon", "2020-3"])
def test_a_month_that_cannot_be_there_is_refused_without_a_call(month: str) -> None:
    error, replay, _ = failure(month_of([], 0), month=month)
    assert isinstance(error, ServiceRefused)
    assert month in str(error)
    assert replay.requests == []


def test_the_running_month_and_the_first_one_are_asked_for() -> None:
    assert (
        fetch(month_of([], 0), month="2026-02")[1].requests[0].path == "/svc/archive/v1/2026/2.json"
    )
    assert (
        fetch(month_of([], 0), month="1851-09")[1].requests[0].path == "/svc/archive/v1/1851/9.json"
    )


def test_a_month_that_quotes_the_key_is_stored_without_it() -> None:
    quoting = {**DOCS[0], "_id": f"Keys {' '.join(SECRET_FORMS.values())}"}
    ids, _, _ = fetch(month_of([quoting], 1))
    assert ids == ["Keys *** *** *** ***"]


def test_a_redirect_takes_the_key_nowhere() -> None:
    error, replay, _ = failure(Scripted({}, 302, {"Location": f"/other?api-key={SECRET}"}))
    assert isinstance(error, ServiceRefused)
    assert len(replay.requests) == 1


def test_a_dead_host_is_unavailable_and_its_error_holds_no_key() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"

        async def go() -> None:
            async with aiohttp.ClientSession() as session:
                client = make_client(f"http://{host}", session, CountingLimiter())
                async with fetch_month("2020-03", client=client, key=SECRET, now=NOW):
                    raise AssertionError

        with pytest.raises(ServiceUnavailable, match=host) as caught:
            asyncio.run(go())

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_reset_that_is_told_in_the_future_is_kept() -> None:
    error, _, closed = failure(
        Scripted({}, 503, {"RateLimit-Remaining": "0", "RateLimit-Reset": str(in_a_while(90))})
    )
    assert isinstance(error, ServiceUnavailable)
    assert [85 < seconds <= 90 for seconds in closed] == [True]
