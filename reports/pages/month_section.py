"""A month of a run, as its page shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from analysis.steps.distinctive import FEWEST_DOCUMENTS
from core.enums import StepState
from reports.data.tables.mentions import MentionRow
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures import entities
from reports.figures.figure_store import FigureSection
from reports.figures.spec import Subject
from reports.pages.page_rows import PageRows
from reports.pages.reading_list import Reading
from reports.pages.word_section import StandingWord
from reports.words.periods import month_name


@dataclass
class KeywordMonth:
    """One keyword in one month, with what stays in memory while other months are read."""

    row: PeriodRow
    reasons: list[str]
    phrases: list[PhraseRow]


@dataclass(frozen=True)
class MonthSection:
    """One keyword on the page of a month."""

    name: str
    subject: Subject

    # The note on the scale of the polarities.
    scale: str

    month: KeywordMonth

    # The polarities of the mentions, unless the month has no data.
    polarities: list[float]

    # A cloud, or a list in its place; nothing without a word.
    words: list[FigureSection]

    # How many documents that are no repeats hold each word, as pages count them.
    word_counts: Counter[str]

    # These documents are no repeats.
    counted_documents: int

    # Phrases that only repeat the keyword are left out.
    phrases: list[PhraseRow]

    names: entities.TopNames
    standing_words: list[StandingWord]

    # What the page says if no word stands out.
    nothing_distinctive: str

    readings: list[Reading]

    # The documents that mention the keyword and are repeats.
    repeated_documents: int = 0

    @property
    def is_small(self) -> bool:
        """Whether it was counted, and is in too few documents for a section of its own."""
        row = self.month.row
        is_whole = row.state == StepState.COMPLETE and row.matched is not None
        return is_whole and (row.matched or 0) < FEWEST_DOCUMENTS


@dataclass(frozen=True)
class MonthPage:
    """All that the template of a month needs besides the summary."""

    period: str

    # The run's months on both sides of this one.
    before: str | None
    after: str | None

    # The page of this year lists the month; None if the run is not grouped by year.
    year: str | None

    sections: list[MonthSection]

    mentions: PageRows[MentionRow]

    # The note on the scale of all keywords' polarities.
    scale: str

    @property
    def name(self) -> str:
        """Month and year, in words."""
        return month_name(self.period, "%B %Y")

    @property
    def shown(self) -> list[MonthSection]:
        """The keywords that have a section, those in most documents first."""
        shown_sections = [section for section in self.sections if section not in self.others]
        return sorted(shown_sections, key=lambda section: -(section.month.row.matched or 0))

    @property
    def others(self) -> list[MonthSection]:
        """The keywords that a line names: they are in hardly any document. None of a single one."""
        if len(self.sections) == 1:
            return []
        return [section for section in self.sections if section.is_small]
