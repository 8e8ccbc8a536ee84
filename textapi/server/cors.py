"""Cross-origin requests: which web pages may ask the server from a browser."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from textapi.messages import ENGINE_HEADER, KEY_HEADER, POLARITY_HEADER

# A browser remembers the permission this long.
_PREFLIGHT_SECONDS = 3600


class CrossOriginPolicy:
    """Permits the *origins*, or every one if "*" is among them."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def permits(self, request: web.Request) -> bool:
        """Tell whether *request* comes from a page of a permitted origin."""
        origin = request.headers.get("Origin")
        return origin is not None and not self._origins.isdisjoint({"*", origin})

    def is_preflight(self, request: web.Request) -> bool:
        """Tell whether *request* is the preflight request of a page that is permitted."""
        names_method = "Access-Control-Request-Method" in request.headers
        return request.method == "OPTIONS" and names_method and self.permits(request)

    def answer_preflight(self) -> web.Response:
        """Return the permission to send a request with a key."""
        headers = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": f"{KEY_HEADER}, {POLARITY_HEADER}, Content-Type",
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }
        return web.Response(status=204, headers=headers)

    def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that sent *request* read *response*."""
        if self._origins:
            # Caches need this.
            response.headers["Vary"] = "Origin"

        if self.permits(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = f"{ENGINE_HEADER}, Retry-After"
