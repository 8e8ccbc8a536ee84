"""The page of a year in a run that is grouped by year: its months, and each keyword in them."""

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
    subject: Subject,
    scale: str,
    year: str,
    months: Mapping[str, KeywordMonth],
    store: FigureStore,
) -> list[FigureRef]:
    """Draw a keyword's mean polarity in the months of a year, and all its mentions of them."""
    year_months = [month for period, month in months.items() if period[:4] == year]
    month_rows = [month.row for month in year_months]
    sheet = [month.polarities for month in year_months]
    return store.show_all(
        polarity.year_spec(subject, year, month_rows, scale=scale),
        scatter.sheet_spec(subject, sheet, scale=scale, year=year),
    )
