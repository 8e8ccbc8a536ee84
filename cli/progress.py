"""Dispatch a run and wait for its end, with progress on standard error."""

from __future__ import annotations

import time

import typer
from rich.console import Console
from sqlalchemy import select

from cli.control import dispatch
from cli.messages import warn
from core.enums import ENDED, State
from core.process_identity import has_exited
from core.settings import Settings
from models.database import Database
from models.jobs import count_live_slots, job_counts, progress_of
from models.runs import get_run
from models.tables import Job
from producers.status import blocking_reason

POLL_SECONDS = 0.25
UNFINISHED = (State.QUEUED, State.RUNNING, State.WAITING)
NO_WORKER_SECONDS = 20.0  # how long to wait for the first worker
LASTING_SECONDS = 2.0  # a run that waits for less is not worth a line


def dispatch_and_wait(db: Database, settings: Settings, run: int, *, wait: bool) -> None:
    """Dispatch a stored run, print its number, and with *wait* exit when it has ended."""
    dispatched = dispatch(db, settings)
    succeeded = not wait or (dispatched and wait_for(db, settings, run))
    print(run)
    raise typer.Exit(int(not succeeded))


def wait_for(db: Database, settings: Settings, run: int) -> bool:
    """Wait until every job of the run, its report too, has ended; return whether all are done."""
    reasons = _WaitingReasons(run)
    started = time.monotonic()
    with Console(stderr=True, highlight=False).status(f"run {run}") as display:
        while True:
            with db.read() as connection:
                row = get_run(connection, run)
                counts = job_counts(connection, run)
                progress = progress_of(connection, run)
            has_ended = row.state in ENDED

            if has_ended and not any(counts.get(state) for state in UNFINISHED):
                break
            if row.state == State.PAUSED:
                warn(f"run {run} is paused: {row.reason or 'by hand'}")
                return False
            waited = time.monotonic() - started
            if waited > NO_WORKER_SECONDS and not count_live_slots(db, has_exited):
                warn("no worker is running: start the stack with `tidings up`")
                return False

            parts = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
            display.update(f"run {run}: {progress:4.0%} ({parts})")
            # A run that has ended only waits for its report.
            reasons.report(None if has_ended else blocking_reason(db, settings, run))
            time.sleep(POLL_SECONDS)
    return _report_outcome(db, run)


class _WaitingReasons:
    """Prints why a run waits: each reason that lasts, once."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._reason: str | None = None
        self._since = time.monotonic()
        self._printed = ""

    def report(self, reason: str | None) -> None:
        now = time.monotonic()
        if reason != self._reason:
            self._reason, self._since = reason, now
        if reason and reason != self._printed and now - self._since >= LASTING_SECONDS:
            warn(f"run {self._run} waits: {reason}")
            self._printed = reason


def _report_outcome(db: Database, run: int) -> bool:
    query = select(Job.name, Job.state, Job.result, Job.reason).where(Job.run_id == run)
    with db.read() as connection:
        jobs = connection.execute(query.order_by(Job.id)).all()

    for job in jobs:
        if job.state == State.FAILED:
            warn(f"{job.name} failed: {job.reason}")
        elif job.result:
            warn(f"{job.name}: {job.result}: {job.reason}")
    return all(job.state == State.DONE for job in jobs)
