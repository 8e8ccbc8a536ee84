"""Messages in the queues of jobs that are no job messages: dropped, whatever they are."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from analysis.kinds.accounts import AccountsParameters
from cli.stack.supervised_process import SupervisedProcess
from core.broker import FIRST, celery_app, send_job_message
from core.enums import State
from core.job_messages import GREATEST_ID, holds_job_message, job_message_problem
from core.settings import Settings
from models.database import Database
from models.runs import get_run
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from tests.odd_textapi import odd_value
from tests.services import wait_until
from workers.kombu_workaround import DROPPED

ARGUMENTS = {"job": 1, "run": 1, "name": "2020-03"}


def encode(*body: Any) -> str:
    return base64.b64encode(json.dumps(list(body)).encode()).decode()


def message(**changes: Any) -> dict[str, Any]:
    """Return a job message as Celery writes it, with some fields of another value."""
    fields: dict[str, Any] = {
        "body": encode([], ARGUMENTS, {"callbacks": None, "chord": None}),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "month", "id": "1", "retries": 0, "timelimit": [None, None]},
        "properties": {
            "delivery_tag": "1",
            "body_encoding": "base64",
            "delivery_info": {"exchange": "", "routing_key": "text"},
        },
    }
    return fields | changes


NESTED = "[" * 5000 + "]" * 5000
HEADERS = message()["headers"]
ODD_MESSAGES = {
    "no JSON": "\xff no JSON",
    "nothing": "",
    "a list": "[]",
    "a number": "7",
    "an object": "{}",
    "nested": NESTED,
    "no tag": json.dumps(message(properties={"body_encoding": "base64"})),
    "nowhere delivered": json.dumps(
        message(properties=message()["properties"] | {"delivery_info": {"routing_key": "text"}})
    ),
    "headers of another type": json.dumps(message(headers=[1])),
    "another task": json.dumps(message(headers=HEADERS | {"task": "os.system"})),
    "a limit that is none": json.dumps(message(headers=HEADERS | {"timelimit": "x"})),
    "retries that are no number": json.dumps(message(headers=HEADERS | {"retries": "x"})),
    "pickled": json.dumps(message(**{"content-type": "application/x-python-serialize"})),
    "no base64": json.dumps(message(body="%%%")),
    "another body": json.dumps(message(body=encode(7))),
    "a nested body": json.dumps(message(body=base64.b64encode(NESTED.encode()).decode())),
    "other arguments": json.dumps(message(body=encode([], {"x": 1}, {}))),
    "a job without a number": json.dumps(message(body=encode([], ARGUMENTS | {"job": "1"}, {}))),
    "a huge number": json.dumps(message(body=encode([], ARGUMENTS | {"job": GREATEST_ID + 1}, {}))),
}


@pytest.mark.parametrize("kind", ODD_MESSAGES)
def test_an_odd_message_is_no_job_message(kind: str) -> None:
    assert not holds_job_message(ODD_MESSAGES[kind].encode("latin-1"))


def test_what_is_sent_for_a_job_is_a_job_message(redis_url: str) -> None:
    app = celery_app(Settings(redis_url=redis_url))
    send_job_message(app, kind="month", queue="text", message=ARGUMENTS, priority=FIRST)
    with redis.Redis.from_url(redis_url) as client:
        (stored,) = client.lrange("text", 0, -1)

    assert holds_job_message(stored)
    assert job_message_problem(message()) is None
    assert job_message_problem(message(headers=HEADERS | {"timelimit": [180, 150]})) is None
    assert job_message_problem(message(headers=HEADERS | {"added_by_a_later_celery": [1]})) is None


@pytest.mark.parametrize(
    ("kind", "queue", "limits"),
    [("month", "text", [None, None]), ("report", "reports", [1830, 1800])],
)
def test_a_report_has_time_to_write_the_pages_of_centuries(
    redis_url: str, kind: str, queue: str, limits: list[int | None]
) -> None:
    app = celery_app(Settings(redis_url=redis_url))
    send_job_message(app, kind=kind, queue=queue, message=ARGUMENTS, priority=FIRST)
    with redis.Redis.from_url(redis_url) as client:
        (stored,) = client.lrange(queue, 0, -1)

    assert holds_job_message(stored)
    assert json.loads(stored)["headers"]["timelimit"] == limits


PATHS = [
    (name, *inner)
    for name, value in message().items()
    for inner in ([(key,) for key in value] if isinstance(value, dict) else [()])
]


@given(st.sampled_from(PATHS), odd_value)
def test_what_is_wrong_with_a_message_is_named(path: tuple[str, ...], value: Any) -> None:
    changed = message()
    part: dict[str, Any] = changed
    for name in path[:-1]:
        part = part[name] = dict(part[name])

    part[path[-1]] = value
    problem = job_message_problem(changed)
    assert problem is None or (changed != message() and path[0] in problem)


def dropped_counts(log: str) -> list[int]:
    """Return how many messages each line of a worker's log says were dropped."""
    lines = [line for line in log.splitlines() if DROPPED in line]
    return [int(number) for line in lines for number in re.findall(r"\bmessages\W+(\d+)", line)]


@pytest.mark.thorough
def test_no_message_ends_a_worker_or_is_delivered_for_ever(
    settings: Settings, start_worker: Callable[..., SupervisedProcess]
) -> None:
    with redis.Redis.from_url(str(settings.redis_url)) as broker:
        unknown_kind = json.dumps(message(headers=HEADERS | {"task": "unheardof"}))
        for odd in (*ODD_MESSAGES.values(), unknown_kind):
            broker.lpush("text", odd.encode("latin-1"))

        child = start_worker(settings, workers=1)
        wait_until(lambda: not broker.llen("text"), what="the end of the odd messages")

        db = Database(settings.database)
        run = submit_run(db, AccountsParameters(), ["bob"])
        dispatch_due_jobs(db, celery_app(settings), broker)

        def is_done() -> bool:
            with db.read() as connection:
                return bool(get_run(connection, run).state == State.DONE)

        wait_until(is_done, what="a job after the odd messages")
        db.close()
        assert child.describe_end() is None
        wait_until(lambda: not broker.hlen("unacked"), what="the end of the run's report")
        wait_until(
            lambda: sum(dropped_counts(child.log.read_text())) == len(ODD_MESSAGES) + 1,
            what="the number of odd messages in the log",
        )

    log = child.log.read_text()
    assert dropped_counts(log)[0] == 1
    assert len(dropped_counts(log)) < len(ODD_MESSAGES) / 2
    assert "Traceback" not in log
