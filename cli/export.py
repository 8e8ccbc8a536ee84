"""Write a run's results as data: ``tidings export``."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, warn
from cli.options import By, Distinct, Run, SeriesBy, Without, check_utf8
from core.enums import AnalysisProgram
from core.errors import TidingsError, UsageError
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.database import Database
    from reports.data.run_data import Selection

DEFAULT_FORM = "jsonl"

# `export` takes this word beside the names of tables.
WEIGHTS = "weights"


def export(
    run: Run,
    table: Annotated[
        str,
        Argument(
            help="mentions, periods, phrases, entities, documents, collocates, calls, …; weights"
        ),
    ],
    form: Annotated[
        str | None,
        Option(
            "--format",
            help="jsonl, csv or parquet; by default the ending of --out; jsonl without one. With "
            "--kwic also txt: lines whose keywords stand below each other.",
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
    kwic: Annotated[
        bool,
        Option("--kwic", help="Of mentions: what is left of the keyword, it, what is right of it."),
    ] = False,
    by: By = None,
    distinct: Distinct = False,
    without: Without = None,
) -> None:
    """Write a table of a run in a fixed order and form; or the weights of its network, as .npz."""
    from reports.data.run_data import Selection

    if program is not None or codebook is not None:
        if table != "codes" or program is None:
            raise UsageError("--for goes with codes: write `tidings export RUN codes --for dsl`")

        _export_dsl(run, out, codebook)
        return

    if kwic:
        table = _concordance_of(table)

    selection = Selection(distinct, tuple(without or ()))
    if table == WEIGHTS:
        if form is not None or by is not None or selection:
            raise UsageError(
                f"--format, --by, --distinct and --without go with tables: {WEIGHTS} are one .npz"
            )

        with closing(context.open_database()) as db:
            _write_weights(db, run, job, out)

        return

    if job is not None:
        raise UsageError(f"--job goes with {WEIGHTS}: a table holds all jobs of a run")

    form = form or _form_of(out, is_concordance=kwic)
    with (
        closing(context.open_database()) as db,
        _show_progress(table, out),
    ):
        _export_table(db, run, table, form, out, selection, by or SeriesBy())


def _concordance_of(table: str) -> str:
    """Return the table that is meant by --kwic. Raises `UsageError` for any but mentions."""
    from reports.data.tables.concordance import CONCORDANCE
    from reports.data.tables.mentions import MENTIONS

    if table not in (MENTIONS.name, CONCORDANCE.name):
        raise UsageError(f"--kwic goes with mentions: {printable(table)} has no sentences")

    return CONCORDANCE.name


def _show_progress(table: str, out: Path | None) -> AbstractContextManager[object]:
    """Return the display of progress; none where the rows themselves go to a terminal."""
    from cli.progress import progress_display

    if out is None and sys.stdout is not None and sys.stdout.isatty():
        return nullcontext()

    return progress_display(f"export {table}", is_often_short=True)


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
    from reports.data.exports import describe_empty, write
    from reports.data.tables.registry import EXPORTED

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

    if selection and not EXPORTED[table].is_selected:
        warn(
            f"--distinct and --without change nothing in {table}, which is of all documents: they "
            "go with mentions, periods, documents, summaries, comentions and estimates"
        )


def _form_of(out: Path | None, *, is_concordance: bool = False) -> str:
    """Return the format that the ending of a file names, or the default format.

    Raises `UsageError` for another ending.
    """
    from reports.data.formats import ALIGNED, WRITERS

    forms = [*WRITERS, ALIGNED] if is_concordance else [*WRITERS]
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if ending and ending not in forms:
        raise UsageError(
            f"--out {printable(out)}: no format is called {printable(ending)}: end the file in "
            f"{', '.join(f'.{form}' for form in forms)}, or name one of them with --format"
        )

    return ending or DEFAULT_FORM


def _export_dsl(run: int, out: Path | None, codebook: str | None) -> None:
    """Write a CSV file with a row for each text of the parts from which a sample was drawn."""
    from core.atomic_files import replace_file
    from reports.data.dsl_rows import read_dsl_table
    from reports.data.formats import comma_separated
    from reports.data.queries import in_batches
    from reports.data.run_data import load_run

    if out is None:
        raise UsageError("--for dsl writes a CSV file: name it with --out")

    texts = 0
    with closing(context.open_database()) as db:
        table = read_dsl_table(load_run(db, run), codebook)
        columns: dict[str, type] = dict.fromkeys(table.columns, str)
        with replace_file(out) as file, comma_separated(file, columns) as write:
            for batch in in_batches(table.rows):
                write(list(zip(*batch, strict=True)))
                texts += len(batch)

    inform(
        f"{quantity(texts, 'text')} written to {out}: in R, dsl(…, predicted_var, prediction, "
        'sample_prob = "sample_prob")'
    )


def _write_weights(db: Database, run: int, job: str | None, out: Path | None) -> None:
    """Write the weights of a finished training to *out*.

    Raises `UsageError`, `NotFound`, and `TidingsError` if it cannot be written.
    """
    from core.atomic_files import write_atomically
    from models.trainings import get_trained_network

    if out is None or out.suffix != ".npz":
        raise UsageError("weights go to a file: --out FILE.npz")

    training = db.fetch(get_trained_network, run, job)
    write_atomically(out, training.weights)
    inform(f"the weights of {training.job} are in {out}")
