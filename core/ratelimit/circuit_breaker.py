"""The circuit breaker: nobody calls a service that asked to be left alone.

When the time is over, one call tries the service first. Its success closes the circuit for all.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import BrokerAway
from core.ratelimit import ReadLimits
from core.ratelimit.clock import Clock
from core.ratelimit.scripts import (
    KEY_PREFIX,
    OPEN_CIRCUIT,
    OPEN_UNTIL,
    REOPEN_CIRCUIT,
    TRIAL,
    Keys,
)
from core.ratelimit.windows import CIRCUIT_OPEN, LONGEST_WAIT_SECONDS, Permit, PermitWindows

CHECK_SECONDS = 0.25
REDIS_AWAY_SECONDS = 5.0


class CircuitBreaker:
    """The circuit of one service and credential.

    Taking a permit checks it in the same script. Calls of a service without windows need no permit:
    they `wait` here, and Redis is checked at intervals, not at each call.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        windows: PermitWindows,
        read_limits: ReadLimits,
        clock: Clock,
    ) -> None:
        self._redis = redis
        self._read_limits = read_limits
        self._keys = keys
        self._windows = windows
        self._clock = clock
        self._open_circuit = redis.register_script(OPEN_CIRCUIT)
        self._checking = asyncio.Lock()
        # The next check is due at this monotonic time.
        self._check_at = 0.0
        self._open_until = 0.0

    async def open(self, seconds: float) -> None:
        """Let nobody call for *seconds*; the longest of several such times counts."""
        self._open_until = max(self._open_until, self._clock.monotonic() + seconds)
        self._check_at = min(self._check_at, self._open_until)
        # If Redis fails, it holds in this process alone, through the caller's wait.
        with suppress(RedisError):
            await self._open_circuit(
                keys=[self._keys.open_until, self._keys.trial], args=[int(seconds * 1000)]
            )

    async def close(self) -> None:
        """Let everybody call again: the first call succeeded."""
        # If Redis fails, another call tries first in a few seconds.
        with suppress(RedisError):
            await self._windows.stamp([], succeeded=True)

    async def wait(self) -> Permit | None:
        """Wait while the circuit is open; return the permit of the call that tries first.

        Raises `CapReached` if the wait is longer than `LONGEST_WAIT_SECONDS`.
        """
        now = self._clock.monotonic
        is_checked = False
        while now() >= self._check_at or now() < self._open_until:
            # Calls that come during a check wait for its result.
            async with self._checking:
                is_too_long = self._open_until - now() > LONGEST_WAIT_SECONDS
                # Somebody may have closed it since.
                must_check = is_too_long and not is_checked
                is_checked = is_checked or must_check
                if must_check or now() >= self._check_at:
                    permit = await self._try_to_pass()
                    if permit is not None:
                        return permit._replace(tries_first=True)

            wait = self._open_until - now()
            if wait <= 0:
                break
            if wait > LONGEST_WAIT_SECONDS and is_checked:
                raise self._windows.cap_reached(wait, CIRCUIT_OPEN)

            await self._clock.sleep(min(wait + random.uniform(0, 0.5), CHECK_SECONDS))

        return None

    async def _try_to_pass(self) -> Permit | None:
        """Read the state from Redis; return a permit if this call is the one that tries first."""
        permit = None
        try:
            open_until, noted = await self._redis.mget(self._keys.open_until, self._keys.run_id)
            if self._windows.are_older_than(noted):
                await self._read_limits(older_than=1.0)
            if open_until is None:
                self._open_until = 0.0
            else:
                taken = await self._windows.take(1)
                permit = next(iter(taken.permits), None)
                wait = taken.wait if permit is None else CHECK_SECONDS
                self._open_until = self._clock.monotonic() + wait
        except RedisError:
            # Without Redis there is no limit that a call could exceed.
            self._check_at = self._clock.monotonic() + REDIS_AWAY_SECONDS
            return None

        self._check_at = self._clock.monotonic() + CHECK_SECONDS
        if self._open_until:
            self._check_at = min(self._check_at, self._open_until)

        return permit


def let_services_be_tried(client: redis.Redis) -> list[str]:
    """Let one call try each service that asked to be left alone; return the services' names.

    Raises `BrokerAway`.
    """
    services = set()
    try:
        reopen = client.register_script(REOPEN_CIRCUIT)
        for key in client.scan_iter(f"{KEY_PREFIX}:*:{OPEN_UNTIL}"):
            base = key.decode().removesuffix(f":{OPEN_UNTIL}")
            reopen(keys=[key, f"{base}:{TRIAL}"])
            services.add(base.removeprefix(f"{KEY_PREFIX}:").rpartition(":")[0])
    except RedisError as error:
        raise BrokerAway.caused_by(error) from error

    return sorted(services)
