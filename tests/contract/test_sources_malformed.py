"""Services that answer oddly or without an end: a source has bounds, and says what is wrong."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ServiceBadAnswer, TidingsError
from sources import crawl, nyt
from sources.base import Cursor, Page
from tests.contract.replay import (
    SECRET,
    SUBJECTS,
    Replay,
    Scripted,
    Subject,
    serving,
)

NOW = datetime(2026, 2, 10, tzinfo=UTC)
ODD_VALUES = [
    None, True, 0, -1, 1.5, 44197, -99999999999, 10**400, 1e308, math.nan, math.inf,
    "", " ", "\x00", "\ud800x", "9" * 25, "9" * 5000, "²", "a" * 5000, "https://[", "<![ b]><a <a",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2999-01-01T00:00:00Z",
    [], {}, [[]], [1, "a"], {"text": None}, {"$type": "x#reasonRepost"},
]  # fmt: skip


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in a JSON value."""
    yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*place, index))


def replaced(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """Return *value* with another value at *place*; it stays as it is where that is gone."""
    if not place:
        return odd

    result = copy.deepcopy(value)
    node = result
    try:
        for key in place[:-1]:
            node = node[key]

        node[place[-1]] = odd
    except (TypeError, LookupError):
        return value

    return result


@st.composite
def malformed(draw: st.DrawFn, answers: Sequence[Scripted]) -> Scripted:
    """Draw an answer of a service in which some values are not what they should be."""
    answer = draw(st.sampled_from(answers))
    value = answer.value
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(places(value))))
        value = replaced(value, place, draw(st.sampled_from(ODD_VALUES)))

    headers = draw(st.sampled_from([{}, {"Link": "<http://[>; rel=next"}, {"Retry-After": "x"}]))
    return Scripted(body=json.dumps(value).encode(), headers=answer.headers | headers)


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


def crawl_all(
    subject: Subject, script: Sequence[Scripted], account: Scripted, cursor: Cursor | None = None
) -> tuple[list[Page], Replay]:
    replay = Replay(script, account)

    async def go() -> list[Page]:
        async with serving(replay) as (client, _):
            return [page async for page in subject.crawl(client=client, cursor=cursor, limit=None)]

    return asyncio.run(go()), replay


@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_malformed_page_breaks_a_source(subject: Subject, data: st.DataObject) -> None:
    pages = [subject.page([6, 5], "a"), subject.page([4], None)]
    script = [data.draw(malformed(pages)), data.draw(malformed(pages)), subject.page([], None)]
    account = data.draw(st.one_of(st.just(subject.account), malformed([subject.account])))
    try:
        found, _ = crawl_all(subject, script, account)
        cursor = json.loads(json.dumps(found[-1].cursor))
        again, _ = crawl_all(subject, [subject.page([9], None)], subject.account, cursor)
    except TidingsError as error:
        str(error).encode()
        return

    for page in [*found, *again]:
        json.dumps(page.cursor, allow_nan=False).encode()
        for document in page.documents:
            for text in (document.identity, document.text, document.handle, document.address):
                (text or "").encode()
                assert "\x00" not in (text or "")

            assert len(document.identity) < 600


class EmptyPages:
    """Answers every request for posts with a page of its own, and a place that is new."""

    def __init__(self, subject: Subject, numbers: Sequence[int] = ()) -> None:
        self.subject, self.numbers = subject, numbers
        self.account, self.post_requests = subject.account, 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if "/lookup" in request.path or "/by/username/" in request.path:
            return await self.account.send(request)
        self.post_requests += 1
        return await self.subject.page(self.numbers, f"t{self.post_requests}").send(request)


@pytest.mark.parametrize("numbers", [[], [3, 2]])
def test_pages_without_a_new_post_come_to_an_end(subject: Subject, numbers: list[int]) -> None:
    service = EmptyPages(subject, numbers)

    async def go() -> list[Page]:
        async with serving(service) as (client, _):  # type: ignore[arg-type]
            return [page async for page in subject.crawl(client=client, cursor=None, limit=None)]

    pages = asyncio.run(go())
    assert pages[-1].end is not None
    assert "page after page without a new post" in pages[-1].end
    assert service.post_requests == crawl.MAX_EMPTY_PAGES + (1 if numbers else 0)


def test_empty_pages_are_counted_across_a_stop(subject: Subject) -> None:
    service = EmptyPages(subject)

    async def go(cursor: Cursor | None, most: int) -> list[Page]:
        pages: list[Page] = []
        async with serving(service) as (client, _):  # type: ignore[arg-type]
            async for page in subject.crawl(client=client, cursor=cursor, limit=None):
                pages.append(page)
                if len(pages) == most:
                    break

        return pages

    before = asyncio.run(go(None, 15))
    after = asyncio.run(go(json.loads(json.dumps(before[-1].cursor)), 100))
    assert len(before) + len(after) == crawl.MAX_EMPTY_PAGES


def test_a_crawl_has_a_last_page(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawl, "MAX_PAGES", 3)
    script = [subject.page([9 - number], f"t{number}") for number in range(9)]
    pages, replay = crawl_all(subject, script, subject.account)
    assert pages[-1].end == crawl.ENDLESS
    assert len(replay.post_requests) == 3


@pytest.mark.parametrize("place", ["x" * 5000, "\ud800"])
def test_a_place_that_cannot_be_asked_for_ends_the_crawl(place: str) -> None:
    for subject in SUBJECTS:
        if subject.name == "mastodon" and place == "\ud800":
            continue  # a header cannot hold it

        pages, _ = crawl_all(subject, [subject.page([2], place)], subject.account)
        assert [page.end for page in pages] == [crawl.UNUSABLE]


def test_a_page_of_far_more_than_was_asked_for_is_a_bad_answer(subject: Subject) -> None:
    with pytest.raises(ServiceBadAnswer, match=r"answered with 1,500 entries where \d+ were asked"):
        crawl_all(subject, [subject.page(range(1500, 0, -1), None)], subject.account)


def test_a_post_from_the_future_does_not_become_the_newest(subject: Subject) -> None:
    future = 60 * 24 * 365 * 40  # minutes
    pages, _ = crawl_all(subject, [subject.page([future, 2, 1], None)], subject.account)
    assert "2065" not in json.dumps(pages[-1].cursor)
    again, _ = crawl_all(
        subject, [subject.page([4, 3, 2], None)], subject.account, pages[-1].cursor
    )
    assert [document.text for document in again[0].documents][:2] == ["Post 4", "Post 3"]


# --- months ---


def fetch(script: Sequence[Scripted]) -> Replay:
    replay = Replay(script, Scripted())

    async def go() -> None:
        async with (
            serving(replay) as (client, _),
            nyt.fetch_month("2020-03", client=client, key=SECRET, now=NOW) as path,
        ):
            list(nyt.read_archive(path, NOW))

    asyncio.run(go())
    return replay


def month(*docs: Any) -> Scripted:
    return Scripted({"response": {"docs": list(docs), "meta": {"hits": len(docs)}}})


DOCUMENT = {
    "_id": "nyt://1",
    "web_url": "https://www.nytimes.com/a",
    "headline": {"main": "Rain", "print_headline": None},
    "pub_date": "2020-03-01T12:00:00+0000",
    "type_of_material": "News",
}


@given(data=st.data())
def test_no_malformed_month_breaks_the_archive(data: st.DataObject) -> None:
    answer = data.draw(malformed([month(DOCUMENT, DOCUMENT)]))
    try:
        fetch([answer])
    except TidingsError as error:
        assert SECRET not in str(error)  # noqa: PT017


class EndlessBody:
    """Sends a body until nobody takes it any more."""

    account = Scripted()

    def __init__(self, piece: bytes) -> None:
        self.piece, self.sent, self.requests = piece, 0, 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while self.sent < 400 * 2**20:
                await response.write(self.piece)
                self.sent += len(self.piece)
        except ConnectionError:
            pass

        return response


def test_a_body_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nyt, "_LONGEST_MONTH", 2**20)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    service = EndlessBody(b" " * 2**18)
    largest = 0
    write = nyt._MonthFile.write

    def watch(file: Any, data: Any) -> int:
        nonlocal largest
        written = write(file, data)
        largest = max(largest, file.tell())
        return written

    monkeypatch.setattr(nyt._MonthFile, "write", watch)

    async def go() -> None:
        async with (
            serving(service) as (client, _),  # type: ignore[arg-type]
            nyt.fetch_month("2020-03", client=client, key=SECRET, now=NOW),
        ):
            raise AssertionError

    with pytest.raises(ServiceBadAnswer, match=r"too much .more than 1,048,576 bytes.: is TIDINGS"):
        asyncio.run(go())

    assert 2**19 < largest <= 2**20
    assert service.requests == 3
    assert service.sent < 100 * 2**20
    assert list(tmp_path.iterdir()) == []


def test_a_month_of_far_too_many_documents_is_a_bad_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nyt, "_MAX_DOCUMENTS", 1000)
    body = b'{"response": {"docs": [' + b"{}," * 100_000 + b"{}]}}"
    with pytest.raises(ServiceBadAnswer, match="it has more than 1,000 documents"):
        fetch([Scripted(body=body)])
