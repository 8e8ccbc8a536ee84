"""The endpoints of the server and their handlers."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import chain
from typing import Any

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST

from core.logs import get_logger
from core.settings import Settings
from textapi.engine import entities, phrases, polarity, summary
from textapi.engine.name_models import find_name_models, name_suffix
from textapi.messages import (
    ENGINE_HEADER,
    EXCHANGES,
    KEY_HEADER,
    LANGUAGES_HEADER,
    POLARITY_HEADER,
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
from textapi.server.cors import CrossOriginPolicy
from textapi.server.errors import HttpError, locate
from textapi.server.responses import MESSAGES, error_response, json_response
from textapi.server.validation import MAX_BODY, check_head, parse_request, read_body
from textapi.text import keywords

ANSWER_SECONDS = 30.0
# This is some 6 s of work.
MAX_WAITING_CHARACTERS = 600_000
# A request costs this much beside its text.
REQUEST_CHARACTERS = 200
# A keyword costs this much, because it takes half a millisecond to compile.
KEYWORD_CHARACTERS = 100
# The bodies that are read or in work have at most this many bytes.
MAX_BODIES = 64_000_000

# A thread at work lets the event loop run after this time. With Python's 5 ms, whatever the loop
# does for a request took 5 ms: of a hundred polarities at once ninety were answered before /health.
SWITCH_SECONDS = 0.001

# Short texts have a thread of their own, so that they wait for no long text: this is some 0.2 s of
# work for the slowest polarity engine. Signs beyond ASCII (emoji) take VADER twenty times the
# time of letters.
# A short text has fewer characters.
SHORT_TEXT = 4_000
# A short text that is not all ASCII has fewer characters.
SHORT_FOREIGN_TEXT = 200

# Keywords and summaries of a text that short take 4 ms. The event loop does this work if there are
# few keywords, because one takes half a millisecond to compile.
QUICK_KEYWORDS = 4
# All keywords have at most this many characters together, hyphens counted tenfold.
QUICK_KEYWORD_CHARACTERS = 100

# The characters of a text times its keywords are at most this many.
MAX_SEARCHES = 20_000_000
# The characters of a text times those of its keywords are at most this many: some 0.7 s.
MAX_STEPS = 100_000_000
# The sentences in one answer have at most this many characters.
MAX_ANSWER = 1_000_000

# The polarity engines that are loaded at the start, unless the settings name one for all answers.
_LOADED: tuple[polarity.Mode, ...] = (polarity.DEFAULT_MODE, "news")

_log = get_logger("textapi.access")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(settings: Settings, authenticator: Authenticator) -> web.Application:
    """Return the server's application; it loads the language model when it runs."""
    # These calls load the libraries of the engines that may be asked.
    fixed_mode = settings.textapi_polarity
    for mode in (fixed_mode,) if fixed_mode else _LOADED:
        polarity.text_polarity("A good beginning.", mode)

    handlers = _RequestHandlers(settings, authenticator)
    app = web.Application(middlewares=[handlers.answer_errors], client_max_size=MAX_BODY)
    app.cleanup_ctx.append(handlers.run_batcher)

    for operation in Operation:
        app.router.add_post(
            f"/text/{operation}",
            partial(handlers.answer, operation),
            expect_handler=_check_head_first,
        )

    app.router.add_get("/", handlers.endpoints)
    app.router.add_get("/health", handlers.health)
    app.router.add_get("/ready", handlers.ready)
    app.router.add_get("/metrics", handlers.metrics)
    app.router.add_get("/openapi.json", handlers.openapi)
    return app


async def _check_head_first(_request: web.Request) -> None:
    """Leave "100 Continue" to `read_body`, which comes after the checks of the head."""


class _RequestHandlers:
    def __init__(self, settings: Settings, authenticator: Authenticator) -> None:
        self._fixed_mode = settings.textapi_polarity
        name_models = find_name_models(settings.spacy_models)
        self._name_languages = [f"{code};{Operation.NER}" for code in name_models]
        self._name_suffix = name_suffix(name_models)
        mode = self._fixed_mode or polarity.DEFAULT_MODE
        self._engine = polarity.engine_name(mode) + self._name_suffix
        self._cross_origin = CrossOriginPolicy(settings.textapi_cors_origins)
        self._authenticator = authenticator
        self._texts = LoadShedder(MAX_WAITING_CHARACTERS, metrics.WAITING_CHARACTERS)
        self._bodies = LoadShedder(MAX_BODIES, metrics.BODY_BYTES)
        self._batcher = Batcher(name_models)
        self._short_texts = ThreadPoolExecutor(1, "short-texts")
        self._long_texts = ThreadPoolExecutor(1, "long-texts")

    async def run_batcher(self, _app: web.Application) -> AsyncIterator[None]:
        sys.setswitchinterval(SWITCH_SECONDS)
        self._batcher.start()
        yield
        await self._batcher.stop()
        for threads in (self._short_texts, self._long_texts):
            threads.shutdown(wait=True, cancel_futures=True)

    @web.middleware
    async def answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn every error into an answer; count and log each request, without text and key."""
        began = time.perf_counter()
        try:
            if self._cross_origin.is_preflight(request):
                response: web.StreamResponse = self._cross_origin.answer_preflight()
            else:
                response = await handler(request)
        except HttpError as error:
            response = error_response(error.status, error.message, error.retry_after)
        except web.HTTPException as error:
            response = error_response(error.status, MESSAGES.get(error.status, error.reason))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception as error:  # noqa: BLE001  # its message may hold the text
            _log.error("fault", path=request.path, kind=type(error).__name__, at=locate(error))
            response = error_response(500)

        response.headers[ENGINE_HEADER] = self._engine_of(request)
        response.headers[LANGUAGES_HEADER] = ",".join(self._list_languages())
        self._cross_origin.add_headers(request, response)
        seconds = time.perf_counter() - began
        resource = request.match_info.route.resource
        endpoint = resource.canonical if resource is not None else "none"
        metrics.REQUESTS.labels(endpoint, response.status).inc()
        metrics.SECONDS.labels(endpoint).observe(seconds)
        _log.info(
            "request",
            method=request.method if request.method in hdrs.METH_ALL else "other",
            endpoint=endpoint,
            status=response.status,
            seconds=round(seconds, 4),
        )
        return response

    def _mode_of(self, request: web.Request) -> polarity.Mode:
        """Return the polarity engine that answers *request*."""
        preferred = request.headers.get(POLARITY_HEADER)
        return self._fixed_mode or polarity.choose_mode(preferred)

    def _engine_of(self, request: web.Request) -> str:
        return polarity.engine_name(self._mode_of(request)) + self._name_suffix

    def _list_languages(self) -> list[str]:
        """Return the languages that all parts of the engine read, and those of names alone."""
        read_by_all = (
            polarity.LANGUAGES & entities.LANGUAGES & phrases.LANGUAGES & summary.LANGUAGES
        )
        return sorted([*read_by_all, *self._name_languages])

    async def answer(self, operation: Operation, request: web.Request) -> web.Response:
        self._authenticator.authenticate(request.headers.get(KEY_HEADER))
        with self._bodies.admit(check_head(request)):
            exchange = EXCHANGES[operation]
            message = parse_request(await read_body(request), exchange.request)
            with self._texts.admit(_cost(message)):
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        result = await self._work(operation, message, self._mode_of(request))
                        return json_response(exchange.wrap(result))
                except TimeoutError:
                    raise HttpError(
                        503, f"no answer within {ANSWER_SECONDS:.0f} s", retry_after=ANSWER_SECONDS
                    ) from None

    async def _work(self, operation: Operation, message: TextBody, mode: polarity.Mode) -> Any:
        match message:
            case NerRequest():
                pairs = await self._batcher.submit("entities", message.text)
                return entities.of_labels(pairs, message.doctype, message.labels)
            case PhrasesRequest():
                ranked = await self._batcher.submit("phrases", message.text)
                if operation is Operation.MOST_COMMON_PHRASES:
                    return phrases.most_common(ranked, message.num_phrases)

                return phrases.least_common(ranked, message.num_phrases)

        work = partial(_light_work, operation, message, mode)
        if _is_quick(message):
            return work()

        threads = self._short_texts if _is_short(message) else self._long_texts
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def health(self, request: web.Request) -> web.Response:
        return json_response({"status": "live", "engine": self._engine_of(request)})

    async def ready(self, request: web.Request) -> web.Response:
        if self._batcher.is_ready:
            description = {
                "status": "ready",
                "engine": self._engine_of(request),
                "languages": self._list_languages(),
            }
            return json_response(description)

        if self._batcher.failure is not None:
            raise HttpError(503, self._batcher.failure)

        raise HttpError(503, "the language model is being loaded", retry_after=1)

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def openapi(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._description, content_type="application/json")

    @cached_property
    def _description(self) -> bytes:
        return json.dumps(openapi.describe_api(self._engine)).encode()

    async def endpoints(self, _request: web.Request) -> web.Response:
        return web.Response(text=openapi.list_endpoints(self._engine))


def _light_work(operation: Operation, message: TextBody, mode: polarity.Mode) -> Any:
    text = message.text
    match message:
        case SentencesWithKeywordsRequest():
            return _find_keywords(message)
        case SummarizeRequest():
            return summary.summarize(text, message.proportion)
        case SentencesRequest():
            if operation is Operation.MOST_POSITIVE_SENTENCES:
                return polarity.most_positive(text, message.num_sentences, mode)

            return polarity.most_negative(text, message.num_sentences, mode)

    if operation is Operation.POLARITY_BY_SENTENCE:
        return polarity.polarity_by_sentence(text, mode)

    return polarity.text_polarity(text, mode)


def _cost(message: TextBody) -> int:
    """Return what a request costs, in characters of text."""
    cost = REQUEST_CHARACTERS + len(message.text)
    if isinstance(message, SentencesWithKeywordsRequest):
        cost += KEYWORD_CHARACTERS * len(message.keywords)

    return cost


def _is_quick(message: TextBody) -> bool:
    """Tell whether *message* takes so little work that the event loop can do it.

    How long the polarity of a text takes depends on the engine and on the text, not on its length
    alone: it never is.
    """
    match message:
        case SummarizeRequest():
            return len(message.text) < SHORT_TEXT
        case SentencesWithKeywordsRequest():
            return len(message.text) < SHORT_TEXT and _has_few_keywords(message)

    return False


def _is_short(message: TextBody) -> bool:
    """Tell whether light work on *message* is done beside that on long texts."""
    if isinstance(message, SentencesWithKeywordsRequest):
        return False

    longest = SHORT_TEXT if message.text.isascii() else SHORT_FOREIGN_TEXT
    return len(message.text) < longest


def _has_few_keywords(message: SentencesWithKeywordsRequest) -> bool:
    characters = sum(map(len, message.keywords))
    signs = keywords.count_signs(message.keywords)
    is_short = characters + 10 * signs <= QUICK_KEYWORD_CHARACTERS
    return is_short and len(message.keywords) <= QUICK_KEYWORDS


def _find_keywords(message: SentencesWithKeywordsRequest) -> dict[str, list[str]]:
    """Return the sentences with each keyword. Raises `HttpError` (413) if it is too much work."""
    text = message.text
    terms = set(map(keywords.join_white_space, message.keywords))
    if len(text) * len(terms) > MAX_SEARCHES:
        raise HttpError(413, f"keywords: {len(terms)} are too many for so long a text")
    if len(text) * sum(map(len, terms)) > MAX_STEPS:
        raise HttpError(
            413,
            f"keywords: the text's characters times the keywords' may be {MAX_STEPS}: send fewer",
        )

    found = keywords.sentences_with(
        text, message.keywords, message.include_before, message.include_after
    )
    if sum(map(len, chain.from_iterable(found.values()))) > MAX_ANSWER:
        raise HttpError(
            413, f"keywords: an answer holds {MAX_ANSWER} characters at most: send fewer"
        )

    return found
