"""The client of the Text API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import aiohttp

from core.errors import ServiceBadAnswer, ServiceError, ServiceUnavailable, SettingsError
from core.ratelimit import Limiter
from core.redaction import redact, secrets_in_content
from core.service_client import RetryPolicy, ServiceClient, unreachable
from core.settings import Settings
from textapi.answer_validation import bad_answer, read_engine, read_languages
from textapi.messages import (
    ENGINE_HEADER,
    KEY_HEADER,
    LANGUAGES_HEADER,
    POLARITY_HEADER,
    SERVICE,
    Engine,
    Operation,
)

T = TypeVar("T")

# A call is made again within the slice as long as the service asks for no more than its seconds.
# For a slow service these seconds grow: a bad answer near the time-out has another attempt.
RETRY_POLICY = RetryPolicy(first_wait=0.25, longest_wait=45.0)
READY_SECONDS = 5.0
NO_ADDRESS = "no Text API is known: start the stack with `tidings up`, or set TIDINGS_TEXTAPI_URL"

_ADVICE = {
    400: "the request is malformed",
    401: "set TIDINGS_TEXTAPI_KEY to a key that it accepts",
    403: "the key may not do this: set TIDINGS_TEXTAPI_KEY to one that may",
    404: "it has no such endpoint: look at TIDINGS_TEXTAPI_URL",
    413: "the text is too long for it: submit with a smaller --text-size",
    422: "it cannot work on this text",
}

_TIMEOUT_ADVICE = "is it running, or does it need more time than TIDINGS_TEXTAPI_TIMEOUT?"


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """The answer to one request as it was read, and the number of attempts that it took."""

    value: T
    # The header of the answer names the engine.
    engine: str | None
    attempts: int


class TextApiClient:
    """Asks the Text API within the rate limit, at most `textapi_concurrency` calls at a time.

    *session* is the caller's. Raises `SettingsError` if no address is set.
    """

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, limiter: Limiter
    ) -> None:
        if not settings.textapi_url:
            raise SettingsError(NO_ADDRESS)

        key = settings.textapi_key.get_secret_value() if settings.textapi_key else ""
        self._client = ServiceClient(
            service=SERVICE,
            base_url=settings.textapi_url,
            session=session,
            limiter=limiter,
            headers={KEY_HEADER: key} if key else {},
            secrets=(key,),
            retry_policy=replace(
                RETRY_POLICY, seconds=max(RETRY_POLICY.seconds, 1.5 * settings.textapi_timeout)
            ),
            timeout=aiohttp.ClientTimeout(
                total=settings.textapi_timeout, sock_connect=settings.textapi_connect_timeout
            ),
            advice=_ADVICE,
            timeout_advice=_TIMEOUT_ADVICE,
            is_traced=True,
            default_advice="look at TIDINGS_TEXTAPI_URL",
        )
        self._slots = asyncio.Semaphore(settings.textapi_concurrency)
        # The engine that answers, by the polarity engine that requests prefer.
        self._engines: dict[str | None, str] = {}
        # The languages that each engine declares.
        self._languages: dict[str, frozenset[str] | None] = {}

    async def engine(
        self,
        polarity: str | None = None,
        after_failure: Callable[[ServiceUnavailable], Awaitable[None]] | None = None,
    ) -> str:
        """Return name and version of the engine for requests that prefer *polarity*.

        It is asked for once. *after_failure* is awaited with the error of an attempt that has
        failed, before a wait. Raises as `fetch_engine`.
        """
        if polarity not in self._engines:

            async def fetch(_attempt: int) -> Engine:
                try:
                    return await fetch_engine(
                        self._client.session,
                        self._client.base_url,
                        polarity,
                        secrets=self._client.secrets,
                    )
                except ServiceUnavailable as error:
                    if after_failure is not None:
                        await after_failure(error)

                    raise

            engine = await self._client.retry(fetch)
            self._engines[polarity] = engine.name
            self._languages[engine.name] = engine.languages

        return self._engines[polarity]

    def languages(self, engine: str) -> frozenset[str] | None:
        """Return the languages that *engine* declared when it answered last; None for none."""
        return self._languages.get(engine)

    def note_engine(self, engine: str, polarity: str | None = None) -> None:
        """Remember that *engine* answered; `engine` returns it for *polarity* from now on."""
        self._engines[polarity] = engine

    async def ask(
        self,
        operation: Operation,
        body: Mapping[str, Any],
        before_attempt: Callable[[Operation, int], Awaitable[None]],
        read: Callable[[Mapping[str, Any]], T],
        *,
        polarity: str | None = None,
        after_failure: Callable[[ServiceError], None] | None = None,
        store: Callable[[Reply[T]], Awaitable[None]] | None = None,
    ) -> Reply[T]:
        """Return the reply to one request, with the answer's JSON object as *read* returns it.

        *before_attempt* is awaited with the number of each attempt; *after_failure* is called with
        the error when one has failed, before a wait. *polarity* is the polarity engine that the
        request prefers. *store* is awaited with the reply before
        another call takes this one's place: a process never has more calls made and not stored than
        it may have in flight. Raises `ServiceRefused`, `ServiceUnavailable` and `ServiceBadAnswer`
        (by *read* too, after the last attempt), and what *store* raises.
        """

        async def attempt(number: int) -> Reply[T]:
            try:
                async with self._slots:
                    answer = await self._client.attempt(
                        "POST",
                        f"/text/{operation}",
                        before=partial(before_attempt, operation, number),
                        headers=prefer(polarity),
                        json=body,
                    )
                    if not isinstance(answer.value, dict):
                        raise bad_answer(operation, "no JSON object")

                    engine = read_engine(answer.headers.get(ENGINE_HEADER))
                    if engine is not None:
                        languages = read_languages(answer.headers.get(LANGUAGES_HEADER))
                        self._languages[engine] = languages

                    reply = Reply(_read(read, answer.value, engine), engine, number)
                    if store is not None:
                        await store(reply)

                    return reply
            except ServiceError as error:
                if after_failure is not None:
                    after_failure(error)

                raise

        return await self._client.retry(attempt)


def _read(
    read: Callable[[Mapping[str, Any]], T], answer: Mapping[str, Any], engine: str | None
) -> T:
    """Return what *read* makes of an answer; a bad one names the *engine*."""
    try:
        return read(answer)
    except ServiceBadAnswer as error:
        error.engine = engine
        raise


def prefer(polarity: str | None) -> dict[str, str]:
    """Return the headers of a request that prefers the engine *polarity*, or none."""
    return {} if polarity is None else {POLARITY_HEADER: polarity}


async def fetch_engine(
    session: aiohttp.ClientSession,
    url: str,
    polarity: str | None = None,
    *,
    secrets: Collection[str] = (),
) -> Engine:
    """Return the engine at *url* for requests that prefer *polarity*.

    A service that does not name its engine is named by its host. The name holds no *secrets*.

    Raises `ServiceUnavailable` and `ServiceBadAnswer`.
    """
    try:
        async with session.get(
            f"{url.rstrip('/')}/ready",
            headers=prefer(polarity),
            timeout=aiohttp.ClientTimeout(total=READY_SECONDS),
            allow_redirects=False,
        ) as response:
            header = redact(response.headers.get(ENGINE_HEADER, ""), secrets_in_content(secrets))
            engine_name = read_engine(header)
            languages = read_languages(response.headers.get(LANGUAGES_HEADER))
    except (TimeoutError, aiohttp.ClientConnectionError) as error:
        raise unreachable(SERVICE, url, error) from error
    except aiohttp.ClientError:
        # A service of another make does not name its engine.
        engine_name = languages = None

    return Engine(engine_name or urlsplit(url).netloc.rpartition("@")[2], languages)
