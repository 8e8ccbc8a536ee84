"""A keyword over all months, as its page shows it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.data.period_gaps import sum_matched, sum_mentions
from reports.data.tables.distinctive import DistinctiveRow
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures.figure_store import FigureRef, FigureSection, PassedPicture
from reports.figures.spec import Subject
from reports.findings.finding import Finding
from reports.pages.front_sentences import LEADING
from reports.pages.label_section import LabelledSubject
from reports.pages.month_section import KeywordMonth
from reports.pages.word_section import StandingWord, list_standing_words, no_word_stands_out
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
class PartedFindings:
    """The findings on a keyword's page: those at its head, the others, and those on moods."""

    leading: Sequence[Finding]
    others: Sequence[Finding]
    moods: Sequence[Finding]


def arrange_keyword_sentences(findings: Sequence[Finding]) -> PartedFindings:
    """Part the *findings* on a keyword, the most interesting first."""
    moods = [finding for finding in findings if finding.topic[0] in MOODS]
    others = [finding for finding in findings if finding not in moods]
    return PartedFindings(others[:LEADING], others[LEADING:], moods)
