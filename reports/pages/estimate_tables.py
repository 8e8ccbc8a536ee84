"""The estimates of a codebook's variable, as a table and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from reports.data.coded_samples import PEOPLE, CodedSample
from reports.data.estimate_strata import CodedSubject
from reports.data.pooled_shares import POOLED, pool_shares
from reports.data.run_data import RunData
from reports.data.sample_looks import read_level
from reports.data.tables.estimates import EstimateRow
from reports.figures.code_estimates import CategoryPanel, EstimatedShare, estimates_spec
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.code_estimates import (
    list_measures,
)
from reports.words.periods import name_sample_period

# Of fewer codes a sentence says all, and a figure no more.
FEWEST_DRAWN = 30


@dataclass(frozen=True)
class EstimateTable:
    """The estimates of a variable for a keyword: a line for each period and category."""

    keyword: str
    variable: Variable
    figures: Sequence[FigureRef]
    rows: Sequence[EstimateRow]

    # The same by group, if the run has a grouping.
    group_rows: Sequence[EstimateRow]

    # The shares of all texts by period, where *rows* are of those with the keyword.
    share_rows: Sequence[EstimateRow]
    share_figures: Sequence[FigureRef]

    # Whether the rates of periods differ beyond chance, by the least likely of its categories.
    p_value: float | None

    @property
    def is_pooled(self) -> bool:
        """Whether shares of periods rest on rates of all periods."""
        return any(row.method.endswith(POOLED) for row in (*self.rows, *self.share_rows))

    @property
    def measure(self) -> str:
        """Of which texts the shares are."""
        return self.rows[0].measure if self.rows else ""


def make_table(  # noqa: PLR0917 - a table joins what many places know
    run: RunData,
    sample: CodedSample,
    variable: Variable,
    keyword: str,
    rows: Sequence[EstimateRow],
    store: FigureStore,
) -> EstimateTable:
    """Draw the estimates of a variable for a keyword, from the *rows* that the page shows."""
    subject_rows = [
        row for row in rows if row.variable == variable.name and (row.keyword or "") == keyword
    ]
    measures = {row.measure for row in subject_rows if row.period is None}
    shown_measure = next(iter(list_measures(measures)), "mean")
    # Codes stand in the codebook's order, periods within each.
    order = {code: number for number, code in enumerate(variable.codes)}
    subject_rows.sort(key=lambda row: (order.get(row.category or "", 0), row.period or ""))

    all_rows = [row for row in subject_rows if row.measure == shown_measure]
    variable_rows = [row for row in all_rows if row.group is None]
    group_rows = [row for row in all_rows if row.group is not None]
    share_rows = [
        row for row in subject_rows if row.measure == "share" != shown_measure and not row.group
    ]

    subject = f"{variable.name}: {keyword}" if keyword else variable.name
    name = f"{figure_prefix(sample)}{variable.name}-{sample.keywords.index(keyword)}"
    reader = next((row.model for row in variable_rows if row.model is not None), "readers")
    title = f"{subject}, as {reader} would code"
    return EstimateTable(
        keyword,
        variable,
        _draw_rows(variable_rows, name, title, store),
        variable_rows,
        group_rows,
        share_rows,
        _draw_rows(share_rows, f"{name}-all", f"{title}, of all texts", store),
        _test_periods(run, sample, variable, keyword),
    )


def _draw_rows(
    rows: Sequence[EstimateRow], name: str, title: str, store: FigureStore
) -> list[FigureRef]:
    """Draw the shares of a variable; nothing of too few codes."""
    panels = []
    for row in rows:
        if row.period is None and row.measure != "mean" and row.n_read >= FEWEST_DRAWN:
            periods = [
                _draw_share(other)
                for other in rows
                if other.period is not None and other.category == row.category
            ]
            panels.append(CategoryPanel(row.category or "", _draw_share(row), tuple(periods)))

    spec = estimates_spec(name, title, panels)
    return store.show_all(spec) if spec is not None else []


def _test_periods(
    run: RunData, sample: CodedSample, variable: Variable, keyword: str
) -> float | None:
    """Return the p-value that rates of people's codes differ between periods; None of few."""
    if variable.type == VariableType.SCALE or not sample.count_coded(PEOPLE):
        return None

    subject = CodedSubject(sample, variable, keyword, "", grain=run.grain)
    tail = read_level(run, sample, PEOPLE) / 2
    pooled = [pool_shares(run, subject, category, tail) for category in list_categories(variable)]
    return min((found.p_value for found in pooled if found is not None), default=None)


def figure_prefix(sample: CodedSample) -> str:
    """Return how the names of the figures of a codebook's estimates begin."""
    return f"codes-{sample.codebook.short_hash}-"


def _draw_share(row: EstimateRow) -> EstimatedShare:
    return EstimatedShare(name_sample_period(row.period or ""), row.estimate, row.low, row.high)
