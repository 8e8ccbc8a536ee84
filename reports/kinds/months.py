"""The report of a run of months: a front page, and pages for months, keywords, years and more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from core.enums import Grain
from reports.data import years
from reports.data.subject_names import read_names
from reports.data.tables.mentions import MENTIONS
from reports.findings.finding import Finding
from reports.kinds.report_kind import ReportKind, RunReport
from reports.pages.archive import ARCHIVE_PAGE, make_archive_page
from reports.pages.front_page import make_front_page
from reports.pages.front_sentences import arrange_sentences
from reports.pages.front_values import FrontPage
from reports.pages.keyword_section import arrange_keyword_sentences
from reports.pages.month_findings import read_findings
from reports.pages.month_section import MonthPage
from reports.pages.passed_picture import pass_on, share_pngs
from reports.pages.run_summary import RunSummary
from reports.pages.year_pages import YearPage
from reports.report_files import INDEX
from reports.shared_calls import SharedCall
from reports.words.quantities import join_words


def name_run(run: RunSummary) -> str:
    """Return what the front page is called: the run, or its subjects."""
    names = read_names(run)
    return run.name or join_words([names[keyword.name] for keyword in run.keywords])


def write_pages(report: RunReport) -> None:
    """Write a front page, a page for each month, one for each keyword, and one on the archive.

    A run of many months also has a page for each year, which lists its months. What the front page
    has no room for stands on pages that it links to.
    """
    if years.draw_by_year(report.run):
        report = replace(report, run=replace(report.run, grain=Grain.YEAR))

    def show_month(month: MonthPage) -> None:
        file_name = f"{month.period}.html"
        report.write(file_name, "month.html", month, title=month.name)

    def show_year(year: YearPage) -> None:
        report.write(year.year.page, "year.html", year, title=year.name)

    with closing(report.exports.write_while_reading(MENTIONS)) as mentions:
        front_page = make_front_page(report.run, report.store, mentions, show_month, show_year)

    archive_page = make_archive_page(report.run, report.store)
    report.write(
        ARCHIVE_PAGE,
        "archive.html",
        archive_page,
        title="The archive itself",
    )
    keyword_names = [keyword.name for keyword in front_page.keywords]
    sentences = arrange_sentences(keyword_names, report.findings)
    pngs = _pass_pictures_on(report, front_page, sentences.leading)
    for keyword in front_page.keywords:
        report.write(
            keyword.page,
            "keyword.html",
            front_page,
            title=keyword.subject.name,
            keyword=keyword,
            sentences=arrange_keyword_sentences(report.findings[keyword.name]),
        )

    for further_page in front_page.further_pages:
        report.write(
            further_page.file_name,
            further_page.template,
            front_page,
            title=further_page.title,
        )

    report.write_document_list()
    report.write(
        INDEX,
        "front_page.html",
        front_page,
        title=name_run(report.run),
        sentences=sentences,
    )
    for file_name, png in pngs:
        report.pages.add(file_name, png.result())


def _pass_pictures_on(
    report: RunReport, page: FrontPage, leading: Sequence[Finding]
) -> list[tuple[str, SharedCall[bytes]]]:
    """Give the front page and each keyword a picture to pass on, on a page of its own.

    Return the files of their PNGs, which are drawn meanwhile.
    """
    progress = report.store.progress
    panels = page.share_panels
    draw = partial(pass_on, run=report.run, store=report.store, pages=report.pages)
    page.passed_picture = draw("picture", list(panels.values()), leading, origin=INDEX)
    passed_pictures = [page.passed_picture]
    for keyword in page.keywords:
        keyword.passed_picture = draw(
            f"picture-{keyword.subject.slug}",
            [panels[keyword.name]],
            report.findings[keyword.name],
            origin=keyword.page,
        )
        passed_pictures.append(keyword.passed_picture)

    progress.expect_pages(progress.all_pages - passed_pictures.count(None))
    passed = list(filter(None, passed_pictures))
    for picture in passed:
        report.write(f"{picture.name}.html", "picture.html", picture, title=picture.title)

    return share_pngs(passed, report.executor)


MONTHS = ReportKind(name_run, write_pages, read_findings)
