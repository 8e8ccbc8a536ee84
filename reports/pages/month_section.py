"""A month of a run, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.steps.distinctive import FEWEST_DOCUMENTS
from core.enums import StepState
from reports.data.tables.mentions import MentionRow
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures.entities import TopNames
from reports.figures.figure_store import FigureSection
from reports.pages.front_values import FrontPage
from reports.pages.keyword_section import KeywordSection
from reports.pages.month_words import MonthWords
from reports.pages.page_rows import PageRows
from reports.pages.reading_list import Reading
from reports.pages.word_section import StandingWord


@dataclass(frozen=True)
class MonthSection:
    """One keyword on the page of a month."""

    keyword: KeywordSection
    row: PeriodRow

    # The polarities of the mentions, unless the month has no data.
    polarities: list[float]

    # The words of the documents that are no repeats; a cloud, or a list in its place.
    counted: MonthWords
    words: list[FigureSection]

    # Those that say more than the keyword does.
    phrases: list[PhraseRow]

    names: TopNames

    # None if the month's words were not compared.
    standing_words: list[StandingWord] | None

    readings: list[Reading]

    @property
    def is_small(self) -> bool:
        """Whether it was counted, and is in too few documents for a section of its own."""
        is_whole = self.row.state == StepState.COMPLETE and self.row.matched is not None
        return is_whole and (self.row.matched or 0) < FEWEST_DOCUMENTS


@dataclass(frozen=True)
class MonthPage:
    """All that the template of a month needs besides the summary."""

    front: FrontPage
    period: str

    # The run's months on both sides of this one.
    before: str | None
    after: str | None

    sections: list[MonthSection]
    mentions: PageRows[MentionRow]

    @property
    def shown(self) -> list[MonthSection]:
        """The keywords that have a section, those in most documents first."""
        shown_sections = [section for section in self.sections if section not in self.others]
        return sorted(shown_sections, key=lambda section: -(section.row.matched or 0))

    @property
    def others(self) -> list[MonthSection]:
        """The keywords that a line names: they are in hardly any document. None of a single one."""
        if len(self.sections) == 1:
            return []
        return [section for section in self.sections if section.is_small]
