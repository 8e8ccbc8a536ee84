"""What one worker process holds open: settings, database, broker, one event loop with one HTTP session."""

from __future__ import annotations

import asyncio
import contextvars
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import aiohttp
from billiard.common import TERM_SIGNAL
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from redis.asyncio import Redis

from core.broker import redis_client
from core.errors import SettingsError
from core.process_identity import own_process_name
from core.rate_limit_notation import parse_limits
from core.ratelimit import credential_of
from core.ratelimit.limiter import RateLimiter
from core.settings import Settings
from models.answers import calls_by_minute
from models.database import Database
from textapi.client import TextApi

T = TypeVar("T")


class Runtime:
    """Opened in a process when its first job comes, closed when the process ends."""

    def __init__(self, settings: Settings, app: Celery) -> None:
        self.settings = settings
        self.app = app
        self.owner = own_process_name()
        self.db = Database(settings.database)
        self.lease_db = Database(settings.database, pooled=False)  # the heartbeat thread's own
        self.broker = redis_client(settings)
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None
        self._redis: Redis | None = None
        self._gates: dict[str, RateLimiter] = {}
        self._textapi: TextApi | None = None

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run *work* on this process's loop; a soft time limit or a shutdown cancels it and is raised afterwards.

        Raised into a running loop such a signal would be swallowed by a call's error handling, or leave calls running.
        """
        told: list[int] = []

        async def main() -> T:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine that runs has one
            before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, TERM_SIGNAL)}

            def stop(number: int) -> None:
                told.append(number)
                task.cancel()

            for number in before:
                loop.add_signal_handler(number, stop, number)
            try:
                return await work()
            finally:
                for number, handler in before.items():
                    loop.remove_signal_handler(number)
                    signal.signal(number, handler)

        try:
            return self._runner.run(main(), context=contextvars.copy_context())
        except asyncio.CancelledError:
            if told and told[0] == signal.SIGUSR1:
                raise SoftTimeLimitExceeded from None
            if told:
                raise SystemExit from None
            raise

    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, to be used on the loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    def gate(self, service: str, key: str | None, limits: str) -> RateLimiter:
        """The shared limit of a service and key."""
        name = f"{service}:{credential_of(key)}"
        if name not in self._gates:
            if self._redis is None:
                if not self.settings.redis_url:
                    raise SettingsError(
                        "TIDINGS_REDIS_URL is not set: limits are shared through it"
                    )
                self._redis = Redis.from_url(
                    self.settings.redis_url, socket_timeout=5, socket_connect_timeout=3
                )
            credential = credential_of(key)

            async def history(seconds: float) -> list[tuple[int, int]]:
                return await asyncio.to_thread(
                    calls_by_minute,
                    self.db,
                    service=service,
                    credential=credential,
                    seconds=seconds,
                    at_once=self.settings.textapi_concurrency,
                )

            self._gates[name] = RateLimiter(
                self._redis,
                service=service,
                credential=credential,
                windows=parse_limits(limits),
                history=history,
            )
        return self._gates[name]

    def textapi(self) -> TextApi:
        """The client of the Text API, behind its limit."""
        if self._textapi is None:
            gate = self.gate("textapi", self.textapi_key, self.settings.textapi_limits)
            self._textapi = TextApi(self.session(), self.settings, gate)
        return self._textapi

    @property
    def textapi_key(self) -> str | None:
        """The key of the Text API, to be named only by its `credential_of`."""
        key = self.settings.textapi_key
        return key.get_secret_value() if key else None

    def close(self) -> None:
        """Close what is open."""

        async def close() -> None:
            for gate in self._gates.values():
                await gate.aclose()
            if self._session:
                await self._session.close()
            if self._redis:
                await self._redis.aclose()

        self._runner.run(close())
        self._runner.close()
        self.broker.close()
        self.db.close()
