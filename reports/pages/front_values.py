"""What the front page of a run of months shows, and the pages that it links to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from markupsafe import Markup

from reports.data.tables.coverage import CoverageGrid
from reports.data.years import Decade, Year, YearCoverage, cover_years, group_decades
from reports.figures import style
from reports.figures.figure_store import FigureRef, PassedPicture
from reports.figures.shares import SharePanel
from reports.pages.codes import CODES_PAGE, CODES_TITLE, CodesPage
from reports.pages.groups import GroupSection
from reports.pages.keyword_comparison import KeywordComparison
from reports.pages.keyword_section import KeywordSection
from reports.pages.label_section import LabelSection
from reports.pages.month_calendar import Calendar, make_calendar
from reports.pages.page_rows import write_json


@dataclass(frozen=True)
class FurtherPage:
    """A page that the front page links to: its file, its template and its title."""

    file_name: str
    template: str
    title: str

    # What the page holds, in a few words.
    contents: str


COMPARISON = FurtherPage(
    "compare.html",
    "months_compare.html",
    "Keywords compared",
    "two of them side by side, and how often both are mentioned",
)


GROUPS = FurtherPage("groups.html", "months_groups.html", "Groups", "side by side, with a table")


CODES = FurtherPage(
    CODES_PAGE,
    "codes.html",
    CODES_TITLE,
    "the codes of texts",
)


COVERAGE = FurtherPage(
    "coverage.html", "months_coverage.html", "What was read", "each step, and gaps"
)


METHODS = FurtherPage(
    "methods.html",
    "months_methods.html",
    "Methods, accuracy and files",
    "how it was counted, how right the engine is, all tables",
)


@dataclass
class FrontPage:
    """All that the front page of a run of months needs besides the summary."""

    span: style.Range
    keywords: list[KeywordSection]
    coverage: CoverageGrid
    labels: LabelSection

    # The picture of the front page; empty if no share is known.
    shares: list[FigureRef] = field(default_factory=list)
    share_panels: Mapping[str, SharePanel] = field(default_factory=dict)
    passed_picture: PassedPicture | None = None

    # Only several keywords are compared.
    pairs: KeywordComparison = field(default_factory=KeywordComparison)

    # The years of a table, if the run has two or more; `years` if each of them has a page.
    table_years: list[Year] = field(default_factory=list)
    years: list[Year] = field(default_factory=list)

    # The months that have a page.
    pages: Sequence[str] = ()
    groups: GroupSection = field(default_factory=GroupSection)

    # None if no text has a code.
    codes: CodesPage | None = None

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
    def months_with_documents(self) -> int:
        """How many of the run's months have a document."""
        return sum(month_row.documents > 0 for month_row in self.keywords[0].rows)

    @property
    def further_pages(self) -> list[FurtherPage]:
        """The pages that the front page links to, besides those of keywords and months."""
        pages = []
        if len(self.keywords) > 1:
            pages.append(COMPARISON)
        if self.groups.heading:
            pages.append(replace(GROUPS, title=self.groups.heading))
        if self.codes is not None:
            pages.append(replace(CODES, title=self.codes.title, contents=self.codes.contents))

        return [*pages, COVERAGE, METHODS]

    @property
    def calendar(self) -> Calendar:
        """The twelve months of each year, None where the run does not look."""
        keyword_months = [keyword.months for keyword in self.keywords]
        return make_calendar(self.span, keyword_months, set(self.pages))

    @property
    def covered_years(self) -> list[YearCoverage]:
        """The outcome of the steps, year by year."""
        return cover_years(self.coverage)

    @property
    def decades(self) -> list[Decade]:
        """The years by decade."""
        return group_decades(self.table_years)


def _rank_month(keyword: KeywordSection, month: str) -> tuple[int, str]:
    return -(keyword.months[month].row.matched or 0), month
