"""The report of a run of months: a front page, and pages for months, keywords and years."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from core.enums import Grain
from reports.data import years
from reports.data.tables.mentions import MENTIONS
from reports.kinds.report_kind import Report, ReportKind
from reports.pages import months
from reports.pages.archive import ARCHIVE_PAGE, make_archive_page
from reports.pages.month_pages import MonthPage
from reports.pages.run_summary import RunSummary
from reports.pages.year_pages import YearPage
from reports.report_files import INDEX
from reports.words.quantities import join_words


def name_run(run: RunSummary) -> str:
    """Return what the front page is called."""
    return f"What was said about {join_words([f'“{keyword.name}”' for keyword in run.keywords])}"


def write_pages(report: Report) -> None:
    """Write a front page, a page for each month, one for each keyword, and one on the archive.

    A run of many months also has a page for each year, which lists its months.
    """
    if years.draw_by_year(report.run):
        report = replace(report, run=replace(report.run, grain=Grain.YEAR))

    def show_month(month: MonthPage) -> None:
        file_name = f"{month.period}.html"
        report.write(file_name, "month.html", month, title=month.name, samples=month.texts)

    def show_year(year: YearPage) -> None:
        report.write(year.year.page, "year.html", year, title=year.name, samples=[])

    with closing(report.exports.write_while_reading(MENTIONS)) as mentions:
        front_page = months.make_page(report.run, report.store, mentions, show_month, show_year)
    archive_page = make_archive_page(report.run, report.store)
    report.write(
        ARCHIVE_PAGE,
        "archive.html",
        archive_page,
        title="The archive itself",
        samples=archive_page.texts,
    )
    for keyword in front_page.keywords:
        report.write(
            keyword.page,
            "keyword.html",
            front_page,
            title=keyword.name,
            samples=front_page.texts,
            keyword=keyword,
        )

    report.write(
        INDEX, "months.html", front_page, title=name_run(report.run), samples=front_page.texts
    )


MONTHS = ReportKind(
    name_run,
    write_pages,
    months.draw_figures,
    figures_per_job=2,
    read_highlights=months.read_highlights,
)
