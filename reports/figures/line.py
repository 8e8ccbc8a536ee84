"""A line with the band of its intervals, which breaks where there is no value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.figures import style
from reports.figures.axes import Plot
from reports.figures.marks import Layer, Mark

_WIDTH, _BAND, _DOT = 1.6, 0.15, 2.2
# A line whose points lie closer has small dots, as have values of few.
_CLOSE, _SMALL = 6.0, 0.6


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
