"""The page of a year in a run that is grouped by year: its months, and each keyword in them."""

from __future__ import annotations

from dataclasses import dataclass

from reports.data.tables.coverage import CoverageGrid
from reports.data.years import Year
from reports.figures import phrases
from reports.pages.front_values import FrontPage
from reports.pages.month_calendar import Calendar


@dataclass(frozen=True)
class YearPage:
    """All that the template of a year needs besides the summary."""

    front: FrontPage
    year: Year

    # The run's years on both sides of this one.
    before: str | None
    after: str | None

    # The calendar and the coverage are those of the year's months.
    calendar: Calendar
    coverage: CoverageGrid


def make_year_page(front: FrontPage, year: str) -> YearPage:
    """Return the page of a year."""
    names = [None, *(listed_year.name for listed_year in front.years), None]
    place = names.index(year)
    calendar = {whole: months for whole, months in front.calendar.items() if whole[:4] == year}
    jobs = {job: steps for job, steps in front.coverage.jobs.items() if job[:4] == year}
    coverage = CoverageGrid(front.coverage.steps, jobs)
    before, after = names[place - 1], names[place + 1]
    return YearPage(
        front=front,
        year=front.years[place - 1],
        before=before,
        after=after,
        calendar=calendar,
        coverage=coverage,
    )


def fold_year(front: FrontPage, year: str) -> None:
    """Release what the months of *year* hold, once its page is made."""
    for keyword in front.keywords:
        keyword.phrases_by_month.clear()
        if front.has_yearly_findings:
            year_phrases = [phrase for phrase in keyword.phrases if phrase.job[:4] == year]
            earlier_phrases = keyword.phrases[: len(keyword.phrases) - len(year_phrases)]
            keyword.phrases = [
                *earlier_phrases,
                *phrases.merge(year_phrases, year, front.parameters.phrases),
            ]
