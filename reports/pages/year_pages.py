"""The page of a year, of a run that is grouped by year: its months, and each keyword in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.periods import PeriodRow
from reports.data.years import Year
from reports.figures import polarity, scatter
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.spec import Subject
from reports.pages.month_calendar import Calendar
from reports.pages.month_pages import KeywordMonth


@dataclass(frozen=True)
class YearSection:
    """One keyword on the page of a year."""

    name: str
    subject: Subject
    scale: str  # of its polarities
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
    before: str | None  # the years beside it, of the run
    after: str | None
    sections: list[YearSection]
    calendar: Calendar  # of its months
    coverage: CoverageGrid  # of its months

    @property
    def name(self) -> str:
        """The year."""
        return self.year.name


def draw_year(
    subject: Subject,
    scale: str,
    year: str,
    months: Mapping[str, KeywordMonth],
    store: FigureStore,
) -> list[FigureRef]:
    """Draw a keyword's mean polarity in the months of a year, and all its mentions of them."""
    of_year = [month for period, month in months.items() if period[:4] == year]
    rows = [month.row for month in of_year]
    sheet = [month.polarities for month in of_year]
    return store.show_all(
        polarity.year_spec(subject, year, rows, scale=scale),
        scatter.sheet_spec(subject, sheet, scale=scale, year=year),
    )
