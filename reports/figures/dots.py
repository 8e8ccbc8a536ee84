"""Dots with their intervals: over time, in rows, or scattered over two numbers."""

from __future__ import annotations

from reports.figures import style
from reports.figures.axes import SMALL, Frame, draw_triangle
from reports.figures.marks import Layer
from reports.figures.sheet import Anchor

_RADIUS, _INTERVAL = 2.6, 1.8
# Intervals, and dots of which there are more than this, let others be seen through.
_SHEER, _MANY = 0.45, 40


def draw_dots(frame: Frame, layer: Layer) -> None:
    """Draw a dot for each value and the line of its interval; a dot of few is hollow."""
    opacity = _SHEER if len(layer.marks) > _MANY and not frame.chart.names else 1.0
    for mark in layer.marks:
        if mark.value is None:
            continue

        with frame.sheet.group(mark):
            if mark.low is not None and mark.high is not None:
                ends = [frame.point(mark.position, end) for end in (mark.low, mark.high)]
                faint = _SHEER * (style.FAINT if mark.is_few else 1.0)
                frame.sheet.draw_line(ends, layer.color, _INTERVAL, opacity=faint)

            place, radius = frame.point(mark.position, mark.value), _RADIUS * layer.size
            frame.sheet.draw_dot(place, radius, layer.color, opacity=opacity, is_hollow=mark.is_few)
            if mark.label:
                frame.label(mark, mark.value if mark.high is None else mark.high)


def draw_levels(frame: Frame, layer: Layer) -> None:
    """Draw a level line over the room of each value's period."""
    for mark in layer.marks:
        x, y = frame.point(mark.position, mark.value or 0.0)
        half = 0.45 * frame.room(mark.position)
        with frame.sheet.group(mark):
            frame.sheet.draw_line(((x - half, y), (x + half, y)), layer.color, 1.6)


def draw_signs(frame: Frame, layer: Layer) -> None:
    """Draw an upright line to each value, with a triangle at its end and its label beside it."""
    for mark in layer.marks:
        x, y = frame.point(mark.position, mark.value or 0.0)
        is_right = x > (frame.left + frame.right) / 2
        aside = -6 if is_right else 6
        with frame.sheet.group(mark):
            frame.sheet.draw_line(((x, frame.bottom), (x, y)), layer.color, 0.9)
            draw_triangle(frame.sheet, (x, y))
            anchor: Anchor = "end" if is_right else "start"
            frame.sheet.write((x + aside, y), mark.label, SMALL, style.INK, anchor=anchor)
