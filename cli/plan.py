"""Count what a run needs: ``tidings plan …``; the services are asked nothing."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import typer

from cli import context
from cli.kind_commands import group_of_kinds
from cli.masks import read_mask
from cli.messages import show_json, warn
from cli.options import PlanOptions
from core.errors import ServiceUnavailable, SettingsError

if TYPE_CHECKING:
    from cli.run_options import RunRequest
    from core.settings import Settings
    from producers.plan import CallPlan
    from textapi.messages import Engine


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
        planner = None
        if matched.parameters.half_width is not None:
            planner = SamplePlanner(db, matched.parameters)

        with progress_display("planning", is_often_short=True) as display:
            figures = plan_run(
                db,
                matched.parameters,
                matched.names,
                engine=engine,
                settings=settings,
                on_progress=lambda done, jobs: display.update(f"{done:,} of {jobs:,} jobs"),
                size_sample=None if planner is None else planner.size,
            )

        sample = None if planner is None else planner.finish(figures)
        first_sample = describe_first_sample(db, matched.parameters, options.max_cost)
        payers = db.fetch(describe_payers, settings.person, options.purse, figures.model)

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


def _format_duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:,.0f} minutes"

    return f"{seconds / 3600:,.1f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:,.1f} days"


def _find_engine(settings: Settings, polarity: str | None) -> Engine:
    """Return the Text API's engine for *polarity*, or our own engine if the service is away."""
    from producers.dry_run import OUR_ENGINE

    try:
        return context.find_engine(settings, polarity)
    except (ServiceUnavailable, SettingsError) as error:
        warn(f"{error}; planned as if nothing were answered")
        return OUR_ENGINE
