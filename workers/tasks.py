"""The Celery tasks: one for each kind of job, so that Flower can be read."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery, Task

from analysis.kinds import KINDS
from core.enums import ENDED, JobKind, State
from core.errors import DatabaseAway
from core.logs import task_context
from core.quantities import quantity
from models.database import Database
from models.jobs import job_counts
from workers.executor import work_one_slice
from workers.runtime import Runtime

# A task is named for a kind of jobs.
TASK_NAMES = (*(kind.job_kind for kind in KINDS), JobKind.REPORT.value)


def register(app: Celery, get_runtime: Callable[[], Runtime]) -> None:
    """Give *app* a task for each kind of job. A message holds the job's id, run and name."""

    def work(self: Task, *, job: int, run: int, name: str) -> str:  # noqa: ARG001 - for Flower
        """Work one slice on a job; safe to be delivered twice. Return the progress of its run.

        Flower shows it as the task's result. A custom event would show it earlier, and take the
        task out of those that Flower lists as started.
        """
        runtime = get_runtime()
        with task_context(self.request.id):
            work_one_slice(runtime, job)
            return _describe_progress(runtime.db, run)

    for task_name in TASK_NAMES:
        app.task(work, name=task_name, bind=True, max_retries=3, default_retry_delay=5)


def _describe_progress(db: Database, run_id: int) -> str:
    """Return how many of a run's jobs have ended, for people who look at Flower."""
    try:
        counts = db.fetch(job_counts, run_id)
    except DatabaseAway:
        return f"run {run_id}"

    ended = sum(counts.get(state, 0) for state in ENDED)
    failed = counts.get(State.FAILED, 0)
    return f"run {run_id}: {ended:,} of {quantity(sum(counts.values()), 'job')} ended" + (
        f", {failed:,} failed" if failed else ""
    )
