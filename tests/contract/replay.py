"""A local server that answers as Bluesky, Mastodon, X and the NYT do, from a script of answers."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self
from urllib.parse import quote

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.ratelimit import StatedLimit
from core.ratelimit.notation import NO_WEIGHTS, Weights
from core.service_client import RetryPolicy, ServiceClient
from core.settings import Settings
from sources import bluesky, mastodon, x
from sources.base import Cursor, Page
from sources.source import CrawlRequest, ReadPages

HANDLE = "ann@home.example"
FIRST = datetime(2025, 3, 1, tzinfo=UTC)
QUICK = RetryPolicy(attempts=3, first_wait=0.001, longest_wait=0.01)
SECRET = "s3cret/key+1"

# The ways in which services write a key that they quote.
SECRET_FORMS = {
    "plain": SECRET,
    "for URLs": quote(SECRET, safe=""),
    "in base64": b64encode(SECRET.encode()).decode(),
    "for HTML": SECRET.replace("/", "&#x2F;").replace("+", "&#43;"),
}


@dataclass
class CountingLimiter:
    """Stands where the shared limit will: counts the calls, notes for how long it was closed."""

    calls: int = 0
    closed: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def call(self, _weights: Weights = NO_WEIGHTS) -> AsyncIterator[Self]:
        self.calls += 1
        yield self

    def settle(self, weights: Weights) -> None:
        pass

    def lower(self, stated_limits: Sequence[StatedLimit]) -> None:
        pass

    async def open_circuit(self, seconds: float) -> None:
        self.closed.append(seconds)


@dataclass
class Scripted:
    """One answer: a JSON value, or bytes as they are."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    kept_back: int = 0  #: bytes announced and never sent

    async def send(self, request: web.Request) -> web.StreamResponse:
        body = json.dumps(self.value).encode() if self.body is None else self.body
        headers = {"Content-Type": "application/json", **self.headers}
        if not self.kept_back:
            return web.Response(status=self.status, headers=headers, body=body)

        response = web.StreamResponse(status=self.status, headers=headers)
        response.content_length = len(body) + self.kept_back
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.close()
        return response


@dataclass
class Replay:
    """Answers requests for posts in the order of *script*, the last answer again and again."""

    script: Sequence[Scripted]
    account: Scripted
    requests: list[web.Request] = field(default_factory=list)
    post_requests: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if "/lookup" in request.path or "/by/username/" in request.path:
            return await self.account.send(request)

        self.post_requests.append(request)
        return await self.script[min(len(self.post_requests), len(self.script)) - 1].send(request)


class Crawler(Protocol):
    def __call__(
        self, *, client: ServiceClient, cursor: Cursor | None = None, limit: int | None = None
    ) -> AsyncIterator[Page]: ...


def crawler(pages: ReadPages, subject: str, **settings: str) -> Crawler:
    """*pages* of one subject, by these settings."""

    def crawl(
        *, client: ServiceClient, cursor: Cursor | None = None, limit: int | None = None
    ) -> AsyncIterator[Page]:
        request = CrawlRequest(
            subject=subject,
            client=client,
            client_of=lambda _: client,
            settings=Settings(_env_file=None, **settings),  # type: ignore[call-arg,arg-type]
            cursor=cursor,
            limit=limit,
        )
        return pages(request)

    return crawl


@dataclass(frozen=True)
class Subject:
    """One source, and its service's ways of saying the same things."""

    name: str
    crawl: Crawler
    page: Callable[
        [Sequence[int], str | None], Scripted
    ]  #: post numbers (time goes up with them), next token
    account: Scripted
    gone: dict[str, tuple[Scripted, Scripted]]  #: state: answer on posts, answer on the account
    exhausted: Callable[
        [float], dict[str, str]
    ]  #: headers that say: no calls left before that Unix time
    token_in: str  #: the parameter that carries the next token


def moment(number: int) -> str:
    return (FIRST + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")


def _bluesky_page(numbers: Sequence[int], following: str | None) -> Scripted:
    feed = [
        {
            "post": {
                "uri": f"at://did:plc:ann/app.bsky.feed.post/{number}",
                "author": {"did": "did:plc:ann", "handle": "ann.example", "labels": []},
                "record": {
                    "$type": "app.bsky.feed.post",
                    "text": f"Post {number}",
                    "createdAt": moment(number),
                },
                "indexedAt": moment(number),
            }
        }
        for number in numbers
    ]
    return Scripted({"feed": feed} | ({"cursor": following} if following else {}))


def _mastodon_page(numbers: Sequence[int], following: str | None) -> Scripted:
    statuses = [
        {
            "id": str(number),
            "created_at": moment(number),
            "content": f"<p>Post {number}</p>",
            "account": {"id": "7", "acct": "ann", "url": "https://home.example/@ann"},
            "reblog": None,
            "url": f"https://home.example/@ann/{number}",
        }
        for number in numbers
    ]
    link = (
        f'<https://evil.example/api?max_id={following}>; rel="next", '
        '<https://home.example/?min_id=9>; rel="prev"'
    )
    return Scripted(statuses, headers={"Link": link} if following else {})


def _x_id(number: int) -> str:
    milliseconds = int((FIRST + timedelta(minutes=number)).timestamp() * 1000)
    return str((milliseconds - 1_288_834_974_657) << 22)


def _x_page(numbers: Sequence[int], following: str | None) -> Scripted:
    value: dict[str, Any] = {"meta": {"result_count": len(numbers)}}
    if numbers:
        value["data"] = [
            {
                "id": _x_id(number),
                "text": f"Post {number}",
                "author_id": "7",
                "created_at": moment(number),
            }
            for number in numbers
        ]
        value["includes"] = {"users": [{"id": "7", "username": "Ann"}]}

    if following:
        value["meta"]["next_token"] = following

    return Scripted(value)


def _x_error(title: str, detail: str) -> Scripted:
    return Scripted({"errors": [{"value": "ann", "title": title, "detail": detail}]})


def _epoch(remaining: str, reset: str) -> Callable[[float], dict[str, str]]:
    return lambda at: {remaining: "0", reset: str(int(at))}


NOTHING = _x_page([], None)
X_USER = Scripted({"data": {"id": "7", "username": "Ann", "protected": False}})
X_GONE = {
    "not-found": (
        NOTHING,
        _x_error("Not Found Error", "Could not find user with username: [ann]."),
    ),
    "suspended": (NOTHING, _x_error("Forbidden", "User has been suspended: [ann].")),
    "protected": (NOTHING, Scripted({"data": {"id": "7", "username": "Ann", "protected": True}})),
}
MASTODON_ACCOUNT = Scripted({"id": "7", "username": "ann", "acct": "ann"})
BLUESKY_LABEL = [{"src": "did:plc:ann", "val": "!no-unauthenticated"}]


def _bluesky_protected() -> Scripted:
    page = _bluesky_page([1], None)
    page.value["feed"][0]["post"]["author"]["labels"] = BLUESKY_LABEL
    return page


SUBJECTS = [
    Subject(
        name="bluesky",
        crawl=crawler(bluesky.account_pages, "ann.example"),
        page=_bluesky_page,
        account=Scripted(status=500),
        gone={
            "not-found": (
                Scripted({"error": "InvalidRequest", "message": "Profile not found"}, 400),
                Scripted(),
            ),
            "suspended": (
                Scripted({"error": "AccountTakedown", "message": "Account is taken down"}, 400),
                Scripted(),
            ),
            "protected": (_bluesky_protected(), Scripted()),
        },
        exhausted=_epoch("RateLimit-Remaining", "RateLimit-Reset"),
        token_in="cursor",
    ),
    Subject(
        name="mastodon",
        crawl=crawler(mastodon.account_pages, HANDLE),
        page=_mastodon_page,
        account=MASTODON_ACCOUNT,
        gone={
            "not-found": (Scripted([]), Scripted({"error": "Record not found"}, 404)),
            "suspended": (Scripted([]), Scripted(MASTODON_ACCOUNT.value | {"suspended": True})),
            "protected": (
                Scripted({"error": "This method requires an authenticated user"}, 401),
                MASTODON_ACCOUNT,
            ),
        },
        exhausted=lambda at: {
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        },
        token_in="max_id",
    ),
    Subject(
        name="x search",
        crawl=crawler(x.account_pages, "@Ann", x_query="from:{handle} -is:retweet"),
        page=_x_page,
        account=X_USER,
        gone=X_GONE,
        exhausted=_epoch("x-rate-limit-remaining", "x-rate-limit-reset"),
        token_in="next_token",
    ),
]


@asynccontextmanager
async def serving(replay: Replay) -> AsyncIterator[tuple[ServiceClient, CountingLimiter]]:
    """*replay* on loopback, and a `ServiceClient` that asks it."""
    app = web.Application()
    app.router.add_get("/{path:.*}", replay.handle)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        limiter = CountingLimiter()
        yield make_client(str(server.make_url("")), session, limiter), limiter


def make_client(
    base_url: str, session: aiohttp.ClientSession, limiter: CountingLimiter
) -> ServiceClient:
    return ServiceClient(
        service="service",
        base_url=base_url,
        session=session,
        limiter=limiter,
        headers={"Authorization": f"Bearer {SECRET}"},
        secrets=(SECRET,),
        retry_policy=QUICK,
    )


def in_a_while(seconds: float) -> float:
    return time.time() + seconds
