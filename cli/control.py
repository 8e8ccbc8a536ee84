"""Control runs: ``tidings pause``, ``resume``, ``retry``, ``cancel``."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, warn
from cli.options import MOST, Run, check_utf8, parse_run, read_money
from core.errors import TidingsError, UsageError
from core.prices import Money

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database

RunOrAll = Annotated[
    int | None, Argument(metavar="RUN", parser=parse_run, help="The run's number.")
]


def pause(
    run: RunOrAll = None,
    every_run: Annotated[
        bool, Option("--all", help="All runs, those submitted later too, until `resume --all`.")
    ] = False,
) -> None:
    """Let nothing new of a run start; what is done is kept."""
    from models.run_transitions import pause_run
    from models.shared_settings import pause_all

    _check_run_or_all(run, every_run=every_run)
    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if run is None:
            pause_all(db, person=settings.person)
            inform("all runs are paused; `tidings resume --all` goes on")
            return

        pause_run(db, run, person=settings.person)

    inform(f"run {run} is paused; `tidings resume {run}` goes on")


def resume(
    run: RunOrAll = None,
    every_run: Annotated[
        bool, Option("--all", help="All runs but those that were paused by themselves.")
    ] = False,
    max_calls: Annotated[
        int | None,
        Option(
            min=1,
            max=MOST,
            help="The run's new cap on calls of the Text API or a language model, those made "
            "counted.",
        ),
    ] = None,
    max_cost: Annotated[
        Money | None,
        Option(
            parser=read_money,
            metavar="20USD",
            help="The run's new cap on what a language model costs, what is spent counted.",
        ),
    ] = None,
) -> None:
    """Go on with a paused run, or at once with one that waits for a service.

    A service that asked to be left alone is tried by one call.
    """
    from models.run_transitions import resume_run
    from models.shared_settings import resume_all

    _check_run_or_all(run, every_run=every_run)
    if every_run and (max_calls is not None or max_cost is not None):
        raise UsageError("--all and a cap: a cap is of one run")

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if run is None:
            resume_all(db, person=settings.person)
            dispatch(db, settings)
            inform("all runs go on that were not paused by themselves")
            return

        calls_left = resume_run(db, run, max_calls, max_cost, person=settings.person)
        _let_services_be_tried(settings)
        dispatch(db, settings)

    if calls_left == 0:
        warn(
            f"run {run} goes on with stored answers alone: no call of its cap is left; `tidings "
            f"resume {run} --max-calls N` raises it"
        )
    else:
        inform(f"run {run} goes on")


def _check_run_or_all(run: int | None, *, every_run: bool) -> None:
    if (run is None) != every_run:
        raise UsageError("give the number of a run, or --all")


def _let_services_be_tried(settings: Settings) -> None:
    from core.broker import redis_client
    from core.ratelimit.circuit_breaker import let_services_be_tried

    # If the broker is away, `dispatch` says so.
    with suppress(TidingsError), redis_client(settings) as broker:
        for service in let_services_be_tried(broker):
            inform(f"{service} asked to be left alone: one call tries it now")


def retry(
    run: Run,
    jobs: Annotated[
        list[str] | None,
        Argument(metavar="JOB", callback=check_utf8, help="By name; all by default."),
    ] = None,
) -> None:
    """Queue the failed jobs of a run again, and those that left out texts as refused."""
    from models.run_transitions import retry_run

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        queued = retry_run(db, run, jobs or (), person=settings.person)
        dispatch(db, settings)

    if not queued:
        raise TidingsError(
            f"run {run} has no failed job, and none that left out refused texts: `tidings status "
            f"{run}` says how it is"
        )

    jobs_are = "job is" if queued == 1 else "jobs are"
    inform(f"{queued} {jobs_are} queued again in run {run}")


def cancel(run: Run) -> None:
    """End a run for good; the answers that it paid for are kept."""
    from models.run_transitions import cancel_run

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        cancel_run(db, run, person=settings.person)

    inform(f"run {run} is cancelled")


def dispatch(db: Database, settings: Settings) -> bool:
    """Send messages for the due jobs; return False, and say why, if there is no broker."""
    from core.broker import celery_app, redis_client
    from producers.dispatch import dispatch_due_jobs

    try:
        with redis_client(settings) as broker:
            dispatch_due_jobs(db, celery_app(settings), broker)
    except TidingsError as error:
        warn(f"queued, but not started: {error}")
        return False

    return True
