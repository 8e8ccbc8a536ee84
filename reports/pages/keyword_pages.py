"""The page of a keyword: a picture, sentences, words, phrases, names, then moods and tables."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from analysis import grains
from analysis.text.words import merge_spellings
from reports.data.bulk_days import find_bulk_days
from reports.data.period_counts import sum_matched, sum_mentions
from reports.data.queries import group_by
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import read_run_names
from reports.data.tables.periods import PeriodRow, group_by_term, read_periods
from reports.data.tables.phrases import PhraseRow
from reports.data.years import (
    has_yearly_findings,
    read_finding_rows,
)
from reports.figures import entities, over_time, phrases, style, word_clouds
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.findings.finding import Finding
from reports.pages.front_sentences import LEADING
from reports.pages.label_section import LabelledSubject
from reports.pages.month_pages import (
    KeywordMonth,
)
from reports.pages.passed_picture import PassedPicture
from reports.pages.share_picture import SharePicture
from reports.pages.word_section import (
    StandingWord,
    add_words,
    list_standing_words,
    no_word_stands_out,
)
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import quantity
from reports.words.scales import UNCHECKED
from textapi.text.keywords import TermPattern

# The first words of the topics of findings on moods.
MOODS = ("mood", "engines", "readers' mean")


@dataclass
class KeywordSection:
    """One keyword over all months."""

    name: str
    subject: Subject
    terms: tuple[str, ...]

    # One row for each month.
    rows: list[PeriodRow]

    by_term: dict[str, list[PeriodRow]]
    months: dict[str, KeywordMonth]
    distinctive: list[DistinctiveRow]

    # The findings are about these rows: monthly, or yearly in a run of many years.
    finding_rows: list[PeriodRow]

    # The phrases of all months that say more than the keyword does.
    phrases: list[PhraseRow] = field(default_factory=list)

    # The rows of the run's grain.
    series: list[PeriodRow] = field(default_factory=list)

    # The same rows with the intervals that pictures show.
    drawn_series: list[PeriodRow] = field(default_factory=list)

    # Headlines of each month's documents.
    headlines: dict[str, list[str]] = field(default_factory=dict)

    series_by_term: dict[str, list[PeriodRow]] = field(default_factory=dict)

    # The share of documents, with which the page begins.
    picture: list[FigureRef] = field(default_factory=list)
    passed_picture: PassedPicture | None = None

    # Words, phrases and names; then the polarity.
    sections: list[FigureSection] = field(default_factory=list)
    polarity: list[FigureRef] = field(default_factory=list)

    # How many documents that are no repeats hold each word, and how many they are.
    word_counts: Counter[str] = field(default_factory=Counter)
    counted_documents: int = 0

    # The documents that mention it and are repeats: all of them, and by month.
    repeated_documents: int = 0
    repeats_by_month: dict[str, int] = field(default_factory=dict)

    # The mentions' polarities, in the months that have a mean.
    polarities: array[float] = field(default_factory=lambda: array("d"))

    # The note on the scale of the polarities.
    scale: str = UNCHECKED

    # How the labels of readers correct the polarity; None if no mention has a label.
    labelled: LabelledSubject | None = None

    mean: float | None = None

    # How many mentions have a polarity, in the months that have a mean.
    scored: int = 0

    # The query in words, with its level; None for a list of terms.
    query: str | None = None

    # The terms as regular expressions.
    patterns: Sequence[TermPattern] = ()

    @property
    def matched(self) -> int:
        """The documents that mention it."""
        return sum_matched(self.rows)

    @property
    def mentions(self) -> int:
        """The sentences that mention it."""
        return sum_mentions(self.rows)

    @property
    def share(self) -> float | None:
        """The share of the documents of the counted months."""
        documents = sum(row.documents for row in self.rows if row.matched is not None)
        return self.matched / documents if documents else None

    @property
    def counted_months(self) -> int:
        """The months whose mentions were counted."""
        return sum(row.mentions is not None for row in self.rows)

    @property
    def is_whole(self) -> bool:
        """Whether all of its months were counted."""
        return self.counted_months == len(self.rows)

    @property
    def page(self) -> str:
        """The name of its page's file."""
        return f"keyword-{self.subject.slug}.html"

    @property
    def standing_words(self) -> list[StandingWord]:
        """The words that stand out in its months."""
        return list_standing_words(self.distinctive)

    @property
    def nothing_distinctive(self) -> str:
        """What the page says if no word stands out."""
        return no_word_stands_out(self.distinctive)

    @property
    def matched_by_term(self) -> dict[str, int]:
        """The documents that hold each of its terms, if there are several."""
        counts = {term: sum_matched(rows) for term, rows in self.by_term.items()}
        return counts if len(counts) > 1 else {}


@dataclass(frozen=True)
class KeywordSentences:
    """The findings on a keyword's page: those at its head, the others, and those on moods."""

    leading: Sequence[Finding]
    others: Sequence[Finding]
    moods: Sequence[Finding]


def arrange_keyword_sentences(findings: Sequence[Finding]) -> KeywordSentences:
    """Part the *findings* on a keyword, the most interesting first."""
    moods = [finding for finding in findings if finding.topic[0] in MOODS]
    others = [finding for finding in findings if finding not in moods]
    return KeywordSentences(others[:LEADING], others[LEADING:], moods)


def make_sections(run: RunData, coverage: CoverageGrid) -> list[KeywordSection]:
    """Return each keyword with its rows of all months."""
    rows_by_term = group_by_term(read_periods(run))
    finding_rows = group_by_term(read_finding_rows(run))
    words_by_keyword = group_by("keyword", read_distinctive(run))
    sections = []
    parameters, names = run.month_parameters, read_names(run)
    span = style.Range(parameters.first, parameters.last)
    for keyword in parameters.keywords:
        query = DocumentQuery(subject=keyword.name)
        subject = Subject(names[keyword.name], slug(keyword.name), span, query)
        months = {}
        for month_row in rows_by_term[keyword.name, None]:
            months[month_row.period] = KeywordMonth(
                month_row,
                coverage.reasons(month_row.period),
                [],
            )

        term_rows = {term: rows_by_term[keyword.name, term] for term in keyword.compared_terms}
        keyword_rows = rows_by_term[keyword.name, None]
        sections.append(
            KeywordSection(
                keyword.name,
                subject,
                keyword.terms,
                keyword_rows,
                term_rows,
                months,
                words_by_keyword[keyword.name],
                finding_rows[keyword.name, None],
                query=keyword.description,
                patterns=keyword.patterns,
            )
        )

    return sections


def draw_keyword(
    keyword: KeywordSection,
    name_counts: entities.NameCounts,
    run: RunData,
    store: FigureStore,
    shares: SharePicture,
) -> None:
    """Draw the figures of a keyword over all months; *name_counts* are the keyword's."""
    subject = keyword.subject
    long_subject = replace(subject, span=find_series_span(run))
    ranked_names = entities.rank_names(name_counts, keyword.patterns, run_names=read_run_names(run))
    over_phrases = subject
    if has_yearly_findings(run):
        first_year, last_year = subject.span.first[:4], subject.span.last[:4]
        over_phrases = replace(subject, span=style.Range(first_year, last_year))

    keyword.picture = store.show_all(shares.declare(f"{subject.slug}-shares"))
    add_section = partial(store.add_section, keyword.sections)
    merged_counts = merge_spellings(keyword.word_counts)
    add_words(
        add_section,
        subject,
        word_clouds.choose(merged_counts, keyword.terms, run.parameters.max_words),
        run.mask,
        counted=quantity(keyword.counted_documents, "document"),
        has_repeats=keyword.counted_documents < keyword.matched,
        has_links=store.word_links,
    )
    phrases_spec = phrases.phrases_spec(
        over_phrases,
        keyword.phrases,
        keyword.finding_rows,
        kept=run.month_parameters.phrases,
    )
    add_section("phrases", "Phrases", phrases_spec)
    unit = "documents that mention it and hold the name"
    add_section(
        "entities",
        "Names",
        entities.entities_spec(subject, ranked_names, unit=unit),
    )
    if says_something(keyword.matched_by_term.values()):
        term_spec = over_time.terms_spec(long_subject, keyword.series_by_term, keyword.series)
        add_section("terms", "The words for it", term_spec)

    mood_spec = over_time.polarity_spec(long_subject, keyword.drawn_series, scale=keyword.scale)
    keyword.polarity = store.show_all(mood_spec)


def says_something(matched: Iterable[int], least: float = 0.1) -> bool:
    """Return whether a second term has at *least* this share of the documents."""
    ranked = sorted(matched, reverse=True)
    return len(ranked) > 1 and ranked[1] >= least * sum(ranked)


def find_series_span(run: RunData) -> style.Range:
    """Return the periods of the run's grain that hold a day of its months."""
    parameters = run.month_parameters
    first, last = grains.periods_of_months(parameters.first, parameters.last, run.grain)
    bulk = sorted({grains.period_of(day, run.grain) for day in find_bulk_days(run)})
    return style.Range(first, last, tuple(bulk))
