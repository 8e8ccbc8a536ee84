"""A run that goes on while the processes that work on it are killed at random statements."""

from __future__ import annotations

import os
import random
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import event, update

from core.enums import State
from core.process_identity import has_exited
from core.settings import Settings
from models.database import Database
from models.job_transitions import requeue_lost_jobs
from models.tables import Job
from models.watches import get_watch
from producers.watches import check_due_watches
from tests.e2e_kit import Stub
from tests.jobs_kit import Jobs
from tests.watch_kit import (
    ACCOUNTS,
    DAYS,
    WATCHED,
    at_day,
    export,
    export_one_run_over_all,
    publish,
    state_of,
    watch,
    work,
)


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        yield opened


def die_at(jobs: Jobs, after: int) -> None:
    """Kill this process at the statement number *after* of all that it executes from now on."""
    left = [after]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for db in (jobs.db, jobs.runtime.db):
        event.listen(db.engine, "before_cursor_execute", count)


def live(settings: Settings, run: int, now: float, dies_after: int) -> int:
    """Update and work in a process of its own, which dies on the way; return how it ended."""
    pid = os.fork()
    if pid == 0:  # the child: it never returns into the test
        status = 1
        try:
            jobs = Jobs(settings)
            requeue_lost_jobs(jobs.db, has_exited)
            with jobs.db.write() as connection:  # here it dies whether it gets on or not
                connection.execute(update(Job).values(losses=0))

            die_at(jobs, dies_after)
            check_due_watches(jobs.db, settings, now=now)
            work(jobs, run)
            status = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(status)

    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("parameters", "names"), [(WATCHED, ()), (ACCOUNTS, ("ann", "bob"))])
def test_thirty_days_that_are_killed_at_random_make_the_same_tables(
    jobs: Jobs,
    stub: Stub,
    parameters: Any,
    names: tuple[str, ...],
) -> None:
    rng = random.Random(len(names))
    handles: Sequence[str | None] = names or (None,)
    publish(jobs.db, 0, handles=handles)
    run = jobs.submit(parameters, *names)
    watch(jobs.db, run)
    kills = 0

    for day in range(DAYS):
        if day:
            publish(jobs.db, day, handles=handles)

        jobs.db.close()  # no connection is open in both processes
        status = -signal.SIGKILL
        while status == -signal.SIGKILL:
            status = live(jobs.settings, run, at_day(day), rng.randint(5, 150))
            kills += status != 0

        assert status == 0
        if day:
            assert is_through(jobs.db, run, day)

    assert kills >= DAYS / 2
    assert stub.counts()["again"] <= kills * jobs.settings.textapi_concurrency
    over_all = parameters if names else parameters.model_copy(update={"last": "2020-03"})
    assert export(jobs.db, run) == export_one_run_over_all(jobs, over_all, *names)


def is_through(db: Database, run: int, day: int) -> bool:
    """Return whether the day was looked at and the run is through with it."""
    with db.read() as connection:
        row = get_watch(connection, run)

    assert row is not None
    return bool(row.due_at > at_day(day) and state_of(db, run) == State.DONE)
