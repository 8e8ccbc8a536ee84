"""Looking at runs: ``tidings runs``, ``status``, ``report``, ``export``."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import context
from cli.control import Run
from cli.trainings import WEIGHTS, write_weights
from core.enums import ENDED, State
from core.errors import UsageError

WATCH_SECONDS = 1.0


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    for command in (runs, status, report, export):
        app.command()(command)


def runs(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the runs, newest first."""
    from producers.status import list_runs

    found = list_runs(context.database(context.settings()))
    if as_json:
        print(json.dumps(found))
        return
    for run in found:
        at = datetime.fromtimestamp(run["created_at"], UTC).strftime("%Y-%m-%d %H:%M")
        counts = ", ".join(f"{count} {state}" for state, count in sorted(run["jobs"].items()))
        print(
            f"{run['run']:>5}  {at}  {run['kind']:<9}{run['state']:<11}{counts}  {run['name'] or ''}".rstrip()
        )


def status(
    run: Annotated[
        int | None, typer.Argument(metavar="RUN", help="The run; the newest by default.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it until the run ends.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only the failed jobs, with why.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Where a run stands, job by job, and what it waits for where it does not move."""
    from core.errors import NotFound
    from producers.status import list_runs, run_status

    settings = context.settings()
    db = context.database(settings)
    if run is None:
        newest = list_runs(db)
        if not newest:
            raise NotFound("there is no run yet: `tidings submit` makes one")
        run = int(newest[0]["run"])
    while True:
        found = run_status(db, settings, run)
        if failed:
            found["details"] = [job for job in found["details"] if job["state"] == State.FAILED]
        if as_json:
            print(json.dumps(found))
        else:
            _show(found, failed=failed)
        if not watch or found["state"] in ENDED:
            return
        time.sleep(WATCH_SECONDS)


def _show(found: dict[str, Any], *, failed: bool) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in found["jobs"].items() if count)
    name = f" ({found['name']})" if found["name"] else ""
    print(
        f"run {found['run']}{name}: {found['state']}, {found['progress']:.0%}; {counts}; {found['calls']:,} calls"
    )
    if found["reason"]:
        print(f"  {found['reason']}")
    if found["waiting_for"]:
        print(f"  waits for: {found['blocking_reason']}")
    for job in found["details"]:
        why = f"  {job['reason']}" if job["reason"] else ""
        if failed:
            print(f"  {job['job']}{why}")
            continue
        steps = " ".join(f"{step['step']}:{step['state']}" for step in job["steps"])
        print(f"  {job['job']:<14}{job['result'] or job['state']:<11}{steps}{why}".rstrip())


def report(
    run: Annotated[
        list[int],
        typer.Argument(metavar="RUN...", help="One run, or several to be put side by side."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; by default where the run's report is.")
    ] = None,
) -> None:
    """Write a report into a folder and print the page to open; what has not changed is not drawn again."""
    from itertools import count

    from rich.console import Console

    from reports.build import build

    settings = context.settings()
    db = context.database(settings)
    pictures = count(1)
    folder = out or settings.reports / "-".join(str(number) for number in run)
    console = Console(stderr=True, highlight=False)
    with console.status("drawing") as shown:
        page = build(
            db, run, folder, check=lambda: shown.update(f"drawing picture {next(pictures)}")
        )
    print(page)


def export(
    run: Run,
    table: Annotated[
        str,
        typer.Argument(
            help="mentions, periods, phrases, entities, documents, coverage, calls, …; weights"
        ),
    ],
    form: Annotated[str, typer.Option("--format", help="jsonl, csv or parquet.")] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="A file; standard output by default.")] = None,
    job: Annotated[
        str | None, typer.Option(help="Of weights: which job's, where the run has several.")
    ] = None,
) -> None:
    """Write a table of a run, in an order and form that other programs can rely on; or its weights, as .npz."""
    from reports.exports import write

    db = context.database(context.settings())
    if table == WEIGHTS:
        write_weights(db, run, job, out)
    elif job is not None:
        raise UsageError(f"--job goes with {WEIGHTS}: a table holds all jobs of a run")
    elif out is not None:
        count = write(db, run, table, form, out)
        print(f"{count:,} rows written to {out}", file=sys.stderr)
    else:
        write(db, run, table, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
