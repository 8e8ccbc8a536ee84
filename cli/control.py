"""Steering runs: ``tidings pause``, ``resume``, ``retry``, ``cancel``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli import opening
from core.errors import TidingsError
from core.settings import Settings
from models.database import Database

Run = Annotated[int, typer.Argument(metavar="RUN", help="The run's number, as `tidings runs` lists it.")]


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    for command in (pause, resume, retry, cancel):
        app.command()(command)


def pause(run: Run) -> None:
    """Let nothing new of a run start; what is done is kept."""
    from models.runs import pause_run

    pause_run(opening.database(opening.settings()), run)
    print(f"run {run} is paused; `tidings resume {run}` goes on", file=sys.stderr)


def resume(
    run: Run, max_calls: Annotated[int | None, typer.Option(min=1, help="Raise the run's cap on calls to N.")] = None
) -> None:
    """Go on with a paused run."""
    from models.runs import resume_run

    known = opening.settings()
    db = opening.database(known)
    resume_run(db, run, max_calls)
    tell_workers(db, known)
    print(f"run {run} goes on", file=sys.stderr)


def retry(
    run: Run,
    jobs: Annotated[list[str] | None, typer.Argument(metavar="JOB", help="By name; all by default.")] = None,
) -> None:
    """Queue the failed jobs of a run again."""
    from models.runs import retry_run

    known = opening.settings()
    db = opening.database(known)
    queued = retry_run(db, run, jobs or ())
    tell_workers(db, known)
    print(f"{queued} jobs of run {run} are queued again", file=sys.stderr)


def cancel(run: Run) -> None:
    """End a run for good; the answers that it paid for are kept."""
    from models.runs import cancel_run

    cancel_run(opening.database(opening.settings()), run)
    print(f"run {run} is cancelled", file=sys.stderr)


def tell_workers(db: Database, known: Settings) -> bool:
    """Send hints for what is due; False, with a remark, where there is nobody to send them to."""
    from core.broker import celery_app, redis_client
    from producers.hints import top_up

    try:
        with redis_client(known) as broker:
            top_up(db, celery_app(known), broker)
    except TidingsError as error:
        print(f"tidings: queued, and not begun yet: {error}", file=sys.stderr)
        return False
    return True
