"""The addresses of the server and what is done at each."""

from __future__ import annotations

import asyncio
import json
import math
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aiohttp import web

from core.logs import get_logger
from textapi.engine import ENGINE, entities, phrases, polarity, summary
from textapi.messages import (
    ENGINE_HEADER,
    EXCHANGES,
    KEY_HEADER,
    NerRequest,
    Operation,
    PhrasesRequest,
    SentencesRequest,
    SentencesWithKeywordsRequest,
    SummarizeRequest,
    TextBody,
)
from textapi.server import metrics, openapi
from textapi.server.batching import LoadShedder, Reader
from textapi.server.guards import HttpError, Keys, parse_request
from textapi.text import keywords

MAX_BODY = 2_000_000  # bytes: the longest text, its letters escaped
BODY_SECONDS = 15.0
ANSWER_SECONDS = 30.0
LONG_TEXT = 4_000  # characters from which even light work is done beside the event loop
MAX_SEARCH = 20_000_000  # characters of a text times its keywords

_log = get_logger("textapi.access")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(mode: polarity.Mode, keys: Keys) -> web.Application:
    """The server's application; the polarity's library is loaded here, the language model once it runs."""
    polarity.text_polarity("A good beginning.", mode)
    server = _Server(mode, keys)
    app = web.Application(middlewares=[server.guard], client_max_size=MAX_BODY)
    app.cleanup_ctx.append(server.running)
    for operation in Operation:
        app.router.add_post(f"/text/{operation}", partial(server.answer, operation))
    app.router.add_get("/", server.page)
    app.router.add_get("/health", server.health)
    app.router.add_get("/ready", server.ready)
    app.router.add_get("/metrics", server.metrics)
    app.router.add_get("/openapi.json", server.openapi)
    return app


class _Server:
    def __init__(self, mode: polarity.Mode, keys: Keys) -> None:
        self._engine = f"{ENGINE}+{mode}"
        self._mode = mode
        self._keys = keys
        self._room = LoadShedder()
        self._reader = Reader()
        self._long_texts = ThreadPoolExecutor(1, "long-texts")

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        self._reader.start()
        yield
        await self._reader.stop()
        self._long_texts.shutdown(wait=True, cancel_futures=True)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn whatever goes wrong into an answer; count and log every request, without its text and key."""
        began = time.perf_counter()
        try:
            response = await handler(request)
        except HttpError as refused:
            response = _refusal(refused.status, refused.message, refused.retry_after)
        except web.HTTPException as error:
            response = _refusal(error.status, _MESSAGES.get(error.status, error.reason))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception as error:  # noqa: BLE001  # logged; its message may hold the text, so it goes nowhere
            _log.error("fault", path=request.path, kind=type(error).__name__, at=_place(error))
            response = _refusal(500, "the server failed at this request; it has been logged")
        response.headers[ENGINE_HEADER] = self._engine
        seconds = time.perf_counter() - began
        resource = request.match_info.route.resource
        endpoint = resource.canonical if resource is not None else "none"
        metrics.REQUESTS.labels(endpoint, response.status).inc()
        metrics.SECONDS.labels(endpoint).observe(seconds)
        _log.info(
            "request",
            method=request.method,
            endpoint=endpoint,
            status=response.status,
            seconds=round(seconds, 4),
        )
        return response

    async def answer(self, operation: Operation, request: web.Request) -> web.Response:
        self._keys.authenticate(request.headers.get(KEY_HEADER))
        if request.content_type != "application/json":
            raise HttpError(
                415, "send the body as JSON, with the header Content-Type: application/json"
            )
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise HttpError(408, f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
        asked = parse_request(body, EXCHANGES[operation].request)
        with self._room.take(asked.text):
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    value = await self._work(operation, asked)
            except TimeoutError:
                raise HttpError(
                    503, f"no answer within {ANSWER_SECONDS:.0f} s", retry_after=ANSWER_SECONDS
                ) from None
        return _json(EXCHANGES[operation].answer_json(value))

    async def _work(self, operation: Operation, asked: TextBody) -> Any:
        match asked:
            case NerRequest():
                found = await self._reader.ask("entities", asked.text)
                return entities.of_labels(found, asked.doctype, asked.labels)
            case PhrasesRequest():
                ranked = await self._reader.ask("phrases", asked.text)
                order = (
                    phrases.most_common
                    if operation is Operation.MOST_COMMON_PHRASES
                    else phrases.least_common
                )
                return order(ranked, asked.num_phrases)
        work = partial(self._light_work, operation, asked)
        if len(asked.text) < LONG_TEXT:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._long_texts, work)

    def _light_work(self, operation: Operation, asked: TextBody) -> Any:
        match asked:
            case SentencesWithKeywordsRequest():
                if len(asked.text) * len(asked.keywords) > MAX_SEARCH:
                    raise HttpError(
                        413, f"keywords: {len(asked.keywords)} are too many for so long a text"
                    )
                return keywords.sentences_with(
                    asked.text, asked.keywords, asked.include_before, asked.include_after
                )
            case SummarizeRequest():
                return summary.summarize(asked.text, asked.proportion)
            case SentencesRequest():
                order = (
                    polarity.most_positive
                    if operation is Operation.MOST_POSITIVE_SENTENCES
                    else polarity.most_negative
                )
                return order(asked.text, asked.num_sentences, self._mode)
        if operation is Operation.POLARITY_BY_SENTENCE:
            return polarity.polarity_by_sentence(asked.text, self._mode)
        return polarity.text_polarity(asked.text, self._mode)

    async def health(self, _request: web.Request) -> web.Response:
        return _json({"status": "live", "engine": self._engine})

    async def ready(self, _request: web.Request) -> web.Response:
        if self._reader.is_ready:
            return _json({"status": "ready", "engine": self._engine})
        if self._reader.fault is not None:
            raise HttpError(503, self._reader.fault)
        raise HttpError(503, "the language model is being loaded", retry_after=1)

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE}
        )

    async def openapi(self, _request: web.Request) -> web.Response:
        return _json(openapi.document(self._engine))

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text=openapi.page(self._engine), content_type="text/html")


_MESSAGES = {
    404: "there is nothing at this address; /openapi.json says what there is",
    405: "this address does not take this method; the header Allow says which it takes",
    413: f"the body is longer than {MAX_BODY} bytes: send it in several requests",
}


def _refusal(status: int, message: str, retry_after: float | None = None) -> web.Response:
    response = _json({"error": message}, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return response


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(value, ensure_ascii=False).encode(),
        status=status,
        content_type="application/json",
    )


def _place(error: BaseException) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)[-5:]
    ]
