"""The shapes of a chart's marks: bars, dots with intervals, and lines with bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.figures import style
from reports.figures.axes import Plot
from reports.figures.marks import Layer, Mark

_RADIUS, _INTERVAL = 2.6, 1.8
# Intervals, and dots of which there are more than this, let others be seen through.
_SHEER, _MANY = 0.45, 40
_WIDTH, _BAND, _DOT = 1.6, 0.15, 2.2
# A line whose points lie closer has small dots, as have values of few.
_CLOSE, _SMALL = 6.0, 0.6


def draw_bars(plot: Plot, layer: Layer, *, part: float = 0.78, ring: float = 2.2) -> None:
    """Draw a bar for each value, lighter where it is of few, and a ring for a true zero.

    A bar takes this part of its period's, or of its row's, room.
    """
    for mark in layer.marks:
        if mark.value is None:
            continue

        (x, y), end = plot.point(mark.position, 0.0), plot.point(mark.position, mark.value)
        half = part * layer.size * plot.room(mark.position) / 2
        opacity = style.FAINT if mark.is_few else 1.0
        with plot.sheet.group(mark):
            if plot.chart.names:
                plot.sheet.fill_box((x, y - half), (end[0], y + half), layer.color)
            elif mark.value:
                corners = (x - half, end[1]), (x + half, y)
                plot.sheet.fill_box(*corners, layer.color, opacity=opacity)
            else:
                radius = min(ring, max(0.8, half))
                plot.sheet.draw_dot((x, y), radius, layer.color, is_hollow=True)

            if mark.label:
                plot.label(mark, mark.value)


def draw_dots(plot: Plot, layer: Layer) -> None:
    """Draw a dot for each value and the line of its interval; a dot of few is hollow."""
    if len(layer.marks) <= _MANY or plot.chart.names:
        _draw_each(plot, layer, layer.color)
        return

    # The look of thousands of dots is written once.
    with plot.sheet.part("g", f' fill="{layer.color}" fill-opacity="{_SHEER}">'):
        _draw_each(plot, layer, "")


def _draw_each(plot: Plot, layer: Layer, fill: str) -> None:
    for mark in layer.marks:
        if mark.value is None:
            continue

        with plot.sheet.group(mark):
            if mark.low is not None and mark.high is not None:
                ends = [plot.point(mark.position, end) for end in (mark.low, mark.high)]
                faint = _SHEER * (style.FAINT if mark.is_few else 1.0)
                plot.sheet.draw_line(ends, layer.color, _INTERVAL, opacity=faint)

            place, radius = plot.point(mark.position, mark.value), _RADIUS * layer.size
            color = layer.color if mark.is_few else fill
            plot.sheet.draw_dot(place, radius, color, is_hollow=mark.is_few)
            if mark.label:
                plot.label(mark, mark.value if mark.high is None else mark.high)


def draw_line(plot: Plot, layer: Layer) -> None:
    """Draw a line through the values, their band, and a dot for each that is of a row.

    A value of few is a small faint dot that no line joins, without its interval, which would drown
    all others.
    """
    for stretch in split(layer.marks):
        above = [plot.point(mark.position, mark.high) for mark in stretch if mark.high is not None]
        below = [plot.point(mark.position, mark.low) for mark in stretch if mark.low is not None]
        if len(above) > 1:
            plot.sheet.fill_area([*above, *reversed(below)], layer.color, opacity=_BAND)

        points = [plot.point(mark.position, mark.value or 0.0) for mark in stretch]
        width = _WIDTH * layer.size
        plot.sheet.draw_line(points, layer.color, width, is_dashed=layer.is_dashed)

    is_close = len(layer.marks) * _CLOSE > plot.right - plot.left
    for mark in layer.marks:
        if mark.value is not None and mark.row:
            radius = _DOT * (_SMALL if mark.is_few or is_close else 1.0)
            opacity = style.FAINT if mark.is_few else 1.0
            place = plot.point(mark.position, mark.value)
            with plot.sheet.group(mark):
                plot.sheet.draw_dot(place, radius, layer.color, opacity=opacity)


def split(marks: Sequence[Mark]) -> Iterator[list[Mark]]:
    """Yield the stretches of marks that a line joins: none of few, and none without a value."""
    stretch: list[Mark] = []
    for mark in (*marks, None):
        if mark is not None and mark.value is not None and not mark.is_few:
            stretch.append(mark)
        elif stretch:
            yield stretch
            stretch = []
