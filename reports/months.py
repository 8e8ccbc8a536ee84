"""The front page of a run of months, and a page for each keyword over all months."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter

from analysis import parameters as run_parameters
from analysis.text.phrases import says_something
from analysis.text.words import merge_spellings
from core.enums import Grain
from reports import grains
from reports.distinct_mentions import describe_repeats
from reports.figure_store import FigureRef, FigureSection, FigureStore, slug
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
from reports.figures.spec import Subject
from reports.groups import GroupSection, make_groups
from reports.highlights import Highlight, keyword_highlights
from reports.keyword_comparison import KeywordComparison, make_comparison
from reports.label_section import LabelledSubject, LabelSection, read_label_section
from reports.month_pages import (
    KeywordMonth,
    MonthPage,
    MonthReader,
    group_by_keyword,
)
from reports.pair_highlights import pair_highlights
from reports.polarity_scale import UNCHECKED
from reports.run_data import RunData
from reports.statistics import polarity_interval
from reports.tables.coverage import CoverageGrid, read_coverage_grid
from reports.tables.distinctive import DistinctiveRow, read_distinctive
from reports.tables.entities import EntityRow, read_entities
from reports.tables.keyword_pairs import read_pairs
from reports.tables.mentions import MentionRow, read_mentions
from reports.tables.periods import PeriodRow, read_periods, read_series
from reports.tables.phrases import PhraseRow, read_phrases
from reports.word_section import add_words
from reports.words import quantity

FIGURES_PER_KEYWORD = 2  # of each month
COMPARED = ("share", "polarity_mean")  # columns of the keywords beside each other
MONTHS_OF_YEAR = range(1, 13)


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


@dataclass(frozen=True)
class CalendarMonth:
    """A month in the calendar of links: the mentions of all keywords, None where not counted."""

    period: str
    mentions: int | None

    @property
    def name(self) -> str:
        """Month and year, in words."""
        return style.month_name(self.period, "%B %Y")


@dataclass
class MonthsPage:
    """All that the front page of a run of months needs besides the summary."""

    span: style.Range
    keywords: list[KeywordSection]
    coverage: CoverageGrid
    labels: LabelSection
    comparison: list[FigureRef] = field(default_factory=list)
    pairs: KeywordComparison = field(default_factory=KeywordComparison)
    groups: GroupSection = field(default_factory=GroupSection)
    texts: list[str] = field(default_factory=list)  # samples, to see which scripts they use

    @property
    def calendar(self) -> dict[str, list[CalendarMonth | None]]:
        """The twelve months of each year, None where the run does not look."""
        months = {}
        for period in self.span:
            counts = []
            for keyword in self.keywords:
                if period in keyword.months:
                    counts.append(keyword.months[period].row.mentions)
            counted = [count for count in counts if count is not None]
            months[period] = CalendarMonth(period, sum(counted) if counted else None)

        calendar: dict[str, list[CalendarMonth | None]] = {}
        for year in dict.fromkeys(period[:4] for period in months):
            calendar[year] = [months.get(f"{year}-{number:02}") for number in MONTHS_OF_YEAR]
        return calendar


def make_page(
    data: RunData,
    store: FigureStore,
    mentions: Iterable[MentionRow],
    show_month: Callable[[MonthPage], None],
) -> MonthsPage:
    """Draw a run's figures in one pass over its *mentions*, and show each month when it is read.

    Memory is that of one month and of the counts of all.
    """
    coverage = read_coverage_grid(data)
    labels = read_label_section(data)
    keywords = _keyword_sections(data, coverage)
    for keyword in keywords:
        keyword.scale = labels.scale(keyword.name)
        keyword.labelled = labels.by_keyword.get(keyword.name)
    reader = _month_reader(data, store, keywords, labels.scale_of_all)
    page = MonthsPage(reader.span, keywords, coverage, labels)

    for period, rows in _by_month(mentions, reader.span):
        months = {}
        for keyword in page.keywords:
            if period in keyword.months:
                months[keyword.name] = keyword.months[period]
        month_page = reader.make_page(period, months, rows)
        show_month(month_page)
        _note_month(page, month_page)

    names = list(read_entities(data))
    series_rows = _group_by_term(read_series(data))
    for keyword in page.keywords:
        keyword.series = series_rows[keyword.name, None]
        keyword.mean, keyword.low, keyword.high = polarity_interval(keyword.polarities)
        keyword.series_by_term = {term: series_rows[keyword.name, term] for term in keyword.terms}
        _draw_keyword(keyword, page, names, data, store)
    _draw_comparison(page, data, store)
    page.pairs = make_comparison(read_pairs(data), store, labels.scale_of_all)
    page.groups = make_groups(data, store, labels.scale)
    return page


def read_highlights(data: RunData) -> dict[str, list[Highlight]]:
    """Return the highlights of each keyword, and under "" those that compare keywords."""
    highlights = {}
    for section in _keyword_sections(data, CoverageGrid((), {})):
        by_term = section.by_term if len(section.by_term) > 1 else {}
        highlights[section.name] = keyword_highlights(section.subject.name, section.rows, by_term)
    highlights[""] = pair_highlights(read_pairs(data))
    return highlights


def draw_figures(data: RunData, store: FigureStore, names: Collection[str]) -> None:
    """Draw the figures of the months *names* alone, which `make_page` then finds."""
    sections = {}
    for section in _keyword_sections(data, CoverageGrid((), {}), names):
        sections[section.name] = section
    reader = _month_reader(data, store, sections.values())
    for period, of_month in groupby(read_mentions(data, names), key=attrgetter("period")):
        for keyword, sentences in group_by_keyword(reader.keywords, of_month):
            reader.draw_month(keyword, sections[keyword.name].months[period], sentences)


def _month_reader(
    data: RunData,
    store: FigureStore,
    keywords: Iterable[KeywordSection],
    scale_of_all: str = UNCHECKED,
) -> MonthReader:
    parameters = _parameters(data)
    span = style.Range(parameters.first, parameters.last)
    subjects, scales = {}, {}
    for keyword in keywords:
        subjects[keyword.name], scales[keyword.name] = keyword.subject, keyword.scale
    return MonthReader(data, store, parameters.keywords, subjects, scales, scale_of_all, span)


def _parameters(data: RunData) -> run_parameters.MonthsParameters:
    assert isinstance(data.parameters, run_parameters.MonthsParameters)  # noqa: S101 - by its kind
    return data.parameters


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


def _note_month(page: MonthsPage, month_page: MonthPage) -> None:
    """Add to the counts of all months what a month's page has drawn; let the rest go."""
    page.texts += month_page.texts
    by_name = {keyword.name: keyword for keyword in page.keywords}
    for section in month_page.sections:
        keyword, month = by_name[section.name], section.month
        keyword.word_counts.update(section.word_counts)
        keyword.repeats += section.repeats
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
    parameters = _parameters(data)
    return style.Range(*grains.periods_of_months(parameters.first, parameters.last, data.grain))


def _keyword_sections(
    data: RunData, coverage: CoverageGrid, names: Collection[str] | None = None
) -> list[KeywordSection]:
    """Return each keyword with its rows of all months, or of the months *names*."""
    rows = _group_by_term(read_periods(data, names))
    month_phrases: dict[tuple[str | None, str], list[PhraseRow]] = defaultdict(list)
    for phrase in read_phrases(data, names):
        month_phrases[phrase.keyword, phrase.job].append(phrase)
    words: dict[str | None, list[DistinctiveRow]] = defaultdict(list)
    for word in read_distinctive(data, names):
        words[word.keyword].append(word)

    sections = []
    parameters = _parameters(data)
    span = style.Range(parameters.first, parameters.last)
    for keyword in parameters.keywords:
        subject = Subject(f"“{keyword.name}”", slug(keyword.name), span)
        months = {}
        for row in rows[keyword.name, None]:
            months[row.period] = KeywordMonth(
                row,
                coverage.reasons(row.period),
                scatter.of_month(row, []),
                month_phrases[keyword.name, row.period],
            )
        by_term = {term: rows[keyword.name, term] for term in keyword.compared_terms}
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
    names: Iterable[EntityRow],
    data: RunData,
    store: FigureStore,
) -> None:
    """Draw the figures of a keyword over all months. *names* are those of all keywords."""
    subject, rows = keyword.subject, keyword.rows
    over_time = replace(subject, span=_series_span(data))
    of_keyword = [row for row in names if row.keyword == keyword.name]
    top = entities.top_names(of_keyword, keyword.patterns, of_run=names)
    of_months: list[PhraseRow] = []
    for month in keyword.months.values():
        for phrase in month.phrases:
            if says_something(phrase.phrase, phrase.count, keyword.terms):
                of_months.append(phrase)
    sheet = list(map(attrgetter("polarities"), keyword.months.values()))

    keyword.over_time = store.show_all(series.mentions_spec(over_time, keyword.series))
    add = partial(store.add_section, keyword.sections)
    add(
        "overall",
        "Polarity",
        polarity.overall_spec(over_time, keyword.series, scale=keyword.scale),
        *polarity.year_specs(subject, rows, scale=keyword.scale),
        scatter.sheet_spec(subject, sheet, scale=keyword.scale),
    )
    months = None if data.grain == Grain.MONTH else keyword.by_term
    of_terms = terms.terms_spec(over_time, keyword.series_by_term, keyword.series, months)
    add("terms", "The words for it", of_terms)
    kept = _parameters(data).phrases
    add("phrases", "Phrases", phrases.phrases_spec(subject, of_months, rows, kept=kept))
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
    mentions = quantity(max(0, series.sum_mentions(rows) - keyword.repeats), "mention")
    words = merge_spellings(keyword.word_counts)
    chosen = clouds.choose(words, keyword.terms, data.parameters.max_words)
    repeats = describe_repeats(keyword.repeats, "mention")
    add_words(
        add, subject.slug, chosen, data.mask, counted=mentions, repeats=repeats, all_months=True
    )
