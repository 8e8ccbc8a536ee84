"""Changed job messages in a worker's queue: each is dropped or worked on, and no worker ends.

Twenty seconds; ten minutes in the long form (`make chaos-long`).
"""

from __future__ import annotations

import base64
import copy
import json
import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from cli.stack.supervised_process import SupervisedProcess
from core.job_messages import holds_job_message
from core.settings import Settings
from models.database import migrate
from tests.chaos.fuzz_kit import MOST_MEMORY, SECONDS, until_the_end
from tests.integration.test_job_messages import ARGUMENTS, dropped_counts, encode, message
from tests.services import wait_until
from workers.tasks import TASK_NAMES

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(SECONDS + 180)]

QUEUE = "text"
MESSAGES_PER_ROUND = 20
OPTIONS = ("callbacks", "errbacks", "chain", "chord")
SCALARS: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1e308, "", "x", "x" * 2000, "\ud800", [], {}),
    *("2020-01-01T00:00:00", {"__type__": "datetime", "__value__": "x"}),
)


def test_no_message_ends_a_worker_or_stays_in_its_queue(
    redis_url: str, tmp_path: Path, start_worker: Callable[..., SupervisedProcess]
) -> None:
    url = f"sqlite:///{tmp_path}/fuzz.db"
    migrate(url)
    settings = Settings(home=tmp_path / "home", database_url=url, redis_url=redis_url)
    rng = random.Random(4)
    sent = not_dropped = 0
    largest_memory = 0

    with redis.Redis.from_url(redis_url) as broker:
        child = start_worker(settings, workers=1)
        for _ in until_the_end():
            for _ in range(MESSAGES_PER_ROUND):
                content = draw_message(rng)
                sent += 1
                not_dropped += is_for_a_task(content)
                broker.lpush(QUEUE, content)

            wait_until(lambda: not broker.llen(QUEUE), what="the end of the messages")
            wait_until(lambda: not broker.hlen("unacked"), what="the end of their jobs")
            assert child.describe_end() is None
            memory = psutil.Process(child.pid).memory_info().rss
            largest_memory = max(largest_memory, memory)

        wait_until(
            lambda: count_dropped(child) == sent - not_dropped,
            what="the number of the messages that are none in the log",
        )

    logging.getLogger(__name__).warning(
        "%d messages, %d of them job messages, %.0f MB", sent, not_dropped, largest_memory / 1e6
    )
    assert 0 < not_dropped < sent
    log = child.log.read_text()
    assert "Traceback" not in log
    assert "Connection to broker lost" not in log
    assert largest_memory < MOST_MEMORY


def is_for_a_task(content: bytes) -> bool:
    """Return whether *content* is a job message of a task that there is."""
    if not holds_job_message(content):
        return False
    return json.loads(content.decode("utf-8", "replace"))["headers"]["task"] in TASK_NAMES


def count_dropped(worker: SupervisedProcess) -> int:
    return sum(dropped_counts(worker.log.read_text()))


def draw_message(rng: random.Random) -> bytes:
    """Draw a job message of which some parts are another value, or bytes that are none."""
    fields = celery_message(rng)

    match rng.choices(("parts", "arguments", "bytes", "noise", "value"), (70, 10, 10, 5, 5))[0]:
        case "arguments":
            fields["body"] = draw_body(rng)
        case "bytes":
            content = bytearray(json.dumps(fields).encode())
            for _ in range(rng.randint(1, 9)):
                content[rng.randrange(len(content))] = rng.randrange(256)

            return bytes(content)
        case "noise":
            return rng.randbytes(rng.randrange(200))
        case "value":
            return json.dumps(draw_value(rng)).encode()
        case _:
            for _ in range(rng.randint(1, 3)):
                change_part(rng, fields)

    return json.dumps(fields).encode()


def celery_message(rng: random.Random) -> dict[str, Any]:
    """Return a job message of a job that there is not, with a tag of its own."""
    fields = copy.deepcopy(message())
    tag = f"{rng.getrandbits(64):x}"
    fields["properties"]["delivery_tag"] = fields["headers"]["id"] = tag
    return fields


def change_part(rng: random.Random, fields: dict[str, Any]) -> None:
    parts = [part for part in (fields, *fields.values()) if isinstance(part, dict) and part]
    part = rng.choice(parts)
    name = rng.choice(list(part))
    if rng.random() < 0.3:
        del part[name]
    else:
        part[name] = draw_value(rng)


def draw_body(rng: random.Random) -> str:
    options = dict.fromkeys(OPTIONS, draw_value(rng))
    arguments = {name: draw_value(rng) for name in ARGUMENTS}
    bodies = (
        encode([], ARGUMENTS, options),
        encode([], arguments, {}),
        encode(draw_value(rng), ARGUMENTS, draw_value(rng)),
        base64.b64encode(json.dumps(draw_value(rng)).encode()).decode(),
    )
    return rng.choice(bodies)


def draw_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(3 if depth < 3 else 1)
    if kind == 0:
        return copy.deepcopy(rng.choice(SCALARS))

    values = [draw_value(rng, depth + 1) for _ in range(rng.randrange(3))]
    return values if kind == 1 else dict(zip("ab", values, strict=False))
