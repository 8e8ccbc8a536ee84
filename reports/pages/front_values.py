"""What the front page of a run of months shows, and the pages that it links to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from markupsafe import Markup

from analysis.kinds.months import MonthsParameters
from reports.data.tables.coverage import CoverageGrid
from reports.data.years import Decade, Year, YearCoverage, cover_years, group_decades
from reports.figures import style
from reports.figures.figure_store import FigureRef, PassedPicture
from reports.figures.shares import SharePanel
from reports.pages.archive import ArchivePage
from reports.pages.codes import CODES_PAGE, CodesPage
from reports.pages.groups import GroupSection
from reports.pages.keyword_comparison import KeywordComparison
from reports.pages.keyword_section import KeywordSection
from reports.pages.label_section import LabelSection
from reports.pages.month_calendar import Calendar
from reports.pages.page_rows import write_json


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
