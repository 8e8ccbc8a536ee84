"""The report of trainings: a page for all networks of a sweep."""

from __future__ import annotations

from analysis.kinds.trainings import CODES
from reports.data.exports import ExportFolder
from reports.data.run_data import RunData
from reports.figures.figure_store import FigureStore
from reports.kinds.report_kind import ReportKind, RunReport
from reports.pages.code_trainings import CodeTrainingsPage, read_code_training
from reports.pages.run_summary import RunSummary
from reports.pages.trainings import TrainingsPage, read_trainings_page
from reports.report_files import INDEX


def name_run(run: RunSummary) -> str:
    """Return what the page is called."""
    network = run.parameters.network
    if network == CODES:
        return "A network that codes texts"
    if len(run.jobs) == 1:
        return f"A {network} network"

    return f"{network} networks".capitalize()


def read_pages(
    run: RunData, store: FigureStore, _exports: ExportFolder
) -> CodeTrainingsPage | TrainingsPage:
    """Read what the page shows."""
    if run.parameters.network == CODES:
        return read_code_training(run, store)
    return read_trainings_page(run, store)


def write_pages(report: RunReport) -> None:
    """Write the page."""
    is_of_codes = report.run.parameters.network == CODES
    template = "code_trainings.html" if is_of_codes else "trainings.html"
    report.write(INDEX, template, report.shown, report.title)


TRAININGS = ReportKind(name_run, read_pages, write_pages)
