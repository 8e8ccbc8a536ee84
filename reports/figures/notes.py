"""A few words at some bars, each with a thin line to its bar, where there is room for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reports.figures import style
from reports.figures.axes import LINE, SMALL, Plot
from reports.figures.marks import Chart
from reports.figures.shapes import draw_bars
from reports.figures.sheet import Place, cut, measure
from reports.words.quantities import LISTED

_SIZE, _LONGEST = 9.0, 40
# A line to a bar is at least so long; the next height that is tried lies so far above.
_SHORTEST, _STEP = 5.0, 2.0
# Around a line and beside a note there is so much room.
_AIR, _BESIDE = 1.5, 3.0

# Left, upper, right and lower edge.
Box = tuple[float, float, float, float]
# The boxes at each position.
Boxes = defaultdict[str | float, list[Box]]


def measure_notes(chart: Chart) -> float:
    """Return the room that notes need above a chart, whose highest bar may have a label.

    Two stand in a line.
    """
    lines = -(-min(len(chart.notes), LISTED) // 2)
    return LINE * (1 + lines) if lines else 0.0


def draw_notes(plot: Plot) -> None:
    """Write the first notes of a chart beside each other; what has no room is left out."""
    if not plot.chart.notes:
        return

    layers = reversed(plot.chart.layers)
    marks = {mark.position: mark for layer in layers for mark in layer.marks}
    shapes, labels = _list_boxes(plot)
    taken = [box for boxes in shapes.values() for box in boxes]
    written = [box for boxes in labels.values() for box in boxes]
    for period, text in list(plot.chart.notes.items())[:LISTED]:
        x, own = plot.place(period), (*shapes[period], *labels[period])
        start = min((top for _, top, _, _ in own), default=plot.bottom)
        # A note is in one line, which is no wider than the plot.
        letters = int((plot.right - plot.left) * len(text) / max(1.0, measure(text, _SIZE)))
        line = cut(text, min(_LONGEST, letters))
        box = _find_room(plot, (x, start), measure(line, _SIZE), taken, written)
        if box is not None and period in marks:
            left, top, right, bottom = box
            # A note is a part of its bar's mark: it leads where the bar leads.
            with plot.sheet.group(marks[period]):
                plot.sheet.draw_line(((x, start - 1), (x, bottom)), style.MUTED, 0.7)
                plot.sheet.write((left, bottom - 2), line, _SIZE, style.INK)

            written.append((left - _BESIDE, top - _AIR, right + _BESIDE, bottom + _AIR))
            taken.append((x - _AIR, bottom, x + _AIR, start))


def _list_boxes(plot: Plot) -> tuple[Boxes, Boxes]:
    """Return the room of shapes down to the axis and of signs above, and that of labels."""
    shapes, labels = Boxes(list), Boxes(list)
    for layer in plot.chart.layers:
        for mark in layer.marks:
            if mark.value is not None:
                end = max(0.0, mark.value)
                # A bar has no line of its interval.
                if mark.high is not None and layer.draw is not draw_bars:
                    end = max(end, mark.high)

                x, y = plot.point(mark.position, end)
                half = max(2.0, plot.room(mark.position) / 2)
                shapes[mark.position].append((x - half, y - 2, x + half, plot.bottom))
                if mark.label:
                    # A label stands as `Plot.label` writes it.
                    half = measure(mark.label, SMALL) / 2
                    x = min(max(x, plot.left + half), plot.right - half)
                    box = x - half - _AIR, y - 3 - SMALL, x + half + _AIR, y
                    labels[mark.position].append(box)

    for period in (*plot.chart.bulk, *plot.chart.cut_off):
        x = plot.place(period)
        shapes[period].append((x - 4, plot.top - LINE, x + 4, plot.top))

    return shapes, labels


def _find_room(
    plot: Plot, place: Place, width: float, taken: Sequence[Box], written: Sequence[Box]
) -> Box | None:
    """Return the lowest free box above a *place* that a line from there reaches."""
    x, start = place
    bottom, edge = start - _SHORTEST, plot.top - measure_notes(plot.chart)
    while bottom - _SIZE >= edge:
        for wanted in (x - width / 2, x - 3, x + 3 - width):
            left = min(max(wanted, plot.left), plot.right - width)
            box = left, bottom - _SIZE, left + width, bottom
            line = x, bottom, x, start - 1
            is_free = not any(_touch(box, other) for other in (*taken, *written))
            if is_free and not any(_touch(line, other) for other in written):
                return box

        bottom -= _STEP

    return None


def _touch(box: Box, other: Box) -> bool:
    is_beside = box[2] < other[0] or other[2] < box[0]
    return not is_beside and box[1] < other[3] and other[1] < box[3]
