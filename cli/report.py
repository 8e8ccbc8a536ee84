"""Get a run's results: ``tidings report``, ``export``."""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, show_path
from cli.options import (
    By,
    Distinct,
    Run,
    SeriesBy,
    Without,
    check_runs,
    check_utf8,
    parse_run,
)
from cli.trainings import WEIGHTS, write_weights
from core.errors import TidingsError, UsageError
from core.printing import printable

DEFAULT_FORM = "jsonl"


def report(
    run: Annotated[
        list[int],
        Argument(
            metavar="RUN...",
            parser=parse_run,
            callback=check_runs,
            help="One run, or several to be put side by side.",
        ),
    ],
    out: Annotated[
        Path | None, Option(help="The folder to write; by default where the run's report is.")
    ] = None,
    texts: Annotated[
        bool,
        Option(
            "--texts/--no-texts",
            help="Whether the folder holds the documents' texts. Sentences that are quoted stay.",
        ),
    ] = True,
    by: By = None,
    distinct: Distinct = False,
    without: Without = None,
) -> None:
    """Write a report into a folder and print the page to open; redraw only what changed."""
    from rich.console import Console

    from cli.report_folders import remember_folder
    from reports.build import build
    from reports.run_data import Selection

    settings = context.load_settings()
    folder = out or settings.reports / "-".join(map(str, run))
    grain, grouping = by or SeriesBy()
    figure_numbers = count(1)
    with (
        closing(context.open_database(settings)) as db,
        Console(stderr=True, highlight=False).status("drawing") as status,
    ):

        def show_progress() -> None:
            status.update(f"drawing picture {next(figure_numbers)}")

        selection = Selection(distinct, tuple(without or ()))
        page = build(
            db,
            run,
            folder,
            selection=selection,
            grain=grain,
            grouping=grouping,
            check=show_progress,
            texts=texts,
        )
    if out is not None:
        remember_folder(settings, folder)
    show_path(page)


def export(
    run: Run,
    table: Annotated[
        str,
        Argument(
            help="mentions, periods, phrases, entities, documents, coverage, calls, …; weights"
        ),
    ],
    form: Annotated[
        str | None,
        Option(
            "--format",
            help="jsonl, csv or parquet; by default the ending of --out; jsonl without one.",
        ),
    ] = None,
    out: Annotated[Path | None, Option(help="A file; standard output by default.")] = None,
    job: Annotated[
        str | None,
        Option(callback=check_utf8, help="Of weights: which job's, where the run has several."),
    ] = None,
    by: By = None,
    distinct: Distinct = False,
    without: Without = None,
) -> None:
    """Write a table of a run in a fixed order and form; or the weights of its network, as .npz."""
    from reports.exports import write
    from reports.run_data import Selection

    if form is None:
        form = DEFAULT_FORM if table == WEIGHTS else _form_of(out)
    selection = Selection(distinct, tuple(without or ()))
    grain, grouping = by or SeriesBy()
    with closing(context.open_database()) as db:
        if table == WEIGHTS:
            if by is not None:
                raise UsageError(f"--by goes with periods: {WEIGHTS} have none")
            write_weights(db, run, job, out)
        elif job is not None:
            raise UsageError(f"--job goes with {WEIGHTS}: a table holds all jobs of a run")
        elif out is not None:
            rows = write(
                db, run, table, form, out, selection=selection, grain=grain, grouping=grouping
            )
            inform(f"{rows:,} rows written to {out} as {form}")
        elif sys.stdout is None:
            raise TidingsError("standard output is closed: name a file with --out")
        else:
            standard_output = sys.stdout.buffer
            write(
                *(db, run, table, form, standard_output),
                selection=selection,
                grain=grain,
                grouping=grouping,
            )
            sys.stdout.buffer.flush()


def _form_of(out: Path | None) -> str:
    """Return the format that the ending of a file names, or the default where it has none.

    Raises `UsageError` for another ending.
    """
    from reports.formats import WRITERS

    ending = out.suffix.lower().removeprefix(".") if out else ""
    if ending and ending not in WRITERS:
        raise UsageError(
            f"--out {printable(out)}: no format is called {printable(ending)}: end the file in "
            f"{', '.join(f'.{form}' for form in WRITERS)}, or name one of them with --format"
        )
    return ending or DEFAULT_FORM
