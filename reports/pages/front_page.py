"""The front page of a run of months, made in one pass over the run's mentions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter

from markupsafe import Markup

from core.enums import Grain
from reports.data.block_intervals import use_block_intervals
from reports.data.coded_samples import read_coded_samples
from reports.data.machine_codings import read_machine_codings
from reports.data.repeat_counts import count_repeated_documents
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.entities import read_entities
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.mentions import MentionRow
from reports.data.tables.periods import group_by_term, read_series
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
from reports.figures import entities, phrases, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.pages.codes import CODES_PAGE, CODES_TITLE, CodesPage, make_codes_page
from reports.pages.groups import GroupSection, make_groups
from reports.pages.keyword_comparison import KeywordComparison, draw_pairs, make_comparison
from reports.pages.keyword_pages import (
    KeywordSection,
    draw_keyword,
    find_series_span,
    make_sections,
)
from reports.pages.label_section import LabelSection, read_label_section
from reports.pages.month_calendar import Calendar, make_calendar
from reports.pages.month_pages import (
    KeywordMonth,
    MonthPage,
    MonthReader,
    neighbours,
)
from reports.pages.page_rows import write_json
from reports.pages.passed_picture import PassedPicture
from reports.pages.share_picture import SharePicture, read_share_picture
from reports.pages.year_pages import YearPage, YearSection
from reports.stats.intervals import polarity_interval
from reports.words.texts import cut_at_word


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
    "coverage.html", "months_coverage.html", "What was read", "each step of each month, and gaps"
)
METHODS = FurtherPage(
    "methods.html",
    "months_methods.html",
    "Methods, accuracy and files",
    "how it was counted, how right the engine is, all tables",
)


# The card of a mark has so many headlines of its documents, and a page those of so many marks.
HEADLINES, MOST_LETTERS, MOST_MARKS = 2, 110, 400


@dataclass
class FrontPage:
    """All that the front page of a run of months needs besides the summary."""

    span: style.Range
    keywords: list[KeywordSection]
    coverage: CoverageGrid
    labels: LabelSection

    # The picture of the front page; empty if no share is known.
    shares: list[FigureRef] = field(default_factory=list)
    share_picture: SharePicture | None = None
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

    def headlines(self, keywords: Sequence[KeywordSection]) -> Markup:
        """Return the headlines of *keywords* by month, which the cards of their marks have."""
        most = MOST_MARKS // len(keywords)
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
        keyword.repeated_documents = count_repeated_documents(run, keyword.name, None)
        for month_row in keyword.rows:
            count = count_repeated_documents(run, keyword.name, month_row.period)
            keyword.repeats_by_month[month_row.period] = count

    reader = _month_reader(run, store, keywords, labels.scale_of_all)
    page = FrontPage(reader.span, keywords, coverage, labels, pages=reader.pages)
    page.table_years = _list_table_years(run, reader)
    if groups_by_year(run):
        page.years = page.table_years

    paged_months = set(reader.pages)
    further_pages = 2 + (len(keywords) > 1) + (run.grouping is not None)
    further_pages += bool(read_coded_samples(run) or read_machine_codings(run))
    subject_pages = len(reader.pages) + len(page.years) + len(keywords)
    # The front page and each keyword have a picture to pass on, most of the time.
    subject_pages += 1 + len(keywords)
    store.progress.expect_pages(subject_pages + further_pages + 3)

    for year, year_months in groupby(_by_month(mentions, reader.span), key=_year_of):
        for period, month_mentions in year_months:
            if period in paged_months:
                month_page = reader.make_page(period, _months_of(page, period), month_mentions)
                show_month(month_page)
                _note_month(page, month_page)

        if page.years:
            show_year(_make_year_page(page, year))
            _fold_year(page, year, run)

    period_rows = read_years(run) if page.years and run.grain == Grain.YEAR else read_series(run)
    series_rows = group_by_term(period_rows)
    name_counts = entities.count_names(read_entities(run))
    all_series = {keyword.name: series_rows[keyword.name, None] for keyword in page.keywords}
    page.share_picture = read_share_picture(run, all_series, find_series_span(run))
    page.shares = store.show_all(page.share_picture.declare("shares"))
    for keyword in page.keywords:
        keyword.series = all_series[keyword.name]
        keyword.drawn_series = use_block_intervals(run, keyword.series, run.grain)
        keyword.mean, _, _ = polarity_interval(keyword.polarities)
        keyword.scored = sum(not math.isnan(score) for score in keyword.polarities)
        keyword.series_by_term = {term: series_rows[keyword.name, term] for term in keyword.terms}
        draw_keyword(
            keyword,
            name_counts[keyword.name],
            run,
            store,
            page.share_picture.of(keyword.name),
        )

    rows_by_keyword = {keyword.name: keyword.finding_rows for keyword in page.keywords}
    page.pairs = draw_pairs(make_comparison(read_pairs(run)), rows_by_keyword, page.names, store)
    page.groups = make_groups(run, store, labels.scale)
    page.codes = make_codes_page(run, store)
    return page


def _month_reader(
    run: RunData,
    store: FigureStore,
    keywords: Iterable[KeywordSection],
    scale_of_all: str,
) -> MonthReader:
    parameters = run.month_parameters
    span = style.Range(parameters.first, parameters.last)
    subjects, scales = {}, {}
    pages = set() if groups_by_year(run) else set(span)
    for keyword in keywords:
        subjects[keyword.name], scales[keyword.name] = keyword.subject, keyword.scale
        pages.update(month_row.period for month_row in keyword.rows if month_row.documents)

    return MonthReader(
        run, store, parameters.keywords, subjects, scales, scale_of_all, span, sorted(pages)
    )


def _list_table_years(run: RunData, reader: MonthReader) -> list[Year]:
    """Return the years that a table shows; none of a run of less than two years."""
    if count_months(run) < MONTHS_OF_TABLE and not groups_by_year(run):
        return []
    return list_years(list(reader.span), read_years(run), reader.pages)


def _by_month(
    mentions: Iterable[MentionRow], span: style.Range
) -> Iterator[tuple[str, Iterable[MentionRow]]]:
    """Yield each month of *span* with its mentions; *mentions* are in the order of the months."""
    groups = groupby(mentions, key=attrgetter("period"))
    group = next(groups, None)
    for period in span:
        if group is not None and group[0] == period:
            yield period, group[1]
            group = next(groups, None)
        else:
            yield period, ()


def _year_of(month: tuple[str, Iterable[MentionRow]]) -> str:
    return month[0][:4]


def _months_of(page: FrontPage, period: str) -> dict[str, KeywordMonth]:
    """Return the month *period* of each keyword."""
    months = {}
    for keyword in page.keywords:
        if period in keyword.months:
            months[keyword.name] = keyword.months[period]

    return months


def _make_year_page(page: FrontPage, year: str) -> YearPage:
    """Return the page of a year."""
    year_names = [listed_year.name for listed_year in page.years]
    previous_year, next_year = neighbours(year, year_names)
    sections = []
    for keyword in page.keywords:
        months = [month for period, month in keyword.months.items() if period[:4] == year]
        sections.append(YearSection(keyword.name, keyword.subject, keyword.scale, months))

    jobs = {job: steps for job, steps in page.coverage.jobs.items() if job[:4] == year}
    coverage = CoverageGrid(page.coverage.steps, jobs)
    shown_year = page.years[year_names.index(year)]
    keyword_months = [keyword.months for keyword in page.keywords]
    year_periods = [period for period in page.span if period[:4] == year]
    calendar = make_calendar(year_periods, keyword_months, set(page.pages))
    return YearPage(shown_year, previous_year, next_year, sections, calendar, coverage)


def _fold_year(page: FrontPage, year: str, run: RunData) -> None:
    """Release what the months of *year* hold, once its page is made."""
    for keyword in page.keywords:
        for period, month in keyword.months.items():
            if period[:4] == year:
                month.phrases = []

        if has_yearly_findings(run):
            year_phrases = [phrase for phrase in keyword.phrases if phrase.job[:4] == year]
            earlier_phrases = keyword.phrases[: len(keyword.phrases) - len(year_phrases)]
            keyword.phrases = [
                *earlier_phrases,
                *phrases.merge(year_phrases, year, run.month_parameters.phrases),
            ]


def _note_month(page: FrontPage, month_page: MonthPage) -> None:
    """Add what a month's page has drawn to the counts of all months, and release the rest."""
    keywords_by_name = {keyword.name: keyword for keyword in page.keywords}
    for section in month_page.sections:
        keyword = keywords_by_name[section.name]
        keyword.word_counts.update(section.word_counts)
        keyword.counted_documents += section.counted_documents
        keyword.phrases += section.phrases
        keyword.polarities.extend(section.polarities)
        passages = [reading.mention.text for reading in section.readings[:HEADLINES]]
        if passages:
            quoted = [cut_at_word(passage, MOST_LETTERS) for passage in passages]
            keyword.headlines[month_page.period] = quoted
