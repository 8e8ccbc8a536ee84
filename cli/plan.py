"""Saying what a run will ask, and afterwards what became of that: ``tidings plan …``; nothing is asked."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer

from cli import context
from cli.control import Run
from cli.run_options import Act, Asked, for_handles, for_months, for_search
from core.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    group = typer.Typer(
        no_args_is_help=True, help="Say what a run would ask, how long it takes and what binds."
    )
    group.command("months")(_with_json(for_months))
    group.command("handles")(_with_json(for_handles))
    group.command("search")(_with_json(for_search))
    group.command("run")(against)
    app.add_typer(group, name="plan")


def _with_json(command_for: Callable[[Act], Callable[..., None]]) -> Callable[..., None]:
    """The command of `submit`, with all its arguments, made to plan; --json beside them."""
    like = command_for(partial(plan, as_json=False))

    def command(*, as_json: bool, **given: Any) -> None:
        command_for(partial(plan, as_json=as_json))(**given)

    signature = inspect.signature(like, eval_str=True)
    added = inspect.Parameter(
        "as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json
    )
    parameters = [*signature.parameters.values(), added]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = f"{like.__doc__} Says what `submit` would ask, and asks nothing."
    return command


def plan(asked: Asked, *, as_json: bool) -> None:
    """Print what `submit` would ask."""
    from producers.plan import plan_run
    from producers.submit import jobs_of

    settings = context.settings()
    names = [job.name for job in jobs_of(asked.parameters, asked.names)]
    found = plan_run(
        context.database(settings, make=True),
        asked.parameters,
        names,
        engine=_engine(settings),
        settings=settings,
    )
    if asked.max_calls is not None and found.calls_to_make > asked.max_calls:
        found.remarks.append(
            f"--max-calls {asked.max_calls:,} is reached before the end: the run pauses there"
        )
    if as_json:
        print(json.dumps(found.as_json()))
        return
    print(f"documents       {found.documents:,}")
    print(f"calls needed    {found.calls_needed:,}")
    print(f"  answered      {found.calls_answered:,}")
    print(f"  to make       {found.calls_to_make:,}")
    for operation, calls in found.by_operation.items():
        print(f"    {operation:<26}{calls:,}")
    if found.binding_limit:
        limit = f"{found.binding_limit} of {found.binding_service}"
        print(
            f"time            {_duration(found.seconds)}, until {found.ends_at}; the limit {limit} binds"
        )
    else:
        print("time            no limit binds")
    for remark in found.remarks:
        print(f"tidings: {remark}", file=sys.stderr)


def against(run: Run, as_json: Json = False) -> None:
    """What a run needs, by operation, against what it has asked so far."""
    from producers.plan import call_counts, plan_again

    settings = context.settings()
    db = context.database(settings)
    found = plan_again(db, run, engine=_engine(settings), settings=settings)
    made = call_counts(db, run)
    if as_json:
        print(json.dumps({"run": run, "planned": found.as_json(), "made": made}))
        return
    print(
        f"{'operation':<26}{'planned':>10}{'made':>10}{'retries':>10}{'maybe twice':>13}{'answers reused':>16}"
    )
    for operation in sorted({*found.needed_by_operation, *made}):
        done = made.get(operation, {})
        figures = (
            done.get(name, 0) for name in ("calls", "retries", "maybe_twice", "answers_reused")
        )
        cells = "".join(
            f"{figure:>{width},}" for figure, width in zip(figures, (10, 10, 13, 16), strict=True)
        )
        print(f"{operation:<26}{found.needed_by_operation.get(operation, 0):>10,}{cells}")
    for remark in found.remarks:
        print(f"tidings: {remark}", file=sys.stderr)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:,.0f} minutes"
    return f"{seconds / 3600:,.1f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:,.1f} days"


def _engine(settings: Settings) -> str:
    """The engine that will be asked; ours where it cannot say, of which nothing is answered then."""
    from cli.engine import engine_name
    from core.errors import ServiceUnavailable, SettingsError
    from producers.plan import OWN_ENGINE

    try:
        return engine_name(settings)
    except (ServiceUnavailable, SettingsError) as error:
        print(f"tidings: {error}; planned as if nothing were answered", file=sys.stderr)
        return OWN_ENGINE
