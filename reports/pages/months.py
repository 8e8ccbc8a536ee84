"""The front page of a run of months, and a page for each keyword over all months."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter

from analysis import grains
from analysis.text.words import merge_spellings
from core.enums import Grain
from reports.data.distinct_mentions import describe_repeats
from reports.data.entity_labels import EntityName
from reports.data.period_counts import sum_mentions
from reports.data.run_data import Readings, RunData
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import read_entities
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.mentions import MentionRow, read_mentions
from reports.data.tables.periods import PeriodRow, read_periods, read_series
from reports.data.tables.phrases import PhraseRow
from reports.data.years import (
    Decade,
    Year,
    YearCoverage,
    cover_years,
    group_decades,
    groups_by_year,
    is_tested_by_year,
    list_years,
    read_tested,
    read_years,
)
from reports.figures import (
    clouds,
    comparison,
    distinctive,
    entities,
    phrases,
    polarity,
    scatter,
    series,
    style,
    terms,
)
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import FigureSpec, Subject
from reports.findings.highlights import Highlight, keyword_highlights
from reports.findings.pair_highlights import pair_highlights
from reports.pages.groups import GroupSection, make_groups
from reports.pages.keyword_comparison import KeywordComparison, make_comparison
from reports.pages.label_section import LabelledSubject, LabelSection, read_label_section
from reports.pages.month_calendar import Calendar, make_calendar
from reports.pages.month_pages import (
    KeywordMonth,
    MonthPage,
    MonthReader,
    group_by_keyword,
    neighbours,
)
from reports.pages.repeats import ALL
from reports.pages.word_section import add_words
from reports.pages.year_pages import YearPage, YearSection, draw_year
from reports.stats.intervals import polarity_interval
from reports.words.quantities import quantity
from reports.words.scales import UNCHECKED

FIGURES_PER_KEYWORD = 2  # of each month
MOST_SAMPLES = 20_000  # sentences by which scripts are seen; of more those with a new character
COMPARED = ("share", "polarity_mean")  # columns of the keywords beside each other


@dataclass
class KeywordSection:
    """One keyword over all months."""

    name: str
    subject: Subject
    terms: tuple[str, ...]
    rows: list[PeriodRow]  # of months
    by_term: dict[str, list[PeriodRow]]
    months: dict[str, KeywordMonth]
    distinctive: list[DistinctiveRow]
    tested: list[PeriodRow]  # that highlights are about: of months, of a long run of years
    tested_by_term: dict[str, list[PeriodRow]]
    phrases: list[PhraseRow] = field(default_factory=list)  # that say something, of all months
    series: list[PeriodRow] = field(default_factory=list)  # by the run's grain
    series_by_term: dict[str, list[PeriodRow]] = field(default_factory=dict)
    over_time: list[FigureRef] = field(default_factory=list)
    sections: list[FigureSection] = field(default_factory=list)
    word_counts: Counter[str] = field(
        default_factory=Counter
    )  # of all mentions, repeats counted once a month
    repeats: int = 0  # mentions that are left out of them
    polarities: array[float] = field(default_factory=lambda: array("d"))  # of months with a mean
    scale: str = UNCHECKED  # of its polarities
    labelled: LabelledSubject | None = None  # what readers say of its mentions
    mean: float | None = None  # with its 95 % interval
    low: float | None = None
    high: float | None = None
    query: str | None = None  # with the level that it is about; None for a list of terms
    patterns: Sequence[re.Pattern[str]] = ()  # of its terms

    @property
    def page(self) -> str:
        """The name of its page's file."""
        return f"keyword-{self.subject.slug}.html"


@dataclass
class MonthsPage:
    """All that the front page of a run of months needs besides the summary."""

    span: style.Range
    keywords: list[KeywordSection]
    coverage: CoverageGrid
    labels: LabelSection
    comparison: list[FigureRef] = field(default_factory=list)
    pairs: KeywordComparison = field(default_factory=KeywordComparison)
    years: list[Year] = field(default_factory=list)  # of a run that is grouped by year
    pages: Sequence[str] = ()  # months that have a page
    groups: GroupSection = field(default_factory=GroupSection)
    texts: list[str] = field(default_factory=list)  # samples, to see which scripts they use
    characters: set[str] = field(default_factory=set)  # that are in them

    @property
    def calendar(self) -> Calendar:
        """The twelve months of each year, None where the run does not look."""
        months = [keyword.months for keyword in self.keywords]
        return make_calendar(self.span, months, set(self.pages))

    @property
    def covered_years(self) -> list[YearCoverage]:
        """The outcome of the steps, year by year."""
        return cover_years(self.coverage)

    @property
    def decades(self) -> list[Decade]:
        """The years by decade."""
        return group_decades(self.years)


def make_page(
    data: RunData,
    store: FigureStore,
    mentions: Iterable[MentionRow],
    show_month: Callable[[MonthPage], None],
    show_year: Callable[[YearPage], None],
) -> MonthsPage:
    """Draw a run's figures in one pass over its *mentions*, and show each month when it is read.

    Where the run is grouped by year, each year is shown after its months. Memory is that of one
    year and of the counts of all.
    """
    coverage = read_coverage_grid(data)
    labels = read_label_section(data)
    keywords = _keyword_sections(data, coverage)
    for keyword in keywords:
        keyword.scale = labels.scale(keyword.name)
        keyword.labelled = labels.by_keyword.get(keyword.name)
    reader = _month_reader(data, store, keywords, labels.scale_of_all)
    page = MonthsPage(reader.span, keywords, coverage, labels, pages=reader.pages)
    if groups_by_year(data):
        page.years = list_years(list(reader.span), read_years(data), reader.pages)
    with_page = set(reader.pages)
    store.progress.expect_pages(len(reader.pages) + len(page.years) + len(keywords) + 1)

    for year, of_year in groupby(_by_month(mentions, reader.span), key=_year_of):
        for period, rows in of_year:
            if period in with_page:
                month_page = reader.make_page(period, _months_of(page, period), rows)
                show_month(month_page)
                _note_month(page, month_page)
        if page.years:
            show_year(_make_year_page(page, year, store))
            _fold_year(page, year, data)

    if page.years:
        store.draw_the_rest()
    names = entities.count_names(read_entities(data))
    of_series = read_years(data) if page.years and data.grain == Grain.YEAR else read_series(data)
    series_rows = _group_by_term(of_series)
    for keyword in page.keywords:
        keyword.series = series_rows[keyword.name, None]
        keyword.mean, keyword.low, keyword.high = polarity_interval(keyword.polarities)
        keyword.series_by_term = {term: series_rows[keyword.name, term] for term in keyword.terms}
        _draw_keyword(keyword, page, names, data, store)
    _draw_comparison(page, data, store)
    page.pairs = make_comparison(read_pairs(data), store, labels.scale_of_all)
    page.groups = make_groups(data, store, labels.scale)
    return page


def read_highlights(data: RunData, subject: str | None = None) -> dict[str, list[Highlight]]:
    """Return the highlights of each keyword, and under "" those that compare keywords.

    Where a *subject* is given, only its own: nothing is read of other keywords.
    """
    if subject is None:
        return {**_read_keyword_highlights(data), ALL: pair_highlights(read_pairs(data))}
    if subject == ALL:
        return {ALL: pair_highlights(read_pairs(data))}
    return _read_keyword_highlights(_select_keyword(data, subject))


def _select_keyword(data: RunData, name: str) -> RunData:
    """Return the run as if it had the keyword *name* alone."""
    parameters = data.month_parameters
    keywords = tuple(keyword for keyword in data.keywords if keyword.name == name)
    narrowed = parameters.model_copy(update={"keywords": keywords})
    return replace(data, parameters=narrowed, selected_readings=Readings())


def _read_keyword_highlights(data: RunData) -> dict[str, list[Highlight]]:
    rows = _group_by_term(read_tested(data))
    highlights = {}
    for keyword in data.month_parameters.keywords:
        by_term = {term: rows[keyword.name, term] for term in keyword.compared_terms}
        highlights[keyword.name] = keyword_highlights(
            f"“{keyword.name}”",
            rows[keyword.name, None],
            by_term if len(by_term) > 1 else {},
            data.engines,
        )
    return highlights


def draw_figures(data: RunData, store: FigureStore, names: Collection[str]) -> None:
    """Draw the figures of the months *names* alone, which `make_page` then finds."""
    sections = {}
    for section in _keyword_sections(data, CoverageGrid((), {}), names):
        sections[section.name] = section
    reader = _month_reader(data, store, sections.values())
    for period, of_month in groupby(read_mentions(data, names), key=attrgetter("period")):
        for keyword, sentences in group_by_keyword(reader.keywords, of_month):
            month = sections[keyword.name].months[period]
            reader.draw_month(keyword, month, sentences)
            month.polarities = scatter.thin_out(month.polarities, scatter.SMALL_DOTS)

    if groups_by_year(data):
        for year in dict.fromkeys(name[:4] for name in names):
            for section in sections.values():
                draw_year(section.subject, section.scale, year, section.months, store)


def _month_reader(
    data: RunData,
    store: FigureStore,
    keywords: Iterable[KeywordSection],
    scale_of_all: str = UNCHECKED,
) -> MonthReader:
    parameters = data.month_parameters
    span = style.Range(parameters.first, parameters.last)
    subjects, scales = {}, {}
    pages = set() if groups_by_year(data) else set(span)
    for keyword in keywords:
        subjects[keyword.name], scales[keyword.name] = keyword.subject, keyword.scale
        pages.update(row.period for row in keyword.rows if row.documents)
    return MonthReader(
        data, store, parameters.keywords, subjects, scales, scale_of_all, span, sorted(pages)
    )


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


def _months_of(page: MonthsPage, period: str) -> dict[str, KeywordMonth]:
    """Return the month *period* of each keyword."""
    months = {}
    for keyword in page.keywords:
        if period in keyword.months:
            months[keyword.name] = keyword.months[period]
    return months


def _make_year_page(page: MonthsPage, year: str, store: FigureStore) -> YearPage:
    """Draw the figures of a year and return its page."""
    names = [each.name for each in page.years]
    before, after = neighbours(year, names)
    sections = []
    for keyword in page.keywords:
        figures = draw_year(keyword.subject, keyword.scale, year, keyword.months, store)
        months = [month for period, month in keyword.months.items() if period[:4] == year]
        sections.append(YearSection(keyword.name, keyword.subject, keyword.scale, months, figures))
    jobs = {job: steps for job, steps in page.coverage.jobs.items() if job[:4] == year}
    coverage = CoverageGrid(page.coverage.steps, jobs)
    this = page.years[names.index(year)]
    keyword_months = [keyword.months for keyword in page.keywords]
    of_year = [period for period in page.span if period[:4] == year]
    calendar = make_calendar(of_year, keyword_months, set(page.pages))
    return YearPage(this, before, after, sections, calendar, coverage)


def _fold_year(page: MonthsPage, year: str, data: RunData) -> None:
    """Let go what was kept of the months of *year*, once its page is made."""
    for keyword in page.keywords:
        for period, month in keyword.months.items():
            if period[:4] == year:
                month.polarities, month.phrases = scatter.of_month(month.row, []), []
        if is_tested_by_year(data):
            of_year = [phrase for phrase in keyword.phrases if phrase.job[:4] == year]
            others = keyword.phrases[: len(keyword.phrases) - len(of_year)]
            keyword.phrases = [
                *others,
                *phrases.merge(of_year, year, data.month_parameters.phrases),
            ]


def _note_month(page: MonthsPage, month_page: MonthPage) -> None:
    """Add to the counts of all months what a month's page has drawn; let the rest go."""
    for text in month_page.texts:
        if len(page.texts) < MOST_SAMPLES or not page.characters.issuperset(text):
            page.texts.append(text)
            page.characters.update(text)
    by_name = {keyword.name: keyword for keyword in page.keywords}
    for section in month_page.sections:
        keyword, month = by_name[section.name], section.month
        keyword.word_counts.update(section.word_counts)
        keyword.repeats += section.repeats
        keyword.phrases += section.phrases
        if month.polarities.has_polarity:
            keyword.polarities.extend(month.polarities.polarities)
        month.polarities = scatter.thin_out(month.polarities, scatter.SMALL_DOTS)


def _group_by_term(
    rows: Iterable[PeriodRow],
) -> dict[tuple[str | None, str | None], list[PeriodRow]]:
    by_term: dict[tuple[str | None, str | None], list[PeriodRow]] = defaultdict(list)
    for row in rows:
        by_term[row.keyword, row.term].append(row)
    return by_term


def _series_span(data: RunData) -> style.Range:
    """Return the periods of the run's grain that hold a day of its months."""
    parameters = data.month_parameters
    return style.Range(*grains.periods_of_months(parameters.first, parameters.last, data.grain))


def _keyword_sections(
    data: RunData, coverage: CoverageGrid, names: Collection[str] | None = None
) -> list[KeywordSection]:
    """Return each keyword with its rows of all months, or of the months *names*."""
    rows = _group_by_term(read_periods(data, names))
    tested = rows if names is not None else _group_by_term(read_tested(data))
    words: dict[str | None, list[DistinctiveRow]] = defaultdict(list)
    for word in read_distinctive(data, names):
        of_keyword = words[word.keyword]
        # of the others two months are enough to know that words were compared, and in several
        is_new = len({row.job for row in of_keyword[:2]}) < 2
        if is_new or distinctive.standing_out([word]):
            of_keyword.append(word)

    sections = []
    parameters = data.month_parameters
    span = style.Range(parameters.first, parameters.last)
    for keyword in parameters.keywords:
        subject = Subject(f"“{keyword.name}”", slug(keyword.name), span)
        months = {}
        for row in rows[keyword.name, None]:
            months[row.period] = KeywordMonth(
                row,
                coverage.reasons(row.period),
                scatter.of_month(row, []),
                [],
            )
        by_term = {term: rows[keyword.name, term] for term in keyword.compared_terms}
        tested_by_term = {term: tested[keyword.name, term] for term in keyword.compared_terms}
        together = rows[keyword.name, None]
        sections.append(
            KeywordSection(
                keyword.name,
                subject,
                keyword.terms,
                together,
                by_term,
                months,
                words[keyword.name],
                tested[keyword.name, None],
                tested_by_term,
                query=keyword.description,
                patterns=keyword.patterns,
            )
        )
    return sections


def _draw_comparison(page: MonthsPage, data: RunData, store: FigureStore) -> None:
    """Draw the keywords beside each other; of an only one its mean polarity."""
    span = _series_span(data)
    if len(page.keywords) == 1:
        (keyword,) = page.keywords
        subject = replace(keyword.subject, span=span)
        page.comparison = store.show_all(
            polarity.overall_spec(subject, keyword.series, scale=keyword.scale)
        )
        return
    rows = {keyword.name: keyword.series for keyword in page.keywords}
    for column in COMPARED:
        scale = page.labels.scale_of_all
        spec = comparison.lines_spec(rows, span=span, column=column, scale=scale)
        page.comparison += store.show_all(spec)


def _draw_keyword(
    keyword: KeywordSection,
    page: MonthsPage,
    names: Mapping[str | None, Counter[EntityName]],
    data: RunData,
    store: FigureStore,
) -> None:
    """Draw the figures of a keyword over all months. *names* are those of all keywords."""
    subject, rows = keyword.subject, keyword.rows
    over_time = replace(subject, span=_series_span(data))
    of_run = sum(names.values(), Counter())
    top = entities.rank_names(names[keyword.name], keyword.patterns, of_run=of_run)
    over_phrases = subject
    if is_tested_by_year(data):
        first, last = subject.span.first[:4], subject.span.last[:4]
        over_phrases = replace(subject, span=style.Range(first, last))
    by_month: list[FigureSpec | None] = []  # which of a longer run stand on the pages of years
    if not page.years:
        sheet = list(map(attrgetter("polarities"), keyword.months.values()))
        by_month = [
            *polarity.year_specs(subject, rows, scale=keyword.scale),
            scatter.sheet_spec(subject, sheet, scale=keyword.scale),
        ]

    keyword.over_time = store.show_all(series.mentions_spec(over_time, keyword.series))
    add = partial(store.add_section, keyword.sections)
    overall = polarity.overall_spec(over_time, keyword.series, scale=keyword.scale)
    add("overall", "Polarity", overall, *by_month)
    tested_grain = Grain.YEAR if is_tested_by_year(data) else Grain.MONTH
    tested = None if data.grain == tested_grain else keyword.tested_by_term
    of_terms = terms.terms_spec(over_time, keyword.series_by_term, keyword.series, tested)
    add("terms", "The words for it", of_terms)
    kept = data.month_parameters.phrases
    add(
        "phrases",
        "Phrases",
        phrases.phrases_spec(over_phrases, keyword.phrases, keyword.tested, kept=kept),
    )
    add(
        "distinctive",
        "Words that stand out",
        distinctive.distinctive_spec(
            subject, keyword.distinctive, compared_with="the other documents of the month"
        ),
        note=distinctive.no_word_stands_out(keyword.distinctive),
    )
    unit = "times named in documents that mention it"
    add("entities", "Names", entities.entities_spec(subject, top, unit=unit, texts=page.texts))
    mentions = quantity(max(0, sum_mentions(rows) - keyword.repeats), "mention")
    words = merge_spellings(keyword.word_counts)
    chosen = clouds.choose(words, keyword.terms, data.parameters.max_words)
    repeats = describe_repeats(keyword.repeats, "mention")
    add_words(
        add, subject.slug, chosen, data.mask, counted=mentions, repeats=repeats, all_months=True
    )
