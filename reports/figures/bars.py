"""Bars from zero: over time, or in rows."""

from __future__ import annotations

from reports.figures import style
from reports.figures.axes import Plot
from reports.figures.marks import Layer


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
