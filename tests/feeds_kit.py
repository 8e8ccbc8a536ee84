"""Services that are replayed on loopback, on a loop of their own: jobs have another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.replay import MASTODON_ACCOUNT, SUBJECTS

PAGES = {subject.name: subject.page for subject in SUBJECTS}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def service(handler: Handler, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of *handler* on loopback; of host 0.0.0.0 it has all of 127.0.0.0/8."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app, host=host)
    asyncio.run_coroutine_threadsafe(server.start_server(), loop).result(10)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Account:
    """A feed of posts 1 to *posts*, newest first, of 100 a page; keeps its requests."""

    def __init__(
        self,
        posts: int,
        kind: str = "bluesky",
        *,
        token: str = "cursor",  # noqa: S107
        size: int = 100,
    ) -> None:
        self.posts, self.kind, self.token, self.size = posts, kind, token, size
        self.requests: list[web.Request] = []
        self.before_answer: Callable[[int], None] = lambda _: None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.before_answer(len(self.requests))
        if "/lookup" in request.path:
            return await MASTODON_ACCOUNT.send(request)

        newest = int(request.query.get(self.token, self.posts + 1)) - 1
        numbers = range(newest, max(newest - self.size, 0), -1)
        following = str(numbers[-1]) if numbers and numbers[-1] > 1 else None
        return await PAGES[self.kind](list(numbers), following).send(request)
