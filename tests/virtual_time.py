"""Time that passes only in tests: as soon as all tasks sleep, it goes on to the next that wakes."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from core.ratelimit.clock import Clock

REDIS_TIME = "redis.call('TIME')"


class VirtualTime:
    """A clock in whole microseconds that begins now. Tasks may wait for it and for Redis only."""

    def __init__(self) -> None:
        self.microseconds = 0
        self.redis_ahead = 0  # seconds by which the clock of Redis is wrong
        self.commands_in_flight = 0
        self._start = int(time.time())  # Redis expires keys by its own clock: begin no earlier
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._sleeps = 0
        self.clock = Clock(monotonic=self.monotonic, time=self.time, sleep=self.sleep)

    def monotonic(self) -> float:
        return self.microseconds / 1e6

    def time(self) -> float:
        return self._start + self.microseconds / 1e6

    def redis_time(self) -> tuple[int, int]:
        seconds, microseconds = divmod(self.microseconds, 1_000_000)
        return self._start + seconds + self.redis_ahead, microseconds

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return

        wakes_at = self.microseconds + math.ceil(round(seconds * 1e6, 3))
        future = asyncio.get_running_loop().create_future()
        self._sleeps += 1  # of those that wake at the same time, the first to sleep wakes first
        heapq.heappush(self._sleepers, (wakes_at, self._sleeps, future))
        await future

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Let time pass while the block runs."""
        task = asyncio.create_task(self._pass())
        try:
            yield
        finally:
            task.cancel()

    async def _pass(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            waits_for_redis = self.commands_in_flight or not self._sleepers
            await asyncio.sleep(0.0001 if waits_for_redis else 0)
            tasks_can_run = bool(loop._ready)  # type: ignore[attr-defined]
            if self._sleepers and not self.commands_in_flight and not tasks_can_run:
                self.microseconds, _, future = heapq.heappop(self._sleepers)
                if not future.done():
                    future.set_result(None)


class VirtualTimeRedis(Redis):
    """A client of a real Redis whose time, also in scripts, is the virtual one."""

    virtual_time: VirtualTime

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.virtual_time.commands_in_flight += 1
        try:
            return await super().execute_command(*args, **options)
        finally:
            self.virtual_time.commands_in_flight -= 1

    async def time(self, **_options: Any) -> tuple[int, int]:
        return self.virtual_time.redis_time()

    def register_script(self, script: str) -> Callable[..., Awaitable[Any]]:  # type: ignore[override]
        async def run(keys: list[str], args: list[Any]) -> Any:
            seconds, microseconds = self.virtual_time.redis_time()
            now = f"{{{seconds}, {microseconds}}}"
            return await self.eval(script.replace(REDIS_TIME, now), len(keys), *keys, *args)

        return run
