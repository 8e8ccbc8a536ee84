"""The report of a run of months: a front page, and pages for months, keywords, years and more."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from reports.data.exports import ExportFolder
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.mentions import MENTIONS
from reports.figures.figure_store import FigureStore
from reports.kinds.report_kind import ReportKind, RunReport
from reports.pages.front_page import read_front_page
from reports.pages.front_sentences import arrange_keyword_sentences, arrange_sentences
from reports.pages.front_values import FrontPage
from reports.pages.keyword_drawing import draw_keyword
from reports.pages.month_findings import read_findings
from reports.pages.month_pages import read_months
from reports.pages.month_section import MonthPage
from reports.pages.passed_picture import pass_all_on, share_pngs
from reports.pages.run_summary import RunSummary
from reports.pages.year_pages import YearPage
from reports.report_files import INDEX
from reports.words.periods import month_name
from reports.words.quantities import join_words

# A front page, and the pages of its months, made while the run's mentions are read.
MonthsPages = tuple[FrontPage, Generator[MonthPage | YearPage]]


def name_run(run: RunSummary) -> str:
    """Return what the front page is called: the run, or its subjects."""
    names = read_names(run)
    return run.name or join_words([names[keyword.name] for keyword in run.keywords])


def read_pages(run: RunData, store: FigureStore, exports: ExportFolder) -> MonthsPages:
    """Read what all pages show; those of months are made one after the other, when they are due."""
    front = read_front_page(run, store)
    return front, _read_months(run, front, store, exports)


def _read_months(
    run: RunData, front: FrontPage, store: FigureStore, exports: ExportFolder
) -> Generator[MonthPage | YearPage]:
    with closing(exports.write_while_reading(MENTIONS)) as mentions:
        yield from read_months(run, front, store, mentions)

    for keyword in front.keywords:
        draw_keyword(keyword, front, store)


def write_pages(report: RunReport) -> None:
    """Write a front page, a page for each month, one for each keyword, and one on the archive.

    A run of many months also has a page for each year, which lists its months. What the front page
    has no room for stands on pages that it links to.
    """
    shown: MonthsPages = report.shown
    front, months = shown
    with closing(months):
        for page in months:
            if isinstance(page, YearPage):
                report.write(page.year.page, "year.html", page, page.year.name)
            else:
                title = month_name(page.period, "%B %Y")
                report.write(f"{page.period}.html", "month.html", page, title)

    report.write("archive.html", "archive.html", front.archive, "The archive itself")
    keyword_names = [keyword.name for keyword in front.keywords]
    sentences = arrange_sentences(keyword_names, report.findings)
    passed = pass_all_on(front, report.findings, sentences.leading, report.store, report.pages)
    for picture in passed:
        report.write(f"{picture.name}.html", "picture.html", picture, picture.title)

    pngs = share_pngs(passed, report.executor)
    for keyword in front.keywords:
        report.write(
            keyword.page,
            "keyword.html",
            front,
            keyword.subject.name,
            keyword=keyword,
            sentences=arrange_keyword_sentences(report.findings[keyword.name]),
        )

    for further_page in front.further_pages:
        report.write(further_page.file_name, further_page.template, front, further_page.title)

    report.write_document_list()
    report.write(INDEX, "front_page.html", front, report.title, sentences=sentences)
    for file_name, png in pngs:
        report.pages.add(file_name, png.result())


MONTHS = ReportKind(name_run, read_pages, write_pages, read_findings)
