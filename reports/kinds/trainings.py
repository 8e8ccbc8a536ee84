"""The report of trainings: a page for all networks of a sweep."""

from __future__ import annotations

from collections.abc import Collection

from analysis.kinds.trainings import CODES
from reports.data.run_data import RunData
from reports.figures.figure_store import FigureStore
from reports.kinds.report_kind import Report, ReportKind
from reports.pages import code_trainings, trainings
from reports.pages.run_summary import RunSummary
from reports.report_files import INDEX


def name_run(run: RunSummary) -> str:
    """Return what the page is called."""
    network = run.parameters.network
    if network == CODES:
        return "A network that codes texts"
    if len(run.jobs) == 1:
        return f"A {network} network"

    return f"{network} networks".capitalize()


def write_pages(report: Report) -> None:
    """Write the page."""
    is_of_codes = report.run.parameters.network == CODES
    template = "code_trainings.html" if is_of_codes else "trainings.html"
    page = make_page(report.run, report.store)
    report.write(INDEX, template, page, title=name_run(report.run))


def make_page(
    run: RunData, store: FigureStore, job_names: Collection[str] | None = None
) -> trainings.TrainingsPage | code_trainings.CodeTrainingsPage:
    """Return the page of the run, with its figures drawn, or those of *job_names* alone."""
    if run.parameters.network == CODES:
        return code_trainings.make_page(run, store, job_names)
    return trainings.make_page(run, store, job_names)


TRAININGS = ReportKind(name_run, write_pages, make_page, figures_per_job=3)
