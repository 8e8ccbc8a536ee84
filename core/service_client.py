"""The HTTP client of every outside service: limits, retries, and errors that hold no secret."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from http import HTTPStatus
from math import isfinite
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

import aiohttp

from core.errors import (
    ServiceBadAnswer,
    ServiceError,
    ServiceRefused,
    ServiceUnavailable,
    TidingsError,
)
from core.logs import call_context
from core.metrics import CallOutcome
from core.ratelimit import LimitedCall, Limiter, StatedLimit
from core.ratelimit.notation import NO_WEIGHTS, LimitedResource, Weights
from core.redaction import RedactedFile, load_json, redact, secrets_in_content
from core.storable import make_storable

T = TypeVar("T")

# At most this many bytes of an answer are held in memory; every page and answer is far shorter.
LONGEST_ANSWER = 16 * 2**20
# An answer with a header of more bytes is lost.
LONGEST_HEADER = 2**16
IS_IT_RUNNING = "is it running?"
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
# A service's own words are cut to this many characters.
_LONGEST_MESSAGE = 200
_NO_JSON = object()
_EXPECTED = frozenset({HTTPStatus.OK})
# Every status from 500 is retriable too.
_RETRIABLE = frozenset({408, 425, 429})
_RATE_LIMITED = frozenset({429, 503})

# These headers tell the calls left in a window, and when it opens again (X, X's day, Mastodon,
# Bluesky).
_COUNTERS = (
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-app-limit-24hour-remaining", "x-app-limit-24hour-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
# Services of language models say these with each answer; where they refuse a call, nobody calls
# until then. Otherwise they only lower the windows (`read_stated_limits`).
_REFUSED_COUNTERS = (
    *_COUNTERS,
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
)
# These units end the headers of services of language models.
_HEADER_UNITS = {"requests": LimitedResource.CALLS, "tokens": LimitedResource.TOKENS}
_LONGEST_STATED = 86400.0
# They write times as 1h2m3.5s or 120ms.
_DURATION = re.compile(
    r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long a request is tried; times are in seconds.

    Waits are drawn from 0 to a bound that doubles (full jitter), on top of what the service asks.
    """

    attempts: int = 5

    #: The limit in seconds is for all attempts and waits together.
    seconds: float = 45.0

    #: The first wait is at most this long.
    first_wait: float = 0.5

    #: A service that asks for a longer wait is left to the caller.
    longest_wait: float = 10.0

    #: A service is believed up to this time.
    longest_retry_after: float = 86400.0

    #: After this many attempts, everybody leaves a service alone that is away.
    away_attempts: int = 3
    away_seconds: float = 3.0

    def wait(self, attempt: int, error: ServiceUnavailable | ServiceBadAnswer) -> float | None:
        """Return the seconds to wait after *attempt* (from 1), None if there is to be no other."""
        retry_after = (error.retry_after or 0.0) if isinstance(error, ServiceUnavailable) else 0.0
        if attempt >= self.attempts or retry_after > self.longest_wait:
            return None

        bound = min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait)
        return retry_after + random.uniform(0, bound)


@dataclass(frozen=True, kw_only=True)
class ServiceAnswer:
    """A service's answer; *value* is its JSON, None if it has none or was streamed."""

    status: int

    #: The names may be in any case.
    headers: Mapping[str, str]
    value: Any = None

    #: These are the service's words about an error, short and redacted.
    message: str = ""


Explain = Callable[[ServiceAnswer], TidingsError | None]

#: Returns what an answer used, of whatever status; None if it does not tell.
ReadWeights = Callable[[ServiceAnswer], Weights | None]


@dataclass(kw_only=True)
class ServiceClient:
    """The client of one service at one address, behind one limiter.

    *secrets*, and a password in *base_url*, never appear in an answer, its headers or a message.
    *advice*: what a user can do, by status.
    """

    service: str
    base_url: str
    session: aiohttp.ClientSession
    limiter: Limiter
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: aiohttp.ClientTimeout = _TIMEOUT
    advice: Mapping[int, str] = field(default_factory=dict)
    timeout_advice: str = IS_IT_RUNNING

    #: Whether calls have the header `traceparent`.
    is_traced: bool = False
    default_advice: str = "check what was asked for, the address and the key in the settings"

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        explain: Explain | None = None,
        into: BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        expected: Collection[int] = _EXPECTED,
    ) -> ServiceAnswer:
        """Return the answer 200 to a GET; its body is written to *into* if that is given.

        Other statuses may be *expected*, too. *explain* may turn any other answer into an error of
        its own. Raises what `attempt` raises.
        """

        async def attempt(_number: int) -> ServiceAnswer:
            return await self.attempt(
                "GET",
                path,
                explain=explain,
                into=into,
                headers=headers,
                expected=expected,
                params=params,
            )

        return await self.retry(attempt)

    async def retry(self, attempt: Callable[[int], Awaitable[T]]) -> T:
        """Return the result of *attempt*, which is called with its number until it succeeds.

        When the policy allows no other attempt, the last `ServiceUnavailable` is raised, else
        `ServiceBadAnswer`: a service that was away may answer well when it is back.
        """
        policy, began = self.retry_policy, time.monotonic()
        unavailable: ServiceUnavailable | None = None
        number = 0

        while True:
            number += 1
            try:
                return await attempt(number)
            except (ServiceUnavailable, ServiceBadAnswer) as error:
                if isinstance(error, ServiceUnavailable):
                    unavailable = error
                    if error.away and number >= policy.away_attempts:
                        await self._open_circuit(policy.away_seconds)

                wait = policy.wait(number, error)
                if wait is None or time.monotonic() - began + wait >= policy.seconds:
                    raise (unavailable or error) from None

            await asyncio.sleep(wait)

    async def attempt(
        self,
        method: str,
        path: str,
        *,
        explain: Explain | None = None,
        into: BinaryIO | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: Collection[int] = _EXPECTED,
        weights: Weights = NO_WEIGHTS,
        read_weights: ReadWeights | None = None,
        **request: Any,
    ) -> ServiceAnswer:
        """Make one request when the limiter permits it; *before* is awaited first.

        *headers* are sent beside those of every request. *weights* are reserved at the limiter, and
        what *read_weights* reads from the answer replaces them. Without an answer they stay
        charged, unless nothing was sent. Another attempt reserves them anew.

        Raises `ServiceRefused` (the request or the key is wrong), `ServiceUnavailable` (later),
        `ServiceBadAnswer` (200 without JSON), and what *explain*, *before* and the limiter raise.
        """
        with CallOutcome(self.service), call_context(self.service, path) as trace:
            own_headers = {**(trace if self.is_traced else {}), **(headers or {})}
            async with self.limiter.call(weights) as call:
                exchange = partial(self._exchange, method, path, into, own_headers, request)
                answer = await _send(exchange, call, before)
                call.lower(read_stated_limits(answer, time.time()))
                used = read_weights(answer) if read_weights is not None else None
                if used is not None:
                    call.settle(used)

                problem: TidingsError | None = None
                wait = seconds_to_wait(answer, time.time(), self.retry_policy.longest_retry_after)
                if answer.status not in expected:
                    explained = explain(answer) if explain is not None else None
                    problem = explained or self._problem_of(path, answer, wait)

                if isinstance(problem, ServiceUnavailable):
                    wait = problem.retry_after
                if wait:
                    await self._open_circuit(wait)
                if isinstance(problem, ServiceUnavailable):
                    raise problem

            # The error is raised here, since the limiter takes one for a sign that the service is
            # away.
            if problem is not None:
                raise problem

            return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        into: BinaryIO | None,
        headers: Mapping[str, str],
        request: Mapping[str, Any],
    ) -> ServiceAnswer:
        problem: ServiceError

        try:
            async with self.session.request(
                method,
                self.base_url.rstrip("/") + path,
                headers={**self.headers, **headers},
                timeout=self.timeout,
                # Another host must not see the key.
                allow_redirects=False,
                **request,
            ) as response:
                headers_read = self._redact_headers(response)
                if into is not None and response.status == HTTPStatus.OK:
                    await _write_body(response, into, self.all_secrets)
                    return ServiceAnswer(status=response.status, headers=headers_read)

                body = await _read_body(response)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            is_timeout = isinstance(error, TimeoutError)
            advice = self.timeout_advice if is_timeout else IS_IT_RUNNING
            problem = unreachable(self.service, self.base_url, error, advice)
        else:
            value = _parse_json(body, self.all_secrets)
            is_ok = response.status == HTTPStatus.OK
            if value is not _NO_JSON or not is_ok:
                return ServiceAnswer(
                    status=response.status,
                    headers=headers_read,
                    value=None if value is _NO_JSON else value,
                    message="" if is_ok else self._redact(_error_message(value)),
                )

            problem = self._bad_answer(path, body)

        # The error is raised here, without a context: aiohttp's errors hold the address, and the
        # key in it.
        raise problem

    def _bad_answer(self, path: str, body: bytes | None) -> ServiceBadAnswer:
        too_much = f"too much (more than fits into {LONGEST_ANSWER:,} bytes)"
        what = too_much if body is None else "what is no JSON"
        message = f"{self.service}: {path.rpartition('/')[2]} answered with {what}"
        return ServiceBadAnswer(
            f"{message}: is {_address(self.base_url)} right?", service=self.service
        )

    def _problem_of(self, path: str, answer: ServiceAnswer, wait: float | None) -> ServiceError:
        status, operation = answer.status, path.rpartition("/")[2]
        if status in _RETRIABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            words = f"{status}: {answer.message}" if answer.message else str(status)
            return ServiceUnavailable(
                f"{self.service} cannot answer now ({words}): {operation} is tried again later",
                service=self.service,
                status=status,
                retry_after=wait,
                away=status == HTTPStatus.SERVICE_UNAVAILABLE,
            )

        words = answer.message or self._redact(answer.headers.get("location", ""))
        remark = f' (it answered "{words}")' if words else ""
        advice = self.advice.get(status, self.default_advice)
        return ServiceRefused(
            f"{self.service} at {_address(self.base_url)} refused {operation} ({status}): "
            f"{advice}{remark}",
            service=self.service,
            status=status,
            body=answer.value,
        )

    @cached_property
    def all_secrets(self) -> tuple[str, ...]:
        """The secrets, and the password of the address as it is written and as it is meant."""
        password = urlsplit(self.base_url).password or ""
        return tuple(filter(None, (*self.secrets, password, unquote(password))))

    def _redact(self, words: str) -> str:
        """Return a service's *words* without secrets, and cut only then: a part is one, too."""
        return make_storable(redact(words, self.all_secrets)[:_LONGEST_MESSAGE])[0]

    def _redact_headers(self, response: aiohttp.ClientResponse) -> Mapping[str, str]:
        headers = response.headers.copy()
        for name, value in response.headers.items():
            redacted = redact(value, secrets_in_content(self.all_secrets))
            if redacted != value:
                headers[name] = redacted

        return headers

    async def _open_circuit(self, seconds: float) -> None:
        await self.limiter.open_circuit(seconds)


async def _send(
    exchange: Callable[[], Awaitable[ServiceAnswer]],
    call: LimitedCall,
    before: Callable[[], Awaitable[None]] | None,
) -> ServiceAnswer:
    """Return the answer of *exchange*; charge no weights if nothing was sent."""
    is_sent = False
    try:
        if before is not None:
            await before()

        is_sent = True
        return await exchange()
    except ServiceUnavailable as error:
        is_sent = error.unanswered
        raise
    finally:
        if not is_sent:
            call.settle(NO_WEIGHTS)


def open_session() -> aiohttp.ClientSession:
    """Open a session without a limit of its own on the calls in flight."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        max_line_size=LONGEST_HEADER,
        max_field_size=LONGEST_HEADER,
    )


def unreachable(
    service: str, url: str, error: Exception, advice: str = IS_IT_RUNNING
) -> ServiceUnavailable:
    """Return the error of a service at *url* whose answer did not come, or not to its end."""
    reason = "time-out" if isinstance(error, TimeoutError) else type(error).__name__
    is_away = isinstance(error, aiohttp.ClientConnectorError)
    if isinstance(error, aiohttp.ClientConnectorError) and (error.os_error.errno or 0) > 0:
        reason = os.strerror(error.os_error.errno or 0)

    return ServiceUnavailable(
        f"{service} at {_address(url)} does not answer ({reason}): {advice}",
        service=service,
        away=is_away,
        unanswered=not isinstance(error, _NOT_CONNECTED),
    )


def seconds_to_wait(answer: ServiceAnswer, now: float, longest: float = 86400.0) -> float | None:
    """Return how long a service asks to be left alone, at most *longest* seconds.

    It says so by ``Retry-After``, or by having no calls left until a reset: a Unix time (X,
    Bluesky), an ISO time (Mastodon), or a number of seconds. *now* is a Unix time.
    """
    wait = _seconds_from_now(answer.headers.get("retry-after"), now)
    if wait is None:
        is_refused = answer.status in _RATE_LIMITED
        unstated = "0" if is_refused else ""
        for remaining, reset in _REFUSED_COUNTERS if is_refused else _COUNTERS:
            if answer.headers.get(remaining, unstated).strip() == "0":
                seconds = _seconds_from_now(answer.headers.get(reset), now)
                wait = wait if seconds is None else max(seconds, wait or 0.0)

    return None if wait is None else min(max(wait, 0.0), longest)


def read_stated_limits(answer: ServiceAnswer, now: float) -> list[StatedLimit]:
    """Return what ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}`` say.

    *now* is a Unix time. A service that does not say until when is not believed.
    """
    stated_limits = []
    for header_unit, unit in _HEADER_UNITS.items():
        seconds = _seconds_from_now(answer.headers.get(f"x-ratelimit-reset-{header_unit}"), now)
        remaining = _whole_number(answer.headers.get(f"x-ratelimit-remaining-{header_unit}"))
        limit = _whole_number(answer.headers.get(f"x-ratelimit-limit-{header_unit}"))
        if seconds is not None and seconds > 0 and (remaining is not None or limit is not None):
            stated_limits.append(StatedLimit(unit, remaining, limit, min(seconds, _LONGEST_STATED)))

    return stated_limits


def _whole_number(text: str | None) -> int | None:
    is_number = text is not None and re.fullmatch(r"\s*\d{1,15}\s*", text, re.ASCII)
    return int(text or "") if is_number else None


def _seconds_from_now(text: str | None, now: float) -> float | None:
    if not text:
        return None

    duration = _DURATION.fullmatch(text.strip())
    if duration is not None and any(duration.groups()):
        amounts = [float(amount or 0) for amount in duration.groups()]
        return sum(a * u for a, u in zip(amounts, (86400, 3600, 60, 1, 1e-3), strict=True))

    try:
        number = float(text)
    except ValueError:
        moment = _parse_time(text)
        return None if moment is None else moment.timestamp() - now

    if not isfinite(number):
        return None

    # The number is a Unix time, or seconds.
    return number - now if number > 1e9 else number


def _parse_time(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, OverflowError):
            continue

        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    return None


def _address(url: str) -> str:
    """Return the scheme, host and port of *url*, without a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


async def _write_body(
    response: aiohttp.ClientResponse, file: BinaryIO, secrets: tuple[str, ...]
) -> None:
    file.seek(0)
    file.truncate()
    redacted_file = RedactedFile(file, secrets)
    async for chunk in response.content.iter_chunked(1 << 16):
        redacted_file.write(chunk)

    redacted_file.finish()


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the body, None if it is longer than `LONGEST_ANSWER`."""
    if (response.content_length or 0) > LONGEST_ANSWER:
        return None

    chunks: list[bytes] = []
    length = 0
    while not response.content.at_eof():
        chunk = await response.content.readany()
        length += len(chunk)
        if length > LONGEST_ANSWER:
            return None

        chunks.append(chunk)

    return b"".join(chunks)


def _parse_json(body: bytes | None, secrets: tuple[str, ...]) -> Any:
    try:
        return load_json(body or b"", secrets)
    except (ValueError, RecursionError):
        return _NO_JSON


def _error_message(value: Any) -> str:
    """Return a service's own words about an error, from where services put them."""
    error = value if isinstance(value, Mapping) else {}
    fault = error.get("fault")
    inner = fault.get("faultstring") if isinstance(fault, Mapping) else None
    described = error.get("error")
    message_of_error = described.get("message") if isinstance(described, Mapping) else described
    named = (error.get("detail"), error.get("message"), inner, message_of_error)
    for message in (*named, error.get("title")):
        if isinstance(message, str) and message:
            return message

    return ""
