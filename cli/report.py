"""Get a run's results: ``tidings report``, ``export``."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform
from cli.options import Run
from cli.trainings import WEIGHTS, write_weights
from core.errors import UsageError
from core.settings import load


def report(
    run: Annotated[
        list[int],
        Argument(metavar="RUN...", help="One run, or several to be put side by side."),
    ],
    out: Annotated[
        Path | None, Option(help="The folder to write; by default where the run's report is.")
    ] = None,
) -> None:
    """Write a report into a folder and print the page to open; redraw only what changed."""
    from rich.console import Console

    from reports.build import build

    settings = load()
    db = context.open_database(settings)
    folder = out or settings.reports / "-".join(map(str, run))
    figure_numbers = count(1)
    with Console(stderr=True, highlight=False).status("drawing") as status:

        def show_progress() -> None:
            status.update(f"drawing picture {next(figure_numbers)}")

        page = build(db, run, folder, check=show_progress)
    print(page)


def export(
    run: Run,
    table: Annotated[
        str,
        Argument(
            help="mentions, periods, phrases, entities, documents, coverage, calls, …; weights"
        ),
    ],
    form: Annotated[str, Option("--format", help="jsonl, csv or parquet.")] = "jsonl",
    out: Annotated[Path | None, Option(help="A file; standard output by default.")] = None,
    job: Annotated[
        str | None, Option(help="Of weights: which job's, where the run has several.")
    ] = None,
) -> None:
    """Write a table of a run in a fixed order and form; or the weights of its network, as .npz."""
    from reports.exports import write

    db = context.open_database()
    if table == WEIGHTS:
        write_weights(db, run, job, out)
    elif job is not None:
        raise UsageError(f"--job goes with {WEIGHTS}: a table holds all jobs of a run")
    elif out is not None:
        rows = write(db, run, table, form, out)
        inform(f"{rows:,} rows written to {out}")
    else:
        write(db, run, table, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
