"""Workarounds for kombu 5.7, so that neither a lost connection nor a message ends the worker.

kombu closes a lost channel twice. The second time it wants to put back the messages that are not
acknowledged, and asks a connection that is gone for its address: an `AttributeError`, which Celery
does not recover from. See celery/kombu, `transport/redis.py`, `Channel.close`.

What is in a queue and is no job message raises out of kombu's or Celery's reading of it, which ends
the worker; it may be put back then, and end the next one, without end. See `core.job_messages`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty
from typing import Any

from kombu.transport import redis as transport
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from core.enums import QUEUES
from core.job_messages import job_message_problem
from core.logs import get_logger

DROPPED = "dropped what is no job message: does another program write into this Redis?"

log = get_logger(__name__)


class Channel(transport.Channel):
    """A channel that reports a lost connection as one, and drops what is no job message."""

    _is_read = False  # the message that came last

    def close(self) -> None:
        """Close the channel. Raises `redis.ConnectionError` where the connection is lost."""
        try:
            super().close()  # type: ignore[no-untyped-call]
        except AttributeError as error:
            message = "Redis was lost with messages that are not acknowledged"
            raise RedisConnectionError(message) from error

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        """Consume from *queue*; what is no job message in a queue of jobs is dropped."""
        consumed = super().basic_consume(  # type: ignore[no-untyped-call]
            queue, no_ack, callback, *args, **kw
        )
        if queue in QUEUES:
            callbacks = self.connection._callbacks  # noqa: SLF001 - there is no other place for it
            callbacks[queue] = partial(self._deliver_or_drop, queue, callbacks[queue])
        return consumed

    def _deliver_or_drop(self, queue: str, deliver: Callable[[Any], Any], message: Any) -> None:
        self._is_read = True
        problem = job_message_problem(message)
        if problem is not None:
            log.error(DROPPED, queue=queue, why=problem)
            return
        try:
            deliver(message)
        except (RedisError, OSError):
            raise
        except Exception:
            # The worker ends, since it may have lost a slot; the next must not get it again.
            self.basic_reject(message["properties"]["delivery_tag"])  # type: ignore[no-untyped-call]
            raise

    def _brpop_read(self, **options: Any) -> Any:
        self._is_read = False
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except (RedisError, OSError, Empty):
            raise
        except Exception as error:
            if self._is_read:
                raise
            log.error(DROPPED, why=type(error).__name__)  # noqa: TRY400 - its traceback tells nothing
            return True
