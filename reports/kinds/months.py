"""The report of a run of months: a front page, and pages for months, keywords, years and more."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from core.enums import Grain
from reports.data import years
from reports.data.tables.mentions import MENTIONS
from reports.kinds.report_kind import Report, ReportKind
from reports.pages import months
from reports.pages.front_page import arrange_sentences
from reports.pages.month_pages import MonthPage
from reports.pages.run_summary import RunSummary
from reports.pages.year_pages import YearPage
from reports.report_files import INDEX
from reports.words.quantities import join_words


def name_run(run: RunSummary) -> str:
    """Return what the front page is called."""
    return f"What was said about {join_words([f'“{keyword.name}”' for keyword in run.keywords])}"


def write_pages(report: Report) -> None:
    """Write a front page, a page for each month and one for each keyword over all months.

    A run of many months also has a page for each year, which lists its months. What the front page
    has no room for stands on pages that it links to.
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
    for keyword in front_page.keywords:
        report.write(
            keyword.page,
            "keyword.html",
            front_page,
            title=keyword.name,
            samples=front_page.texts,
            keyword=keyword,
        )

    for further_page in front_page.further_pages:
        report.write(
            further_page.file_name,
            further_page.template,
            front_page,
            title=further_page.title,
            samples=front_page.texts,
        )

    keyword_names = [keyword.name for keyword in front_page.keywords]
    assert report.repeats is not None  # noqa: S101 - only trainings and several runs have none
    report.write(
        INDEX,
        "months.html",
        front_page,
        title=name_run(report.run),
        samples=front_page.texts,
        sentences=arrange_sentences(keyword_names, report.repeats.highlights),
    )


MONTHS = ReportKind(
    name_run,
    write_pages,
    months.draw_figures,
    figures_per_job=2,
    read_highlights=months.read_highlights,
)
