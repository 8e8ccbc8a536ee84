"""The client of the Text API: one session, one shared limit, errors by kind, retries with full jitter."""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import aiohttp

from core.errors import (
    ServiceBadAnswer,
    ServiceError,
    ServiceRefused,
    ServiceUnavailable,
    SettingsError,
)
from core.metrics import count_call_outcome
from core.settings import Settings
from textapi.messages import ENGINE_HEADER, KEY_HEADER, Operation
from textapi.requests import SERVICE, UnalignedReply

T = TypeVar("T")

ATTEMPTS = 5
RETRY_SECONDS = 45.0  # no further attempt after so long
FIRST_WAIT_SECONDS = 0.125
LONGEST_WAIT_SECONDS = 10.0
AWAY_ATTEMPTS = (
    3  # a service that is away, and does not say for how long, is left alone by all for a moment
)
AWAY_SECONDS = 3.0
LONGEST_ANSWER = 16 * 2**20  # bytes; a longer body is no answer to a request of ours
READY_SECONDS = 5.0
NO_ADDRESS = "no Text API is known: start the stack with `tidings up`, or set TIDINGS_TEXTAPI_URL"
LONGEST_RETRY_AFTER = 30 * 86400.0  # seconds

_WHAT_TO_DO = {
    400: "the request is malformed",
    401: "set TIDINGS_TEXTAPI_KEY to a key that it accepts",
    403: "the key may not do this: set TIDINGS_TEXTAPI_KEY to one that may",
    404: "it has no such endpoint: look at TIDINGS_TEXTAPI_URL",
    413: "the text is too long for it: submit with a smaller --text-size",
    422: "it cannot work on this text",
}


class Limit(Protocol):
    """What the client needs of the shared limit (`core.ratelimit.limiter.RateLimiter`)."""

    def call(self) -> AbstractAsyncContextManager[None]:
        """Wait for one call's place and hold it."""

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call for so long."""


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What came back from one question, as it was read, and how many attempts it took."""

    value: T
    engine: str | None  # as the answer's header says
    attempts: int


class TextApi:
    """Asks the Text API within the shared limit, at most `textapi_concurrency` calls at a time.

    *session* is the caller's. Raises `SettingsError` where no address is known.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, limit: Limit) -> None:
        if not settings.textapi_url:
            raise SettingsError(NO_ADDRESS)
        self._session = session
        self._base = settings.textapi_url.rstrip("/")
        key = settings.textapi_key
        self._headers = {KEY_HEADER: key.get_secret_value()} if key else {}
        self._timeout = aiohttp.ClientTimeout(
            total=settings.textapi_timeout, sock_connect=settings.textapi_connect_timeout
        )
        self._limit = limit
        self._places = asyncio.Semaphore(settings.textapi_concurrency)
        self._engine: str | None = None

    async def engine(self) -> str:
        """Name and version of the engine; a service that does not tell is named by its host.

        Raises `ServiceUnavailable`.
        """
        if self._engine is None:
            self._engine = await engine_of(self._session, self._base)
        return self._engine

    def note_engine(self, engine: str) -> None:
        """An answer came from this engine: from now on it is the one that `engine` names."""
        self._engine = engine

    async def ask(
        self,
        operation: Operation,
        body: Mapping[str, Any],
        before_attempt: Callable[[Operation, int], Awaitable[None]],
        read: Callable[[Mapping[str, Any]], T],
    ) -> Reply[T]:
        """Ask, and again where that can help; *before_attempt* hears of each attempt and its number.

        *read* makes of the answer what is wanted of it. Raises `ServiceRefused`, `ServiceUnavailable`,
        `ServiceBadAnswer` (of *read* too, when attempts are used up) and `UnalignedReply`, which no attempt can mend.
        """
        began = time.monotonic()
        worst: ServiceError | None = (
            None  # who was away for one of the attempts may answer well when it is back
        )
        for attempt in count(1):
            try:
                return await self._once(operation, body, before_attempt, read, attempt)
            except UnalignedReply:
                raise
            except (ServiceUnavailable, ServiceBadAnswer) as error:
                worst = error if worst is None or isinstance(error, ServiceUnavailable) else worst
                if attempt >= ATTEMPTS or time.monotonic() - began >= RETRY_SECONDS:
                    raise worst from None
                await asyncio.sleep(_wait(attempt, error))
        raise AssertionError("unreachable")  # pragma: no cover

    async def _once(
        self,
        operation: Operation,
        body: Mapping[str, Any],
        before_attempt: Callable[[Operation, int], Awaitable[None]],
        read: Callable[[Mapping[str, Any]], T],
        attempt: int,
    ) -> Reply[T]:
        async with self._places, self._limit.call():
            await before_attempt(operation, attempt)
            try:
                answer, engine = await self._attempt(operation, body)
            except ServiceUnavailable as error:
                if error.away and attempt >= AWAY_ATTEMPTS:
                    await self._limit.open_circuit(AWAY_SECONDS)
                raise
        return Reply(read(answer), engine, attempt)

    @count_call_outcome(SERVICE)
    async def _attempt(
        self, operation: Operation, body: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], str | None]:
        try:
            async with self._session.post(
                f"{self._base}/text/{operation}",
                json=body,
                headers=self._headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    await self._refuse(operation, response)
                if (response.content_length or 0) > LONGEST_ANSWER:
                    raise ServiceBadAnswer(
                        f"textapi: {operation} answered with too much", service=SERVICE
                    )
                value = _object(operation, await _bounded(operation, response))
                return value, response.headers.get(ENGINE_HEADER)
        except TimeoutError as error:
            raise ServiceUnavailable(
                f"textapi: {operation} had no answer within {self._timeout.total:g} s",
                service=SERVICE,
            ) from error
        except aiohttp.ClientError as error:
            raise _away(self._base, error) from error

    async def _refuse(self, operation: Operation, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if status in (408, 425, 429) or status >= 500:
            wait = retry_after(response.headers, datetime.now(UTC))
            if status in (429, 503) and wait is not None:
                await self._limit.open_circuit(wait)
            raise ServiceUnavailable(
                f"textapi: {operation} answered {status}",
                service=SERVICE,
                retry_after=wait,
                away=status == 503,
            )
        todo = _WHAT_TO_DO.get(status, "look at TIDINGS_TEXTAPI_URL")
        raise ServiceRefused(
            f"textapi at {_where(self._base)} refused {operation} ({status}): {todo}",
            service=SERVICE,
            status=status,
        )


async def engine_of(session: aiohttp.ClientSession, url: str) -> str:
    """Name and version of the engine at *url*, no text asked; a service that does not tell is named by its host.

    Raises `ServiceUnavailable`.
    """
    try:
        async with session.get(
            f"{url.rstrip('/')}/ready",
            timeout=aiohttp.ClientTimeout(total=READY_SECONDS),
            allow_redirects=False,
        ) as response:
            if engine := response.headers.get(ENGINE_HEADER):
                return engine
            if response.status == 200 and response.content_type == "application/json":
                known = await response.json()
                if isinstance(known, dict) and isinstance(known.get("engine"), str):
                    return str(known["engine"])
    except (TimeoutError, aiohttp.ClientConnectionError) as error:
        raise _away(url, error) from error
    except (aiohttp.ClientError, ValueError):
        pass  # it speaks, but not of its engine: a service of another make
    return urlsplit(url).netloc.rpartition("@")[2]


def _where(url: str) -> str:
    """The address without anything that could be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _away(url: str, error: BaseException) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"textapi at {_where(url)} does not answer ({_kind(error)}): is it running?",
        service=SERVICE,
        away=isinstance(error, aiohttp.ClientConnectorError),
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, by ``Retry-After`` (seconds or a date) or ``X-RateLimit-Reset`` (Unix time or seconds)."""
    if value := headers.get("Retry-After"):
        seconds = _number(value)
        return _sensible(_until(value, now) if seconds is None else seconds)
    reset = _number(headers.get("X-RateLimit-Reset", ""))
    return _sensible(reset - now.timestamp() if reset and reset > 1e9 else reset)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _until(date: str, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (
        (then if then.tzinfo else then.replace(tzinfo=UTC)) - now
    ).total_seconds()  # "-0000" is read as naive


def _sensible(seconds: float | None) -> float | None:
    """No time before now, none beyond `LONGEST_RETRY_AFTER`; "nan" and "inf" are numbers to Python and no answer."""
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _wait(attempt: int, error: ServiceError) -> float:
    """Seconds before the next attempt: as long as the service asked for, and full jitter beside it.

    By hand, since tenacity's machinery costs each call that needs no second attempt a third of its time.
    """
    jittered = random.uniform(0, min(FIRST_WAIT_SECONDS * 2.0**attempt, LONGEST_WAIT_SECONDS))
    asked = error.retry_after if isinstance(error, ServiceUnavailable) else None
    return jittered + min(asked or 0.0, RETRY_SECONDS)


async def _bounded(operation: Operation, response: aiohttp.ClientResponse) -> bytes:
    parts, length = [], 0
    async for part in response.content.iter_any():
        length += len(part)
        if length > LONGEST_ANSWER:
            raise ServiceBadAnswer(f"textapi: {operation} answered with too much", service=SERVICE)
        parts.append(part)
    return b"".join(parts)


def _object(operation: Operation, body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise ServiceBadAnswer(
            f"textapi: {operation} answered with what is no JSON: look at TIDINGS_TEXTAPI_URL",
            service=SERVICE,
        ) from error
    if not isinstance(value, dict):
        raise ServiceBadAnswer(
            f"textapi: {operation} answered with no JSON object", service=SERVICE
        )
    return value


def _kind(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return (
            os.strerror(error.os_error.errno)
            if error.os_error.errno
            else type(error.os_error).__name__
        )
    return {"TimeoutError": "time-out", "ServerDisconnectedError": "disconnected"}.get(
        type(error).__name__, type(error).__name__
    )
