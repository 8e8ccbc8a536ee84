"""The endpoints of the server and their handlers."""

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
from prometheus_client import CONTENT_TYPE_LATEST

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
from textapi.server.auth import Authenticator
from textapi.server.batching import Batcher, LoadShedder
from textapi.server.errors import HttpError
from textapi.server.validation import parse_request
from textapi.text import keywords

MAX_BODY = 2_000_000  # bytes: the longest text, its letters escaped
BODY_SECONDS = 15.0
ANSWER_SECONDS = 30.0
LONG_TEXT = 4_000  # characters from which even light work is done beside the event loop
MAX_SEARCH = 20_000_000  # characters of a text times its keywords

_MESSAGES = {
    404: "there is nothing at this address; /openapi.json lists the endpoints",
    405: "this address does not take this method; the header Allow names those that it takes",
    413: f"the body is longer than {MAX_BODY} bytes: send it in several requests",
}
_log = get_logger("textapi.access")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(mode: polarity.Mode, authenticator: Authenticator) -> web.Application:
    """Return the server's application; it loads the language model when it runs."""
    polarity.text_polarity("A good beginning.", mode)  # loads its library
    server = _Server(mode, authenticator)
    app = web.Application(middlewares=[server.answer_errors], client_max_size=MAX_BODY)
    app.cleanup_ctx.append(server.run_batcher)

    for operation in Operation:
        app.router.add_post(f"/text/{operation}", partial(server.answer, operation))
    app.router.add_get("/", server.endpoints)
    app.router.add_get("/health", server.health)
    app.router.add_get("/ready", server.ready)
    app.router.add_get("/metrics", server.metrics)
    app.router.add_get("/openapi.json", server.openapi)
    return app


class _Server:
    def __init__(self, mode: polarity.Mode, authenticator: Authenticator) -> None:
        self._engine = f"{ENGINE}+{mode}"
        self._mode = mode
        self._authenticator = authenticator
        self._load_shedder = LoadShedder()
        self._batcher = Batcher()
        self._long_texts = ThreadPoolExecutor(1, "long-texts")

    async def run_batcher(self, _app: web.Application) -> AsyncIterator[None]:
        self._batcher.start()
        yield
        await self._batcher.stop()
        self._long_texts.shutdown(wait=True, cancel_futures=True)

    @web.middleware
    async def answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn every error into an answer; count and log each request, without text and key."""
        began = time.perf_counter()
        try:
            response = await handler(request)
        except HttpError as error:
            response = _error_response(error.status, error.message, error.retry_after)
        except web.HTTPException as error:
            response = _error_response(error.status, _MESSAGES.get(error.status, error.reason))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception as error:  # noqa: BLE001  # its message may hold the text
            _log.error("fault", path=request.path, kind=type(error).__name__, at=_frames(error))
            response = _error_response(500, "the server failed at this request; it has been logged")

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
        self._authenticator.authenticate(request.headers.get(KEY_HEADER))
        if request.content_type != "application/json":
            raise HttpError(
                415, "send the body as JSON, with the header Content-Type: application/json"
            )
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise HttpError(408, f"the body did not arrive within {BODY_SECONDS:.0f} s") from None

        exchange = EXCHANGES[operation]
        message = parse_request(body, exchange.request)
        with self._load_shedder.admit(message.text):
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return _json_response(exchange.wrap(await self._work(operation, message)))
            except TimeoutError:
                raise HttpError(
                    503, f"no answer within {ANSWER_SECONDS:.0f} s", retry_after=ANSWER_SECONDS
                ) from None

    async def _work(self, operation: Operation, message: TextBody) -> Any:
        match message:
            case NerRequest():
                pairs = await self._batcher.submit("entities", message.text)
                return entities.of_labels(pairs, message.doctype, message.labels)
            case PhrasesRequest():
                ranked = await self._batcher.submit("phrases", message.text)
                if operation is Operation.MOST_COMMON_PHRASES:
                    return phrases.most_common(ranked, message.num_phrases)
                return phrases.least_common(ranked, message.num_phrases)

        work = partial(self._light_work, operation, message)
        if len(message.text) < LONG_TEXT:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._long_texts, work)

    def _light_work(self, operation: Operation, message: TextBody) -> Any:
        text = message.text
        match message:
            case SentencesWithKeywordsRequest(keywords=terms):
                if len(text) * len(terms) > MAX_SEARCH:
                    raise HttpError(413, f"keywords: {len(terms)} are too many for so long a text")
                return keywords.sentences_with(
                    text, terms, message.include_before, message.include_after
                )
            case SummarizeRequest():
                return summary.summarize(text, message.proportion)
            case SentencesRequest():
                if operation is Operation.MOST_POSITIVE_SENTENCES:
                    return polarity.most_positive(text, message.num_sentences, self._mode)
                return polarity.most_negative(text, message.num_sentences, self._mode)

        if operation is Operation.POLARITY_BY_SENTENCE:
            return polarity.polarity_by_sentence(text, self._mode)
        return polarity.text_polarity(text, self._mode)

    async def health(self, _request: web.Request) -> web.Response:
        return _json_response({"status": "live", "engine": self._engine})

    async def ready(self, _request: web.Request) -> web.Response:
        if self._batcher.is_ready:
            return _json_response({"status": "ready", "engine": self._engine})
        if self._batcher.failure is not None:
            raise HttpError(503, self._batcher.failure)
        raise HttpError(503, "the language model is being loaded", retry_after=1)

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def openapi(self, _request: web.Request) -> web.Response:
        return _json_response(openapi.describe_api(self._engine))

    async def endpoints(self, _request: web.Request) -> web.Response:
        return web.Response(text=openapi.list_endpoints(self._engine))


def _error_response(status: int, message: str, retry_after: float | None = None) -> web.Response:
    response = _json_response({"error": message}, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return response


def _json_response(value: Any, status: int = 200) -> web.Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type="application/json")


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return [f"{frame.filename}:{frame.lineno}" for frame in frames]
