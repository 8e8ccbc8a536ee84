"""Look at runs: ``tidings runs``, ``status``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import format_amount, format_minute, inform, show, show_json, show_listing
from cli.options import Json, parse_run
from core.enums import ENDED, QUEUE_REPORTS, State
from core.errors import NotFound
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.database import Database
    from producers.job_groups import FailureListing
    from producers.status import JobStatus, RunCost, RunListing, RunStatus

WATCH_SECONDS = 1.0

# More jobs than a terminal has lines, 24 by default, are summed up.
MOST_LINES = 24

NO_RUN = "there is no run yet: `tidings submit` makes one"


def runs(as_json: Json = False) -> None:
    """List the runs, newest first."""
    from producers.status import list_runs

    with closing(context.open_database()) as db:
        show_listing(list_runs(db), _describe_run, as_json=as_json, if_empty=NO_RUN)


def _describe_run(run: RunListing) -> Iterator[str]:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(run.jobs.items()))
    created = format_minute(run.created_at)
    line = f"{run.run:>5}  {created}  {run.kind:<8} {run.state:<10} {counts}"
    cost = f"  {_format_cost(run.cost)}" if run.cost else ""
    yield f"{line}{cost}  {run.name or ''}".rstrip()
    if run.report:
        yield f"{'':>25}its report {run.report}"


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
    from core.process_identity import has_exited
    from models.jobs import count_live_slots
    from producers.status import list_runs, run_status

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if run is None and failed and not watch:
            _show_failures(db, as_json=as_json)
            return

        if run is None:
            listed_runs = list_runs(db)
            if not listed_runs:
                raise NotFound(NO_RUN)

            run = listed_runs[0].run

        while True:
            report = run_status(db, settings, run)
            if failed:
                report.details = [job for job in report.details if job.state == State.FAILED]

            if as_json:
                show_json(report)
            else:
                _print_status(db, report, every_job=jobs, only_failed=failed)

            if failed and not report.details:
                inform(f"no job of run {run} has failed")

            # A report that is still to be made comes if a process is there to make it.
            is_report_coming = report.report and count_live_slots(db, has_exited).get(QUEUE_REPORTS)
            if not watch or (report.state in ENDED and not is_report_coming):
                return

            time.sleep(WATCH_SECONDS)


def _format_cost(cost: RunCost) -> str:
    cap = "" if cost.max is None else f" of at most {format_amount(cost.max, cost.currency)}"
    return f"{format_amount(cost.charged, cost.currency)}{cap}"


def _show_failures(db: Database, *, as_json: bool) -> None:
    """Print the failed jobs of all runs."""
    from producers.job_groups import MOST_FAILURES, list_failures

    failures = db.fetch(list_failures)
    show_listing(
        failures, _describe_failure, as_json=as_json, if_empty="no job of any run has failed"
    )
    if len(failures) == MOST_FAILURES and not as_json:
        inform(f"the newest {MOST_FAILURES} reasons; `tidings status RUN --failed` has a run's")


def _describe_failure(failure: FailureListing) -> Iterator[str]:
    title = f" ({failure.name})" if failure.name else ""
    jobs, at = quantity(failure.jobs, "job"), format_minute(failure.last_at)
    yield f"run {failure.run}{title}: {jobs} failed, the last at {at}: {failure.names}"
    yield f"  {failure.reason or 'no reason was stored'}"


def _print_status(db: Database, report: RunStatus, *, every_job: bool, only_failed: bool) -> None:
    from models.shared_settings import shared_limits
    from producers.job_groups import group_jobs

    for line in _describe_status(report):
        show(line)

    is_long = len(report.details) > MOST_LINES and not every_job
    with db.read() as connection:
        limits = shared_limits(connection)
        groups = group_jobs(connection, report.run, only_failed=only_failed) if is_long else []

    for service, limit in limits.items():
        show(f"  limit of {service}, set for all workers: {limit or 'none'}")

    for group in groups:
        reason = f"  {group.reason}" if group.reason else ""
        show(f"  {group.state:<10} {group.jobs:>5,}  {group.names}{reason}")

    if is_long:
        inform("`--jobs` lists every job")
        return

    for job in report.details:
        show(_describe_job(job, only_failed=only_failed))


def _describe_status(report: RunStatus) -> Iterator[str]:
    counts = ", ".join(f"{count} {state}" for state, count in report.jobs.items() if count)
    title = f" ({report.name})" if report.name else ""
    cost = f"; {_format_cost(report.cost)}" if report.cost else ""
    progress = f"{report.progress:.0%}; {counts}; {quantity(report.calls, 'call')}{cost}"
    yield f"run {report.run}{title}: {report.state}, {progress}"

    purse = f", paid by the purse {report.purse}" if report.purse else ""
    reason = report.waiting_for if report.waiting_for != report.reason else None
    remarks = (
        report.person and f"submitted by {report.person}{purse}",
        report.reason,
        report.report and f"its report {report.report}",
        report.codes and report.codes.uncoded and report.codes.describe(),
        report.outlook,
        reason and f"waits for: {reason}",
    )
    for remark in filter(None, remarks):
        yield f"  {remark}"


def _describe_job(job: JobStatus, *, only_failed: bool) -> str:
    reason = f"  {job.reason}" if job.reason else ""
    if only_failed:
        return f"  {job.job}{reason}"

    steps = " ".join(f"{step.step}:{step.state}" for step in job.steps)
    job_name, state = printable(job.job), job.result or job.state
    return f"  {job_name:<13} {state:<10} {steps}{reason}".rstrip()
