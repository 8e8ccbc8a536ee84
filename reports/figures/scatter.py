"""The polarity of every mention, month by month, with each month's mean."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.data.period_counts import polarity_gaps
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.spec import FigureSpec, Subject
from reports.words.periods import month_name
from reports.words.quantities import quantity
from reports.words.scales import UNCHECKED, with_scale

# A month's panel on the sheet has about this many dots at most.
SMALL_DOTS = 300

_DOTS: style.Look = {"linewidths": 0, "zorder": 2, "label": "mentions"}
_RIGHT: style.Look = {"ha": "right", "color": style.MUTED}


@dataclass(frozen=True)
class MonthOfPolarities:
    """A month's mentions in order of publication; *has_polarity* is False in a gap.

    *mean*, *low* and *high* are the mean polarity and its 95 % interval, over all *n* mentions.
    """

    period: str
    has_polarity: bool

    # Each mention has its day of the month.
    days: tuple[int, ...]
    polarities: tuple[float, ...]

    # There are more mentions than dots if the dots were thinned out.
    n: int
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
        return 1.0 if self.n >= style.FEW else 0.55

    @property
    def opacity(self) -> float:
        """How opaque its dots are drawn."""
        return (0.5 if len(self.days) > 40 else 0.7) * self.shade


def of_month(period_row: PeriodRow, scored: Sequence[tuple[int, float]]) -> MonthOfPolarities:
    """Return the month of *period_row* with its mentions, ``(day, polarity)``."""
    days, polarities = zip(*scored, strict=True) if scored else ((), ())
    return MonthOfPolarities(
        period=period_row.period,
        has_polarity=not polarity_gaps([period_row]),
        days=days,
        polarities=polarities,
        n=len(scored),
        mean=period_row.polarity_mean,
        low=period_row.polarity_low,
        high=period_row.polarity_high,
    )


def thin_out(month: MonthOfPolarities, most: int) -> MonthOfPolarities:
    """Return the month with about *most* dots, taken evenly; the mean stays that of all."""
    step = -(-len(month.days) // most)
    if step <= 1:
        return month

    return replace(month, days=month.days[::step], polarities=month.polarities[::step])


def spread(days: Sequence[int]) -> list[float]:
    """Return the position of each mention: side by side within its day, in order.

    The whole number is the day. Of n mentions on a day, the k-th lies at (k + 1/2)/n of the day.
    """
    day_totals = Counter(days)
    so_far = Counter[int]()
    positions = []
    for day in days:
        positions.append(day + (so_far[day] + 0.5) / day_totals[day])
        so_far[day] += 1

    return positions


@dataclass(frozen=True)
class Panel:
    """The place of a month on the sheet, 1 wide and 2 high: its left edge, its zero's height."""

    left: float
    zero: float


def panels(months: int, across: int) -> list[Panel]:
    """Return the panels of *months* months, row by row from the top."""
    return [Panel(1.08 * (index % across), -3.0 * (index // across)) for index in range(months)]


def draw_sheet(ax: Axes, all_months: Sequence[MonthOfPolarities], *, across: int) -> None:
    """Draw a small scatter for each month, *across* in a row, to one scale, on one pair of axes.

    A pair of axes for each would take a tenth of a second a month.
    """
    month_panels = panels(len(all_months), across)
    xs: list[float] = []
    ys: list[float] = []
    colors: list[tuple[float, float, float, float]] = []
    for month, panel in zip(all_months, month_panels, strict=True):
        for position, polarity in zip(spread(month.days), month.polarities, strict=True):
            xs.append(panel.left + (position - 1) / month.length)
            ys.append(panel.zero + polarity)

        colors += [to_rgba(style.BLUE, month.opacity)] * len(month.days)
        _label_panel(ax, month, panel, is_large=across <= 6)

    ax.scatter(xs, ys, s=5, color=colors, **_DOTS)
    _draw_lines(ax, all_months, month_panels)

    for panel in month_panels[::across]:
        for level, text in ((-1, "\u22121"), (0, "0"), (1, "1")):
            ax.text(
                panel.left - 0.04, panel.zero + level, text, va="center", fontsize=7.5, **_RIGHT
            )

    ax.set_xlim(-0.2, 1.08 * across)
    ax.set_ylim(month_panels[-1].zero - 1.1, 1.6)
    ax.set_axis_off()


def _label_panel(ax: Axes, month: MonthOfPolarities, panel: Panel, *, is_large: bool) -> None:
    """Write a month's name and n above its panel, and hatch the panel without polarities."""
    if not month.has_polarity:
        gap = Rectangle((panel.left, panel.zero - 1), 1, 2, label="_gap", **style.GAP_LOOK)
        ax.add_patch(gap)

    top = panel.zero + 1.12
    label = month_name(month.period) if is_large else month.period
    count_text = f"n={month.n:,}" if month.has_polarity else "gap"
    sizes = (8.0, 6.5) if is_large else (6.0, 5.0)
    ax.text(panel.left, top, label, fontsize=sizes[0], va="bottom", color=style.INK)
    ax.text(panel.left + 1, top, count_text, fontsize=sizes[1], va="bottom", **_RIGHT)


def _draw_lines(
    ax: Axes, all_months: Sequence[MonthOfPolarities], month_panels: Sequence[Panel]
) -> None:
    """Draw each panel's frame, its zero and its mean."""
    zeros, frames, means, shades = [], [], [], []
    for month, panel in zip(all_months, month_panels, strict=True):
        left, right, zero = panel.left, panel.left + 1, panel.zero
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

    title = f"Polarity of {subject.name}: the mentions of every month"
    if year:
        title = f"Polarity of {subject.name}, {year}: the mentions of every month"

    style.figure_title(figure, title, y=1 - 0.08 / height, va="top")
    return figure


def sheet_spec(
    subject: Subject,
    all_months: Sequence[MonthOfPolarities],
    *,
    scale: str = UNCHECKED,
    year: str = "",
) -> FigureSpec | None:
    """Declare the figure of the polarities of all months, or of a *year*'s months."""
    if not any(month.has_polarity and month.n for month in all_months):
        return None

    is_thinned = any(month.n > len(month.days) for month in all_months)
    thinning_note = f", of large months {SMALL_DOTS} at even distances" if is_thinned else ""
    return FigureSpec(
        name=f"{subject.slug}-{year}-sheet" if year else f"{subject.slug}-sheet",
        draw=partial(sheet_figure, subject, all_months, year),
        has_png=not year,
        alt=f"A small scatter of polarity for each month: {quantity(len(all_months), 'month')} to "
        "one scale.",
        caption=with_scale(
            f"Every mention of every month, on equal axes{thinning_note}; the line is the mean of "
            "all the month's mentions. Dots and lines are lighter where n < 5; hatched "
            "months have no data.",
            scale,
        ),
    )
