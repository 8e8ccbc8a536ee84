"""Dots with their intervals: over time, in rows, or scattered over two numbers."""

from __future__ import annotations

from reports.figures import style
from reports.figures.axes import Plot
from reports.figures.marks import Layer

_RADIUS, _INTERVAL = 2.6, 1.8
# Intervals, and dots of which there are more than this, let others be seen through.
_SHEER, _MANY = 0.45, 40


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
