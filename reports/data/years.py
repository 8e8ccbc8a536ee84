"""Runs of many months: when pages group them by year, and the rows of their years."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from analysis import grains
from analysis.parameters import MonthsParameters
from core.enums import DOCUMENTS, Grain
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.periods import PeriodRow, read_periods, read_series

MOST_MONTHS = 60  # that a page lists one by one; of more it lists years
MOST_DRAWN = 240  # that figures and tests take one by one; of more they take years
WHOLE_MONTHS = 9  # of a year that takes part in highlights

Term = tuple[str | None, str | None]  # a keyword, and a term of it; None: all together


@dataclass(frozen=True)
class Year:
    """A year of a run: its months, and the row of each keyword."""

    name: str
    months: int  # of the run
    counted: int  # of them, with documents that were read
    rows: dict[str, PeriodRow]  # by keyword

    @property
    def page(self) -> str:
        """The name of its page's file."""
        return f"{self.name}.html"

    @property
    def documents(self) -> int:
        """The documents that were read, or are to be."""
        return max((row.documents for row in self.rows.values()), default=0)


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
        counted = [row for row in counted if row.matched is not None]
        matched = sum(row.matched or 0 for row in counted)
        documents = sum(row.documents for row in counted)
        return matched, matched / documents if documents else None


@dataclass(frozen=True)
class YearCoverage:
    """The outcome of the steps in the months of a year."""

    name: str
    jobs: int
    states: dict[str, Counter[str | None]]  # by step: in how many jobs it came to each state
    documents: int  # that were read
    reasons: list[str]  # why a step failed or has no data, each once


def count_months(data: RunData) -> int:
    """Return the months of a run of months; 0 of others."""
    if not isinstance(data.parameters, MonthsParameters):
        return 0
    return len(grains.list_periods(data.parameters.first, data.parameters.last))


def groups_by_year(data: RunData) -> bool:
    """Return whether the run has so many months that its pages list years."""
    return count_months(data) > MOST_MONTHS


def is_tested_by_year(data: RunData) -> bool:
    """Return whether the run has so many months that years are compared, not months."""
    return count_months(data) > MOST_DRAWN


def draw_by_year(data: RunData) -> bool:
    """Return whether series by month would have more periods than a figure can show."""
    return data.grain == Grain.MONTH and is_tested_by_year(data)


def read_tested(data: RunData) -> list[PeriodRow]:
    """Return the rows that highlights are about: of months, or of years where they are many."""
    return read_years(data) if is_tested_by_year(data) else list(read_periods(data))


def read_years(data: RunData) -> list[PeriodRow]:
    """Return the rows of each year, marked as cut off where too few of its months are whole.

    Nine of them are enough: a share is of the documents that were read, and an archive of
    centuries lacks a month here and there.
    """
    return data.selected_readings.once(read_years, lambda: _read_years(data))


def _read_years(data: RunData) -> list[PeriodRow]:
    whole: Counter[tuple[Term, str]] = Counter()
    for row in read_periods(data):
        if row.matched is not None and row.documents and not row.cut_off:
            whole[(row.keyword, row.term), row.period[:4]] += 1

    rows = []
    for row in read_series(replace(data, grain=Grain.YEAR)):
        is_cut_off = whole[(row.keyword, row.term), row.period] < WHOLE_MONTHS
        rows.append(replace(row, cut_off=row.documents > 0 and is_cut_off))
    return rows


def list_years(
    months: Sequence[str], rows: Iterable[PeriodRow], counted: Iterable[str]
) -> list[Year]:
    """Return the years of *months*; *rows* are those of years, *counted* the months with data."""
    by_year: dict[str, dict[str, PeriodRow]] = defaultdict(dict)
    for row in rows:
        if row.term is None and row.keyword is not None:
            by_year[row.period][row.keyword] = row
    of_run = Counter(month[:4] for month in months)
    with_data = Counter(month[:4] for month in counted)
    return [Year(name, n, with_data[name], by_year[name]) for name, n in of_run.items()]


def group_decades(years: Sequence[Year]) -> list[Decade]:
    """Return the years by decade; a decade begins with a year that ends in 0."""
    decades = groupby(years, key=lambda year: year.name[:3])
    return [Decade(f"{start}0s", list(of_decade)) for start, of_decade in decades]


def cover_years(grid: CoverageGrid) -> list[YearCoverage]:
    """Return the coverage of each year, of a grid of months."""
    covered = []
    for jobs in split_by_year(grid.jobs):
        states: dict[str, Counter[str | None]] = {step: Counter() for step in grid.steps}
        documents, reasons = 0, dict[str, None]()
        for job in jobs:
            reasons |= dict.fromkeys(grid.reasons(job))
            for step, row in grid.jobs[job].items():
                states[step][row.state] += 1
                documents += (row.documents or 0) if step == DOCUMENTS else 0
        covered.append(YearCoverage(jobs[0][:4], len(jobs), states, documents, list(reasons)))
    return covered


def split_by_year(months: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names of *months*, which are in order, in a part for each year."""
    return [tuple(of_year) for _, of_year in groupby(months, key=lambda month: month[:4])]
