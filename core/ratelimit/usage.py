"""How much of a limit is used now, read from Redis without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from core.errors import BrokerAway
from core.ratelimit.notation import LimitedResource, Window
from core.ratelimit.scripts import Keys

#: What counts no more within so many seconds is told beside what is used.
HORIZON_SECONDS = 60


@dataclass(frozen=True)
class WindowUse:
    """What calls have taken of a window, and what of that counts no more in `HORIZON_SECONDS`."""

    window: Window
    used: int
    opening: int

    @property
    def left(self) -> int:
        """What may be taken now."""
        return max(0, self.window.amount - self.used)

    @property
    def per_second(self) -> float:
        """What may be taken in a second from now on, on average over `HORIZON_SECONDS`."""
        if self.window.seconds <= HORIZON_SECONDS:
            return self.window.amount / self.window.seconds

        return (self.left + self.opening) / HORIZON_SECONDS


def read_use(
    client: Redis, service: str, credential: str, windows: Sequence[Window]
) -> list[WindowUse]:
    """Return what is used of each window of a service and credential. Raises `BrokerAway`."""
    try:
        seconds, microseconds = client.time()
        now = seconds * 1000 + microseconds / 1000
        keys = Keys(service, credential)
        keys.name_windows(windows)
        return [
            _read_window(client, key, window, now)
            for key, window in zip(keys.windows, windows, strict=True)
        ]
    except RedisError as error:
        raise BrokerAway.caused_by(error) from error


def read_closed_seconds(client: Redis, service: str, credential: str) -> float:
    """Return for how long nobody may call a service, as it asked. Raises `BrokerAway`."""
    try:
        value = client.get(Keys(service, credential).open_until)
        seconds, microseconds = client.time()
    except RedisError as error:
        raise BrokerAway.caused_by(error) from error

    if value is None:
        return 0.0

    ends, length = map(float, value.split())
    left = ends / 1000 - seconds - microseconds / 1e6
    return max(0.0, min(left, length / 1000))


def _read_window(client: Redis, key: str, window: Window, now: float) -> WindowUse:
    soon = now + HORIZON_SECONDS * 1000
    if window.resource is LimitedResource.CALLS:
        used = client.zcount(key, f"({now}", "+inf")
        return WindowUse(window, used, client.zcount(key, f"({now}", soon))

    # What has ended is still in the sum until somebody takes more.
    ended = _sum_weights(client, key, client.zrangebyscore(key, "-inf", now))
    opening = _sum_weights(client, key, client.zrangebyscore(key, f"({now}", soon))
    return WindowUse(window, _whole(client.hget(_weights(key), "sum")) - ended, opening)


def _sum_weights(client: Redis, key: str, ids: Any) -> int:
    return sum(map(_whole, client.hmget(_weights(key), ids))) if ids else 0


def _weights(key: str) -> str:
    return f"{key}:weights"


def _whole(value: Any) -> int:
    return int(value or 0)
