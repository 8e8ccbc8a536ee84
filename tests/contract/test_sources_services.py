"""The promises of every source that crawls: the same tests for each of them."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from collections.abc import Sequence

import aiohttp
import pytest

import core.service_client
from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable, TidingsError
from sources.base import AccountGone, Cursor, Page
from tests.contract.replay import (
    SECRET,
    SECRET_FORMS,
    SUBJECTS,
    CountingLimiter,
    Replay,
    Scripted,
    Subject,
    in_a_while,
    make_client,
    serving,
)

Script = Sequence[Scripted]


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


def crawl(
    subject: Subject,
    script: Script,
    *,
    cursor: Cursor | None = None,
    limit: int | None = None,
    account: Scripted | None = None,
    stop_after: int = 100,
) -> tuple[list[Page], Replay, CountingLimiter]:
    replay = Replay(script, account or subject.account)

    async def go() -> tuple[list[Page], CountingLimiter]:
        pages: list[Page] = []
        async with serving(replay) as (client, limiter):
            async for page in subject.crawl(client=client, cursor=cursor, limit=limit):
                pages.append(page)
                if len(pages) == stop_after:
                    break

        return pages, limiter

    pages, limiter = asyncio.run(go())
    assert limiter.calls == len(replay.requests)
    return pages, replay, limiter


def failure(
    subject: Subject, script: Script, account: Scripted | None = None
) -> tuple[TidingsError, Replay, list[float]]:
    replay = Replay(script, account or subject.account)

    async def go() -> tuple[TidingsError, list[float]]:
        async with serving(replay) as (client, limiter):
            with pytest.raises(TidingsError) as caught:
                [page async for page in subject.crawl(client=client, cursor=None, limit=None)]

            assert limiter.calls == len(replay.requests)
            return caught.value, limiter.closed

    error, closed = asyncio.run(go())
    return error, replay, closed


def numbers(pages: Sequence[Page]) -> list[int]:
    return [
        int(document.text.removeprefix("Post ")) for page in pages for document in page.documents
    ]


def test_pages_follow_one_another_to_the_end(subject: Subject) -> None:
    pages, replay, _ = crawl(
        subject, [subject.page([6, 5], "a"), subject.page([4, 3], "b"), subject.page([2, 1], None)]
    )
    assert numbers(pages) == [6, 5, 4, 3, 2, 1]
    assert [page.end for page in pages] == [None, None, "there are no more posts"]
    assert [request.query.get(subject.token_in) for request in replay.post_requests] == [
        None,
        "a",
        "b",
    ]


def test_posts_have_handle_author_time_and_address(subject: Subject) -> None:
    pages, _, _ = crawl(subject, [subject.page([1], None)])
    [document] = pages[0].documents
    assert document.handle in ("ann.example", "ann@home.example", "ann")
    assert document.author_id in ("did:plc:ann", "https://home.example/@ann", "7")
    assert document.period == "2025-03"
    assert document.address is not None


def test_an_empty_page_with_a_next_token_is_not_the_end(subject: Subject) -> None:
    pages, _, _ = crawl(
        subject, [subject.page([2], "a"), subject.page([], "b"), subject.page([1], None)]
    )
    assert numbers(pages) == [2, 1]


def test_an_empty_first_page_with_a_next_token_is_not_the_end(subject: Subject) -> None:
    pages, _, _ = crawl(subject, [subject.page([], "a"), subject.page([1], None)])
    assert numbers(pages) == [1]


def test_an_account_without_posts_is_an_end_and_no_error(subject: Subject) -> None:
    pages, _, _ = crawl(subject, [subject.page([], None)])
    assert [(page.items, page.end) for page in pages] == [((), "there are no more posts")]


def test_a_repeated_cursor_ends_the_crawl_with_a_reason(subject: Subject) -> None:
    pages, replay, _ = crawl(
        subject,
        [
            subject.page([4], "a"),
            subject.page([3], "b"),
            subject.page([2], "a"),
            subject.page([1], None),
        ],
    )
    assert numbers(pages) == [4, 3, 2]
    assert (
        pages[-1].end
        == "the service gave the same place a second time: older posts cannot be reached"
    )
    assert len(replay.post_requests) == 3


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_crawl_goes_on_where_it_was_stopped(subject: Subject, stop_after: int) -> None:
    script = [subject.page([8 - 2 * n, 7 - 2 * n], f"t{n}" if n < 3 else None) for n in range(4)]
    before, _, _ = crawl(subject, script, stop_after=stop_after)
    stored = json.loads(json.dumps(before[-1].cursor))
    after, replay, _ = crawl(subject, script[stop_after:], cursor=stored)
    assert numbers([*before, *after]) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert replay.post_requests[0].query[subject.token_in] == f"t{stop_after - 1}"


def test_the_next_crawl_goes_back_to_the_newest_known_post(subject: Subject) -> None:
    first, _, _ = crawl(subject, [subject.page([4, 3], "a"), subject.page([2, 1], None)])
    stored = json.loads(json.dumps(first[-1].cursor))
    second, replay, _ = crawl(
        subject,
        [subject.page([8, 7], "a"), subject.page([6, 5, 4, 3], "b"), subject.page([2, 1], None)],
        cursor=stored,
    )
    assert set(numbers(second)) >= {8, 7, 6, 5}
    assert second[-1].end == "it reached the newest post that was known"
    assert len(replay.post_requests) == 2
    third, _, _ = crawl(subject, [subject.page([], None)], cursor=second[-1].cursor)
    assert third[-1].cursor["newest"] == second[-1].cursor["newest"] != stored["newest"]


def test_a_continued_crawl_that_is_stopped_still_knows_where_to_end(subject: Subject) -> None:
    first, _, _ = crawl(subject, [subject.page([2, 1], None)])
    script = [subject.page([8, 7], "a"), subject.page([6, 5], "b"), subject.page([4, 3, 2, 1], "c")]
    part, _, _ = crawl(subject, script, cursor=first[-1].cursor, stop_after=1)
    rest, replay, _ = crawl(subject, script[1:], cursor=part[-1].cursor)
    assert rest[-1].end == "it reached the newest post that was known"
    assert len(replay.post_requests) == 2
    again, _, _ = crawl(subject, [subject.page([8, 7], "z")], cursor=rest[-1].cursor)
    assert again[-1].end == "it reached the newest post that was known"


def test_a_limit_ends_the_crawl_across_a_stop(subject: Subject) -> None:
    script = [subject.page([9, 8], "a"), subject.page([7, 6], "b"), subject.page([5, 4], "c")]
    part, _, _ = crawl(subject, script, limit=3, stop_after=1)
    rest, _, _ = crawl(subject, script[1:], limit=3, cursor=part[-1].cursor)
    assert numbers([*part, *rest]) == [9, 8, 7]
    assert rest[-1].end == "its limit of 3 posts is reached"


@pytest.mark.parametrize("state", ["not-found", "suspended", "protected"])
def test_an_account_that_cannot_be_read_is_a_state_of_its_own(subject: Subject, state: str) -> None:
    posts, account = subject.gone[state]
    error, replay, _ = failure(subject, [posts], account)
    assert isinstance(error, AccountGone)
    assert error.state == state
    assert "@ann" in str(error).lower()
    assert len(replay.requests) <= 2


def test_404_is_an_account_that_is_not_there(subject: Subject) -> None:
    missing = Scripted({"error": "NotFound"}, 404)
    error, _, _ = failure(
        subject, [missing if subject.name != "x search" else subject.page([], None)], missing
    )
    assert isinstance(error, AccountGone)
    assert error.state == "not-found"


def test_a_page_cut_in_the_middle_of_its_json_is_asked_again(subject: Subject) -> None:
    whole = subject.page([1], None)
    cut = Scripted(body=json.dumps(whole.value).encode()[:-20])
    pages, _, _ = crawl(subject, [cut, whole])
    assert numbers(pages) == [1]


def test_a_connection_cut_in_the_middle_of_a_page_is_asked_again(subject: Subject) -> None:
    whole = subject.page([1], None)
    pages, _, _ = crawl(subject, [Scripted(body=b'{"feed": [', kept_back=100), whole])
    assert numbers(pages) == [1]


@pytest.mark.parametrize(
    "body", [b'{"data": [', b"<html>busy</html>", b"", b"\xff", b"[" * 100_000]
)
def test_an_answer_that_stays_broken_is_a_bad_answer(subject: Subject, body: bytes) -> None:
    error, replay, _ = failure(subject, [Scripted(body=body)])
    assert isinstance(error, ServiceBadAnswer)
    assert len(replay.post_requests) == 3


def test_an_answer_that_is_longer_than_any_page_is_not_held(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.service_client, "LONGEST_ANSWER", 100_000)
    error, replay, _ = failure(subject, [Scripted(body=b" " * 100_001)])
    assert isinstance(error, ServiceBadAnswer)
    assert "more than fits" in str(error)
    assert len(replay.post_requests) == 3


@pytest.mark.parametrize("value", [{}, [], None, 7, "x", {"feed": None, "data": None}])
def test_json_of_another_shape_never_breaks_a_source(subject: Subject, value: object) -> None:
    replay = Replay([Scripted(value)], subject.account)

    async def go() -> None:
        async with serving(replay) as (client, _):
            async for page in subject.crawl(client=client, cursor=None, limit=None):
                assert page.documents == ()

    try:
        asyncio.run(go())
    except ServiceBadAnswer as error:
        assert error.service in ("bluesky", "mastodon", "x")  # noqa: PT017


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_service_that_is_busy_is_asked_again(subject: Subject, status: int) -> None:
    pages, _, _ = crawl(subject, [Scripted({}, status), subject.page([1], None)])
    assert numbers(pages) == [1]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_service_that_stays_busy_is_unavailable(subject: Subject, status: int) -> None:
    error, replay, _ = failure(subject, [Scripted({}, status)])
    assert isinstance(error, ServiceUnavailable)
    assert len(replay.post_requests) == 3
    assert str(status) in str(error)


def test_429_with_its_reset_closes_the_service_and_is_not_asked_again(subject: Subject) -> None:
    error, replay, closed = failure(
        subject, [Scripted({}, 429, subject.exhausted(in_a_while(300)))]
    )
    assert isinstance(error, ServiceUnavailable)
    assert error.retry_after is not None
    assert 290 < error.retry_after <= 300
    assert [290 < seconds <= 300 for seconds in closed] == [True]
    assert len(replay.post_requests) == 1


def test_retry_after_is_kept_on_503(subject: Subject) -> None:
    error, replay, closed = failure(subject, [Scripted({}, 503, {"Retry-After": "120"})])
    assert isinstance(error, ServiceUnavailable)
    assert (error.retry_after, closed, len(replay.post_requests)) == (120, [120], 1)


def test_the_last_call_of_a_window_closes_the_service_before_it_refuses(subject: Subject) -> None:
    page = subject.page([1], None)
    page.headers |= subject.exhausted(in_a_while(60))
    pages, _, limiter = crawl(subject, [page])
    assert numbers(pages) == [1]
    assert [55 < seconds <= 60 for seconds in limiter.closed] == [True]


def test_a_wait_of_some_seconds_is_left_to_the_job() -> None:
    subject = SUBJECTS[0]
    error, replay, closed = failure(subject, [Scripted({}, 503, {"Retry-After": "4"})])
    assert isinstance(error, ServiceUnavailable)
    assert (error.retry_after, closed, len(replay.post_requests)) == (4, [4], 1)


@pytest.mark.parametrize("status", [400, 422])
def test_what_is_refused_is_never_asked_again(subject: Subject, status: int) -> None:
    error, replay, _ = failure(subject, [Scripted({"message": "no such parameter"}, status)])
    assert isinstance(error, ServiceRefused)
    assert error.status == status
    assert len(replay.post_requests) == 1


def test_a_redirect_is_not_followed_with_a_key(subject: Subject) -> None:
    error, replay, _ = failure(subject, [Scripted({}, 302, {"Location": f"/elsewhere?k={SECRET}"})])
    assert isinstance(error, ServiceRefused)
    assert SECRET not in str(error)
    assert len(replay.post_requests) == 1


def test_a_dead_host_is_unavailable_and_named(subject: Subject) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"

        async def go() -> None:
            async with aiohttp.ClientSession() as session:
                client = make_client(f"http://{host}", session, CountingLimiter())
                [page async for page in subject.crawl(client=client, cursor=None, limit=None)]

        with pytest.raises(ServiceUnavailable, match=host):
            asyncio.run(go())


@pytest.mark.parametrize("status", [400, 401, 402, 403, 422, 429, 500])
@pytest.mark.parametrize("form", SECRET_FORMS)
def test_no_error_tells_the_key_even_where_the_service_does(
    subject: Subject, status: int, form: str
) -> None:
    written = SECRET_FORMS[form]
    # An error is cut after 200 characters, within the key.
    words = f"{'Key! ' * 38}{written}"
    body = {"detail": words, "message": words, "fault": {"faultstring": words}}
    error, _, _ = failure(subject, [Scripted(body, status)])
    told = "".join(traceback.format_exception(error)) + repr(error)
    assert not [part for part in (SECRET, written, written[:6]) if part in told]
