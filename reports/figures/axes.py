"""The frame of a chart: two scales, their lines and labels, and the signs above and below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis import grains
from reports.figures import style
from reports.figures.marks import Axis, Chart, Mark
from reports.figures.sheet import HATCHED, Place, Sheet, measure

# Sizes of letters, and the height of a line, in units of a picture.
LABEL, SMALL, LINE = 10.0, 9.5, 12.0
# Labels of dates, or numbers and the name of their axis, have this room below a chart.
BELOW = 2 * LINE + 5
# The name of a row is cut to so many letters: the whole one is in the title of its mark.
_LONGEST_NAME = 26
# Above the highest value, and below the lowest, is this part of the height.
_HEADROOM = 0.1
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """Where numbers from *low* to *high* lie on a sheet; what lies beyond is at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, number: float) -> float:
        """Return where *number* lies."""
        part = (max(self.low, min(self.high, number)) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


class Frame:
    """A chart on a sheet between two corners of its axes, with its scales."""

    def __init__(self, sheet: Sheet, chart: Chart, corner: Place, other: Place) -> None:
        self.sheet, self.chart = sheet, chart
        (self.left, self.top), (self.right, self.bottom) = corner, other
        low, high = find_ends(chart)
        if chart.names:
            self.rows = {name: row for row, name in enumerate(chart.names)}
            self.positions = Scale(-0.5, len(chart.names) - 0.5, self.top, self.bottom)
            self.values = Scale(low, high, self.left, self.right)
            return

        ends = chart.positions.low, chart.positions.high
        if chart.span is not None:
            ends = style.first_day(chart.span.first), style.day_after(chart.span.last)

        places = [mark.position for layer in chart.layers for mark in layer.marks]
        numbers = [place for place in places if not isinstance(place, str)]
        first, last = _choose_ends(ends, numbers)
        self.positions = Scale(first, last, self.left, self.right)
        self.values = Scale(low, high, self.bottom, self.top)

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
        """Write the mark's label beyond *value*, within the frame's edges."""
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


def find_ends(chart: Chart) -> tuple[float, float]:
    """Return the ends of a chart's values: all shapes have room, the intervals of few aside."""
    numbers = [0.0]
    for layer in chart.layers:
        for mark in layer.marks:
            base = layer.bases.get(mark.position, 0.0)
            sure = () if mark.is_few else (mark.low, mark.high)
            numbers += [base + number for number in (mark.value, *sure) if number is not None]

    axis = chart.values
    low, high = _choose_ends((axis.low, axis.high), numbers)
    room = _HEADROOM * (high - low)
    is_below = axis.low is None and low < 0
    return low - room if is_below else low, high + room if axis.high is None else high


def list_ticks(axis: Axis, scale: Scale, most: int = 5) -> Sequence[float]:
    """Return the labelled places of an axis: by default round numbers."""
    if axis.ticks is not None:
        return axis.ticks

    room = scale.high - scale.low
    power = 10.0 ** math.floor(math.log10(room / most))
    step = next(step * power for step in _STEPS if room / (step * power) <= most)
    step = math.ceil(step) if axis.is_whole else step
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def cut_name(name: str) -> str:
    """Return the name of a row as it is written."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def write_names(sheet: Sheet, names: Sequence[str], right: float, rows: Scale) -> None:
    """Write the names of rows, which end at *right*."""
    for row, name in enumerate(names):
        sheet.write((right, rows(row) + 3), cut_name(name), LABEL, style.INK, anchor="end")


def draw_axes(frame: Frame, *, has_dates: bool) -> None:
    """Draw the lines and labels of a chart's axes, gaps, and the signs at its upper edge."""
    chart, sheet = frame.chart, frame.sheet
    for start, end in grains.find_stretches(chart.gaps):
        left, right = frame.left, frame.right
        if chart.span is not None:
            left = frame.positions(style.first_day(start))
            # A stretch of a day in years is seen too.
            right = max(frame.positions(style.day_after(end)), left + 1.5)

        sheet.fill_box((left, frame.top), (right, frame.bottom), HATCHED)

    _draw_values(frame)
    if chart.names:
        write_names(sheet, chart.names, frame.left - 5, frame.positions)
    elif chart.span is None:
        for tick in list_ticks(chart.positions, frame.positions):
            _write_below(frame, frame.positions(tick), chart.positions.format(tick))
    elif has_dates:
        most = max(1, int((frame.right - frame.left) / (3.4 * LABEL)))
        for period, label in style.ticks(chart.span, min(most, style.MOST_TICKS)):
            _write_below(frame, frame.place(period), label)

    name = chart.values.name if chart.names else chart.positions.name
    middle = (frame.left + frame.right) / 2
    sheet.write((middle, frame.bottom + 3 + 2 * LINE), name, LABEL, anchor="middle")
    for period in chart.cut_off:
        place = frame.place(period), frame.top - 1
        sheet.write(place, style.CUT_OFF, LINE, style.INK, anchor="middle")

    for period in chart.bulk:
        draw_triangle(sheet, (frame.place(period), frame.top))


def draw_triangle(sheet: Sheet, place: Place) -> None:
    """Draw the sign of a bulk day, which points down to a place."""
    x, y = place
    sheet.fill_area(((x - 3.5, y - 6), (x + 3.5, y - 6), (x, y)), style.VERMILLION)


def _draw_values(frame: Frame) -> None:
    axis, sheet = frame.chart.values, frame.sheet
    for tick in list_ticks(axis, frame.values):
        start, end = frame.across(tick)
        sheet.draw_line((start, end), style.HAIR, 0.7)
        if frame.chart.names:
            _write_below(frame, end[0], axis.format(tick))
        else:
            place = frame.left - 4, start[1] + 3
            sheet.write(place, axis.format(tick), LABEL, anchor="end")

    for rule in frame.chart.rules:
        if frame.values.low <= rule <= frame.values.high:
            sheet.draw_line(frame.across(rule), style.MUTED, 0.8, is_dashed=rule != 0)


def _write_below(frame: Frame, x: float, label: str) -> None:
    frame.sheet.draw_line(((x, frame.bottom), (x, frame.bottom + 3)), style.HAIR)
    place = x, frame.bottom + 4
    frame.sheet.write_lines(place, label.splitlines(), LABEL, anchor="middle")
