"""The line through the series of days: a centred moving average, named where it is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from core.enums import Grain
from reports.data.period_counts import FEW
from reports.data.tables.periods import PeriodRow
from reports.figures import style

WINDOW = 7  # days: a whole week, so that weekdays do not show
FEWEST = 4  # days of a window that have data
NAME = f"{WINDOW}-day moving average"  # in pictures
#: what captions add to the name, by column
_POOLED = {
    "mentions": "",
    "share": " (of shares: their matching documents over all their documents)",
    "polarity_mean": f" (the mean of all that is scored in them, {FEW} polarities at least)",
}

Part = tuple[float, float]  # numerator and denominator of a day's value


def moving_average(parts: Sequence[Part | None], *, least: float = 0) -> list[float | None]:
    """Return the sum of the numerators of 7 days over that of their denominators, at the middle.

    None stands for a day without data. A day has no average where its window reaches beyond the
    series, has data of fewer than four days, or denominators of less than *least* in all.
    """
    averages: list[float | None] = [None] * len(parts)
    reach = WINDOW // 2
    for middle in range(reach, len(parts) - reach):
        window = parts[middle - reach : middle + reach + 1]
        in_window = [part for part in window if part is not None]
        total = math.fsum(denominator for _, denominator in in_window)
        if len(in_window) >= FEWEST and total and total >= least:
            averages[middle] = math.fsum(numerator for numerator, _ in in_window) / total
    return averages


def count_part(row: PeriodRow) -> Part | None:
    """Return a day's mentions over one day."""
    return None if row.mentions is None else (row.mentions, 1)


def share_part(row: PeriodRow) -> Part | None:
    """Return a day's matching documents over all."""
    return None if row.matched is None else (row.matched, row.documents)


def polarity_part(row: PeriodRow) -> Part | None:
    """Return the sum of a day's polarities over their number."""
    if row.mentions is None or (row.mentions and row.polarity_mean is None):
        return None
    return (row.polarity_mean or 0.0) * row.mentions, row.mentions


#: by the column that is smoothed
PARTS = {"mentions": count_part, "share": share_part, "polarity_mean": polarity_part}


def draw_smoothed(
    ax: Axes,
    rows: Sequence[PeriodRow],
    *,
    span: style.Range,
    column: str,
    color: str = style.INK,
) -> None:
    """Draw the moving average of *column*; nothing where the series is not of days."""
    if span.grain != Grain.DAY:
        return
    by_day: Mapping[str, Part | None] = {row.period: PARTS[column](row) for row in rows}
    least = FEW if column == "polarity_mean" else 0
    averages = moving_average(list(map(by_day.get, span)), least=least)
    xs = list(map(style.month_number, span))
    for x, y in style.segments(xs, averages):
        ax.plot(x, y, linewidth=1.8, zorder=4, color=color, label="_smoothed")


def explain(grain: Grain, column: str) -> str:
    """Return what a caption says of the line; nothing of other grains than days."""
    if grain != Grain.DAY:
        return ""
    return (
        f" The line is a centred moving average of {WINDOW} days{_POOLED[column]}, drawn where "
        f"{FEWEST} of them have data."
    )
