"""What the front page of a run of months shows, and the pages that it links to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from markupsafe import Markup

from analysis.kinds.months import MonthsParameters
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.years import (
    MONTHS_OF_TABLE,
    Decade,
    Year,
    YearCoverage,
    count_months,
    cover_years,
    group_decades,
    groups_by_year,
    has_yearly_findings,
    list_years,
    read_years,
)
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore, PassedPicture
from reports.figures.shares import SharePanel, shares_spec
from reports.pages.archive import ArchivePage, make_archive_page
from reports.pages.codes import CODES_PAGE, CodesPage, make_codes_page
from reports.pages.groups import GroupSection, make_groups
from reports.pages.keyword_comparison import KeywordComparison, draw_pairs, make_comparison
from reports.pages.keyword_pages import find_series_span, read_sections
from reports.pages.keyword_section import KeywordSection
from reports.pages.label_section import LabelSection, read_label_section
from reports.pages.month_calendar import Calendar, make_calendar
from reports.pages.page_rows import write_json
from reports.pages.share_picture import read_share_panels


class FurtherPage(NamedTuple):
    """A page that the front page links to: its file, its template and its title."""

    file_name: str
    template: str
    title: str

    # What the page holds, in a few words.
    contents: str


@dataclass
class FrontPage:
    """All that the pages of a run of months need besides the summary."""

    parameters: MonthsParameters
    mask: bytes | None
    span: style.Range
    keywords: list[KeywordSection]
    coverage: CoverageGrid
    labels: LabelSection

    # The months that have a page, in order.
    paged_months: Sequence[str]
    calendar: Calendar

    # The years of a table, if the run has two or more; `years` if each of them has a page.
    table_years: list[Year]
    years: list[Year]

    # Whether findings and phrases are by year, since there are too many months.
    has_yearly_findings: bool

    # The shares of each keyword, and the picture of all; empty if no share is known.
    share_panels: dict[str, SharePanel]
    share_span: style.Range
    picture: list[FigureRef]

    # Only several keywords are compared.
    pairs: KeywordComparison
    groups: GroupSection

    # None if no text has a code.
    codes: CodesPage | None
    archive: ArchivePage

    passed_picture: PassedPicture | None = None

    def headlines(self, keywords: Sequence[KeywordSection], most_marks: int = 400) -> Markup:
        """Return the headlines of *keywords* by month, which the cards of so many marks have."""
        most = most_marks // len(keywords)
        listed = {}
        for keyword in keywords:
            months = sorted(keyword.headlines, key=partial(_rank_month, keyword))
            listed[keyword.name] = {month: keyword.headlines[month] for month in months[:most]}

        return write_json(listed)

    @property
    def names(self) -> dict[str, str]:
        """What the keywords are called."""
        return {keyword.name: keyword.subject.name for keyword in self.keywords}

    @property
    def further_pages(self) -> list[FurtherPage]:
        """The pages that the front page links to, besides those of keywords and months."""
        pages = []
        if len(self.keywords) > 1:
            contents = "two of them side by side, and how often both are mentioned"
            pages.append(
                FurtherPage("compare.html", "months_compare.html", "Keywords compared", contents)
            )
        if self.groups.heading:
            contents = "side by side, with a table"
            pages.append(
                FurtherPage("groups.html", "months_groups.html", self.groups.heading, contents)
            )
        if self.codes is not None:
            pages.append(
                FurtherPage(CODES_PAGE, "codes.html", self.codes.title, self.codes.contents)
            )

        contents = "how it was counted, how right the engine is, all tables"
        methods = "Methods, accuracy and files"
        return [
            *pages,
            FurtherPage(
                "coverage.html", "months_coverage.html", "What was read", "each step, and gaps"
            ),
            FurtherPage("methods.html", "months_methods.html", methods, contents),
        ]

    @property
    def covered_years(self) -> list[YearCoverage]:
        """The outcome of the steps, year by year."""
        return cover_years(self.coverage)

    @property
    def decades(self) -> list[Decade]:
        """The years by decade."""
        return group_decades(self.table_years)


def _rank_month(keyword: KeywordSection, month: str) -> tuple[int, str]:
    return -(keyword.months[month].matched or 0), month


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
        parameters,
        run.mask,
        span,
        keywords,
        coverage,
        labels,
        paged_months,
        make_calendar(span, [keyword.months for keyword in keywords], paged),
        table_years,
        table_years if has_years else [],
        has_yearly_findings(run),
        panels,
        share_span,
        store.show_all(shares_spec(list(panels.values()), share_span)),
        draw_pairs(make_comparison(read_pairs(run)), keywords, store),
        make_groups(run, store),
        make_codes_page(run, store),
        make_archive_page(run, store),
    )
    # The front page and each keyword have a picture to pass on, most of the time.
    subject_pages = len(paged_months) + len(front.years) + 2 * len(keywords)
    # Besides, there are the front page, its picture, the archive and the list of documents.
    store.progress.expect_pages(subject_pages + len(front.further_pages) + 4)
    return front
