"""A worker that is told to end, or finds other tables, begins no further job and ends soon."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import func, select

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack.supervised_process import SupervisedProcess
from core.broker import celery_app
from core.enums import State
from core.settings import Settings
from models.database import Database
from models.documents import add_documents
from models.tables import Job
from producers.submit import submit_run
from tests import services
from tests.e2e_kit import Stub, dispatch_to_workers
from tests.integration.test_tables_of_other_versions import set_revision
from tests.services import wait_until

MONTHS, CALL_SECONDS = 60, 0.1

# The calls in flight, Celery's own end (2 s on a free machine), and a busy machine.
END_SECONDS = 10.0

End = Callable[[Settings, int], None]


@pytest.fixture
def long_slices(
    stub_settings: Settings, db: Database, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of workers with slices of a minute and a plain SIGTERM, and a run of many months."""
    monkeypatch.setattr(services, "ENVIRONMENT", {})
    monkeypatch.delenv("REMAP_SIGTERM", raising=False)
    add_documents(db, [headline(month, day) for month in range(MONTHS) for day in range(1, 6)])
    parameters = MonthsParameters(
        first="2000-01", last="2004-12", keywords=(Keyword.parse("covid"),)
    )
    submit_run(db, parameters, ())
    stub.faults(latency=CALL_SECONDS)
    return stub_settings.model_copy(update={"textapi_concurrency": 2})


def headline(month: int, day: int) -> dict[str, object]:
    published_at = datetime(2000 + month // 12, month % 12 + 1, day)  # noqa: DTZ001 - as stored
    return {
        "identity": f"made-up:{month}:{day}",
        "source": "nyt",
        "handle": None,
        "author_id": None,
        "published_at": published_at,
        "period": f"{published_at:%Y-%m}",
        "address": f"https://example.org/{month}/{day}",
        "text": f"Covid reaches ward {day} of town {month}. Few know.",
        "material": "News",
        "repost": False,
    }


def count_begun(db: Database) -> int:
    with db.read() as connection:
        begun = select(func.count()).where(Job.started_at.is_not(None))
        return connection.scalar(begun) or 0


def send(signal_number: signal.Signals) -> End:
    return lambda _, pid: os.kill(pid, signal_number)


def shut_down(settings: Settings, _: int) -> None:
    celery_app(settings).control.shutdown()


WAYS = {"SIGTERM": send(signal.SIGTERM), "Ctrl-C": send(signal.SIGINT), "Flower": shut_down}


@pytest.mark.thorough
@pytest.mark.usefixtures("cold_processes")
@pytest.mark.parametrize("way", WAYS)
def test_a_worker_hands_its_jobs_back_at_once_however_it_is_stopped(
    db: Database,
    stub: Stub,
    long_slices: Settings,
    start_worker: Callable[..., SupervisedProcess],
    way: str,
) -> None:
    # On a busy machine a signal takes as long as a job of short calls.
    stub.faults(latency=1.0)
    worker = start_worker(long_slices, workers=1)
    dispatch_to_workers(db, long_slices)
    wait_until(lambda: stub.counts()["calls"] > 0, what="the first call", seconds=60)
    assert worker.pid

    begun, stopped_at = count_begun(db), time.monotonic()
    WAYS[way](long_slices, worker.pid)
    wait_until(worker.describe_end, what="the worker's end", seconds=60)

    assert time.monotonic() - stopped_at < END_SECONDS
    assert "told to end: calls in flight are waited for" in worker.log.read_text()
    # A job may have been claimed while the signal was on its way.
    assert count_begun(db) <= begun + 1
    with db.read() as connection:
        assert connection.scalar(select(Job.id).where(Job.state == State.RUNNING)) is None

    assert stub.counts()["again"] == 0


def test_no_job_is_begun_on_tables_that_another_program_has_changed(
    db: Database, long_slices: Settings, start_worker: Callable[..., SupervisedProcess]
) -> None:
    # It looks at the revision long after this test.
    worker = start_worker(long_slices, workers=1, reconcile_seconds=600)
    dispatch_to_workers(db, long_slices)
    wait_until(lambda: count_begun(db) >= 3, what="the third job", seconds=60)

    set_revision(db, "9999_later")
    begun = count_begun(db)
    wait_until(lambda: "succeeded" in worker.log.read_text(), what="the slice's end", seconds=120)
    dispatch_to_workers(db, long_slices)
    wait_until(lambda: worker.log.read_text().count("succeeded") > 1, what="a further message")

    # A job may have been claimed while the revision was written.
    assert count_begun(db) <= begun + 1
