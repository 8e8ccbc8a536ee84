"""Answers as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from aiohttp import web

# The server says this instead of the library's own words, which may quote the request.
MESSAGES = {
    400: "this is no HTTP request that the server understands",
    404: "there is nothing at this address; /openapi.json lists the endpoints",
    405: "this address does not take this method; the header Allow names those that it takes",
    417: "the header Expect may ask for 100-continue alone",
    500: "the server failed at this request; it has been logged",
}


def json_response(value: Any, status: int = 200) -> web.Response:
    """Return *value* as an answer."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type="application/json")


def error_response(
    status: int, message: str | None = None, retry_after: float | None = None
) -> web.Response:
    """Return an error with *message*, by default the one for its *status*."""
    text = message or MESSAGES.get(status, "the request cannot be answered")
    response = json_response({"error": text}, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))

    return response
