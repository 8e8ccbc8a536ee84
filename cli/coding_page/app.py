"""The server of the page: one process on loopback, with a link of its own for each coder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from cli.coding_page.access import HEADERS, find_by_token, is_own_host, is_own_origin
from cli.coding_page.decisions import DecisionDesk
from cli.coding_page.desks import CodeAnswer, Desk, Undo
from cli.coding_page.pages import render_page
from cli.coding_page.project import CodingProject
from core.errors import BadInput, DatabaseAway, NotFound, TidingsError
from textapi.server.connections import Runner, serve_until_stopped
from textapi.server.validation import BODY_SECONDS

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

HOST = "127.0.0.1"

# An answer is smaller than this.
MOST_BYTES = 64 * 1024

# Requests in work have this long to finish.
_SHUTDOWN_SECONDS = 5.0

_ASSETS = {
    "coding.css": "text/css",
    "coding.js": "text/javascript",
    "server.js": "text/javascript",
    "overview.js": "text/javascript",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CodingApp:
    """Answers requests for the desks of a project; work on the database is done one by one."""

    def __init__(self, project: CodingProject, desks: Mapping[str, Desk]) -> None:
        """Open each of *desks* to whoever has its token."""
        self._project = project
        self._desks = desks
        self._database_thread = ThreadPoolExecutor(1, thread_name_prefix="codes")

    def make(self) -> web.Application:
        """Return the application."""
        app = web.Application(middlewares=[_guard], client_max_size=MOST_BYTES)
        app.router.add_get("/{token}", self._add_slash)
        app.router.add_get("/{token}/", self._show_page)
        app.router.add_get("/{token}/decide", self._show_decisions)
        app.router.add_get("/{token}/state", self._show_state)
        app.router.add_get("/{token}/progress", self._show_progress)
        app.router.add_post("/{token}/answer", self._take_answer)
        app.router.add_post("/{token}/undo", self._take_undo)
        app.router.add_get("/{token}/{asset}", self._send_asset)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._database_thread.shutdown()

    def _find_desk(self, request: web.Request) -> Desk:
        desk = find_by_token(self._desks, request.match_info["token"])
        if desk is None:
            raise web.HTTPNotFound
        return desk

    async def _add_slash(self, request: web.Request) -> web.Response:
        self._find_desk(request)
        raise web.HTTPFound(f"{request.path}/")

    async def _show_page(self, request: web.Request) -> web.Response:
        desk = self._find_desk(request)
        template = "overview.html" if desk.decides else "coding.html"
        return _html(render_page(template, self._project.codebook, desk))

    async def _show_decisions(self, request: web.Request) -> web.Response:
        desk = self._find_desk(request)
        if not desk.decides:
            raise web.HTTPNotFound
        return _html(render_page("coding.html", self._project.codebook, desk))

    async def _send_asset(self, request: web.Request) -> web.Response:
        self._find_desk(request)
        asset = request.match_info["asset"]
        if asset not in _ASSETS:
            raise web.HTTPNotFound

        content = (files("cli.coding_page") / "assets" / asset).read_text(encoding="utf-8")
        return web.Response(text=content, content_type=_ASSETS[asset], charset="utf-8")

    async def _show_state(self, request: web.Request) -> web.Response:
        return web.json_response(await self._work(self._find_desk(request).show))

    async def _show_progress(self, request: web.Request) -> web.Response:
        desk = self._find_desk(request)
        if not isinstance(desk, DecisionDesk):
            raise web.HTTPNotFound
        return web.json_response(await self._work(partial(self._project.describe_progress, desk)))

    async def _take_answer(self, request: web.Request) -> web.Response:
        desk = self._find_desk(request)
        answer = await _read(request, CodeAnswer)
        return web.json_response(await self._work(partial(desk.answer, answer)))

    async def _take_undo(self, request: web.Request) -> web.Response:
        desk = self._find_desk(request)
        undo = await _read(request, Undo)
        return web.json_response(await self._work(partial(desk.undo, undo)))

    async def _work(self, task: Callable[[], T]) -> T:
        """Do what needs the database; nothing else is done at the same time."""
        return await asyncio.get_running_loop().run_in_executor(self._database_thread, task)


@web.middleware
async def _guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuse what a foreign page may have sent, and put our headers on each response."""
    try:
        response = await _refuse_foreign(request, handler)
    except web.HTTPException as error:
        kept = [name for name in ("Location", "Allow") if name in error.headers]
        response = _refuse(error.status)
        response.headers.update({name: error.headers[name] for name in kept})

    response.headers.update(HEADERS)
    return response


def _refuse(status: int) -> web.Response:
    """Return the answer of a status in its own words alone: an address holds a token."""
    return web.Response(status=status, text=HTTPStatus(status).phrase, headers=HEADERS)


async def _refuse_foreign(request: web.Request, handler: _Handler) -> web.StreamResponse:
    host = request.headers.get("Host", "")
    if not is_own_host(host):
        raise web.HTTPForbidden
    if request.method not in ("GET", "HEAD"):
        is_own = is_own_origin(request.headers.get("Origin"), host)
        if not is_own or request.content_type != "application/json":
            raise web.HTTPForbidden

    try:
        return await handler(request)
    except NotFound as error:
        return _problem(410, f"{error}")
    except DatabaseAway as error:
        return _problem(503, f"{error}")
    except BadInput as error:
        return _problem(422, f"{error}: nothing was stored")
    except TidingsError as error:
        return _problem(500, f"{error}")


async def _read(request: web.Request, model: type[M]) -> M:
    """Return what a request holds. Raises `BadInput`."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            content = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest from None

    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise BadInput("the page sent what is no answer") from None


def _html(page: str) -> web.Response:
    return web.Response(text=page, content_type="text/html", charset="utf-8")


def _problem(status: int, problem: str) -> web.Response:
    return web.json_response({"problem": problem}, status=status)


def serve(app: CodingApp, port: int, say_where: Callable[[int], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. *say_where* is called with the port when links work.

    Raises `StackError` if the port cannot be used.
    """
    serve_until_stopped(partial(make_runner, app), HOST, port, say_where)


def make_runner(app: CodingApp) -> Runner:
    """Return what serves the application.

    Addresses hold tokens, so that nothing of a request is logged.
    """
    return Runner(app.make(), _SHUTDOWN_SECONDS, _refuse)
