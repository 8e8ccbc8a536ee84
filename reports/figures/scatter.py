"""The polarity of every mention of a month, with the month's mean."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.figures import style
from reports.figures.polarity import gaps
from reports.tables.periods import PeriodRow

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
        row.period,
        known,
        days,
        polarities,
        len(days),
        row.polarity_mean,
        row.polarity_low,
        row.polarity_high,
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


def draw_polarities(ax: Axes, month: MonthOfPolarities) -> None:
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
        s=24,
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
            month.mean, color=style.VERMILLION, alpha=shade, linewidth=1.8, zorder=3, label="mean"
        )
    ax.set_xlim(start, start + length)
    ax.set_ylim(-1.05, 1.05)
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


@dataclass(frozen=True)
class Panel:
    """Where a month lies on the sheet: its left edge and the height of its zero; it is 1 wide and 2 high."""

    left: float
    zero: float


def panels(months: int, across: int) -> list[Panel]:
    """The places of so many months, row by row from the top."""
    return [Panel(1.08 * (number % across), -3.0 * (number // across)) for number in range(months)]


def draw_sheet(ax: Axes, all_months: Sequence[MonthOfPolarities], *, across: int) -> None:
    """A small scatter for each month, *across* in a row, all to one scale, on one pair of axes.

    A pair of axes for each would take a tenth of a second a month.
    """
    places = panels(len(all_months), across)
    dots: list[tuple[float, float]] = []
    colors: list[tuple[float, float, float, float]] = []
    for month, at in zip(all_months, places, strict=True):
        start, end = style.first_day(month.period), style.first_day(style.after(month.period))
        length = end - start
        dots += [
            (at.left + (place - 1) / length, at.zero + polarity)
            for place, polarity in zip(spread(month.days), month.polarities, strict=True)
        ]
        shade = 1.0 if month.n >= style.FEW else 0.55
        colors += [to_rgba(style.BLUE, (0.5 if len(month.days) > 40 else 0.7) * shade)] * len(
            month.days
        )
        if not month.known:
            gap = Rectangle((at.left, at.zero - 1), 1, 2, label="_gap", **style.GAP_LOOK)
            ax.add_patch(gap)
        name = style.month_name(month.period) if across <= 6 else month.period
        ax.text(
            at.left,
            at.zero + 1.12,
            name,
            fontsize=8 if across <= 6 else 6,
            va="bottom",
            color=style.INK,
        )
        n = f"n={month.n:,}" if month.known else "gap"
        ax.text(
            at.left + 1,
            at.zero + 1.12,
            n,
            ha="right",
            va="bottom",
            fontsize=6.5 if across <= 6 else 5,
            color=style.MUTED,
        )
    ax.scatter(
        [x for x, _ in dots],
        [y for _, y in dots],
        s=5,
        color=colors,
        linewidths=0,
        zorder=2,
        label="mentions",
    )
    _lines(ax, all_months, places)
    for at in places[::across]:
        for value in (-1, 0, 1):
            text = f"{value}".replace("-", "\u2212")
            ax.text(
                at.left - 0.04,
                at.zero + value,
                text,
                ha="right",
                va="center",
                fontsize=7.5,
                color=style.MUTED,
            )
    ax.set_xlim(-0.2, 1.08 * across)
    ax.set_ylim(places[-1].zero - 1.1, 1.6)
    ax.set_axis_off()


def _lines(ax: Axes, all_months: Sequence[MonthOfPolarities], places: Sequence[Panel]) -> None:
    zeros = [[(at.left, at.zero), (at.left + 1, at.zero)] for at in places]
    frames = [
        [(at.left, at.zero + 1), (at.left, at.zero - 1), (at.left + 1, at.zero - 1)]
        for at in places
    ]
    ax.add_collection(
        LineCollection(zeros, colors=style.HAIR, linewidths=0.8, zorder=0.8, label="_zero")
    )
    ax.add_collection(
        LineCollection(frames, colors=style.MUTED, linewidths=0.7, zorder=1, label="_frames")
    )
    with_mean = [
        (m, at, m.mean) for m, at in zip(all_months, places, strict=True) if m.mean is not None
    ]
    means = [
        [(at.left, at.zero + mean), (at.left + 1, at.zero + mean)] for _, at, mean in with_mean
    ]
    shades = [to_rgba(style.VERMILLION, 1.0 if m.n >= style.FEW else 0.55) for m, *_ in with_mean]
    ax.add_collection(LineCollection(means, colors=shades, linewidths=1.2, zorder=3, label="mean"))


def sheet_figure(all_months: Sequence[MonthOfPolarities], *, subject: str) -> Figure:
    """All months on one sheet, to one scale."""
    across = min(6 if len(all_months) <= 60 else 12, max(3, len(all_months)))
    down = -(-len(all_months) // across)
    height = 0.4 + (1.3 if across <= 6 else 0.85) * down
    figure = Figure(figsize=(style.WIDTH, height))
    ax = figure.add_axes((0.005, 0.02, 0.99, 1 - 0.42 / height))
    draw_sheet(ax, all_months, across=across)
    figure.suptitle(
        f"Polarity of {subject}: every mention of every month",
        x=0.01,
        y=1 - 0.08 / height,
        ha="left",
        va="top",
        fontsize=11.5,
        fontweight="bold",
    )
    return figure
