"""Authentication by API key."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from core.ratelimit.notation import Window
from textapi.server.errors import HttpError
from textapi.server.key_limits import KeyLimits


class Authenticator:
    """The accepted keys and their rate limits. Make it before the server's processes fork."""

    def __init__(self, keys: Sequence[str], windows: Sequence[Window]) -> None:
        self._keys = list(map(str.encode, keys))
        self._limits = KeyLimits(len(keys), windows) if windows else None

    def authenticate(self, key: str | None) -> None:
        """Count a request with *key*. Raises `HttpError` (401, or 429 with the seconds to wait)."""
        if not key:
            raise HttpError(401, "the header 'apikey' is missing: send the key you were given")

        presented = key.encode("utf-8", "surrogateescape")
        number = None
        # All keys are compared, so that the time taken reveals nothing.
        for i, accepted in enumerate(self._keys):
            if hmac.compare_digest(presented, accepted):
                number = i

        if number is None:
            raise HttpError(401, "the key in the header 'apikey' is not known here")

        if self._limits is not None:
            self._limits.count_request(number)
