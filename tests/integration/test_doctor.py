"""`tidings doctor` against services that are away, outdated or misconfigured."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import redis
from sqlalchemy import select, text

from cli.doctor import examine
from cli.stack import valkey
from cli.stack.supervised_process import SupervisedProcess
from core.broker import FIRST, RESERVE, celery_app, send_job_message
from core.settings import Settings, environment
from models.database import Database
from models.tables import Call
from tests.e2e_kit import Stub
from tests.ports import reserved_port
from tests.services import child_process, wait_until

AWAY = "http://127.0.0.1:1"


def problem(settings: Settings, part: str) -> str:
    return next(check.problem for check in examine(settings) if check.part == part) or ""


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    """The broker, to be misconfigured; it is reset at the end."""
    with redis.Redis.from_url(str(settings.redis_url)) as client:
        yield client
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "yes")


def test_nothing_is_wrong_with_a_stack_that_works(
    stub_settings: Settings,
    start_worker: Callable[..., SupervisedProcess],
) -> None:
    start_worker(stub_settings)
    # The worker is known from its first reconcile on.
    wait_until(
        lambda: not any(check.problem for check in examine(stub_settings)),
        what="an examination without a problem",
    )
    command = [sys.executable, "-P", "-m", "cli.main", "doctor"]
    done = subprocess.run(  # noqa: S603 - our own program
        command, env=environment(stub_settings), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[:4] for line in done.stdout.splitlines()] == ["ok  "] * 8


def test_redis_that_is_away_or_unset_is_reported(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": "redis://:hidden@127.0.0.1:1/0"})
    assert "does not answer (ConnectionError)" in problem(away, "Redis")
    assert "hidden" not in str(examine(away))
    assert "tidings up" in problem(settings.model_copy(update={"redis_url": None}), "Redis")


def test_a_wrong_password_of_redis_is_reported(settings: Settings) -> None:
    port = urlsplit(str(settings.redis_url)).port
    for url in (f"redis://:wrong@127.0.0.1:{port}/0", f"redis://127.0.0.1:{port}/0"):
        assert "refuses the password: set it in TIDINGS_REDIS_URL" in problem(
            settings.model_copy(update={"redis_url": url}), "Redis"
        )


def test_redis_that_may_lose_data_is_reported(settings: Settings, broker: redis.Redis) -> None:
    assert problem(settings, "Redis") == ""
    broker.config_set("maxmemory-policy", "allkeys-lru")
    assert "maxmemory-policy is allkeys-lru" in problem(settings, "Redis")
    broker.config_set("appendonly", "no")
    message = problem(settings, "Redis")
    assert "set it to noeviction" in message
    assert "appendonly is no" in message


@pytest.mark.parametrize(
    ("option", "kind"), [("--cluster-enabled", "Redis Cluster"), ("--sentinel", "Redis Sentinel")]
)
def test_a_redis_of_several_servers_is_refused(
    settings: Settings, tmp_path: Path, option: str, kind: str
) -> None:
    port = reserved_port()
    configuration = tmp_path / "redis.conf"
    configuration.write_text(f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n")
    command = [str(valkey.binary()), str(configuration), option]
    # By default its bus has a port 10,000 above, which there may not be.
    command += ["yes", "--cluster-port", str(reserved_port())] if kind == "Redis Cluster" else []
    with child_process("valkey", command, dict(os.environ), tmp_path) as child:
        url = f"redis://127.0.0.1:{port}/0"
        wait_until(lambda: valkey.answers(url) or child.describe_end(), what=child.log.name)
        changed = settings.model_copy(update={"redis_url": url})
        assert problem(changed, "Redis").startswith(f"it is a {kind}, on which queues and limits")


def test_a_database_that_is_away_is_reported(settings: Settings, tmp_path: Path) -> None:
    away = settings.model_copy(
        update={"database_url": "postgresql://tidings:hidden@127.0.0.1:1/tidings"}
    )
    assert "does not answer" in problem(away, "database")
    assert "hidden" not in str(examine(away))
    missing = settings.model_copy(
        update={"database_url": f"sqlite:///{tmp_path / 'none' / 'tidings.db'}"}
    )
    assert "`tidings migrate` makes it" in problem(missing, "database")
    assert not (tmp_path / "none").exists()


def test_a_wrong_password_of_the_database_is_reported(settings: Settings) -> None:
    if "postgresql" not in settings.database:
        return  # SQLite has none

    wrong = settings.database.replace(str(urlsplit(settings.database).password), "wrong")
    message = problem(settings.model_copy(update={"database_url": wrong}), "database")
    assert "password authentication failed" in message
    assert "look at TIDINGS_DATABASE_URL" in message


def test_tables_that_are_behind_ahead_or_missing_are_reported(settings: Settings) -> None:
    assert problem(settings, "database") == ""
    for revision, remedy in (("0007", "a new database"), ("9999", "upgrade the program")):
        with closing(Database(settings.database)) as db, db.write() as connection:
            statement = text("UPDATE alembic_version SET version_num = :revision")
            connection.execute(statement, {"revision": revision})

        assert f"tables are of revision {revision}" in problem(settings, "database")
        assert remedy in problem(settings, "database")

    with closing(Database(settings.database)) as db, db.write() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")

    assert "it has no tables" in problem(settings, "database")


def test_a_text_api_that_is_away_is_reported(settings: Settings) -> None:
    assert "does not answer" in problem(
        settings.model_copy(update={"textapi_url": AWAY}), "Text API"
    )
    assert "no Text API is known" in problem(settings, "Text API")


def test_a_refused_key_is_reported_for_one_counted_call(
    stub_settings: Settings,
    stub: Stub,
) -> None:
    assert problem(stub_settings, "Text API") == ""
    stub.faults(status=401)
    message = problem(stub_settings.model_copy(update={"textapi_limits": "5/min"}), "Text API")
    assert "refused text_polarity (401): set TIDINGS_TEXTAPI_KEY" in message
    assert stub.counts()["calls"] == 2
    with closing(Database(stub_settings.database)) as db, db.read() as connection:
        assert sum(connection.scalars(select(Call.calls).where(Call.run_id == 0))) == 2


def test_clocks_that_differ_are_reported(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert problem(settings, "clocks") == ""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 60)
    message = problem(settings, "clocks")
    assert "the clock of Redis is 60 s ahead of this machine's" in message
    assert ("the clock of the database is 60 s ahead" in message) == (
        "postgresql" in settings.database
    )


def test_a_full_disk_is_reported(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    assert "5 MB are free" in problem(settings, "disk")


def test_a_queue_without_a_worker_is_reported(settings: Settings) -> None:
    assert "none has been seen" in problem(settings, "worker for the queue text")


def test_what_is_no_job_message_in_a_queue_is_reported(
    settings: Settings, broker: redis.Redis
) -> None:
    app = celery_app(settings)
    message = {"job": 1, "run": 1, "name": "2020-03"}
    for priority in (FIRST, RESERVE):
        send_job_message(app, kind="month", queue="text", message=message, priority=priority)

    assert problem(settings, "Redis") == ""
    broker.lpush("text", "no message", b"{}")
    assert problem(settings, "Redis") == (
        "the queue text holds 2 messages that are no job messages, which workers drop: does "
        "another program write into this Redis?"
    )
    broker.delete("text")
    broker.set("training", "mine")
    assert problem(settings, "Redis") == (
        "the key training in Redis is another program's: give Tidings a Redis database of its own"
    )
