"""The broker: Celery's settings, and the job messages in its queues."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import redis
from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core.enums import QUEUE_REPORTS, QUEUES
from core.errors import BrokerAway, SettingsError
from core.job_messages import holds_job_message
from core.settings import Settings

# `queue_problem` examines this many of a queue's messages.
EXAMINED = 100
# These are priorities of messages: the lower number is delivered first.
FIRST, RESERVE = 0, 9
# A long run's tables and pages, written in one go, take minutes.
REPORT_SECONDS = 1800
# A task ends its calls and gives its job back within this time after its soft limit.
HARD_LIMIT_SECONDS = 30
# Kombu writes this between the name of a queue and a priority.
_SEPARATOR = "\x06\x16"
NO_STACK = "there is no stack: start one with `tidings up`, or set TIDINGS_REDIS_URL"


def celery_app(settings: Settings) -> Celery:
    """Return the Celery application without its tasks: a producer sends by name.

    The values were measured; docs/architecture.md says what failed without them.
    """
    url = settings.redis_url or "redis://127.0.0.1:1/0"
    app = Celery("tidings", broker=url, set_as_current=False)

    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_queues=[Queue(queue) for queue in QUEUES],
        task_default_queue=QUEUES[0],
        task_create_missing_queues=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=settings.longest_slice_seconds,
        task_time_limit=settings.longest_slice_seconds + HARD_LIMIT_SECONDS,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        task_send_sent_event=True,
        worker_soft_shutdown_timeout=2,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "priority_steps": [FIRST, RESERVE],
            "visibility_timeout": 300,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "health_check_interval": 10,
            "socket_keepalive": True,
        },
    )

    return app


def redis_client(settings: Settings) -> redis.Redis:
    """Return a client of Redis for short commands. Raises `SettingsError` without an address."""
    if not settings.redis_url:
        raise SettingsError(NO_STACK)
    return redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=3)


def queue_length(client: redis.Redis, queue: str) -> int:
    """Return how many messages *queue* holds, of either priority. Raises `BrokerAway`."""
    return queue_lengths(client, [queue])[queue]


def queue_lengths(client: redis.Redis, queues: Iterable[str]) -> dict[str, int]:
    """Return how many messages each of *queues* holds, in one exchange. Raises `BrokerAway`."""
    queue_names = list(queues)
    pipeline = client.pipeline(transaction=False)
    for queue in queue_names:
        pipeline.llen(queue)
        pipeline.llen(f"{queue}{_SEPARATOR}{RESERVE}")

    try:
        lengths = pipeline.execute()
    except RedisError as error:
        raise BrokerAway.caused_by(error) from error

    return {
        queue: lengths[2 * index] + lengths[2 * index + 1]
        for index, queue in enumerate(queue_names)
    }


def queue_problem(client: redis.Redis, queue: str) -> str | None:
    """Return what is wrong with *queue*, among its next messages; None if nothing is."""
    for key in (queue, f"{queue}{_SEPARATOR}{RESERVE}"):
        kind = client.type(key)
        if kind not in (b"list", b"none"):
            return (
                f"the key {queue} in Redis is another program's: give Tidings a Redis database of "
                "its own"
            )

        messages = client.lrange(key, -EXAMINED, -1)
        odd = len(messages) - sum(map(holds_job_message, messages))
        if odd:
            return (
                f"the queue {queue} holds {odd} messages that are no job messages, which workers "
                "drop: does another program write into this Redis?"
            )

    return None


def send_job_message(
    app: Celery, *, kind: str, queue: str, message: dict[str, Any], priority: int
) -> None:
    """Send *message*, the task's arguments, to the workers of *queue*. Raises `BrokerAway`.

    A lost message loses no job: the job is dispatched again. A report has a longer time limit.
    """
    limits = {}
    if queue == QUEUE_REPORTS:
        limits = {
            "soft_time_limit": REPORT_SECONDS,
            "time_limit": REPORT_SECONDS + HARD_LIMIT_SECONDS,
        }

    try:
        app.send_task(kind, kwargs=message, queue=queue, retry=False, priority=priority, **limits)
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerAway.caused_by(error) from error
