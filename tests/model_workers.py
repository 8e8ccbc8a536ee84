"""Processes that work on the jobs of a run until they have ended, or until they are killed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import select, update

from core.broker import celery_app
from core.enums import ENDED, State
from core.settings import Settings
from models.database import Database
from models.job_transitions import requeue_lost_jobs
from models.runs import IS_SUBMITTED
from models.tables import Job, Run
from workers.executor import work_one_slice
from workers.runtime import Runtime

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.model_workers"])


def start_worker(settings: Settings, run: int) -> BaseProcess:
    """Start a process that works on a run."""
    variables = settings.model_dump(exclude_none=True)
    process = _CONTEXT.Process(target=_work, args=(variables, run))
    process.start()
    return process


def _work(variables: Mapping[str, Any], run: int) -> None:
    settings = Settings(**variables)
    runtime = Runtime(settings, celery_app(settings))
    while is_open(runtime.db, run):
        # What a killed process held is free at once: its name says that it is gone.
        requeue_lost_jobs(runtime.db, lambda owner: owner != runtime.owner and _has_exited(owner))
        for job in due_jobs(runtime.db, run):
            work_one_slice(runtime, job)
    os._exit(0)


def _has_exited(owner: str) -> bool:
    from core.process_identity import has_exited  # noqa: PLC0415

    return has_exited(owner)


def is_open(db: Database, run: int) -> bool:
    """Return whether a run has jobs to be worked on."""
    with db.read() as connection:
        state = connection.scalar(select(Run.state).where(Run.id == run))
    return state not in (*ENDED, State.PAUSED)


def due_jobs(db: Database, run: int) -> list[int]:
    """Return the jobs of a run that have not ended, all of them due."""
    open_jobs = (Job.run_id == run, IS_SUBMITTED, Job.state.not_in(ENDED))
    with db.write() as connection:
        waiting = update(Job).where(*open_jobs, Job.state == State.WAITING)
        connection.execute(waiting.values(due_at=0.0))
    with db.read() as connection:
        return list(connection.scalars(select(Job.id).where(*open_jobs).order_by(Job.id)))
