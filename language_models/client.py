"""The client of a server of language models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from core.addresses import is_loopback
from core.errors import (
    ContentRefused,
    ServiceError,
    ServiceRefused,
    ServiceUnavailable,
    SettingsError,
)
from core.prices import Price
from core.ratelimit import Limiter
from core.ratelimit.notation import NO_WEIGHTS, LimitedResource, Weights
from core.service_client import RetryPolicy, ServiceAnswer, ServiceClient
from core.settings import Settings
from language_models.batches import BatchClient
from language_models.chat import ChatRequest
from language_models.completion import SERVICE, read_tokens
from language_models.refusals import find_refused_field, is_filtered, is_unbilled

NO_ADDRESS = "no server of language models is known: set TIDINGS_MODEL_URL"

# An attempt that is not answered stays paid for at its bound, so there are few.
RETRY_POLICY = RetryPolicy(attempts=3, first_wait=0.5, longest_wait=45.0)

_PATH = "/v1/chat/completions"

_ADVICE = {
    400: "the server does not take such a request",
    401: "set TIDINGS_MODEL_KEY to a key that it accepts",
    403: "the key may not do this: set TIDINGS_MODEL_KEY to one that may",
    404: "it has no such model, or no such address: look at --coder and TIDINGS_MODEL_URL; what "
    "the model has answered stays",
    413: "the text is too long for it",
    422: "the server does not take such a request",
}

_TIMEOUT_ADVICE = "is it running, or does it need more time than TIDINGS_MODEL_TIMEOUT?"


class ModelClient:
    """Asks a server of language models within its limits.

    *session* is the caller's. Raises `SettingsError` if no address is set.
    """

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, limiter: Limiter
    ) -> None:
        if not settings.model_url:
            raise SettingsError(NO_ADDRESS)

        key = settings.model_key.get_secret_value() if settings.model_key else ""
        self._client = ServiceClient(
            service=SERVICE,
            base_url=base_address(settings.model_url),
            session=session,
            limiter=limiter,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            secrets=(key,),
            retry_policy=replace(
                RETRY_POLICY, seconds=max(RETRY_POLICY.seconds, 1.5 * settings.model_timeout)
            ),
            timeout=aiohttp.ClientTimeout(
                total=settings.model_timeout, sock_connect=settings.textapi_connect_timeout
            ),
            advice=_ADVICE,
            timeout_advice=_TIMEOUT_ADVICE,
            is_traced=True,
            default_advice="look at TIDINGS_MODEL_URL",
        )
        # The optional fields that the server has refused.
        self.refused_fields: frozenset[str] = frozenset()

    @property
    def batches(self) -> BatchClient:
        """The client of files and batches, behind the same limits of calls."""
        return BatchClient(self._client)

    async def retry(self, attempt: Callable[[int], Awaitable[Any]]) -> Any:
        """Return the result of *attempt*; see `ServiceClient.retry`."""
        return await self._client.retry(attempt)

    async def complete(
        self, chat: ChatRequest, model: str, price: Price, before: Callable[[], Awaitable[None]]
    ) -> Any:
        """Return the JSON of a reply; *before* is awaited before the request is sent.

        Raises what `ServiceClient.attempt` raises.
        """

        def read_weights(answer: ServiceAnswer) -> Weights | None:
            tokens = read_tokens(answer.value)
            if tokens is not None:
                return {
                    LimitedResource.TOKENS: tokens.total,
                    LimitedResource.COST: price.cost(tokens),
                }

            return NO_WEIGHTS if is_unbilled(answer.status, answer.value) else None

        answer = await self._client.attempt(
            "POST",
            _PATH,
            explain=_refuse_content,
            before=before,
            weights={
                LimitedResource.TOKENS: chat.most_tokens,
                LimitedResource.COST: chat.most_cost(price),
            },
            read_weights=read_weights,
            json=chat.body(model, self.refused_fields),
        )
        return answer.value

    def leave_out_refused_field(
        self, status: int | None, body: Any, left_out: Collection[str]
    ) -> bool:
        """Leave out from now on the optional field that an error names; return whether it does.

        *left_out* are the fields that the refused request did not have: another request may have
        found out meanwhile.
        """
        field_name = find_refused_field(status, body, left_out)
        if field_name is None:
            return False

        self.refused_fields |= {field_name}
        return True


def was_surely_not_billed(error: ServiceError) -> bool:
    """Return whether a call that failed was answered without work, or not sent at all.

    What ends otherwise may have been done and billed.
    """
    if isinstance(error, ServiceUnavailable):
        return not error.unanswered if error.status is None else is_unbilled(error.status, None)

    return isinstance(error, ServiceRefused) and is_unbilled(error.status or 0, error.body)


def _refuse_content(answer: ServiceAnswer) -> ContentRefused | None:
    """Return the error of a text that a filter refuses, None for any other answer."""
    if not is_filtered(answer.value):
        return None

    words = f' (it answered "{answer.message}")' if answer.message else ""
    return ContentRefused(
        f"{SERVICE}: a filter of the server refused a text ({answer.status}){words}",
        service=SERVICE,
        status=answer.status,
        body=answer.value,
    )


def base_address(url: str) -> str:
    """Return the address of a server without ``/v1``, which some write and others do not."""
    return url.rstrip("/").removesuffix("/v1")


def name_server(url: str) -> str:
    """Return the host and port of a server."""
    return urlsplit(url).netloc.rpartition("@")[2]


def name_consent(url: str) -> str:
    """Return what a person agrees to who lets texts be sent to *url*.

    Agreeing to a server behind TLS is no consent to send texts there in the clear.
    """
    server = name_server(url)
    return f"http://{server}" if urlsplit(url).scheme == "http" else server


def leaves_machine(url: str) -> bool:
    """Return whether what is sent to *url* leaves this machine."""
    return not is_loopback(urlsplit(url).hostname or "")
