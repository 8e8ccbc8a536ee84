"""The Celery tasks: one for each kind of job, so that Flower can be read."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery, Task

from analysis.kinds import KINDS
from core.enums import JobKind
from workers.executor import work_one_slice
from workers.runtime import Runtime

# A task is named for a kind of jobs.
TASK_NAMES = (*(kind.job_kind for kind in KINDS), JobKind.REPORT.value)


def register(app: Celery, get_runtime: Callable[[], Runtime]) -> None:
    """Give *app* a task for each kind of job. A message holds the job's id, run and name."""

    def work(self: Task, *, job: int, run: int, name: str) -> None:  # noqa: ARG001 - for Flower
        """Work one slice on a job; safe to be delivered twice."""
        work_one_slice(get_runtime(), job)

    for task_name in TASK_NAMES:
        app.task(work, name=task_name, bind=True, max_retries=3, default_retry_delay=5)
