"""A keyword over all months, as its page shows it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.options import Keyword
from reports.data.period_gaps import sum_matched
from reports.data.tables.distinctive import DistinctiveRow
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures.entities import TopNames
from reports.figures.figure_store import FigureRef, FigureSection, PassedPicture
from reports.figures.spec import Subject
from reports.pages.word_section import StandingWord


@dataclass
class KeywordSection:
    """One keyword over all months."""

    # What the run looks for.
    asked: Keyword
    subject: Subject

    # The row of each month.
    months: dict[str, PeriodRow]

    # The documents that hold each of its terms, if there are several.
    matched_by_term: dict[str, int]

    # The words of each month, compared with those of its other documents.
    words_by_month: dict[str, list[DistinctiveRow]]

    # Those that stand out; None if none were compared.
    standing_words: list[StandingWord] | None

    # The findings are about these rows: monthly, or yearly in a run of many years.
    finding_rows: list[PeriodRow]

    # The rows of the run's grain, and the same with the intervals that pictures show.
    series: list[PeriodRow]
    drawn_series: Sequence[PeriodRow]
    series_by_term: dict[str, list[PeriodRow]]

    # The persons, places and more that its documents name most.
    names: TopNames

    # The documents that mention it and are repeats, by month; None stands for all months.
    repeats: Mapping[str | None, int]

    # The phrases of each month; and those of all months that say more than the keyword does.
    phrases_by_month: dict[str, list[PhraseRow]] = field(default_factory=dict)
    phrases: list[PhraseRow] = field(default_factory=list)

    # Headlines of each month's documents.
    headlines: dict[str, list[str]] = field(default_factory=dict)

    # How many documents that are no repeats hold each word, and how many they are.
    word_counts: Counter[str] = field(default_factory=Counter)
    counted_documents: int = 0

    # The mentions' polarities, in the months that have a mean.
    polarities: array[float] = field(default_factory=lambda: array("d"))

    # Their mean and their number.
    mean: float | None = None
    scored: int = 0

    # The share of documents, with which the page begins.
    picture: list[FigureRef] = field(default_factory=list)
    passed_picture: PassedPicture | None = None

    # Words, phrases and names; then the polarity.
    sections: list[FigureSection] = field(default_factory=list)
    polarity: list[FigureRef] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The keyword's name."""
        return self.asked.name

    @property
    def matched(self) -> int:
        """The documents that mention it."""
        return sum_matched(self.months.values())

    @property
    def share(self) -> float | None:
        """The share of the documents of the counted months."""
        documents = sum(row.documents for row in self.months.values() if row.matched is not None)
        return self.matched / documents if documents else None

    @property
    def counted_months(self) -> int:
        """The months whose mentions were counted."""
        return sum(row.mentions is not None for row in self.months.values())

    @property
    def page(self) -> str:
        """The name of its page's file."""
        return f"keyword-{self.subject.slug}.html"
