"""Cross-origin requests: which web pages may ask the server from a browser."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from textapi.messages import ENGINE_HEADER, KEY_HEADER

_PREFLIGHT_SECONDS = 3600  # for which a browser remembers the permission


class CrossOriginPolicy:
    """Permits the *origins*, or every one if "*" is among them."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def permits(self, request: web.Request) -> bool:
        """Tell whether *request* comes from a web page that may ask."""
        origin = request.headers.get("Origin")
        return origin is not None and not self._origins.isdisjoint({"*", origin})

    def is_preflight(self, request: web.Request) -> bool:
        """Tell whether a browser asks whether a page that may ask may."""
        is_question = "Access-Control-Request-Method" in request.headers
        return request.method == "OPTIONS" and is_question and self.permits(request)

    def answer_preflight(self) -> web.Response:
        """Return the permission."""
        headers = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": f"{KEY_HEADER}, Content-Type",
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }
        return web.Response(status=204, headers=headers)

    def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that sent *request* read *response*."""
        if self._origins:
            response.headers["Vary"] = "Origin"  # for caches
        if self.permits(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = f"{ENGINE_HEADER}, Retry-After"
