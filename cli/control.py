"""Steering runs: ``tidings pause``, ``resume``, ``retry``, ``cancel``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli import context
from core.errors import TidingsError
from core.settings import Settings
from models.database import Database

Run = Annotated[
    int, typer.Argument(metavar="RUN", help="The run's number, as `tidings runs` lists it.")
]


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    for command in (pause, resume, retry, cancel):
        app.command()(command)


def pause(run: Run) -> None:
    """Let nothing new of a run start; what is done is kept."""
    from models.transitions import pause_run

    pause_run(context.database(context.settings()), run)
    print(f"run {run} is paused; `tidings resume {run}` goes on", file=sys.stderr)


def resume(
    run: Run,
    max_calls: Annotated[
        int | None, typer.Option(min=1, help="Raise the run's cap on calls to N.")
    ] = None,
) -> None:
    """Go on with a paused run."""
    from models.transitions import resume_run

    settings = context.settings()
    db = context.database(settings)
    resume_run(db, run, max_calls)
    dispatch_to_workers(db, settings)
    print(f"run {run} goes on", file=sys.stderr)


def retry(
    run: Run,
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="JOB", help="By name; all by default.")
    ] = None,
) -> None:
    """Queue the failed jobs of a run again."""
    from models.transitions import retry_run

    settings = context.settings()
    db = context.database(settings)
    queued = retry_run(db, run, jobs or ())
    dispatch_to_workers(db, settings)
    print(f"{queued} jobs of run {run} are queued again", file=sys.stderr)


def cancel(run: Run) -> None:
    """End a run for good; the answers that it paid for are kept."""
    from models.transitions import cancel_run

    cancel_run(context.database(context.settings()), run)
    print(f"run {run} is cancelled", file=sys.stderr)


def dispatch_to_workers(db: Database, settings: Settings) -> bool:
    """Send hints for what is due; False, with a remark, where there is nobody to send them to."""
    from core.broker import celery_app, redis_client
    from producers.dispatch import dispatch_due_jobs

    try:
        with redis_client(settings) as broker:
            dispatch_due_jobs(db, celery_app(settings), broker)
    except TidingsError as error:
        print(f"tidings: queued, and not begun yet: {error}", file=sys.stderr)
        return False
    return True
