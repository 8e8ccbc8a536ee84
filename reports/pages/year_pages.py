"""The page of a year in a run that is grouped by year: its months, and each keyword in them."""

from __future__ import annotations

from dataclasses import dataclass

from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.periods import PeriodRow
from reports.data.years import Year
from reports.figures.spec import Subject
from reports.pages.month_calendar import Calendar
from reports.pages.month_pages import KeywordMonth


@dataclass(frozen=True)
class YearSection:
    """One keyword on the page of a year."""

    name: str
    subject: Subject

    # The note on the scale of the polarities.
    scale: str

    months: list[KeywordMonth]

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
