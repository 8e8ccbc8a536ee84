"""The report of trainings: a page for all networks of a sweep."""

from __future__ import annotations

from analysis.kinds.trainings import CODES
from reports.kinds.report_kind import ReportKind, RunReport
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


def write_pages(report: RunReport) -> None:
    """Write the page."""
    is_of_codes = report.run.parameters.network == CODES
    template = "code_trainings.html" if is_of_codes else "trainings.html"
    make_page = code_trainings.make_page if is_of_codes else trainings.make_page
    report.write(INDEX, template, make_page(report.run, report.store), title=name_run(report.run))


TRAININGS = ReportKind(name_run, write_pages)
