"""The page of a keyword over all months, which the front page sums up in a section."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from analysis import grains
from analysis.text.words import merge_spellings
from reports.data.bulk_days import find_bulk_days
from reports.data.distinct_mentions import describe_left_out
from reports.data.period_counts import sum_mentions
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import read_run_names
from reports.data.tables.periods import PeriodRow, group_by_term, read_periods
from reports.data.tables.phrases import PhraseRow
from reports.data.years import (
    has_yearly_findings,
    read_finding_rows,
)
from reports.figures import (
    distinctive,
    entities,
    phrases,
    polarity,
    series,
    style,
    terms,
    word_clouds,
)
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.pages.label_section import LabelledSubject
from reports.pages.month_pages import (
    KeywordMonth,
)
from reports.pages.word_section import add_words
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import quantity
from reports.words.scales import UNCHECKED
from textapi.text.keywords import TermPattern


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

    series_by_term: dict[str, list[PeriodRow]] = field(default_factory=dict)
    over_time: list[FigureRef] = field(default_factory=list)
    sections: list[FigureSection] = field(default_factory=list)

    # The words of all mentions that are no repeats.
    word_counts: Counter[str] = field(default_factory=Counter)

    # The mentions that are repeats, whose words do not count.
    repeats: int = 0

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
        return sum(row.matched or 0 for row in self.rows)

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
    def page(self) -> str:
        """The name of its page's file."""
        return f"keyword-{self.subject.slug}.html"


def make_sections(run: RunData, coverage: CoverageGrid) -> list[KeywordSection]:
    """Return each keyword with its rows of all months."""
    rows_by_term = group_by_term(read_periods(run))
    finding_rows = group_by_term(read_finding_rows(run))
    words_by_keyword: dict[str | None, list[DistinctiveRow]] = defaultdict(list)
    for distinctive_row in read_distinctive(run):
        keyword_words = words_by_keyword[distinctive_row.keyword]
        # Two months of other words are enough to know that words were compared in several.
        is_new = len({month_row.job for month_row in keyword_words[:2]}) < 2
        if is_new or distinctive.standing_out([distinctive_row]):
            keyword_words.append(distinctive_row)

    sections = []
    parameters = run.month_parameters
    span = style.Range(parameters.first, parameters.last)
    for keyword in parameters.keywords:
        query = DocumentQuery(subject=keyword.name)
        subject = Subject(f"“{keyword.name}”", slug(keyword.name), span, query)
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
    *,
    in_title_case: bool,
) -> None:
    """Draw the figures of a keyword over all months.

    *name_counts* are the keyword's. *in_title_case* tells that the texts write every word with a
    capital.
    """
    subject = keyword.subject
    over_time = replace(subject, span=find_series_span(run))
    ranked_names = entities.rank_names(
        name_counts.times,
        keyword.patterns,
        run_names=read_run_names(run),
        documents=name_counts.documents,
    )
    ranked_names = replace(ranked_names, has_documents=name_counts.has_documents)
    over_phrases = subject
    if has_yearly_findings(run):
        first_year, last_year = subject.span.first[:4], subject.span.last[:4]
        over_phrases = replace(subject, span=style.Range(first_year, last_year))

    keyword.over_time = store.show_all(series.mentions_spec(over_time, keyword.drawn_series))
    add_section = partial(store.add_section, keyword.sections)
    overall_spec = polarity.overall_spec(over_time, keyword.drawn_series, scale=keyword.scale)
    add_section("overall", "Polarity", overall_spec)
    term_spec = terms.terms_spec(over_time, keyword.series_by_term, keyword.series)
    add_section("terms", "The words for it", term_spec)
    kept_phrases = run.month_parameters.phrases
    add_section(
        "phrases",
        "Phrases",
        phrases.phrases_spec(
            over_phrases, keyword.phrases, keyword.finding_rows, kept=kept_phrases
        ),
    )
    add_section(
        "distinctive",
        "Words that stand out",
        distinctive.distinctive_spec(
            subject,
            keyword.distinctive,
            compared_with="the other documents of the month",
            job_noun=run.kind.job_noun,
        ),
        note=distinctive.no_word_stands_out(keyword.distinctive),
    )
    unit = "documents that mention it and hold the name"
    add_section(
        "entities",
        "Names",
        entities.entities_spec(subject, ranked_names, unit=unit, in_title_case=in_title_case),
    )
    mentions = quantity(max(0, keyword.mentions - keyword.repeats), "mention")
    merged_counts = merge_spellings(keyword.word_counts)
    cloud_words = word_clouds.choose(merged_counts, keyword.terms, run.parameters.max_words)
    first_texts = describe_left_out(has_repeats=keyword.repeats > 0)
    add_words(
        add_section,
        subject,
        cloud_words,
        run.mask,
        counted=mentions,
        first_texts=first_texts,
        all_months=True,
    )


def find_series_span(run: RunData) -> style.Range:
    """Return the periods of the run's grain that hold a day of its months."""
    parameters = run.month_parameters
    first, last = grains.periods_of_months(parameters.first, parameters.last, run.grain)
    bulk = sorted({grains.period_of(day, run.grain) for day in find_bulk_days(run)})
    return style.Range(first, last, tuple(bulk))
