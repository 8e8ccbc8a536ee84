"""Workarounds for kombu 5.7, so that neither a lost connection nor a message ends the worker.

kombu closes a lost channel twice. The second time it tries to put back the messages that are not
acknowledged, and asks a lost connection for its address. Celery does not recover from the
`AttributeError`. See celery/kombu, `transport/redis.py`, `Channel.close`.

A message that is no job message raises an error while kombu or Celery reads it, which ends the
worker. The message may then be put back, and end one worker after another. See `core.job_messages`.
"""

from __future__ import annotations

import time
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
from workers.tasks import TASK_NAMES

DROPPED = "dropped what is no job message: does another program write into this Redis?"
SECONDS_BETWEEN_LINES = 10.0

log = get_logger(__name__)


class DroppedMessages:
    """Counts dropped messages, and logs the number now and then: there may be thousands a second.

    The first one is logged at once. A line names the queue of the last one, and its reason.
    """

    def __init__(self) -> None:
        # The number of messages since the last line.
        self._messages = 0
        self._last: dict[str, str] = {}
        self._silent_until = 0.0

    def add(self, **fields: str) -> None:
        """Count a message with the *fields* of its line."""
        self._messages += 1
        self._last = fields
        self.log_if_due()

    def log_if_due(self) -> None:
        """Log the count, unless the last line is too young."""
        if time.monotonic() >= self._silent_until:
            self.log()

    def log(self) -> None:
        """Log the count, unless it is 0."""
        if self._messages:
            log.error(DROPPED, messages=self._messages, **self._last)
            self._messages = 0
            self._silent_until = time.monotonic() + SECONDS_BETWEEN_LINES


_dropped = DroppedMessages()


class Channel(transport.Channel):
    """A channel that reports a lost connection, and drops messages that are no job messages."""

    # Whether the last message was read.
    _is_read = False

    def close(self) -> None:
        """Close the channel. Raises `redis.ConnectionError` if the connection is lost."""
        _dropped.log()
        try:
            super().close()  # type: ignore[no-untyped-call]
        except AttributeError as error:
            message = "Redis was lost with messages that are not acknowledged"
            raise RedisConnectionError(message) from error

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        """Consume from *queue*; drop messages in a queue of jobs that are no job messages."""
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
        if problem is None and message["headers"]["task"] not in TASK_NAMES:
            problem = "headers.task"
        if problem is not None:
            _dropped.add(queue=queue, why=problem)
            return

        try:
            deliver(message)
        except (RedisError, OSError):
            raise
        except Exception:
            # The worker ends, since it may have lost a slot; the next one must not get the message.
            self.basic_reject(message["properties"]["delivery_tag"])  # type: ignore[no-untyped-call]
            raise

    def _brpop_read(self, **options: Any) -> Any:
        _dropped.log_if_due()
        self._is_read = False
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except (RedisError, OSError, Empty):
            raise
        except Exception as error:
            if self._is_read:
                raise

            _dropped.add(why=type(error).__name__)
            return True
