"""The polarity of a month's mentions as one picture.

It is an SVG written by hand: a run has one for each keyword and month, all look alike, and
matplotlib takes fifty times as long for the same picture.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import matplotlib as mpl
from matplotlib.figure import Figure

from reports.data.period_counts import polarity_gaps
from reports.data.tables.periods import PeriodRow
from reports.figures import fonts, lettering, style
from reports.figures.small_print import PNG_DPI, POINTS
from reports.figures.spec import FigureSpec, Subject
from reports.words.periods import month_name
from reports.words.quantities import quantity, signed
from reports.words.scales import UNCHECKED, with_scale

# A month's picture has about this many dots at most.
MOST_DOTS = 2000

# All places and sizes are in points. The dots lie between these edges.
_WIDTH, _HEIGHT = 460.8, 216.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.4, 453.9, 23.8, 181.4

# A little room is left above and below the polarities of 1 and -1.
_HIGHEST = 1.05

_RADIUS = 2.45
_TICK_LENGTH = 3.5
_SMALL, _LABEL, _TITLE = 9.0, 9.5, 11.5

# Text stands on these lines; the name of the vertical axis is turned, and its line is a place from
# the left.
_TITLE_LINE, _DAYS_LINE, _MONTH_LINE, _AXIS_LINE = 13.8, 195.3, 208.7, 16.7

# A line of small figures is so much lower than its middle.
_HALF_FIGURE = 3.4

_POLARITY = "polarity (\u22121 to 1)"
_LEVELS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_MARKED_DAYS = (1, 5, 10, 15, 20, 25)

# What "start", "middle" and "end" mean for the place of a line of text.
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    f'width="{_WIDTH / POINTS * PNG_DPI:g}" height="{_HEIGHT / POINTS * PNG_DPI:g}" '
    f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}">'
)
_FRAME = f'<clipPath id="frame"><path d="M{_LEFT} {_TOP}H{_RIGHT}V{_BOTTOM}H{_LEFT}z"/></clipPath>'
_HATCHES = (
    '<pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="6" fill="{style.GAP}"/>'
    f'<path d="M0 6L6 0" stroke="{style.GAP_LOOK["edgecolor"]}"/></pattern>'
)


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
        draw=partial(draw_month, subject, thinned),
        alt=f"Scatter of the polarity of {quantity(month.n, 'mention')} of {subject.name} by day "
        f"of {month_name(month.period, '%B %Y')}.",
        caption=with_scale(caption, scale),
        layout="chart month",
        draw_again=partial(month_figure, subject, thinned),
    )


def draw_month(subject: Subject, month: MonthOfPolarities) -> bytes:
    """Draw a dot for each mention at its date, and the month's mean as a line."""
    outlines = lettering.Outlines()
    edges = _stroke([f"M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}"], style.MUTED, 0.8)
    drawn = [*_draw_axes(month, outlines), *_draw_polarities(month), edges]
    title, count_text = style.without_undrawable(_title(subject, month)), _count_text(month)
    drawn += [
        _write(outlines, title, _LEFT, _TITLE_LINE, _TITLE, ink=style.INK, is_bold=True),
        _write(outlines, count_text, _RIGHT, _TITLE_LINE, _SMALL, anchor="end"),
    ]

    paper = f'<rect width="{_WIDTH:g}" height="{_HEIGHT:g}" fill="#fff"/>'
    definitions = [_FRAME, _HATCHES, outlines.define()]
    svg = "\n".join([_SVG, *definitions, paper, *drawn, "</svg>"])
    return f"{svg}\n".encode()


def month_figure(subject: Subject, month: MonthOfPolarities) -> Figure:
    """Return the same picture as matplotlib draws it, which a PNG takes."""
    figure = Figure(figsize=(_WIDTH / POINTS, _HEIGHT / POINTS))
    width, height = (_RIGHT - _LEFT) / _WIDTH, (_BOTTOM - _TOP) / _HEIGHT
    ax = figure.add_axes((_LEFT / _WIDTH, 1 - _BOTTOM / _HEIGHT, width, height))
    if not month.has_polarity:
        ax.axvspan(1, month.length + 1, **style.GAP_LOOK)

    dots: style.Look = {"s": (2 * _RADIUS) ** 2, "alpha": month.opacity, "linewidths": 0}
    ax.scatter(spread(month.days), month.polarities, color=style.BLUE, zorder=2, **dots)
    if (ends := _interval(month)) is not None:
        ax.axhspan(*ends, color=style.VERMILLION, alpha=0.13, linewidth=0)
    if month.mean is not None:
        ax.axhline(month.mean, color=style.VERMILLION, alpha=month.shade, zorder=3)

    days = (*_MARKED_DAYS, month.length)
    ax.set_xticks([day + 0.5 for day in days], map(str, days))
    ax.set(xlim=(1, month.length + 1), ylim=(-_HIGHEST, _HIGHEST), yticks=_LEVELS)
    ax.set(xlabel=f"day of {month_name(month.period, '%B %Y')}", ylabel=_POLARITY)
    style.title(ax, _title(subject, month), sub=_count_text(month))
    return figure


def _title(subject: Subject, month: MonthOfPolarities) -> str:
    return f"Polarity of {subject.name}, {month_name(month.period, '%B %Y')}"


def _count_text(month: MonthOfPolarities) -> str:
    return f"n = {month.n:,}" + ("" if month.mean is None else f" · mean {signed(month.mean)}")


def _interval(month: MonthOfPolarities) -> tuple[float, float] | None:
    """Return the mean's interval, cut to the range of polarity; None of few mentions."""
    if month.low is None or month.high is None or month.n < style.FEW:
        return None

    return max(-1.0, month.low), min(1.0, month.high)


def _draw_axes(month: MonthOfPolarities, outlines: lettering.Outlines) -> list[str]:
    """Draw the lines and the labels of polarities, and the marks and the labels of days."""
    gap = f'<path d="M{_LEFT} {_TOP}H{_RIGHT}V{_BOTTOM}H{_LEFT}z" fill="url(#gap)"/>'
    drawn = [] if month.has_polarity else [gap]

    levels = [f"M{_LEFT} {_height(level):.1f}H{_RIGHT}" for level in _LEVELS]
    drawn.append(_stroke(levels, style.HAIR, 0.7))
    label_end = _LEFT - _TICK_LENGTH
    for level in _LEVELS:
        label = f"{level:.1f}".replace("-", "\u2212")
        line = _height(level) + _HALF_FIGURE
        drawn.append(_write(outlines, label, label_end, line, _SMALL, anchor="end"))

    marks = []
    for day in (*_MARKED_DAYS, month.length):
        middle = _across(month, day + 0.5)
        marks.append(f"M{middle:.1f} {_BOTTOM}v{_TICK_LENGTH}")
        drawn.append(_write(outlines, str(day), middle, _DAYS_LINE, _SMALL, anchor="middle"))

    drawn.append(_stroke(marks, style.MUTED, 0.8))

    days = f"day of {month_name(month.period, '%B %Y')}"
    middle = (_LEFT + _RIGHT) / 2
    axis_name = _write(outlines, _POLARITY, 0, 0, _LABEL, anchor="middle")
    turn = f"translate({_AXIS_LINE},{_height(0):.1f})rotate(-90)"
    drawn += [
        _write(outlines, days, middle, _MONTH_LINE, _LABEL, anchor="middle"),
        f'<g transform="{turn}">{axis_name}</g>',
    ]
    return drawn


def _draw_polarities(month: MonthOfPolarities) -> list[str]:
    """Draw the interval, the dots and the mean, none beyond the edges."""
    drawn = ['<g clip-path="url(#frame)">', _stroke([f"M{_LEFT} {_height(0):.1f}H{_RIGHT}"])]
    if (ends := _interval(month)) is not None:
        bottom, top = map(_height, ends)
        band = f"M{_LEFT} {top:.1f}H{_RIGHT}V{bottom:.1f}H{_LEFT}z"
        drawn.append(f'<path d="{band}" fill="{style.VERMILLION}" fill-opacity="0.13"/>')

    drawn.append(f'<defs><circle id="dot" r="{_RADIUS}"/></defs>')
    drawn.append(f'<g fill="{style.BLUE}" fill-opacity="{month.opacity:g}">')
    for position, polarity in zip(spread(month.days), month.polarities, strict=True):
        x, y = _across(month, position), _height(polarity)
        drawn.append(f'<use xlink:href="#dot" x="{x:.1f}" y="{y:.1f}"/>')

    drawn.append("</g>")

    if month.mean is not None:
        mean = [f"M{_LEFT} {_height(month.mean):.1f}H{_RIGHT}"]
        drawn.append(_stroke(mean, style.VERMILLION, 1.8, opacity=month.shade))

    drawn.append("</g>")
    return drawn


def _across(month: MonthOfPolarities, position: float) -> float:
    """Return where a position in the month lies; its first day begins at 1."""
    return _LEFT + (position - 1) / month.length * (_RIGHT - _LEFT)


def _height(polarity: float) -> float:
    return _TOP + (_HIGHEST - polarity) / (2 * _HIGHEST) * (_BOTTOM - _TOP)


def _stroke(
    paths: Sequence[str], ink: str = style.HAIR, width: float = 0.8, *, opacity: float = 1.0
) -> str:
    faint = "" if opacity == 1.0 else f' stroke-opacity="{opacity:g}"'
    look = f'fill="none" stroke="{ink}" stroke-width="{width}"{faint}'
    return f'<path d="{"".join(paths)}" {look}/>'


def _write(
    outlines: lettering.Outlines,
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    ink: str = style.MUTED,
    anchor: str = "start",
    is_bold: bool = False,
) -> str:
    """Write a line of *text* with letters of *size* points; *x* is its start, middle or end."""
    weight = "bold" if is_bold else "normal"
    families = mpl.rcParams["font.family"]
    paths = tuple([fonts.font_path(family, weight) for family in families])
    line = lettering.set_line(text, paths)
    scale = size / lettering.UNITS
    moved = _ANCHORS[anchor] * (line.left + line.right) * scale
    move = f"translate({x - moved:.2f},{y:.2f})scale({scale:g},{-scale:g})"
    return f'<g fill="{ink}" transform="{move}">{outlines.write(line)}</g>'
