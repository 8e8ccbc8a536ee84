"""The report of trainings: a page for all networks of a sweep."""

from __future__ import annotations

from reports.kinds.report_kind import Report, ReportKind
from reports.pages import trainings
from reports.pages.run_summary import RunSummary
from reports.report_files import INDEX


def name_run(run: RunSummary) -> str:
    """Return what the page is called."""
    network = run.parameters.network
    if len(run.jobs) == 1:
        return f"A {network} network"
    return f"{network} networks".capitalize()


def write_pages(report: Report) -> None:
    """Write the page."""
    trainings_page = trainings.make_page(report.run, report.store)
    report.write(INDEX, "trainings.html", trainings_page, title=name_run(report.run), samples=[])


TRAININGS = ReportKind(name_run, write_pages, trainings.make_page, figures_per_job=3)
