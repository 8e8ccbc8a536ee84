"""Runs of many months: when pages group them by year, and the rows of their years."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from analysis import grains
from core.enums import DOCUMENTS, Grain
from reports.data.run_data import RunData, once
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.periods import PeriodRow, read_periods, read_series

# A page lists so many months one by one; of more it lists years.
MOST_MONTHS = 60
# Runs of so many months and more have a table by year.
MONTHS_OF_TABLE = 24
# Figures and tests take so many months one by one; of more they take years.
MOST_DRAWN = 240
# A year is ranked if so many of its months are whole.
WHOLE_MONTHS = 9

# A keyword and one of its terms; None stands for all terms together.
Term = tuple[str | None, str | None]


@dataclass(frozen=True)
class Year:
    """A year of a run: its months, and the row of each keyword."""

    name: str

    # The number of the run's months in the year.
    months: int

    # The number of these months whose documents were read.
    counted: int

    # The row of each keyword.
    rows: dict[str, PeriodRow]

    @property
    def page(self) -> str:
        """The name of its page's file."""
        return f"{self.name}.html"

    @property
    def documents(self) -> int:
        """The documents that were read, or are to be."""
        return max((year_row.documents for year_row in self.rows.values()), default=0)


@dataclass(frozen=True)
class Decade:
    """Ten years, or as many of them as the run looks at."""

    name: str
    years: list[Year]

    @property
    def documents(self) -> int:
        """The documents of its years."""
        return sum(year.documents for year in self.years)

    def share(self, keyword: str) -> tuple[int, float | None]:
        """Return how many documents of the counted years mention *keyword*, and their share."""
        counted = [year.rows[keyword] for year in self.years if keyword in year.rows]
        counted = [year_row for year_row in counted if year_row.matched is not None]
        matched = sum(year_row.matched or 0 for year_row in counted)
        documents = sum(year_row.documents for year_row in counted)
        return matched, matched / documents if documents else None


@dataclass(frozen=True)
class YearCoverage:
    """The outcome of the steps in the months of a year."""

    name: str
    jobs: int

    # For each step, in how many jobs it came to each state.
    states: dict[str, Counter[str | None]]

    # The number of documents that were read.
    documents: int

    # The reasons why steps failed or have no data, each once.
    reasons: list[str]


def count_months(run: RunData) -> int:
    """Return the months of a run of months; 0 of others."""
    if not run.kind.has_mentions:
        return 0

    parameters = run.month_parameters
    return len(grains.list_periods(parameters.first, parameters.last))


def groups_by_year(run: RunData) -> bool:
    """Return whether the run has so many months that its pages list years."""
    return count_months(run) > MOST_MONTHS


def has_yearly_findings(run: RunData) -> bool:
    """Return whether the run has so many months that years are compared, not months."""
    return count_months(run) > MOST_DRAWN


def draw_by_year(run: RunData) -> bool:
    """Return whether series by month would have more periods than a figure can show."""
    return run.grain == Grain.MONTH and has_yearly_findings(run)


def read_finding_rows(run: RunData) -> list[PeriodRow]:
    """Return the rows that findings are about: months, or years in a long run."""
    return read_years(run) if has_yearly_findings(run) else list(read_periods(run))


@once
def read_years(run: RunData) -> list[PeriodRow]:
    """Return the rows of each year, marked as cut off where too few of its months are whole.

    Nine of them are enough: a share is of the documents that were read, and an archive of
    centuries lacks a month here and there.
    """
    whole: Counter[tuple[Term, str]] = Counter()
    for period_row in read_periods(run):
        if period_row.matched is not None and period_row.documents and not period_row.cut_off:
            whole[(period_row.keyword, period_row.term), period_row.period[:4]] += 1

    year_rows = []
    for period_row in read_series(replace(run, grain=Grain.YEAR)):
        is_cut_off = whole[(period_row.keyword, period_row.term), period_row.period] < WHOLE_MONTHS
        year_rows.append(replace(period_row, cut_off=period_row.documents > 0 and is_cut_off))

    return year_rows


def list_years(
    months: Sequence[str], year_rows: Iterable[PeriodRow], counted: Iterable[str]
) -> list[Year]:
    """Return the years of *months* with their rows; *counted* are the months with data."""
    rows_by_year: dict[str, dict[str, PeriodRow]] = defaultdict(dict)
    for year_row in year_rows:
        if year_row.term is None and year_row.keyword is not None:
            rows_by_year[year_row.period][year_row.keyword] = year_row

    month_counts = Counter(month[:4] for month in months)
    counted_months = Counter(month[:4] for month in counted)
    return [
        Year(year, month_count, counted_months[year], rows_by_year[year])
        for year, month_count in month_counts.items()
    ]


def group_decades(years: Sequence[Year]) -> list[Decade]:
    """Return the years by decade; a decade begins with a year that ends in 0."""
    decades = groupby(years, key=lambda year: year.name[:3])
    return [Decade(f"{start}0s", list(decade_years)) for start, decade_years in decades]


def cover_years(grid: CoverageGrid) -> list[YearCoverage]:
    """Return the coverage of each year in a grid of months."""
    covered = []
    for jobs in split_by_year(grid.jobs):
        states: dict[str, Counter[str | None]] = {step: Counter() for step in grid.steps}
        documents, reasons = 0, dict[str, None]()
        for job in jobs:
            reasons |= dict.fromkeys(grid.reasons(job))
            for step, coverage_row in grid.jobs[job].items():
                states[step][coverage_row.state] += 1
                documents += (coverage_row.documents or 0) if step == DOCUMENTS else 0

        covered.append(YearCoverage(jobs[0][:4], len(jobs), states, documents, list(reasons)))

    return covered


def split_by_year(months: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names of *months*, which are in order, in a part for each year."""
    return [tuple(year_months) for _, year_months in groupby(months, key=lambda month: month[:4])]
