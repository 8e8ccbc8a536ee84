"""Validation of requests: the head before the body is read, then the body."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from textapi.messages import TEXT_TOO_LONG, TextBody
from textapi.server.errors import HttpError

# The longest text has this many bytes, its letters escaped.
MAX_BODY = 2_000_000
# A body has at most this many lists and objects: 600,000 take a second to parse.
MAX_BRACKETS = 100_000
BODY_SECONDS = 15.0

_BODY_TOO_LONG = f"the body is longer than {MAX_BODY} bytes: send it in several requests"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Body = TypeVar("Body", bound=TextBody)

# These are pydantic's names for a value of the right type that cannot be answered.
_OUT_OF_BOUNDS = {
    "finite_number", "greater_than", "greater_than_equal", "less_than", "less_than_equal",
    "literal_error", "string_too_long", "too_long", "value_error",
}  # fmt: skip


def check_head(request: web.Request) -> int:
    """Return how many bytes the body of *request* may have.

    Raises `HttpError`: 413 for a body too long, 415 for one that is no plain JSON, 417 for an
    expectation other than "100-continue".
    """
    if request.content_type != "application/json":
        raise HttpError(
            415, "send the body as JSON, with the header Content-Type: application/json"
        )

    # A few kilobytes may unpack to gigabytes, and no text needs it.
    if _codings(request, "Content-Encoding") - {"identity"}:
        raise HttpError(415, "send the body as it is, without the header Content-Encoding")
    if _codings(request, "Transfer-Encoding") - {"chunked"}:
        raise HttpError(415, "send the body as it is: Transfer-Encoding may be chunked alone")
    if request.headers.get("Expect", "100-continue").lower() != "100-continue":
        raise HttpError(417, "the header Expect may ask for 100-continue alone")
    if request.content_length is None:
        return MAX_BODY
    if request.content_length > MAX_BODY:
        raise HttpError(413, _BODY_TOO_LONG)

    return request.content_length


def _codings(request: web.Request, header: str) -> set[str]:
    """Return what all headers of that name list, in small letters."""
    listed = ",".join(request.headers.getall(header, []))
    return {coding.strip().lower() for coding in listed.split(",")} - {""}


async def read_body(request: web.Request) -> bytes:
    """Return the body. Raises `HttpError`: 400 if it is broken, 408 if late, 413 if too long."""
    try:
        if "Expect" in request.headers:
            await request.writer.write(_CONTINUE)
            # The answer has not begun.
            request.writer.output_size = 0

        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise HttpError(408, f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
    except web.HTTPRequestEntityTooLarge:
        raise HttpError(413, _BODY_TOO_LONG) from None
    except web.RequestPayloadError:
        raise HttpError(400, "the body ends too early, or its chunks are malformed") from None
    except ConnectionError:
        raise HttpError(400, "the client has gone") from None


def parse_request(body: bytes, model: type[Body]) -> Body:
    """Return the request in *body*.

    Raises `HttpError`: 413 for a text too long, 422 for a value out of bounds, else 400. Its
    message names the field and never holds the value.
    """
    # No text and keywords may have as many.
    if body.count(b"[") + body.count(b"{") > MAX_BRACKETS:
        raise HttpError(413, f"body: {MAX_BRACKETS} lists and objects at most")

    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]

    field = ".".join(map(str, first["loc"])) or "body"
    message = f"{field}: {first['msg'].removeprefix('Value error, ')}"
    if first["type"] == TEXT_TOO_LONG or (first["type"] == "string_too_long" and field == "text"):
        raise HttpError(413, f"{message}: send it in several requests")

    raise HttpError(422 if first["type"] in _OUT_OF_BOUNDS else 400, message)
