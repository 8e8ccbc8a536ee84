"""The page of a year in a run that is grouped by year: its months, and each keyword in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.periods import PeriodRow
from reports.data.years import Year, has_yearly_findings
from reports.figures import phrases
from reports.figures.spec import Subject
from reports.pages.keyword_section import KeywordSection
from reports.pages.month_calendar import Calendar, make_calendar
from reports.pages.month_pages import MonthReader, neighbours
from reports.pages.month_section import KeywordMonth


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


def make_year_page(
    year: str,
    years: Sequence[Year],
    keywords: Sequence[KeywordSection],
    coverage: CoverageGrid,
    reader: MonthReader,
) -> YearPage:
    """Return the page of a year, one of the run's *years*."""
    year_names = [listed_year.name for listed_year in years]
    previous_year, next_year = neighbours(year, year_names)
    sections = []
    for keyword in keywords:
        months = [month for period, month in keyword.months.items() if period[:4] == year]
        sections.append(YearSection(keyword.name, keyword.subject, keyword.scale, months))

    jobs = {job: steps for job, steps in coverage.jobs.items() if job[:4] == year}
    year_coverage = CoverageGrid(coverage.steps, jobs)
    shown_year = years[year_names.index(year)]
    keyword_months = [keyword.months for keyword in keywords]
    year_periods = [period for period in reader.span if period[:4] == year]
    calendar = make_calendar(year_periods, keyword_months, set(reader.pages))
    return YearPage(shown_year, previous_year, next_year, sections, calendar, year_coverage)


def fold_year(keywords: Sequence[KeywordSection], year: str, run: RunData) -> None:
    """Release what the months of *year* hold, once its page is made."""
    for keyword in keywords:
        for period, month in keyword.months.items():
            if period[:4] == year:
                month.phrases = []

        if has_yearly_findings(run):
            year_phrases = [phrase for phrase in keyword.phrases if phrase.job[:4] == year]
            earlier_phrases = keyword.phrases[: len(keyword.phrases) - len(year_phrases)]
            keyword.phrases = [
                *earlier_phrases,
                *phrases.merge(year_phrases, year, run.month_parameters.phrases),
            ]
