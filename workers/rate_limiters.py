"""The rate limiters of a process, one for each service and key that it asks."""

from __future__ import annotations

import asyncio
from functools import cached_property, partial

from redis.asyncio import Redis

from core.errors import SettingsError
from core.metrics import count_wait
from core.ratelimit import MinuteCount, credential_of
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import parse_limits
from core.settings import Settings
from models.answers import calls_by_minute
from models.database import Database
from models.shared_settings import read_limits


class RateLimiters:
    """The shared limits of services, as this process asks them; use it on the process's loop."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings = settings
        self._db = db
        self._limiters: dict[tuple[str, str], RateLimiter] = {}

    def get(self, service: str, key: str | None, limits: str) -> RateLimiter:
        """Return the rate limiter of a service and key; *limits* hold unless others were shared.

        Raises `SettingsError` without a Redis.
        """
        credential = credential_of(key)
        if (service, credential) not in self._limiters:
            count_calls = partial(
                calls_by_minute,
                self._db,
                service=service,
                credential=credential,
                at_once=self._settings.textapi_concurrency,
            )

            async def history(seconds: float) -> list[MinuteCount]:
                return await asyncio.to_thread(count_calls, seconds=seconds)

            self._limiters[service, credential] = RateLimiter(
                self._redis,
                service=service,
                credential=credential,
                windows=parse_limits(limits),
                history=history,
                fetch_limits=partial(asyncio.to_thread, read_limits, self._db, service, limits),
                on_wait=partial(count_wait, service),
            )

        return self._limiters[service, credential]

    @cached_property
    def _redis(self) -> Redis:
        url = self._settings.redis_url
        if not url:
            raise SettingsError("TIDINGS_REDIS_URL is not set: limits are shared through it")

        return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3)

    async def aclose(self) -> None:
        """Stamp the calls that have ended, and close the connection."""
        for limiter in self._limiters.values():
            await limiter.aclose()

        if "_redis" in vars(self):
            await self._redis.aclose()
