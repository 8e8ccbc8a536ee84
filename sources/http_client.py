"""Asking a service over HTTP: its limit kept, its errors told apart, its key told to nobody."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote, quote_plus, urlsplit

import aiohttp
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
)
from tenacity.wait import wait_random_exponential

from core.errors import (
    ServiceBadAnswer,
    ServiceError,
    ServiceRefused,
    ServiceUnavailable,
    TidingsError,
)
from core.metrics import count_call_outcome
from sources.base import Limiter
from sources.timestamps import parse_time

HIDDEN = "***"
_LONGEST_RESET = 24 * 3600.0
LONGEST_ANSWER = 64 * 2**20  # bytes held in memory; a page of any of these services is far shorter
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
# (calls left, when there are more): X, its daily limit for an application, Mastodon, Bluesky
_COUNTERS = (
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-app-limit-24hour-remaining", "x-app-limit-24hour-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long one request is tried; waits are drawn from 0 to a bound that doubles (full jitter)."""

    attempts: int = 5
    seconds: float = 45.0  #: in all, over every attempt and wait
    first_wait: float = 0.5  #: seconds, the bound of the first wait
    longest_wait: float = 10.0  #: seconds; who is told to wait longer comes back later instead


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a service said: always with a status, with a *value* where the body is JSON."""

    status: int
    headers: Mapping[str, str]  #: names in lower case
    value: Any = None
    said: str = ""  #: the service's own words on an error, short and without secrets
    is_json: bool = True


Explain = Callable[[Answer], TidingsError | None]


@dataclass(kw_only=True)
class HttpClient:
    """One service at one address, asked through one limit.

    *secrets* never appear in any message, as they are or as they stand in an address.
    """

    service: str
    base_url: str
    session: aiohttp.ClientSession
    gate: Limiter
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: aiohttp.ClientTimeout = field(
        default_factory=lambda: aiohttp.ClientTimeout(total=30, connect=5)
    )
    redirects: bool = False  #: whether to follow them; never with a key

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        explain: Explain = lambda _: None,
        into: BinaryIO | None = None,
    ) -> Answer:
        """The answer 200 to a GET; with *into* its body is written there instead of being read as JSON.

        *explain* may make an error of its own of any other answer. Raises `ServiceRefused` (the request or the key),
        `ServiceUnavailable` (later), `ServiceBadAnswer` (200, but no JSON, or cut short), or what the gate raises.
        """
        attempts = AsyncRetrying(
            retry=retry_if_exception(self._is_worth_another_try),
            stop=stop_after_attempt(self.retry_policy.attempts)
            | stop_before_delay(self.retry_policy.seconds),
            wait=self._wait,
            sleep=asyncio.sleep,
            reraise=True,
        )
        return await attempts(
            count_call_outcome(self.service)(self._once), path, dict(params or {}), explain, into
        )

    async def _once(
        self, path: str, params: dict[str, str], explain: Explain, into: BinaryIO | None
    ) -> Answer:
        problem: TidingsError
        try:
            async with self.gate.call():
                answer = await self._ask(path, params, into)
        except aiohttp.ClientPayloadError:
            problem = ServiceBadAnswer(
                f"{self.service} cut its answer short: try again later", service=self.service
            )
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            problem = self._unreachable(error)
        else:
            found = await self._problem_of(answer, explain)
            if found is None:
                return answer
            problem = found
        # Raised out here so that no context hangs on it: aiohttp's errors hold the address, and it may hold a key.
        raise problem

    async def _ask(self, path: str, params: dict[str, str], into: BinaryIO | None) -> Answer:
        address = self.base_url.rstrip("/") + path
        async with self.session.get(
            address,
            params=params,
            headers=self.headers,
            timeout=self.timeout,
            allow_redirects=self.redirects,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            if into is not None and response.status == HTTPStatus.OK:
                into.seek(0)
                into.truncate()
                async for piece in response.content.iter_chunked(1 << 16):
                    into.write(piece)
                return Answer(status=response.status, headers=headers)
            body = await self._bounded(response)
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return Answer(status=response.status, headers=headers, is_json=False)
        return Answer(
            status=response.status,
            headers=headers,
            value=value,
            said=self.redact(_words(value))[:200],
        )

    async def _bounded(self, response: aiohttp.ClientResponse) -> bytes:
        pieces, length = [], 0
        async for piece in response.content.iter_chunked(1 << 16):
            length += len(piece)
            if length > LONGEST_ANSWER:
                raise ServiceBadAnswer(
                    f"{self.service} answered with more than fits a page", service=self.service
                )
            pieces.append(piece)
        return b"".join(pieces)

    async def _problem_of(self, answer: Answer, explain: Explain) -> TidingsError | None:
        wait = seconds_to_wait(answer, time.time())
        problem: TidingsError | None = None
        if answer.status != HTTPStatus.OK:
            problem = explain(answer) or self._by_status(answer, wait)
        elif not answer.is_json:
            message = f"{self.service} answered with no JSON, or with half of it: try again later"
            problem = ServiceBadAnswer(message, service=self.service)
        if isinstance(problem, ServiceUnavailable):
            wait = problem.retry_after
        if wait:
            await self.gate.open_circuit(wait)
        return problem

    def _by_status(self, answer: Answer, asked_to_wait: float | None) -> ServiceError:
        status = answer.status
        words = f"{status}: {answer.said}" if answer.said else str(status)
        if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = f"{self.service} cannot answer now ({words}): it is tried again later"
            return ServiceUnavailable(problem, service=self.service, retry_after=asked_to_wait)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            where = self.redact(answer.headers.get("location", "elsewhere"))
            problem = f"{self.service} sends us to {where[:200]}: is its base address right?"
            return ServiceRefused(problem, service=self.service, status=status)
        return ServiceRefused(
            f"{self.service} refuses the request ({words}): check what was asked for, and the key in the settings",
            service=self.service,
            status=status,
        )

    def _unreachable(self, error: Exception) -> ServiceUnavailable:
        host = urlsplit(self.base_url).netloc.rpartition("@")[2]
        what = self.redact(str(error)) or type(error).__name__
        return ServiceUnavailable(
            f"{self.service} cannot be reached at {host} ({what[:200]}): is the address right, is the network there?",
            service=self.service,
        )

    def redact(self, text: str) -> str:
        """*text* without any of the secrets."""
        for secret in filter(None, self.secrets):
            for form in {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}:
                text = text.replace(form, HIDDEN)
        return text

    def _is_worth_another_try(self, error: BaseException) -> bool:
        if isinstance(error, ServiceUnavailable):
            return (error.retry_after or 0) <= self.retry_policy.longest_wait
        return isinstance(error, ServiceBadAnswer)

    def _wait(self, state: RetryCallState) -> float:
        jitter = wait_random_exponential(
            multiplier=self.retry_policy.first_wait, max=self.retry_policy.longest_wait
        )(state)
        error = state.outcome.exception() if state.outcome else None
        told = error.retry_after if isinstance(error, ServiceUnavailable) else None
        return (told or 0) + jitter


def _words(value: Any) -> str:
    said = value if isinstance(value, Mapping) else {}
    fault = said.get("fault")
    inner = fault.get("faultstring") if isinstance(fault, Mapping) else None
    candidates = (
        said.get("detail"),
        said.get("message"),
        inner,
        said.get("error"),
        said.get("title"),
    )
    return next((words for words in candidates if isinstance(words, str) and words), "")


def seconds_to_wait(answer: Answer, now: float) -> float | None:
    """How long a service asks to be left alone: by ``Retry-After``, or because no calls are left until a reset.

    A reset is a Unix time (X, Bluesky), an ISO time (Mastodon), or a number of seconds.
    """
    waits = [_from_now(answer.headers.get("retry-after"), now)]
    for left, reset in _COUNTERS:
        if answer.headers.get(left, "").strip() == "0":
            waits.append(_from_now(answer.headers.get(reset), now))
    return max(
        (min(wait, _LONGEST_RESET) for wait in waits if wait is not None and wait > 0), default=None
    )


def _from_now(written: str | None, now: float) -> float | None:
    if not written:
        return None
    try:
        number = float(written)
    except ValueError:
        moment = parse_time(written)
        if moment is None:
            try:
                moment = parsedate_to_datetime(written)
            except ValueError:
                return None
        return moment.timestamp() - now
    return number - now if number > 1e9 else number
