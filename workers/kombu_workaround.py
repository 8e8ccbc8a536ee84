"""A workaround for kombu 5.7: a lost connection to Redis must not end the worker.

kombu closes a lost channel twice. The second time it wants to put back the messages that are not
acknowledged, and asks a connection that is gone for its address: an `AttributeError`, which Celery
does not recover from. See celery/kombu, `transport/redis.py`, `Channel.close`.
"""

from __future__ import annotations

from kombu.transport import redis as transport
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(transport.Channel):
    """A channel that reports a lost connection as one, from which Celery recovers."""

    def close(self) -> None:
        """Close the channel. Raises `redis.ConnectionError` where the connection is lost."""
        try:
            super().close()  # type: ignore[no-untyped-call]
        except AttributeError as error:
            message = "Redis was lost with messages that are not acknowledged"
            raise RedisConnectionError(message) from error
