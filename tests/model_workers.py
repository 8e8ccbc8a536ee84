"""Processes that work on the jobs of a run until they have ended, or until they are killed."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import select, update

from core.broker import celery_app
from core.enums import ENDED, State
from core.ratelimit import recovery
from core.settings import Settings
from models.database import Database
from models.job_transitions import requeue_lost_jobs
from models.runs import IS_SUBMITTED
from models.tables import Job, Run
from tests.batch_killer import send_no_messages
from workers.executor import work_one_slice
from workers.runtime import Runtime

# The time between two looks at jobs that others may work on.
POLL_SECONDS = 0.1

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.model_workers"])


def start_worker(settings: Settings, run: int | None = None) -> BaseProcess:
    """Start a process that works on a run, or on all runs until it is killed."""
    variables = settings.model_dump(exclude_none=True)
    process = _CONTEXT.Process(target=_work, args=(variables, run), daemon=True)
    process.start()
    return process


def _work(variables: Mapping[str, Any], run: int | None) -> None:
    send_no_messages()
    # What these processes ask is paid and not limited: none waits for another one's calls.
    recovery.SETTLE_SECONDS = 0.0
    settings = Settings(**variables)
    runtime = Runtime(settings, celery_app(settings))
    while run is None or is_open(runtime.db, run):
        # What a killed process held is free at once: its name says that it is gone.
        requeue_lost_jobs(runtime.db, lambda owner: owner != runtime.owner and _has_exited(owner))
        for job in due_jobs(runtime.db, run):
            work_one_slice(runtime, job)

        time.sleep(POLL_SECONDS)

    os._exit(0)


def _has_exited(owner: str) -> bool:
    from core.process_identity import has_exited  # noqa: PLC0415

    return has_exited(owner)


def is_open(db: Database, run: int) -> bool:
    """Return whether a run has jobs to be worked on."""
    with db.read() as connection:
        state = connection.scalar(select(Run.state).where(Run.id == run))
    return state not in (*ENDED, State.PAUSED)


def due_jobs(db: Database, run: int | None) -> list[int]:
    """Return the jobs of a run, or of all, that have not ended, all of them due."""
    open_jobs = [IS_SUBMITTED, Job.state.not_in(ENDED), Run.state != State.PAUSED]
    if run is not None:
        open_jobs.append(Job.run_id == run)

    with db.read() as connection:
        jobs = select(Job.id, Job.state).join(Run, Run.id == Job.run_id).where(*open_jobs)
        states = dict(connection.execute(jobs.order_by(Job.id)).all())

    waiting = [job for job, state in states.items() if state == State.WAITING]
    if waiting:
        with db.write() as connection:
            connection.execute(update(Job).where(Job.id.in_(waiting)).values(due_at=0.0))

    return [job for job, state in states.items() if state != State.RUNNING]
