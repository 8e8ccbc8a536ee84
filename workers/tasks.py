"""Celery's tasks: a thin skin over `workers.executor.work_on`, one for each kind of job so that Flower can be read."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery, Task

from core.enums import JobKind
from workers.executor import work_on
from workers.runtime import Runtime


def register(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Give *app* a task for each kind of job; its arguments are the hint: the job's id, its run and its name."""

    def work_one_slice(self: Task, *, job: int, run: int, name: str) -> None:  # noqa: ARG001 - to be read in Flower
        """Work one slice on a job; safe to be delivered twice."""
        work_on(runtime(), job)

    for kind in JobKind:
        app.task(work_one_slice, name=kind.value, bind=True, max_retries=3, default_retry_delay=5)
