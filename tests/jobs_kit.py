"""Runs whose jobs are worked on in the test's own process, slice by slice, without a worker."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from sqlalchemy import select, update

from core.broker import celery_app
from core.enums import ENDED, JobKind, State, WaitFor
from core.settings import Settings
from models.database import Database
from models.tables import Job
from producers.submit import submit_run
from tests.limiter_kit import nobody_in_flight
from workers.executor import work_one_slice
from workers.runtime import Runtime


class Jobs:
    """Submit runs and work on their jobs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db = Database(settings.database)
        self.runtime = Runtime(settings, celery_app(settings))
        self._alone = ExitStack()
        self._alone.enter_context(nobody_in_flight())

    def close(self) -> None:
        self._alone.close()
        self.runtime.close()
        self.db.close()

    def submit(self, parameters: Any, *names: str) -> int:
        return submit_run(self.db, parameters, names)

    def rows(self, run: int) -> list[Any]:
        """Return the run's jobs without its report."""
        jobs = select(Job.__table__).where(Job.run_id == run, Job.kind != JobKind.REPORT)
        with self.db.read() as connection:
            return list(connection.execute(jobs.order_by(Job.id)))

    def row(self, run: int, name: str | None = None) -> Any:
        """Return the job of that name, or the run's only one."""
        (job,) = (row for row in self.rows(run) if name in (None, row.name))
        return job

    def slice(self, run: int, name: str | None = None) -> Any:
        """Work on a job for one slice; return its row."""
        work_one_slice(self.runtime, self.row(run, name).id)
        return self.row(run, name)

    def to_its_end(self, run: int, name: str | None = None) -> Any:
        """Work on a job until it has ended or waits; return its row."""
        for _ in range(500):
            row = self.slice(run, name)
            if row.state in (*ENDED, State.WAITING):
                return row

        raise AssertionError(row)

    def do(self, parameters: Any, *names: str) -> Any:
        """Submit a run of one job and work on it; return its row."""
        return self.to_its_end(self.submit(parameters, *names))

    def do_all(self, run: int) -> None:
        """Work on every job of a run; one that waited for the documents of others comes again."""
        for row in self.rows(run):
            self.to_its_end(run, row.name)

        for row in self.rows(run):
            if row.waits_for == WaitFor.OTHER_JOBS:
                with self.db.write() as connection:
                    connection.execute(update(Job).where(Job.id == row.id).values(due_at=0.0))

                self.to_its_end(run, row.name)
