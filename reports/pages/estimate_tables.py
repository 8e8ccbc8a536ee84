"""The estimates of a codebook's variable, as a table and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from reports.data.coded_samples import PEOPLE, CodedSample
from reports.data.estimate_rows import POOLED, EstimateRow, ReadTexts
from reports.data.estimate_strata import CodedSubject, Method
from reports.data.pooled_shares import pool_shares
from reports.data.read_texts import count_read, is_even
from reports.data.run_data import RunData
from reports.figures.code_estimates import CategoryPanel, EstimatedShare, estimates_spec
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.code_estimates import list_measures, name_keyword, name_reader
from reports.findings.code_evidence import state_periods
from reports.words.periods import name_sample_period
from reports.words.quantities import quantity

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

    # What tells the kinds of texts apart, and what was read of each.
    kind: str
    parts: Sequence[ReadTexts]

    # Whether a share of the texts that were read is one of all.
    is_even: bool

    # What the shares of periods rest on, and the p-value that the rates of periods do not differ,
    # of the category that differs most.
    notes: Sequence[str]
    p_value: float | None

    @property
    def measure(self) -> str:
        """Of which texts the shares are."""
        return self.rows[0].measure if self.rows else ""

    @property
    def counts(self) -> Mapping[str, Sequence[int]]:
        """What was read, by what is counted: with the keyword and without, or all as one."""
        given = sorted({code for part in self.parts for code in part.answers})
        further = {
            "not asked": [part.not_asked for part in self.parts],
            "readers differ": [part.differing for part in self.parts],
            "readers could not tell": [part.unclear for part in self.parts],
        }
        return {
            "in all": [part.population for part in self.parts],
            "read": [part.read for part in self.parts],
            **{
                f"“{code}”": [part.answers.get(code, 0) for part in self.parts]
                for code in dict.fromkeys((*self.variable.codes, *given))
            },
            **{name: numbers for name, numbers in further.items() if any(numbers)},
        }

    @staticmethod
    def rests_on(row: EstimateRow, unit: str) -> str:
        """Return what an estimate rests on: its own texts, a machine's codes, or all periods."""
        if row.method.endswith(POOLED):
            return f"rates of all periods ({row.n_read:,} read here)"

        read = f"{quantity(row.n_read, unit)} read"
        machines = row.method.removeprefix(row.model or PEOPLE).strip(", ").removeprefix("and ")
        return f"{read}, and {machines}" if machines else read

    @property
    def times_as_often(self) -> float | None:
        """How many times as often texts with the keyword were read as others; None of one kind."""
        rates = [part.read / part.population for part in self.parts if part.population]
        return rates[0] / rates[1] if len(rates) == 2 and all(rates) else None


def make_table(  # noqa: PLR0917 - a table joins what many places know
    run: RunData,
    sample: CodedSample,
    variable: Variable,
    keyword: str,
    rows: Sequence[EstimateRow],
    unit: str,
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
    model = next((row.model for row in variable_rows if row.model is not None), None)
    reader = model or name_reader(sample).lower()
    subject_of_parts = CodedSubject(
        sample, variable, keyword, "", Method(model or PEOPLE), grain=run.grain
    )
    kind = name_keyword(run, subject_of_parts)
    parts = count_read(run, subject_of_parts)
    p_value = _test_periods(run, sample, variable, keyword)
    notes = state_periods(all_rows + share_rows, kind if len(parts) > 1 else "", unit, p_value)
    # Without kinds of texts, rates of all periods give each period the same share.
    if len(parts) == 1 and all(row.method.endswith(POOLED) for row in variable_rows if row.period):
        variable_rows = [row for row in variable_rows if row.period is None]

    title = f"{subject}, as {reader} would code"
    return EstimateTable(
        keyword=keyword,
        variable=variable,
        figures=_draw_rows(variable_rows, name, title, store),
        rows=variable_rows,
        group_rows=group_rows,
        share_rows=share_rows,
        share_figures=_draw_rows(share_rows, f"{name}-all", f"{title}, of all texts", store),
        kind=kind,
        parts=parts,
        is_even=is_even(sample, parts),
        notes=notes,
        p_value=p_value,
    )


def _draw_rows(
    rows: Sequence[EstimateRow], name: str, title: str, store: FigureStore
) -> list[FigureRef]:
    """Draw the shares of a variable; nothing of too few codes."""
    panels = []
    for row in rows:
        if row.period is None and row.measure != "mean" and row.n_read >= FEWEST_DRAWN:
            periods = [
                other
                for other in rows
                if other.period is not None and other.category == row.category
            ]
            shown = map(_draw_share, periods) if _tell_of_change(periods) else ()
            panels.append(CategoryPanel(row.category or "", _draw_share(row), tuple(shown)))

    spec = estimates_spec(name, title, panels)
    return store.show_all(spec) if spec is not None else []


def _tell_of_change(rows: Sequence[EstimateRow]) -> bool:
    """Whether periods rest on codes of their own, or intervals of two of them lie apart.

    Else their picture would be the keyword's, with wider intervals.
    """
    are_pooled = rows and all(row.method.endswith(POOLED) for row in rows)
    return not are_pooled or max(row.low for row in rows) > min(row.high for row in rows)


def _test_periods(
    run: RunData, sample: CodedSample, variable: Variable, keyword: str
) -> float | None:
    """Return the p-value that rates of people's codes differ between periods; None of few."""
    if variable.type == VariableType.SCALE or not sample.count_coded(PEOPLE):
        return None

    subject = CodedSubject(sample, variable, keyword, "", grain=run.grain)
    tail = sample.level(PEOPLE) / 2
    pooled = [pool_shares(run, subject, category, tail) for category in list_categories(variable)]
    return min((found.p_value for found in pooled if found is not None), default=None)


def figure_prefix(sample: CodedSample) -> str:
    """Return how the names of the figures of a codebook's estimates begin."""
    return f"codes-{sample.codebook.short_hash}-"


def _draw_share(row: EstimateRow) -> EstimatedShare:
    return EstimatedShare(name_sample_period(row.period or ""), row.estimate, row.low, row.high)
