"""Count what a run needs: ``tidings plan …``; the services are asked nothing."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import typer

from cli import context
from cli.kind_commands import group_of_kinds
from cli.masks import read_mask
from cli.messages import show_json, warn
from cli.options import Json, PlanOptions, Run
from core.errors import ServiceUnavailable, SettingsError

if TYPE_CHECKING:
    from cli.progress import ProgressLines, ProgressOfTerminal
    from cli.run_options import RunRequest
    from core.settings import Settings
    from producers.plan import CallPlan
    from textapi.messages import Engine

# `plan run` prints these counts of an operation, in columns of these widths.
COLUMNS = {"calls": 10, "retries": 10, "maybe_twice": 13, "answers_reused": 16}


def plan(request: RunRequest[PlanOptions]) -> None:
    """Print the calls that a run would make."""
    from cli.first_sample import describe_first_sample
    from cli.plan_costs import describe_cap, describe_costs, describe_payers
    from cli.plan_sample import RunPlan, SamplePlanner, describe_sample
    from cli.progress import progress_display
    from producers.plan import plan_run

    settings, options = context.load_settings(), request.options
    read_mask(options.mask)
    with closing(context.open_database(settings, create=True)) as db:
        matched = request.match_stored(db, settings)
        engine = _find_engine(settings, matched.parameters.polarity)
        sample_planner = SamplePlanner.of_run(db, matched.parameters)
        with progress_display("planning", is_often_short=True) as display:
            figures = plan_run(
                db,
                matched.parameters,
                matched.names,
                engine=engine,
                settings=settings,
                on_progress=partial(_show_progress, display),
                size_sample=None if sample_planner is None else sample_planner.size,
            )

        sample = None if sample_planner is None else sample_planner.finish(figures)
        first_sample = describe_first_sample(db, matched.parameters, options.max_cost)
        with db.read() as connection:
            payers = describe_payers(connection, settings.person, options.purse, figures.model)

    if options.max_calls is not None and figures.calls_to_make > options.max_calls:
        cap = f"--max-calls {options.max_calls:,}"
        figures.remarks.append(f"{cap} is reached before the end: the run pauses there")

    if options.max_cost is not None:
        figures.remarks += describe_cap(matched.parameters, options.max_cost, figures.model)
    figures.remarks += payers
    if first_sample is not None:
        figures.remarks.append(first_sample)
    if options.as_json:
        show_json(RunPlan(**vars(figures), sample=sample))
        return

    print(f"documents       {figures.documents:,}")
    print(f"calls needed    {figures.calls_needed:,}")
    print(f"  answered      {figures.calls_answered:,}")
    print(f"  to make       {figures.calls_to_make:,}")
    for operation, calls in figures.by_operation.items():
        print(f"    {operation:<26}{calls:,}")

    for line in describe_costs(figures.model):
        print(line)

    for line in describe_sample(sample):
        print(line)

    _print_time(figures)
    for remark in figures.remarks:
        warn(remark)


def _print_time(figures: CallPlan) -> None:
    from producers.forecast import describe_forecast

    if figures.binding_limit:
        duration = f"{_format_duration(figures.seconds)}, until {figures.ends_at}"
        limit = f"{figures.binding_limit} of {figures.binding_service}"
        print(f"time            {duration}; the limit {limit} binds")
    else:
        print("time            no limit binds")

    if figures.forecast is not None:
        print(f"if begun now    {describe_forecast(figures.forecast, time.time())}")


group = typer.Typer(
    cls=group_of_kinds(plan, PlanOptions, "Count the calls of `submit {kind.name}`; none is made."),
    no_args_is_help=True,
    help="Count the calls of a run, and say how long they would take.",
)


@group.command("run")
def compare(run: Run, as_json: Json = False) -> None:
    """Compare the calls that a run needs, by operation, with those that it has made."""
    from cli.progress import progress_display
    from models.runs import get_run
    from producers.plan import OperationCalls, PlanComparison, call_counts, plan_submitted_run

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        with db.read() as connection:
            parameters = get_run(connection, run).parameters

        engine = _find_engine(settings, parameters.get("polarity"))
        with progress_display("planning", is_often_short=True) as display:
            figures = plan_submitted_run(
                db,
                run,
                engine=engine,
                settings=settings,
                on_progress=partial(_show_progress, display),
            )

        made = call_counts(db, run)

    if as_json:
        show_json(PlanComparison(run, figures, made))
        return

    planned = figures.needed_by_operation
    print(
        f"{'operation':<26}{'planned':>10}{'made':>10}{'retries':>10}"
        f"{'maybe twice':>13}{'answers reused':>16}"
    )
    for operation in sorted({*planned, *made}):
        counts = vars(made.get(operation, OperationCalls()))
        cells = [f"{counts[count_name]:>{width},}" for count_name, width in COLUMNS.items()]
        print(f"{operation:<26}{planned.get(operation, 0):>10,}{''.join(cells)}")

    for remark in figures.remarks:
        warn(remark)


def _show_progress(display: ProgressLines | ProgressOfTerminal, done: int, jobs: int) -> None:
    display.update(f"{done:,} of {jobs:,} jobs")


def _format_duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:,.0f} minutes"

    return f"{seconds / 3600:,.1f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:,.1f} days"


def _find_engine(settings: Settings, polarity: str | None) -> Engine:
    """Return the Text API's engine for *polarity*, or our own engine if the service is away."""
    from producers.plan import OUR_ENGINE

    try:
        return context.find_engine(settings, polarity)
    except (ServiceUnavailable, SettingsError) as error:
        warn(f"{error}; planned as if nothing were answered")
        return OUR_ENGINE
