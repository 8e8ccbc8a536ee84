"""The page of a year in a run that is grouped by year: its months, and each keyword in them."""

from __future__ import annotations

from dataclasses import dataclass

from core.enums import Grain
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.periods import PeriodRow
from reports.data.years import Year
from reports.figures import polarity, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.spec import Subject
from reports.pages.keyword_pages import KeywordSection
from reports.pages.month_calendar import Calendar
from reports.pages.month_pages import KeywordMonth
from reports.words.scales import STUDENT_INTERVALS


@dataclass(frozen=True)
class YearSection:
    """One keyword on the page of a year."""

    name: str
    subject: Subject

    # The note on the scale of the polarities.
    scale: str

    months: list[KeywordMonth]
    figures: list[FigureRef]

    @property
    def rows(self) -> list[PeriodRow]:
        """The rows of the months."""
        return [month.row for month in self.months]


@dataclass(frozen=True)
class YearPage:
    """All that the template of a year needs besides the summary."""

    year: Year

    # The run's years on both sides of this one.
    before: str | None
    after: str | None

    sections: list[YearSection]

    # The calendar and the coverage are those of the year's months.
    calendar: Calendar
    coverage: CoverageGrid

    @property
    def name(self) -> str:
        """The year."""
        return self.year.name


def draw_year(
    run: RunData, keyword: KeywordSection, year: str, store: FigureStore
) -> list[FigureRef]:
    """Draw a keyword's mean polarity in the months of a year.

    It is drawn if the page of the keyword shows years: else that page shows the months.
    """
    if run.grain != Grain.YEAR:
        return []

    month_rows = [month_row for month_row in keyword.rows if month_row.period[:4] == year]
    span = style.Range(f"{year}-01", f"{year}-12")
    subject = Subject(f"{keyword.subject.name} in {year}", f"{keyword.subject.slug}-{year}", span)
    return store.show_all(
        polarity.overall_spec(subject, month_rows, scale=keyword.scale, intervals=STUDENT_INTERVALS)
    )
