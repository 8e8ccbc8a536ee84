"""Which of several estimates of the same share a page shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reports.data.coded_samples import PEOPLE
from reports.data.estimate_rows import CORRECTED, POOLED, EstimateRow


def choose_method(rows: Sequence[EstimateRow]) -> list[EstimateRow]:
    """Return the estimates of the method whose intervals are narrowest on the whole.

    A machine is chosen for all estimates of a codebook or for none: otherwise the narrowest of
    several intervals would cover less often than it says. What a language model would say is
    chosen only where people have coded nothing.
    """
    if any(row.model is None for row in rows):
        rows = [row for row in rows if row.model is None]

    widths: dict[str, float] = defaultdict(float)
    rows = [row for row in rows if not row.method.endswith((POOLED, CORRECTED))]
    for row in rows:
        if row.measure == "share" and row.group is None:
            widths[row.method] += row.high - row.low

    method = min(widths, key=lambda name: (widths[name], name), default=PEOPLE)
    return [row for row in rows if row.method == method or row.measure in ("mean", "asked")]


def choose_periods(rows: Sequence[EstimateRow], shown: Sequence[EstimateRow]) -> list[EstimateRow]:
    """Return *shown* with the shares of periods by rates of all, where these tell more.

    All periods of a share have one method: otherwise the narrowest would be chosen of each. Nor has
    a keyword a precision and a recall of each period then, since its rates are those of all.
    """
    models = {row.model for row in shown}
    pooled: dict[tuple[str | None, ...], list[EstimateRow]] = defaultdict(list)
    widths: dict[tuple[str | None, ...], float] = defaultdict(float)
    for row in rows:
        if row.method.endswith(POOLED) and row.model in models:
            pooled[_name_category(row)].append(row)
            widths[_name_category(row)] += row.high - row.low

    for row in shown:
        if row.measure == "share" and row.period is not None and row.group is None:
            widths[_name_category(row)] -= row.high - row.low

    narrower = [category for category in pooled if widths[category] < 0]
    chosen = [
        row
        for row in shown
        if row.period is None or row.group is not None or _name_category(row) not in narrower
    ]
    return chosen + [row for category in narrower for row in pooled[category]]


def _name_category(row: EstimateRow) -> tuple[str | None, ...]:
    return row.variable, row.category, row.keyword


def is_of_whole_run(row: EstimateRow) -> bool:
    """Whether an estimate is of a share in all texts of the run."""
    return row.measure == "share" and row.period is None and row.group is None
