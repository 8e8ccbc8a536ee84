"""The front page of a run of months is read, and what the pages that it links to show."""

from __future__ import annotations

from reports.data.run_data import RunData
from reports.data.tables.coverage import read_coverage_grid
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.years import (
    MONTHS_OF_TABLE,
    Year,
    count_months,
    groups_by_year,
    has_yearly_findings,
    list_years,
    read_years,
)
from reports.figures import style
from reports.figures.figure_store import FigureStore
from reports.figures.shares import shares_spec
from reports.pages.archive import make_archive_page
from reports.pages.codes import make_codes_page
from reports.pages.front_values import FrontPage
from reports.pages.groups import make_groups
from reports.pages.keyword_comparison import draw_pairs, make_comparison
from reports.pages.keyword_pages import find_series_span, read_sections
from reports.pages.label_section import read_label_section
from reports.pages.month_calendar import make_calendar
from reports.pages.share_picture import read_share_panels


def read_front_page(run: RunData, store: FigureStore) -> FrontPage:
    """Read what the pages of a run of months show, but for the mentions of each month.

    What keywords say of the words of all months, `read_months` adds.
    """
    parameters, keywords = run.month_parameters, read_sections(run)
    coverage, labels = read_coverage_grid(run), read_label_section(run)
    span = style.Range(parameters.first, parameters.last)
    has_years = groups_by_year(run)
    paged = set() if has_years else set(span)
    for keyword in keywords:
        paged.update(row.period for row in keyword.months.values() if row.documents)

    paged_months = sorted(paged)
    table_years: list[Year] = []
    if has_years or count_months(run) >= MONTHS_OF_TABLE:
        table_years = list_years(list(span), read_years(run), paged_months)

    all_series = {keyword.name: keyword.series for keyword in keywords}
    panels, share_span = read_share_panels(run, all_series), find_series_span(run)
    front = FrontPage(
        parameters=parameters,
        mask=run.mask,
        span=span,
        keywords=keywords,
        coverage=coverage,
        labels=labels,
        paged_months=paged_months,
        calendar=make_calendar(span, [keyword.months for keyword in keywords], paged),
        table_years=table_years,
        years=table_years if has_years else [],
        has_yearly_findings=has_yearly_findings(run),
        share_panels=panels,
        share_span=share_span,
        picture=store.show_all(shares_spec(list(panels.values()), share_span)),
        pairs=draw_pairs(make_comparison(read_pairs(run)), keywords, store),
        groups=make_groups(run, store),
        codes=make_codes_page(run, store),
        archive=make_archive_page(run, store),
    )
    # The front page and each keyword have a picture to pass on, most of the time.
    subject_pages = len(paged_months) + len(front.years) + 2 * len(keywords)
    # Besides, there are the front page, its picture, the archive and the list of documents.
    store.progress.expect_pages(subject_pages + len(front.further_pages) + 4)
    return front
