"""Closing a channel to Redis after Redis was lost."""

from __future__ import annotations

from kombu.transport import redis as transport
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(transport.Channel):
    """Celery's channel, whose loss ends no worker.

    A lost channel is closed twice. The second time, to put back the hints in hand, kombu 5.7 asks a connection that is
    gone for its address: an `AttributeError` that Celery takes for a fault without remedy. It is a lost connection,
    which Celery knows how to mend, and the hints come back by themselves.
    """

    def close(self) -> None:
        """Close it. Raises redis's `ConnectionError` where there is nobody to give the hints in hand back to."""
        try:
            super().close()  # type: ignore[no-untyped-call]
        except AttributeError as error:
            raise RedisConnectionError("Redis was lost with hints in hand") from error
