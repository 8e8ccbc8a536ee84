"""Get a run's results: ``tidings report``, ``export``."""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, show_path, warn
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
from core.enums import AnalysisProgram
from core.errors import TidingsError, UsageError
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.database import Database
    from reports.data.run_data import Selection

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
    """Write a report into a folder and print the page to open; redraw only what changed.

    The report that the workers make when a run ends is waited for and copied where it is the same.
    """
    from cli.progress import progress_display
    from cli.report_folders import remember_folder
    from cli.shared_report import wait_for_own_report
    from producers.status import describe_unfinished
    from reports.build.folder_lock import lock_folder
    from reports.build.manifest import is_up_to_date, read_remarks, refuse_foreign_page
    from reports.data.run_data import Selection
    from reports.report_files import INDEX

    settings = context.load_settings()
    numbers = "-".join(map(str, run))
    own_folder = settings.reports / numbers
    folder = out or own_folder
    grain, grouping = by or SeriesBy()
    selection = Selection(distinct, tuple(without or ()))
    is_as_by_default = texts and by is None and selection == Selection()
    waits = count()
    with (
        closing(context.open_database(settings)) as db,
        progress_display(f"report {numbers}") as display,
    ):

        def show_waiting() -> None:
            if not next(waits):
                inform(f"another process writes a report into {folder}: waiting for its end")

        is_shared = (
            is_as_by_default
            and len(run) == 1
            and wait_for_own_report(db, run[0], own_folder, display.update)
        )
        built_folder = own_folder if is_shared else folder
        page = built_folder / INDEX
        refuse_foreign_page(page)
        if not is_up_to_date(
            *(db, run, built_folder),
            selection=selection,
            grain=grain,
            grouping=grouping,
            texts=texts,
        ):
            # These imports take a second, which a report that is up to date is shown without.
            from reports.build.report_folder import build
            from reports.build.second_process import count_processors
            from reports.build_progress import BuildProgress

            with lock_folder(built_folder, show_waiting):
                build(
                    db,
                    run,
                    built_folder,
                    selection=selection,
                    grain=grain,
                    grouping=grouping,
                    progress=BuildProgress(lambda progress: display.update(str(progress))),
                    texts=texts,
                    with_second_process=count_processors() > 1,
                )

        if is_shared and folder.resolve() != own_folder.resolve():
            from reports.build.report_folder import copy_report

            with lock_folder(folder, show_waiting):
                page = copy_report(own_folder, folder)

        remarks = [describe_unfinished(db, run_id) for run_id in run]

    if out is not None:
        remember_folder(settings, folder)

    for remark in filter(None, remarks):
        warn(f"{remark}, and the report shows no more than that")

    for remark in read_remarks(built_folder):
        inform(remark)

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
    program: Annotated[
        AnalysisProgram | None,
        Option("--for", help="Of codes: a CSV file as the R package dsl reads it."),
    ] = None,
    codebook: Annotated[
        str | None,
        Option(callback=check_utf8, help="Of --for: the codebook's name, where there are several."),
    ] = None,
    by: By = None,
    distinct: Distinct = False,
    without: Without = None,
) -> None:
    """Write a table of a run in a fixed order and form; or the weights of its network, as .npz."""
    from reports.data.run_data import Selection

    if program is not None or codebook is not None:
        if table != "codes" or program is None:
            raise UsageError("--for goes with codes: write `tidings export RUN codes --for dsl`")

        from cli.export_dsl import export_dsl

        export_dsl(run, out, codebook)
        return

    selection = Selection(distinct, tuple(without or ()))
    if table == WEIGHTS:
        if form is not None or by is not None or selection:
            raise UsageError(
                f"--format, --by, --distinct and --without go with tables: {WEIGHTS} are one .npz"
            )

        with closing(context.open_database()) as db:
            write_weights(db, run, job, out)

        return

    if job is not None:
        raise UsageError(f"--job goes with {WEIGHTS}: a table holds all jobs of a run")

    form = form or _form_of(out)
    with closing(context.open_database()) as db:
        _export_table(db, run, table, form, out, selection, by or SeriesBy())


def _export_table(
    db: Database,
    run: int,
    table: str,
    form: str,
    out: Path | None,
    selection: Selection,
    by: SeriesBy,
) -> None:
    """Write the table to *out* or standard output; print on standard error what it lacks."""
    from producers.status import describe_unfinished
    from reports.data.exports import describe_empty, is_selected, write

    target: Path | IO[bytes] | None = out
    if out is None:
        if sys.stdout is None:
            raise TidingsError("standard output is closed: name a file with --out")

        target = sys.stdout.buffer

    unfinished = describe_unfinished(db, run)
    assert target is not None  # noqa: S101 - it is one or the other
    row_count = write(
        *(db, run, table, form, target),
        selection=selection,
        grain=by.grain,
        grouping=by.grouping,
    )
    if out is None:
        sys.stdout.buffer.flush()
    else:
        inform(f"{quantity(row_count, 'row')} written to {out} as {form}")

    if unfinished is not None:
        warn(f"{unfinished}, and the table holds no more than that: `tidings status {run}`")
    elif not row_count:
        warn(describe_empty(db, run, table))

    if selection and not is_selected(table):
        warn(
            f"--distinct and --without change nothing in {table}, which is of all documents: they "
            "go with mentions, periods, documents, summaries, comentions and estimates"
        )


def _form_of(out: Path | None) -> str:
    """Return the format that the ending of a file names, or the default format.

    Raises `UsageError` for another ending.
    """
    from reports.data.formats import WRITERS

    ending = out.suffix.lower().removeprefix(".") if out else ""
    if ending and ending not in WRITERS:
        raise UsageError(
            f"--out {printable(out)}: no format is called {printable(ending)}: end the file in "
            f"{', '.join(f'.{form}' for form in WRITERS)}, or name one of them with --format"
        )

    return ending or DEFAULT_FORM
