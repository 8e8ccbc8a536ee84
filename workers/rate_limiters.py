"""The rate limiters of a process, one for each service and key that it asks."""

from __future__ import annotations

import asyncio
from functools import partial

from redis.asyncio import Redis

from core.errors import SettingsError
from core.metrics import count_wait
from core.ratelimit import MinuteCount, SharedLimits, credential_of
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
        self._redis: Redis | None = None
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

            async def fetch_limits() -> SharedLimits:
                return await asyncio.to_thread(read_limits, self._db, service, limits)

            self._limiters[service, credential] = RateLimiter(
                self._open_redis(),
                service=service,
                credential=credential,
                windows=parse_limits(limits),
                history=history,
                fetch_limits=fetch_limits,
                on_wait=partial(count_wait, service),
            )

        return self._limiters[service, credential]

    def _open_redis(self) -> Redis:
        if self._redis is None:
            if not self._settings.redis_url:
                raise SettingsError("TIDINGS_REDIS_URL is not set: limits are shared through it")

            self._redis = Redis.from_url(
                self._settings.redis_url, socket_timeout=5, socket_connect_timeout=3
            )

        return self._redis

    async def aclose(self) -> None:
        """Stamp the calls that have ended, and close the connection."""
        for limiter in self._limiters.values():
            await limiter.aclose()

        if self._redis is not None:
            await self._redis.aclose()
