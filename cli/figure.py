"""Get one picture of a run's report: ``tidings figure``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from cli import context
from cli.messages import show_path, warn
from cli.options import By, Distinct, Run, SeriesBy, Without, check_utf8
from core.errors import UsageError
from core.printing import printable

PNG = ".png"
FORMS = (".svg", PNG)


def figure(
    run: Run,
    name: Annotated[
        str,
        Argument(
            metavar="NAME",
            callback=check_utf8,
            help="How its file begins in the report's folder `figures`: shares, covid-polarity, …",
        ),
    ],
    out: Annotated[Path, Option(help="The file to write; its ending .svg or .png is the form.")],
    by: By = None,
    distinct: Distinct = False,
    without: Without = None,
) -> None:
    """Write one picture of a run's report as SVG or PNG."""
    if out.suffix.lower() not in FORMS:
        raise UsageError(f"--out {printable(out)}: end the file in {' or '.join(FORMS)}")

    from cli.progress import progress_display
    from core.atomic_files import write_atomically
    from core.scratch import scratch_folder
    from producers.status import describe_unfinished

    settings = context.load_settings()
    series = by or SeriesBy()
    with (
        closing(context.open_database(settings)) as db,
        progress_display(f"run {run}", is_often_short=True) as display,
        scratch_folder(settings.home) as scratch,
    ):
        display.update(f"making the report as far as {printable(name)}")
        # These take seconds to import.
        from reports.build.one_figure import draw_figure
        from reports.data.run_data import Selection

        unfinished = describe_unfinished(db, run)
        picture = draw_figure(
            *(db, run, name, scratch),
            is_png=out.suffix.lower() == PNG,
            selection=Selection(distinct, tuple(without or ())),
            grain=series.grain,
            grouping=series.grouping,
        )

    write_atomically(out, picture)
    if unfinished is not None:
        warn(f"{unfinished}, and the picture shows no more than that")

    show_path(out)
