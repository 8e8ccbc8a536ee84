"""A run handed to the workers, and its end waited for with progress on standard error."""

from __future__ import annotations

import sys
import time

import typer
from rich.console import Console
from sqlalchemy import select

from cli.control import dispatch_to_workers
from core.enums import ENDED, State
from core.process_identity import has_exited
from core.settings import Settings
from models.database import Database
from models.jobs import count_live_slots, job_counts, progress_of
from models.runs import get_run
from models.tables import Job
from producers.status import blocking_reason

LOOK_SECONDS = 0.25
AT_WORK = (State.QUEUED, State.RUNNING, State.WAITING)
NO_WORKER_SECONDS = 20.0
WORTH_SAYING_SECONDS = 2.0


def dispatch_and_wait(db: Database, settings: Settings, run: int, *, wait: bool) -> None:
    """Tell the workers of a run that was written, print its number, and wait where that is wanted."""
    told = dispatch_to_workers(db, settings)
    if not wait:
        print(run)
        return
    status = wait_for(db, settings, run) if told else 1
    print(run)
    raise typer.Exit(status)


def wait_for(db: Database, settings: Settings, run: int) -> int:
    """Wait until every job of the run, its report too, has ended; 0 when all are done, 1 when one failed."""
    console = Console(stderr=True, highlight=False)
    said, now_waits_for = "", None
    begun = since = time.monotonic()
    with console.status(f"run {run}") as status:
        while True:
            with db.read() as connection:
                row = get_run(connection, run)
                counts = job_counts(connection, run)
                share = progress_of(connection, run)
            if row.state in ENDED and not any(counts.get(state) for state in AT_WORK):
                break
            if row.state == State.PAUSED:
                print(f"tidings: run {run} is paused: {row.reason or 'by hand'}", file=sys.stderr)
                return 1
            if (
                not count_live_slots(db, has_exited)
                and time.monotonic() - begun > NO_WORKER_SECONDS
            ):
                print(
                    "tidings: no worker is at work: start the stack with `tidings up`",
                    file=sys.stderr,
                )
                return 1
            parts = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
            status.update(f"run {run}: {share:4.0%} ({parts})")
            reason = (
                None if row.state in ENDED else blocking_reason(db, settings, run)
            )  # its report is still to be made
            if reason != now_waits_for:
                now_waits_for, since = reason, time.monotonic()
            if reason and reason != said and time.monotonic() - since >= WORTH_SAYING_SECONDS:
                print(f"tidings: run {run} waits: {reason}", file=sys.stderr)
                said = reason
            time.sleep(LOOK_SECONDS)
    return _say_what_came(db, run)


def _say_what_came(db: Database, run: int) -> int:
    with db.read() as connection:
        jobs = connection.execute(
            select(Job.name, Job.state, Job.result, Job.reason)
            .where(Job.run_id == run)
            .order_by(Job.id)
        ).all()
    for job in jobs:
        if job.state == State.FAILED:
            print(f"tidings: {job.name} failed: {job.reason}", file=sys.stderr)
        elif job.result:
            print(f"tidings: {job.name}: {job.result}: {job.reason}", file=sys.stderr)
    return int(any(job.state != State.DONE for job in jobs))
