"""Look at runs: ``tidings runs``, ``status``."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, show, show_json
from cli.options import Json, parse_run
from core.enums import ENDED, QUEUE_REPORTS, State
from core.errors import NotFound
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.database import Database
    from producers.status import RunCost, RunStatus

WATCH_SECONDS = 1.0

# More jobs than a terminal has lines, 24 by default, are summed up.
MOST_LINES = 24


def runs(as_json: Json = False) -> None:
    """List the runs, newest first."""
    from producers.status import list_runs

    with closing(context.open_database()) as db:
        listed_runs = list_runs(db)

    if as_json:
        show_json(listed_runs)
        return

    if not listed_runs:
        inform("there is no run yet: `tidings submit` makes one")

    for run in listed_runs:
        created = f"{datetime.fromtimestamp(run.created_at, UTC):%Y-%m-%d %H:%M}"
        counts = ", ".join(f"{count} {state}" for state, count in sorted(run.jobs.items()))
        line = f"{run.run:>5}  {created}  {run.kind:<8} {run.state:<10} {counts}"
        cost = f"  {_format_cost(run.cost)}" if run.cost else ""
        show(f"{line}{cost}  {run.name or ''}".rstrip())
        if run.report:
            show(f"{'':>25}its report {run.report}")


def status(
    run: Annotated[
        int | None,
        Argument(metavar="RUN", parser=parse_run, help="The run; the newest by default."),
    ] = None,
    watch: Annotated[
        bool, Option("--watch", help="Show it until the run and its report end.")
    ] = False,
    failed: Annotated[
        bool, Option("--failed", help="Only failed jobs, with why; without RUN those of all runs.")
    ] = False,
    jobs: Annotated[
        bool, Option("--jobs", help="List every job; else a long run has a line for each state.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the state of a run, its jobs, and what it waits for."""
    from producers.status import list_runs, run_status

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if run is None and failed and not watch:
            _show_failures(db, as_json=as_json)
            return

        if run is None:
            listed_runs = list_runs(db)
            if not listed_runs:
                raise NotFound("there is no run yet: `tidings submit` makes one")

            run = listed_runs[0].run

        while True:
            report = run_status(db, settings, run)
            if failed:
                report.details = [job for job in report.details if job.state == State.FAILED]

            if as_json:
                show_json(report)
            else:
                _print_status(report)
                _print_shared_limits(db)
                if jobs or len(report.details) <= MOST_LINES:
                    _print_jobs(report, only_failed=failed)
                else:
                    _print_groups(db, run, only_failed=failed)

            if failed and not report.details:
                inform(f"no job of run {run} has failed")

            has_ended = report.state in ENDED
            if not watch or (has_ended and not _is_report_coming(db, report)):
                return

            time.sleep(WATCH_SECONDS)


def _print_shared_limits(db: Database) -> None:
    from models.shared_settings import shared_limits

    with db.read() as connection:
        for service, limit in shared_limits(connection).items():
            show(f"  limit of {service}, set for all workers: {limit or 'none'}")


def _is_report_coming(db: Database, report: RunStatus) -> bool:
    """Return whether the run's report is still to be made and a process is there to make it."""
    from core.process_identity import has_exited
    from models.jobs import count_live_slots

    return report.report is not None and bool(count_live_slots(db, has_exited).get(QUEUE_REPORTS))


def _format_cost(cost: RunCost) -> str:
    from core.prices import MICRO, format_money

    charged = format_money(round(cost.charged * MICRO), cost.currency)
    if cost.max is None:
        return charged

    return f"{charged} of at most {format_money(round(cost.max * MICRO), cost.currency)}"


def _show_failures(db: Database, *, as_json: bool) -> None:
    """Print the failed jobs of all runs."""
    from producers.job_groups import MOST_FAILURES, list_failures

    with db.read() as connection:
        failures = list_failures(connection)

    if as_json:
        show_json(failures)
        return

    if not failures:
        inform("no job of any run has failed")

    for failure in failures:
        title = f" ({failure.name})" if failure.name else ""
        at = f"{datetime.fromtimestamp(failure.last_at, UTC):%Y-%m-%d %H:%M}"
        jobs = quantity(failure.jobs, "job")
        show(f"run {failure.run}{title}: {jobs} failed, the last at {at}: {failure.names}")
        show(f"  {failure.reason or 'no reason was stored'}")

    if len(failures) == MOST_FAILURES:
        inform(f"the newest {MOST_FAILURES} reasons; `tidings status RUN --failed` has a run's")


def _print_status(report: RunStatus) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in report.jobs.items() if count)
    title = f" ({report.name})" if report.name else ""
    calls = quantity(report.calls, "call")
    state = f"{report.state}, {report.progress:.0%}; {counts}; {calls}"
    if report.cost:
        state += f"; {_format_cost(report.cost)}"

    show(f"run {report.run}{title}: {state}")
    if report.person:
        purse = f", paid by the purse {report.purse}" if report.purse else ""
        show(f"  submitted by {report.person}{purse}")
    if report.reason:
        show(f"  {report.reason}")
    if report.report:
        show(f"  its report {report.report}")
    if report.codes and report.codes.uncoded:
        show(f"  {report.codes.describe()}")
    if report.outlook:
        show(f"  {report.outlook}")
    if report.waiting_for not in (None, report.reason):
        show(f"  waits for: {report.waiting_for}")


def _print_groups(db: Database, run: int, *, only_failed: bool) -> None:
    """Print a line for each state of the jobs of a run, or for each reason of failed jobs."""
    from producers.job_groups import group_jobs

    with db.read() as connection:
        groups = group_jobs(connection, run, only_failed=only_failed)

    for group in groups:
        reason = f"  {group.reason}" if group.reason else ""
        show(f"  {group.state:<10} {group.jobs:>5,}  {group.names}{reason}")

    inform("`--jobs` lists every job")


def _print_jobs(report: RunStatus, *, only_failed: bool) -> None:
    for job in report.details:
        reason = f"  {job.reason}" if job.reason else ""
        if only_failed:
            show(f"  {job.job}{reason}")
            continue

        steps = " ".join(f"{step.step}:{step.state}" for step in job.steps)
        job_name, state = printable(job.job), job.result or job.state
        show(f"  {job_name:<13} {state:<10} {steps}{reason}".rstrip())
