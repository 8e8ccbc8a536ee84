"""The plot of a chart: two scales, their lines and labels, the signs at them, and the legend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from analysis import grains
from reports.figures import style
from reports.figures.marks import Axis, Chart, Mark
from reports.figures.sheet import HATCHED, Place, Sheet, cut, measure

# Sizes of letters, and the height of a line, in units of a picture.
LABEL, SMALL, LINE = 10.0, 9.5, 12.0
# Labels of dates, or numbers and the name of their axis, have this room below a chart.
BELOW = 2 * LINE + 5
# The name of a row has at most so many letters: the title of its mark has all.
LONGEST_NAME = 26
# A sign of the legend has this width; its entries are so far from each other, in lines so high, and
# have at most so many letters.
_SIGN, _BETWEEN, _LEGEND_LINE, _LONGEST = 11.0, 12.0, 14.0, 48
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class LinearScale:
    """Where numbers from *low* to *high* lie on a sheet; what lies beyond is at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, number: float) -> float:
        """Return where *number* lies."""
        part = (max(self.low, min(self.high, number)) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


class Plot:
    """A chart on a sheet between two corners of its axes, with its scales."""

    def __init__(self, sheet: Sheet, chart: Chart, corner: Place, other: Place) -> None:
        self.sheet, self.chart = sheet, chart
        (self.left, self.top), (self.right, self.bottom) = corner, other
        low, high = find_ends(chart)
        if chart.names:
            self.rows = {name: row for row, name in enumerate(chart.names)}
            self.positions = LinearScale(-0.5, len(chart.names) - 0.5, self.top, self.bottom)
            self.values = LinearScale(low, high, self.left, self.right)
            return

        ends = chart.positions.low, chart.positions.high
        if chart.span is not None:
            ends = style.first_day(chart.span.first), style.day_after(chart.span.last)

        places = [mark.position for layer in chart.layers for mark in layer.marks]
        numbers = [place for place in places if not isinstance(place, str)]
        first, last = _choose_ends(ends, numbers)
        self.positions = LinearScale(first, last, self.left, self.right)
        self.values = LinearScale(low, high, self.bottom, self.top)

    def place(self, position: str | float) -> float:
        """Return where a period, a row or a number lies."""
        if not isinstance(position, str):
            return self.positions(position)

        is_row = bool(self.chart.names)
        return self.positions(self.rows[position] if is_row else style.middle_day(position))

    def room(self, position: str | float) -> float:
        """Return how wide the room of a period is, or how high that of a row."""
        units = 1.0
        if not self.chart.names and isinstance(position, str):
            units = grains.count_days(position)

        scale = self.positions
        return units * abs(scale.end - scale.start) / (scale.high - scale.low)

    def point(self, position: str | float, value: float) -> Place:
        """Return the place of a value."""
        along, up = self.place(position), self.values(value)
        return (up, along) if self.chart.names else (along, up)

    def across(self, value: float) -> tuple[Place, Place]:
        """Return the ends of the line at a value."""
        at = self.values(value)
        if self.chart.names:
            return (at, self.top), (at, self.bottom)

        return (self.left, at), (self.right, at)

    def label(self, mark: Mark, value: float) -> None:
        """Write the mark's label beyond *value*, within the plot's edges."""
        x, y = self.point(mark.position, value)
        if self.chart.names:
            self.sheet.write((x + 5, y + 3), mark.label, SMALL)
        else:
            half = measure(mark.label, SMALL) / 2
            x = min(max(x, self.left + half), self.right - half)
            self.sheet.write((x, y - 3), mark.label, SMALL, style.INK, anchor="middle")


def _choose_ends(
    ends: tuple[float | None, float | None], numbers: Sequence[float]
) -> tuple[float, float]:
    """Return the *ends* of an axis; one that is None follows from the *numbers*."""
    low, high = ends
    low = min(numbers, default=0.0) if low is None else low
    high = max(numbers, default=1.0) if high is None else high
    return (low, high) if high > low else (low, low + 1)


def find_ends(chart: Chart, headroom: float = 0.1) -> tuple[float, float]:
    """Return the ends of a chart's values: all shapes have room, the intervals of few aside.

    The *headroom* above the highest value, and below a lowest one, is a part of the height.
    """
    numbers = [0.0]
    for layer in chart.layers:
        for mark in layer.marks:
            sure = () if mark.is_few else (mark.low, mark.high)
            numbers += [number for number in (mark.value, *sure) if number is not None]

    axis = chart.values
    low, high = _choose_ends((axis.low, axis.high), numbers)
    room = headroom * (high - low)
    is_below = axis.low is None and low < 0
    return low - room if is_below else low, high + room if axis.high is None else high


def list_ticks(axis: Axis, scale: LinearScale, most: int = 5) -> Sequence[float]:
    """Return the labelled places of an axis: by default round numbers."""
    if axis.ticks is not None:
        return axis.ticks

    room = scale.high - scale.low
    power = 10.0 ** math.floor(math.log10(room / most))
    step = next(step * power for step in _STEPS if room / (step * power) <= most)
    step = math.ceil(step) if axis.is_whole else step
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def write_names(sheet: Sheet, names: Sequence[str], right: float, rows: LinearScale) -> None:
    """Write the names of rows, which end at *right*."""
    for row, name in enumerate(names):
        sheet.write((right, rows(row) + 3), cut(name, LONGEST_NAME), LABEL, style.INK, anchor="end")


def draw_axes(plot: Plot, *, has_dates: bool) -> None:
    """Draw the lines and labels of a chart's axes, gaps, and the signs at its upper edge."""
    chart, sheet = plot.chart, plot.sheet
    for start, end in grains.find_stretches(chart.gaps):
        left, right = plot.left, plot.right
        if chart.span is not None:
            left = plot.positions(style.first_day(start))
            # A stretch of a day in years is seen too.
            right = max(plot.positions(style.day_after(end)), left + 1.5)

        sheet.fill_box((left, plot.top), (right, plot.bottom), HATCHED)

    _draw_values(plot)
    if chart.names:
        write_names(sheet, chart.names, plot.left - 5, plot.positions)
    elif chart.span is None:
        for tick in list_ticks(chart.positions, plot.positions):
            _write_below(plot, plot.positions(tick), chart.positions.format(tick))
    elif has_dates:
        most = max(1, int((plot.right - plot.left) / (3.4 * LABEL)))
        for period, label in style.ticks(chart.span, min(most, style.MOST_TICKS)):
            _write_below(plot, plot.place(period), label)

    name = chart.values.name if chart.names else chart.positions.name
    middle = (plot.left + plot.right) / 2
    sheet.write((middle, plot.bottom + 3 + 2 * LINE), name, LABEL, anchor="middle")
    for period in chart.cut_off:
        place = plot.place(period), plot.top - 1
        sheet.write(place, style.CUT_OFF, LINE, style.INK, anchor="middle")

    for period in chart.bulk:
        # The sign of a bulk day points down to its bar.
        x, y = plot.place(period), plot.top
        sheet.fill_area(((x - 3.5, y - 6), (x + 3.5, y - 6), (x, y)), style.VERMILLION)


def _draw_values(plot: Plot) -> None:
    axis, sheet = plot.chart.values, plot.sheet
    for tick in list_ticks(axis, plot.values):
        start, end = plot.across(tick)
        sheet.draw_line((start, end), style.HAIR, 0.7)
        if plot.chart.names:
            _write_below(plot, end[0], axis.format(tick))
        else:
            place = plot.left - 4, start[1] + 3
            sheet.write(place, axis.format(tick), LABEL, anchor="end")

    for rule in plot.chart.rules:
        if plot.values.low <= rule <= plot.values.high:
            sheet.draw_line(plot.across(rule), style.MUTED, 0.8, is_dashed=rule != 0)


def _write_below(plot: Plot, x: float, label: str) -> None:
    plot.sheet.draw_line(((x, plot.bottom), (x, plot.bottom + 3)), style.HAIR)
    place = x, plot.bottom + 4
    plot.sheet.write_lines(place, label.splitlines(), LABEL, anchor="middle")


def draw_legend(sheet: Sheet, meanings: Mapping[str, str], left: float, y: float) -> float:
    """Write each meaning behind its sign, from the base line *y* on; return where it ends.

    A sign is a colour, a pattern, or a single letter.
    """
    x = left
    for meaning, sign in meanings.items():
        text = cut(meaning, _LONGEST)
        width = _SIGN + 4 + measure(text, SMALL)
        if x > left and x + width > sheet.width:
            x, y = left, y + _LEGEND_LINE
        with sheet.part("g", f' class="meaning" data-series="{escape(meaning)}">'):
            if len(sign) == 1:
                ink = style.VERMILLION if sign == style.BULK_DAY else style.INK
                sheet.write((x + _SIGN / 2, y), sign, SMALL + 1, ink, anchor="middle")
            else:
                sheet.fill_box((x, y - 7.5), (x + _SIGN, y), sign, edge=style.HAIR)

            sheet.write((x + _SIGN + 4, y), text, SMALL)

        x += width + _BETWEEN

    return y + 5
