"""Celery's tasks: a thin skin over `workers.slices.work_on`, one for each kind of job so that Flower can be read."""

from __future__ import annotations

from celery import Celery, Task

from core.queues import Kind
from workers.slices import work_on


def register(app: Celery) -> None:
    """Give *app* a task for each kind of job; its arguments are the hint: the job's id, its run and its name."""
    for kind in Kind:
        app.task(_slice, name=kind.value, bind=True, max_retries=3, default_retry_delay=5)


def _slice(self: Task, *, job: int, run: int, name: str) -> None:  # noqa: ARG001 - they are there to be read in Flower
    """Work one slice on a job; safe to be delivered twice."""
    from workers.celery import runtime  # noqa: PLC0415 - it registers these tasks

    work_on(runtime(), job)
