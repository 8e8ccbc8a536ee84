"""The rate limiter: what a service allows all workers together."""

from __future__ import annotations

import hashlib
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Limiter(Protocol):
    """The rate limiter of a service, as its client uses it."""

    def call(self) -> AbstractAsyncContextManager[None]:
        """Wait until one call is allowed, and hold its permit until the block is left."""

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call the service for *seconds*."""


def credential_of(key: str | None) -> str:
    """Return a name for *key* that does not reveal it."""
    return hashlib.sha256(b"tidings credential\0" + (key or "").encode()).hexdigest()[:12]
