"""The polarity of every mention of a month, with the month's mean."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures import style
from reports.figures.moods import gaps
from reports.results import PeriodRow

MOST_DOTS = 2000  # of a month's picture
SMALL_DOTS = 300  # of a month's panel on the sheet


@dataclass(frozen=True)
class MonthOfPolarities:
    """A month's mentions in order of publication: when, and how they sound; *known* is False where they are not.

    *mean*, *low* and *high* are the month's mean polarity and its 95 % interval, over all *n* of its mentions.
    """

    period: str
    known: bool
    days: tuple[int, ...]  # day of the month, of each mention
    polarities: tuple[float, ...]
    n: int  # more than there are dots where they were thinned out
    mean: float | None
    low: float | None
    high: float | None


def of_month(row: PeriodRow, scored: Sequence[tuple[int, float]]) -> MonthOfPolarities:
    """The month of *row* with its mentions, ``(day, polarity)``."""
    days, polarities = tuple(day for day, _ in scored), tuple(polarity for _, polarity in scored)
    known = not gaps([row])
    return MonthOfPolarities(
        row.period, known, days, polarities, len(days), row.polarity_mean, row.polarity_low, row.polarity_high
    )


def thinned(month: MonthOfPolarities, most: int) -> MonthOfPolarities:
    """The month with at most about *most* dots, taken at even distances; the mean stays that of all."""
    step = -(-len(month.days) // most)
    if step <= 1:
        return month
    return replace(month, days=month.days[::step], polarities=month.polarities[::step])


def spread(days: Sequence[int]) -> list[float]:
    """Where to draw each mention: side by side within its day, in order, so that none hides another.

    The whole number is the day; a day's k-th of n mentions lies at (k + 1/2)/n of it.
    """
    of_day = Counter(days)
    so_far = Counter[int]()
    places = []
    for day in days:
        places.append(day + (so_far[day] + 0.5) / of_day[day])
        so_far[day] += 1
    return places


def draw_polarities(ax: Axes, month: MonthOfPolarities, *, small: bool = False) -> None:
    """A dot for each mention at its date, the month's mean as a line with its interval."""
    start = style.first_day(month.period)
    length = calendar.monthrange(int(month.period[:4]), int(month.period[5:]))[1]
    shade = 1.0 if month.n >= style.FEW else 0.55
    ax.axhline(0, color=style.HAIR, linewidth=0.8, zorder=0.8, label="_zero")
    if not month.known:
        style.mark_gaps(ax, [month.period])
    ax.scatter(
        [start + place - 1 for place in spread(month.days)],
        month.polarities,
        s=5 if small else 24,
        color=style.BLUE,
        alpha=(0.5 if len(month.days) > 40 else 0.7) * shade,
        linewidths=0,
        zorder=2,
        label="mentions",
    )
    if month.mean is not None:
        if month.low is not None and month.high is not None and month.n >= style.FEW:
            ax.axhspan(
                max(-1.0, month.low),
                min(1.0, month.high),
                color=style.VERMILLION,
                alpha=0.13,
                linewidth=0,
                label="_interval",
            )
        ax.axhline(
            month.mean, color=style.VERMILLION, alpha=shade, linewidth=1.2 if small else 1.8, zorder=3, label="mean"
        )
    ax.set_xlim(start, start + length)
    ax.set_ylim(-1.05, 1.05)
    if not small:
        marks = [1, 5, 10, 15, 20, 25, length]
        ax.set_xticks([start + day - 0.5 for day in marks], [str(day) for day in marks])
        ax.set_yticks([-1, -0.5, 0, 0.5, 1])
        ax.set_xlabel(f"day of {style.month_name(month.period, '%B %Y')}")
        ax.set_ylabel("polarity (\u22121 to 1)")


def month_figure(month: MonthOfPolarities, *, subject: str) -> Figure:
    """One month by itself."""
    figure = Figure(figsize=(6.4, 3.0))  # laid out by hand: all months alike, and there are many
    figure.subplots_adjust(left=0.105, right=0.985, bottom=0.16, top=0.89)
    ax = figure.add_subplot()
    draw_polarities(ax, month)
    said = f"n = {month.n:,}"
    if month.mean is not None:
        said += f" · mean {style.signed(month.mean)}"
    style.title(ax, f"Polarity of {subject}, {style.month_name(month.period, '%B %Y')}", sub=said)
    return figure


def sheet_figure(all_months: Sequence[MonthOfPolarities], *, subject: str) -> Figure:
    """All months on one sheet, to one scale."""
    across = 6 if len(all_months) <= 60 else 12
    across = min(across, len(all_months))
    down = -(-len(all_months) // across)
    figure = style.new_figure(0.6 + 1.25 * down if across <= 6 else 0.6 + 0.85 * down)
    panels = figure.subplots(down, across, sharey=True, squeeze=False)
    for number, ax in enumerate(panels.flat):
        if number >= len(all_months):
            ax.set_axis_off()
            continue
        month = all_months[number]
        draw_polarities(ax, month, small=True)
        ax.set_xticks([])
        ax.set_yticks([-1, 0, 1])
        name = style.month_name(month.period) if across <= 6 else month.period
        ax.set_title(name, fontsize=8 if across <= 6 else 6, fontweight="normal", pad=3)
        n = f"n={month.n:,}" if month.known else "gap"
        ax.text(0.97, 0.03, n, transform=ax.transAxes, ha="right", va="bottom", fontsize=6.5, color=style.MUTED)
    figure.suptitle(
        f"Polarity of {subject}: every mention of every month", x=0.01, ha="left", fontsize=11.5, fontweight="bold"
    )
    return figure
