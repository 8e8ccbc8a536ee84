"""The polarity of every mention of a month, with the month's mean."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.data.period_counts import FEW
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.polarity import gaps
from reports.figures.spec import FigureSpec, Subject
from reports.words.periods import month_name
from reports.words.quantities import quantity, signed
from reports.words.scales import UNCHECKED, with_scale

MOST_DOTS = 2000  # of a month's picture
SMALL_DOTS = 300  # of a month's panel on the sheet

_DOTS: style.Look = {"linewidths": 0, "zorder": 2, "label": "mentions"}
_INTERVAL: style.Look = {"color": style.VERMILLION, "alpha": 0.13, "linewidth": 0}
_MEAN: style.Look = {"color": style.VERMILLION, "linewidth": 1.8, "zorder": 3, "label": "mean"}
_RIGHT: style.Look = {"ha": "right", "color": style.MUTED}


@dataclass(frozen=True)
class MonthOfPolarities:
    """A month's mentions in order of publication; *has_polarity* is False in a gap.

    *mean*, *low* and *high* are the mean polarity and its 95 % interval, over all *n* mentions.
    """

    period: str
    has_polarity: bool
    days: tuple[int, ...]  # day of the month, of each mention
    polarities: tuple[float, ...]
    n: int  # more than there are dots where they were thinned out
    mean: float | None
    low: float | None
    high: float | None

    @property
    def length(self) -> int:
        """Days of the month."""
        return calendar.monthrange(int(self.period[:4]), int(self.period[5:]))[1]

    @property
    def shade(self) -> float:
        """How opaque the month is drawn."""
        return 1.0 if self.n >= FEW else 0.55

    @property
    def opacity(self) -> float:
        """How opaque its dots are drawn."""
        return (0.5 if len(self.days) > 40 else 0.7) * self.shade


def of_month(row: PeriodRow, scored: Sequence[tuple[int, float]]) -> MonthOfPolarities:
    """Return the month of *row* with its mentions, ``(day, polarity)``."""
    days, polarities = zip(*scored, strict=True) if scored else ((), ())
    interval = (row.polarity_mean, row.polarity_low, row.polarity_high)
    return MonthOfPolarities(row.period, not gaps([row]), days, polarities, len(scored), *interval)


def thin_out(month: MonthOfPolarities, most: int) -> MonthOfPolarities:
    """Return the month with about *most* dots, taken evenly; the mean stays that of all."""
    step = -(-len(month.days) // most)
    if step <= 1:
        return month
    return replace(month, days=month.days[::step], polarities=month.polarities[::step])


def spread(days: Sequence[int]) -> list[float]:
    """Return where to draw each mention: side by side within its day, in order.

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
    """Draw a dot for each mention at its date, and the month's mean as a line."""
    start = style.first_day(month.period)
    ax.axhline(0, color=style.HAIR, linewidth=0.8, zorder=0.8, label="_zero")
    if not month.has_polarity:
        style.mark_gaps(ax, [month.period])

    xs = [start + place - 1 for place in spread(month.days)]
    ax.scatter(xs, month.polarities, s=24, color=style.BLUE, alpha=month.opacity, **_DOTS)
    if month.mean is not None:
        if month.low is not None and month.high is not None and month.n >= FEW:
            ax.axhspan(max(-1.0, month.low), min(1.0, month.high), label="_interval", **_INTERVAL)
        ax.axhline(month.mean, alpha=month.shade, **_MEAN)

    ax.set_xlim(start, start + month.length)
    ax.set_ylim(-1.05, 1.05)
    marks = [1, 5, 10, 15, 20, 25, month.length]
    ax.set_xticks(np.array(marks) + (start - 0.5), list(map(str, marks)))
    ax.set_yticks([-1, -0.5, 0, 0.5, 1])
    ax.set_xlabel(f"day of {month_name(month.period, '%B %Y')}")
    ax.set_ylabel("polarity (\u22121 to 1)")


def month_figure(subject: Subject, month: MonthOfPolarities) -> Figure:
    """Return one month by itself."""
    figure = Figure(figsize=(6.4, 3.0))  # laid out by hand: all months alike, and there are many
    figure.subplots_adjust(left=0.105, right=0.985, bottom=0.16, top=0.89)
    ax = figure.add_subplot()
    draw_polarities(ax, month)

    sub = f"n = {month.n:,}"
    if month.mean is not None:
        sub += f" · mean {signed(month.mean)}"
    style.title(ax, f"Polarity of {subject.name}, {month_name(month.period, '%B %Y')}", sub=sub)
    return figure


def month_spec(
    subject: Subject, month: MonthOfPolarities, *, scale: str = UNCHECKED
) -> FigureSpec | None:
    """Declare the figure of a month's polarities."""
    if not month.days:
        return None

    thinned = thin_out(month, MOST_DOTS)
    caption = (
        "Each dot is a sentence that mentions it, side by side within its day; the line is the "
        "mean, the band its 95 % interval (from five mentions on)."
    )
    if thinned is not month:
        caption += f" One dot in {month.n / len(thinned.days):.1f} is drawn."
    return FigureSpec(
        name=f"{subject.slug}-{month.period}-polarity",
        draw=partial(month_figure, subject, thinned),
        alt=f"Scatter of the polarity of {quantity(month.n, 'mention')} of {subject.name} by day "
        f"of {month_name(month.period, '%B %Y')}.",
        caption=with_scale(caption, scale),
        layout="chart month",
        has_png=False,
    )


@dataclass(frozen=True)
class Panel:
    """Where a month lies on the sheet, 1 wide and 2 high: its left edge, the height of its zero."""

    left: float
    zero: float


def panels(months: int, across: int) -> list[Panel]:
    """Return the places of so many months, row by row from the top."""
    return [Panel(1.08 * (number % across), -3.0 * (number // across)) for number in range(months)]


def draw_sheet(ax: Axes, all_months: Sequence[MonthOfPolarities], *, across: int) -> None:
    """Draw a small scatter for each month, *across* in a row, to one scale, on one pair of axes.

    A pair of axes for each would take a tenth of a second a month.
    """
    places = panels(len(all_months), across)
    xs: list[float] = []
    ys: list[float] = []
    colors: list[tuple[float, float, float, float]] = []
    for month, at in zip(all_months, places, strict=True):
        for place, polarity in zip(spread(month.days), month.polarities, strict=True):
            xs.append(at.left + (place - 1) / month.length)
            ys.append(at.zero + polarity)
        colors += [to_rgba(style.BLUE, month.opacity)] * len(month.days)
        _label_panel(ax, month, at, is_large=across <= 6)

    ax.scatter(xs, ys, s=5, color=colors, **_DOTS)
    _draw_lines(ax, all_months, places)

    for at in places[::across]:
        for value, text in ((-1, "\u22121"), (0, "0"), (1, "1")):
            ax.text(at.left - 0.04, at.zero + value, text, va="center", fontsize=7.5, **_RIGHT)
    ax.set_xlim(-0.2, 1.08 * across)
    ax.set_ylim(places[-1].zero - 1.1, 1.6)
    ax.set_axis_off()


def _label_panel(ax: Axes, month: MonthOfPolarities, at: Panel, *, is_large: bool) -> None:
    """Write a month's name and n above its panel, and hatch it where there is no polarity."""
    if not month.has_polarity:
        gap = Rectangle((at.left, at.zero - 1), 1, 2, label="_gap", **style.GAP_LOOK)
        ax.add_patch(gap)

    top = at.zero + 1.12
    name = month_name(month.period) if is_large else month.period
    n = f"n={month.n:,}" if month.has_polarity else "gap"
    sizes = (8.0, 6.5) if is_large else (6.0, 5.0)
    ax.text(at.left, top, name, fontsize=sizes[0], va="bottom", color=style.INK)
    ax.text(at.left + 1, top, n, fontsize=sizes[1], va="bottom", **_RIGHT)


def _draw_lines(ax: Axes, all_months: Sequence[MonthOfPolarities], places: Sequence[Panel]) -> None:
    """Draw each panel's frame, its zero and its mean."""
    zeros, frames, means, shades = [], [], [], []
    for month, at in zip(all_months, places, strict=True):
        left, right, zero = at.left, at.left + 1, at.zero
        zeros.append([(left, zero), (right, zero)])
        frames.append([(left, zero + 1), (left, zero - 1), (right, zero - 1)])
        if month.mean is not None:
            means.append([(left, zero + month.mean), (right, zero + month.mean)])
            shades.append(to_rgba(style.VERMILLION, month.shade))

    for label, lines, colors, width, zorder in (
        ("_zero", zeros, style.HAIR, 0.8, 0.8),
        ("_frames", frames, style.MUTED, 0.7, 1),
        ("mean", means, shades, 1.2, 3),
    ):
        look: style.Look = {"linewidths": width, "zorder": zorder, "label": label}
        ax.add_collection(LineCollection(lines, colors=colors, **look))


def sheet_figure(
    subject: Subject, all_months: Sequence[MonthOfPolarities], year: str = ""
) -> Figure:
    """Return all months, or those of a *year*, on one sheet, to one scale."""
    across = min(6 if len(all_months) <= 60 else 12, max(3, len(all_months)))
    down = -(-len(all_months) // across)
    height = 0.4 + (1.3 if across <= 6 else 0.85) * down
    figure = Figure(figsize=(style.WIDTH, height))
    ax = figure.add_axes((0.005, 0.02, 0.99, 1 - 0.42 / height))
    draw_sheet(ax, all_months, across=across)

    title = f"Polarity of {subject.name}: every mention of every month"
    if year:
        title = f"Polarity of {subject.name}, {year}: every mention"
    style.figure_title(figure, title, y=1 - 0.08 / height, va="top")
    return figure


def sheet_spec(
    subject: Subject,
    all_months: Sequence[MonthOfPolarities],
    *,
    scale: str = UNCHECKED,
    year: str = "",
) -> FigureSpec | None:
    """Declare the figure of all months' polarities, or of those of a *year*."""
    if not any(month.has_polarity and month.n for month in all_months):
        return None

    is_thinned = any(month.n > len(month.days) for month in all_months)
    of_large = f", of large months {SMALL_DOTS} at even distances" if is_thinned else ""
    return FigureSpec(
        name=f"{subject.slug}-{year}-sheet" if year else f"{subject.slug}-sheet",
        draw=partial(sheet_figure, subject, all_months, *filter(None, [year])),
        has_png=not year,
        alt=f"A small scatter of polarity for each month: {quantity(len(all_months), 'month')} to "
        "one scale.",
        caption=with_scale(
            f"Every mention of every month, on equal axes{of_large}; the line is the mean of all "
            "the month's mentions. Dots and lines are lighter where n < 5; hatched "
            "months have no data.",
            scale,
        ),
    )
