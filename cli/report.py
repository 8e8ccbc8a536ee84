"""Write a run's report: ``tidings report``."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, show_path, warn
from cli.options import (
    By,
    Distinct,
    SeriesBy,
    Without,
    check_runs,
    parse_run,
)


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

    settings = context.load_settings()
    numbers = "-".join(map(str, run))
    own_folder = settings.reports / numbers
    folder = out or own_folder
    grain, grouping = by or SeriesBy()
    waits = count()
    with (
        closing(context.open_database(settings)) as db,
        progress_display(f"report {numbers}") as display,
    ):
        # These take seconds to import: the display has begun.
        from cli.report_folders import remember_folder
        from cli.shared_report import wait_for_own_report
        from producers.status import describe_unfinished
        from reports.build.folder_lock import lock_folder
        from reports.build.manifest import is_up_to_date, read_remarks, refuse_foreign_page
        from reports.data.run_data import Selection
        from reports.report_files import INDEX

        selection = Selection(distinct, tuple(without or ()))
        is_as_by_default = texts and by is None and selection == Selection()

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
            from reports.build.second_process import open_second_process

            with lock_folder(built_folder, show_waiting), open_second_process() as executor:
                # These imports take a second, in which the other process does its own. A report
                # that is up to date is shown without them.
                from reports.build.report_folder import build

                build(
                    db,
                    run,
                    built_folder,
                    selection=selection,
                    grain=grain,
                    grouping=grouping,
                    texts=texts,
                    executor=executor,
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
