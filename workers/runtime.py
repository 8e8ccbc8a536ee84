"""What one worker process holds open: database, broker, event loop, HTTP session, rate limiters."""

from __future__ import annotations

import asyncio
import contextvars
import signal
from collections.abc import Callable, Coroutine, Sequence
from functools import cached_property
from math import ceil
from typing import Any, TypeVar

import aiohttp
from billiard.common import TERM_SIGNAL
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection

from core.broker import redis_client
from core.logs import get_logger
from core.process_identity import own_process_name
from core.service_client import open_session
from core.settings import Settings
from language_models.client import ModelClient
from language_models.completion import SERVICE as MODEL_SERVICE
from models.database import Database
from textapi.client import TextApiClient
from textapi.messages import SERVICE
from workers.budget import Budget
from workers.database_threads import DatabaseThreads
from workers.grouped_work import GroupedWork
from workers.rate_limiters import RateLimiters

# The soft time limit and a shutdown send these signals.
STOP_SIGNALS = (signal.SIGUSR1, TERM_SIGNAL)

# Calls in flight may end in this time; a worker has 15 s from Ctrl-C to its end.
DRAIN_SECONDS = 8.0

# Beside the model's calls in flight, a share of their number is charged already or being stored,
# so that the model does not wait for the database.
OPEN_CALLS_SHARE = 0.25

log = get_logger(__name__)

T = TypeVar("T")
Query = Callable[[Connection], Any]


def most_open_calls(most_in_flight: int) -> int:
    """Return how many of the model's calls may be charged and not stored."""
    return most_in_flight + ceil(OPEN_CALLS_SHARE * most_in_flight)


class Runtime:
    """The resources of a process: opened at its first job, closed when the process ends."""

    def __init__(self, settings: Settings, app: Celery) -> None:
        self.settings = settings
        self.app = app
        self.owner = own_process_name()
        self.db = Database(settings.database)
        # Leases are renewed whatever the others wait for, over a connection of their own.
        self.lease_db = Database(settings.database, connections=1)
        self.broker = redis_client(settings)
        self.database_threads = DatabaseThreads(is_file=self.db.is_sqlite)
        self.queries: GroupedWork[Query, Any] = self.database_threads.group(self._read_together)
        self._runner = asyncio.Runner()
        self.rate_limiters = RateLimiters(settings, self.db)
        self.model_slots = asyncio.Semaphore(settings.model_concurrency)
        # The model's calls that are charged, in flight, or answered and not stored yet.
        self.open_model_calls = asyncio.Semaphore(most_open_calls(settings.model_concurrency))
        self.budget = Budget(self.db, self.database_threads)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run *work* on this process's loop.

        A soft time limit or a shutdown cancels the work, again after `DRAIN_SECONDS`, and is raised
        when the work has ended. If it were raised into a running loop, a call's error handling
        would swallow it, or calls would go on. Celery sends the signal more than once: only the
        first counts, since a second cancellation breaks off the calls in flight.
        """
        received: list[int] = []

        async def main() -> T:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine that runs has one
            handlers = {signum: signal.getsignal(signum) for signum in STOP_SIGNALS}

            def stop(signum: int) -> None:
                received.append(signum)
                if len(received) == 1:
                    log.info("told to end: calls in flight are waited for")
                    task.cancel()
                    loop.call_later(DRAIN_SECONDS, task.cancel)

            for signum in handlers:
                loop.add_signal_handler(signum, stop, signum)

            try:
                return await work()
            finally:
                for signum, handler in handlers.items():
                    loop.remove_signal_handler(signum)
                    signal.signal(signum, handler)

        try:
            return self._runner.run(main(), context=contextvars.copy_context())
        except asyncio.CancelledError:
            if not received:
                raise
            if received[0] == signal.SIGUSR1:
                raise SoftTimeLimitExceeded from None

            raise SystemExit from None

    def _read_together(self, queries: Sequence[Query]) -> list[Any]:
        with self.db.read() as connection:
            return [query(connection) for query in queries]

    @cached_property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, to be used on the loop."""
        return open_session()

    @cached_property
    def textapi(self) -> TextApiClient:
        """The client of the Text API, behind its rate limiter."""
        limits = self.settings.textapi_limits
        limiter = self.rate_limiters.get(SERVICE, self.textapi_key, limits)
        return TextApiClient(self.session, self.settings, limiter)

    @cached_property
    def model(self) -> ModelClient:
        """The client of the server of language models, behind its rate limiter."""
        limits = self.settings.model_limits
        limiter = self.rate_limiters.get(MODEL_SERVICE, self.model_key, limits)
        return ModelClient(self.session, self.settings, limiter)

    @property
    def model_key(self) -> str | None:
        """The key of the server of language models; log only its `credential_of`."""
        key = self.settings.model_key
        return key.get_secret_value() if key else None

    @property
    def textapi_key(self) -> str | None:
        """The key of the Text API; log only its `credential_of`."""
        key = self.settings.textapi_key
        return key.get_secret_value() if key else None

    def close(self) -> None:
        """Close what is open."""
        self._runner.run(self._close_on_loop())
        self._runner.close()
        self.database_threads.close()
        self.broker.close()
        self.lease_db.close()
        self.db.close()

    async def _close_on_loop(self) -> None:
        await self.rate_limiters.aclose()
        if "session" in vars(self):
            await self.session.close()
