"""A process that updates and works on a watched run, and dies at a random statement on the way.

It is forked from a server that has the imports: a process that has used polars, as that of a test
has, must not be forked.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event, update

from core.process_identity import has_exited
from core.settings import Settings
from models.job_transitions import requeue_lost_jobs
from models.tables import Job
from producers.watches import check_due_watches
from tests.jobs_kit import Jobs
from tests.watch_kit import work

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.watch_killer"])


def live(settings: Settings, run: int, now: float, dies_after: int) -> int:
    """Update and work in a process of its own, which dies on the way; return how it ended."""
    variables = settings.model_dump(exclude_none=True)
    process = _CONTEXT.Process(target=_live, args=(variables, run, now, dies_after))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _live(variables: Mapping[str, Any], run: int, now: float, dies_after: int) -> None:
    settings = Settings(**variables)
    jobs = Jobs(settings)
    requeue_lost_jobs(jobs.db, has_exited)
    # Here it dies whether it gets on or not.
    with jobs.db.write() as connection:
        connection.execute(update(Job).values(losses=0))

    _die_at(jobs, dies_after)
    check_due_watches(jobs.db, settings, now=now)
    work(jobs, run)


def _die_at(jobs: Jobs, after: int) -> None:
    """Kill this process at the statement number *after* of all that it executes from now on."""
    left = [after]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for db in (jobs.db, jobs.runtime.db):
        event.listen(db.engine, "before_cursor_execute", count)
