"""The line through the series of days: a centred moving average, named where it is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.enums import Grain
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.marks import Layer, Mark
from reports.figures.shapes import draw_line
from reports.stats.blocks import BLOCK
from reports.stats.thresholds import FEW

# The window is a whole week of days, so that weekdays do not show.
WINDOW = BLOCK
# A window has an average if this many of its days have data.
FEWEST = WINDOW // 2 + 1
# Pictures use this name for the line.
NAME = f"{WINDOW}-day moving average"
#: Captions add this to the name, by column.
_POOLED = {
    "mentions": "",
    "share": " (of shares: their matching documents over all their documents)",
    "polarity_mean": f" (the mean of all that is scored in them, {FEW} polarities at least)",
}

# A day's value has a numerator and a denominator.
Part = tuple[float, float]


def moving_average(parts: Sequence[Part | None], *, least: float = 0) -> list[float | None]:
    """Divide the sum of 7 days' numerators by that of their denominators, for each middle day.

    None stands for a day without data. A day has no average if its window reaches beyond the
    series, has fewer than four days with data, or denominators that add up to less than *least*.
    """
    averages: list[float | None] = [None] * len(parts)
    reach = WINDOW // 2
    for middle in range(reach, len(parts) - reach):
        window = parts[middle - reach : middle + reach + 1]
        days_with_data = [part for part in window if part is not None]
        total = math.fsum(denominator for _, denominator in days_with_data)
        if len(days_with_data) >= FEWEST and total and total >= least:
            averages[middle] = math.fsum(numerator for numerator, _ in days_with_data) / total

    return averages


def count_part(day_row: PeriodRow) -> Part | None:
    """Return a day's mentions over one day."""
    return None if day_row.mentions is None else (day_row.mentions, 1)


def share_part(day_row: PeriodRow) -> Part | None:
    """Return a day's matching documents over all."""
    return None if day_row.matched is None else (day_row.matched, day_row.documents)


def polarity_part(day_row: PeriodRow) -> Part | None:
    """Return the sum of a day's polarities over their number."""
    day_row = day_row.scored_row
    if day_row.mentions is None or (day_row.mentions and day_row.polarity_mean is None):
        return None

    return (day_row.polarity_mean or 0.0) * day_row.mentions, day_row.mentions


#: Each column that is smoothed has the function that makes its parts.
PARTS = {"mentions": count_part, "share": share_part, "polarity_mean": polarity_part}


def smooth(
    period_rows: Sequence[PeriodRow], span: style.Range, column: str, color: str = style.INK
) -> list[Layer]:
    """Return the moving average of *column* as a layer if the series consists of days."""
    if span.grain != Grain.DAY:
        return []

    parts = {period_row.period: PARTS[column](period_row) for period_row in period_rows}
    least = FEW if column == "polarity_mean" else 0
    averages = moving_average([parts.get(period) for period in span], least=least)
    marks = []
    for period, average in zip(span, averages, strict=True):
        marks.append(Mark(position=period, value=average))

    return [Layer(draw=draw_line, marks=marks, color=color)]


def explain(grain: Grain, column: str) -> str:
    """Return a caption's explanation of the line, which only a series of days has."""
    if grain != Grain.DAY:
        return ""

    return (
        f" The line is a centred moving average of {WINDOW} days{_POOLED[column]}, drawn where "
        f"{FEWEST} of them have data."
    )
