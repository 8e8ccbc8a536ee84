"""The front page of a run of months, made in one pass over the run's mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reports.data.coded_samples import read_coded_samples
from reports.data.machine_codings import read_machine_codings
from reports.data.run_data import RunData
from reports.data.tables.coverage import read_coverage_grid
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.mentions import MentionRow
from reports.data.years import (
    MONTHS_OF_TABLE,
    Year,
    count_months,
    groups_by_year,
    list_years,
    read_years,
)
from reports.figures.figure_store import FigureStore
from reports.pages.codes import make_codes_page
from reports.pages.front_months import make_reader, read_months
from reports.pages.front_values import FrontPage
from reports.pages.groups import make_groups
from reports.pages.keyword_comparison import draw_pairs, make_comparison
from reports.pages.keyword_drawing import draw_keywords
from reports.pages.keyword_pages import make_sections
from reports.pages.label_section import read_label_section
from reports.pages.month_pages import MonthReader
from reports.pages.month_section import MonthPage
from reports.pages.year_pages import YearPage, fold_year, make_year_page


def make_front_page(
    run: RunData,
    store: FigureStore,
    mentions: Iterable[MentionRow],
    show_month: Callable[[MonthPage], None],
    show_year: Callable[[YearPage], None],
) -> FrontPage:
    """Draw a run's figures in one pass over its *mentions*, and show each month when it is read.

    If the run is grouped by year, each year is shown after its months. Memory holds one year and
    the counts of all years.
    """
    coverage = read_coverage_grid(run)
    labels = read_label_section(run)
    keywords = make_sections(run, coverage)
    for keyword in keywords:
        keyword.scale = labels.scale(keyword.name)
        keyword.labelled = labels.by_keyword.get(keyword.name)

    reader = make_reader(run, store, keywords, labels.scale_of_all)
    page = FrontPage(reader.span, keywords, coverage, labels, pages=reader.pages)
    page.table_years = _list_table_years(run, reader)
    if groups_by_year(run):
        page.years = page.table_years

    further_pages = 2 + (len(keywords) > 1) + (run.grouping is not None)
    further_pages += bool(read_coded_samples(run) or read_machine_codings(run))
    subject_pages = len(reader.pages) + len(page.years) + len(keywords)
    # The front page and each keyword have a picture to pass on, most of the time.
    subject_pages += 1 + len(keywords)
    store.progress.expect_pages(subject_pages + further_pages + 3)

    def end_year(year: str) -> None:
        if page.years:
            show_year(make_year_page(year, page.years, keywords, coverage, reader))
            fold_year(keywords, year, run)

    read_months(keywords, reader, mentions, show_month, end_year)
    has_years = bool(page.years)
    page.share_panels, page.shares = draw_keywords(keywords, run, store, has_years=has_years)
    rows_by_keyword = {keyword.name: keyword.finding_rows for keyword in page.keywords}
    page.pairs = draw_pairs(make_comparison(read_pairs(run)), rows_by_keyword, page.names, store)
    page.groups = make_groups(run, store, labels.scale)
    page.codes = make_codes_page(run, store)
    return page


def _list_table_years(run: RunData, reader: MonthReader) -> list[Year]:
    """Return the years that a table shows; none of a run of less than two years."""
    if count_months(run) < MONTHS_OF_TABLE and not groups_by_year(run):
        return []
    return list_years(list(reader.span), read_years(run), reader.pages)
