"""Workers at a database whose tables a program of another version has made."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from sqlalchemy import text

from cli.stack.supervised_process import SupervisedProcess
from cli.stack.worker import ENVIRONMENT, worker_command
from core.broker import celery_app, queue_lengths, redis_client
from core.enums import QUEUES
from core.settings import Settings, environment
from models.database import Database
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from tests.services import wait_until
from tests.watch_kit import WATCHED


def set_revision(db: Database, revision: str) -> None:
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [
        ("0008_jobs_in_order", "run `tidings migrate`"),
        pytest.param("9999_later", "upgrade the program", marks=pytest.mark.thorough),
    ],
)
def test_a_worker_of_another_version_does_not_start_and_takes_no_message(
    settings: Settings, db: Database, revision: str, remedy: str
) -> None:
    submit_run(db, WATCHED, ())
    with redis_client(settings) as broker:
        sent = dispatch_due_jobs(db, celery_app(settings), broker)

    set_revision(db, revision)

    worker = subprocess.run(  # noqa: S603 - our own program
        worker_command("other@test", workers=1, log_level="INFO"),
        env=environment(settings) | ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert worker.returncode == 1
    log = worker.stdout + worker.stderr
    assert f"the database's tables are of revision {revision}" in log
    assert remedy in log
    assert "Traceback" not in log
    with redis_client(settings) as broker:
        assert sum(queue_lengths(broker, QUEUES).values()) == sent == 2


@pytest.mark.thorough
def test_a_worker_ends_once_a_newer_program_has_changed_the_tables(
    settings: Settings, db: Database, start_worker: Callable[..., SupervisedProcess]
) -> None:
    worker = start_worker(settings, workers=1, reconcile_seconds=1)
    set_revision(db, "9999_later")

    wait_until(lambda: worker.describe_end() is not None, what="the worker's end", seconds=60)

    log = worker.log.read_text()
    assert worker.describe_end() == "ended with status 1"
    assert "revision 9999_later" in log
    assert "upgrade the program" in log
    assert "Traceback" not in log
