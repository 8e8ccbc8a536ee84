"""The line through the series of days: a centred moving average, named where it is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from core.enums import Grain
from reports.figures import style
from reports.tables.periods import PeriodRow

WINDOW = 7  # days: a whole week, so that weekdays do not show
FEWEST = 4  # days of a window that have data
EXPLANATION = (
    f" The line is a centred moving average of {WINDOW} days, each day's weight its n; it is drawn "
    f"where {FEWEST} of them have data."
)

Part = tuple[float, float]  # numerator and denominator of a day's value


def moving_average(parts: Sequence[Part | None]) -> list[float | None]:
    """Return the sum of the numerators of 7 days over that of their denominators, at the middle.

    None stands for a day without data. A day whose window reaches beyond the series, or has data
    of fewer than four days, has no average.
    """
    averages: list[float | None] = [None] * len(parts)
    reach = WINDOW // 2
    for middle in range(reach, len(parts) - reach):
        window = parts[middle - reach : middle + reach + 1]
        known = [part for part in window if part is not None]
        total = math.fsum(denominator for _, denominator in known)
        if len(known) >= FEWEST and total:
            averages[middle] = math.fsum(numerator for numerator, _ in known) / total
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
    label: str = "_smoothed",
) -> None:
    """Draw the moving average of *column*; nothing where the series is not of days."""
    if span.grain != Grain.DAY:
        return
    by_day: Mapping[str, Part | None] = {row.period: PARTS[column](row) for row in rows}
    averages = moving_average(list(map(by_day.get, span)))
    xs = list(map(style.month_number, span))
    for x, y in style.segments(xs, averages):
        ax.plot(x, y, linewidth=1.8, zorder=4, color=color, label=label)
        label = "_more"


def explain(grain: Grain) -> str:
    """Return what a caption says of the line; nothing of other grains than days."""
    return EXPLANATION if grain == Grain.DAY else ""
