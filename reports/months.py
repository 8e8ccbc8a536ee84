"""The page of a run of months: a section for each keyword, in it a part for each month."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter

from analysis import parameters as run_parameters
from analysis.text.words import count_words, merge_spellings
from reports.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures import (
    clouds,
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
from reports.highlights import keyword_highlights
from reports.run_data import RunData
from reports.sensitivity import Statement
from reports.statistics import polarity_interval
from reports.tables.coverage import CoverageGrid, read_coverage_grid
from reports.tables.distinctive import DistinctiveRow, read_distinctive
from reports.tables.entities import EntityRow, read_entities
from reports.tables.mentions import MentionRow, read_mentions
from reports.tables.periods import PeriodRow, read_periods
from reports.tables.phrases import PhraseRow, read_phrases
from reports.words import quantity
from textapi.text.keywords import pattern

FIGURES_PER_KEYWORD = 2  # of each month
TABLE_ROWS = 1000  # mentions on the page; all of them are in the exports
QUOTES = 3  # sentences of a month


@dataclass
class MonthSection:
    """One month of one keyword."""

    row: PeriodRow
    reasons: list[str]
    polarities: scatter.MonthOfPolarities
    phrases: list[PhraseRow] = field(default_factory=list)
    figures: list[FigureRef] = field(default_factory=list)
    sentences: list[MentionRow] = field(default_factory=list)  # the first few

    @property
    def name(self) -> str:
        """Month and year, in words."""
        return style.month_name(self.row.period, "%B %Y")

    @property
    def year(self) -> str:
        """Of the month."""
        return self.row.period[:4]

    @property
    def number(self) -> int:
        """Of the month in its year, from 1."""
        return int(self.row.period[5:])


@dataclass
class KeywordSection:
    """One keyword over all months."""

    name: str
    subject: Subject
    terms: tuple[str, ...]
    rows: list[PeriodRow]
    by_term: dict[str, list[PeriodRow]]
    months: dict[str, MonthSection]
    distinctive: list[DistinctiveRow]
    over_time: list[FigureRef] = field(default_factory=list)
    sections: list[FigureSection] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)  # of all mentions
    polarities: array[float] = field(default_factory=lambda: array("d"))  # of months with a mean
    mean: float | None = None  # with its 95 % interval
    low: float | None = None
    high: float | None = None

    @property
    def highlights(self) -> list[str]:
        """What the numbers say, in up to three sentences."""
        by_term = self.by_term if len(self.by_term) > 1 else {}
        return keyword_highlights(self.subject.name, self.rows, by_term)


@dataclass
class MonthsPage:
    """All that the template of a run of months needs besides the summary."""

    span: style.Range
    keywords: list[KeywordSection]
    coverage: CoverageGrid
    mentions: list[MentionRow] = field(default_factory=list)  # the first rows of the table
    mentions_in_all: int = 0
    texts: list[str] = field(default_factory=list)  # samples, to see which scripts they use


def make_page(data: RunData, store: FigureStore, mentions: Iterable[MentionRow]) -> MonthsPage:
    """Draw a run's figures in one pass over its *mentions*.

    Memory is that of one month and of the counts of all.
    """
    parameters = _parameters(data)
    coverage = read_coverage_grid(data)
    span = style.Range(parameters.first, parameters.last)
    page = MonthsPage(span, _keyword_sections(data, coverage), coverage)

    for period, of_month in groupby(_note_mentions(mentions, page), key=attrgetter("period")):
        for keyword, sentences in _group_by_keyword(page.keywords, of_month):
            month = keyword.months[period]
            month.sentences = sentences[:QUOTES]
            page.texts += map(attrgetter("sentence"), sentences[:20])
            keyword.words.update(_draw_month(keyword, month, sentences, data, store))
            if month.polarities.has_polarity:
                keyword.polarities.extend(month.polarities.polarities)
            month.polarities = scatter.thin_out(month.polarities, scatter.SMALL_DOTS)

    page.mentions.sort(key=_publication)
    names = list(read_entities(data))
    for keyword in page.keywords:
        keyword.mean, keyword.low, keyword.high = polarity_interval(keyword.polarities)
        _draw_keyword(keyword, page, names, data, store)
    return page


def read_statements(data: RunData) -> dict[str, list[Statement]]:
    """Return the highlights of each keyword, without drawing anything."""
    sections = _keyword_sections(data, CoverageGrid((), {}))
    return {section.name: list(map(Statement.read, section.highlights)) for section in sections}


def draw_figures(data: RunData, store: FigureStore, names: Collection[str]) -> None:
    """Draw the figures of the months *names* alone, which `make_page` then finds."""
    keywords = _keyword_sections(data, CoverageGrid((), {}), names)
    for period, of_month in groupby(read_mentions(data, names), key=attrgetter("period")):
        for keyword, sentences in _group_by_keyword(keywords, of_month):
            _draw_month(keyword, keyword.months[period], sentences, data, store)


def _parameters(data: RunData) -> run_parameters.MonthsParameters:
    assert isinstance(data.parameters, run_parameters.MonthsParameters)  # noqa: S101 - by its kind
    return data.parameters


def _keyword_sections(
    data: RunData, coverage: CoverageGrid, names: Collection[str] | None = None
) -> list[KeywordSection]:
    """Return each keyword with its rows of all months, or of the months *names*."""
    rows: dict[tuple[str | None, str | None], list[PeriodRow]] = defaultdict(list)
    for row in read_periods(data, names):
        rows[row.keyword, row.term].append(row)
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
            months[row.period] = MonthSection(
                row,
                coverage.reasons(row.period),
                scatter.of_month(row, []),
                month_phrases[keyword.name, row.period],
            )
        by_term = {term: rows[keyword.name, term] for term in keyword.terms}
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
            )
        )
    return sections


def _note_mentions(mentions: Iterable[MentionRow], page: MonthsPage) -> Iterator[MentionRow]:
    """Yield the mentions as they come; the first of all go to the page's table too."""
    for mention in mentions:
        page.mentions_in_all += 1
        if len(page.mentions) < TABLE_ROWS:
            page.mentions.append(mention)
        yield mention


def _group_by_keyword(
    keywords: Sequence[KeywordSection], mentions: Iterable[MentionRow]
) -> Iterator[tuple[KeywordSection, list[MentionRow]]]:
    """Yield each keyword with a month's mentions of it, in order of publication.

    A sentence that holds two terms has two rows and is given once.
    """
    sentences: dict[str, dict[tuple[str, int], MentionRow]] = defaultdict(dict)
    for mention in mentions:
        sentences[mention.keyword][mention.document, mention.position] = mention

    for keyword in keywords:
        if keyword.name in sentences:
            yield keyword, sorted(sentences[keyword.name].values(), key=_publication)


def _publication(mention: MentionRow) -> tuple[str, str, int]:
    return str(mention.published_at or ""), mention.document, mention.position


def _draw_month(
    keyword: KeywordSection,
    month: MonthSection,
    sentences: Sequence[MentionRow],
    data: RunData,
    store: FigureStore,
) -> Counter[str]:
    """Draw a month's scatter and cloud, and return its words."""
    patterns = list(map(pattern, keyword.terms))
    words = count_words(map(attrgetter("sentence"), sentences), patterns)
    scored = []
    for mention in sentences:
        if mention.published_at is not None and mention.polarity is not None:
            scored.append((mention.published_at.day, mention.polarity))

    month.polarities = scatter.of_month(month.row, scored)
    month.figures = store.show_all(
        scatter.month_spec(keyword.subject, month.polarities),
        clouds.cloud_spec(
            f"{keyword.subject.slug}-{month.row.period}",
            words,
            keyword.terms,
            data,
            f"The words of {quantity(len(sentences), 'mention')} in {month.name}.",
        ),
    )
    return words


def _draw_keyword(
    keyword: KeywordSection,
    page: MonthsPage,
    names: Iterable[EntityRow],
    data: RunData,
    store: FigureStore,
) -> None:
    """Draw the figures of a keyword over all months. *names* are those of all keywords."""
    subject, rows = keyword.subject, keyword.rows
    of_keyword = [row for row in names if row.keyword == keyword.name]
    top = entities.top_names(of_keyword, list(map(pattern, keyword.terms)))
    of_months: list[PhraseRow] = []
    for month in keyword.months.values():
        of_months += month.phrases
    sheet = list(map(attrgetter("polarities"), keyword.months.values()))

    keyword.over_time = store.show_all(series.mentions_spec(subject, rows))
    add = partial(store.add_section, keyword.sections)
    add(
        "overall",
        "Polarity",
        polarity.overall_spec(subject, rows),
        polarity.yearly_spec(subject, rows),
        scatter.sheet_spec(subject, sheet),
    )
    add("terms", "The words for it", terms.terms_spec(subject, keyword.by_term, rows))
    kept = _parameters(data).phrases
    add("phrases", "Phrases", phrases.phrases_spec(subject, of_months, rows, kept=kept))
    add(
        "distinctive",
        "Words that stand out",
        distinctive.distinctive_spec(
            subject, keyword.distinctive, compared_with="the other documents of the month"
        ),
    )
    unit = "times named in documents that mention it"
    add("entities", "Names", entities.entities_spec(subject, top, unit=unit, texts=page.texts))
    mentions = quantity(series.sum_mentions(rows), "mention")
    cloud = clouds.cloud_spec(
        subject.slug,
        merge_spellings(keyword.words),
        keyword.terms,
        data,
        f"The words of {mentions} in all months, larger where more frequent.",
    )
    add("cloud", "Word cloud of all months", cloud)
