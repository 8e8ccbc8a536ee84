"""A few words at some bars, each with a thin line to its bar, where there is room for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reports.figures import style
from reports.figures.axes import LINE, SMALL, Plot
from reports.figures.bars import draw_bars
from reports.figures.marks import Chart, Layer, Mark
from reports.figures.sheet import Place, measure
from reports.words.quantities import LISTED

_SIZE, _LONGEST = 9.0, 40
# A line to a bar is at least so long; the next height that is tried lies so far above.
_SHORTEST, _STEP = 5.0, 2.0
# Around a line and beside a note there is so much room.
_AIR, _BESIDE = 1.5, 3.0

# Left, upper, right and lower edge.
Box = tuple[float, float, float, float]


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
    shapes, labels = _list_shapes(plot), _list_labels(plot)
    taken = [box for boxes in shapes.values() for box in boxes]
    written = [box for boxes in labels.values() for box in boxes]
    for period, text in list(plot.chart.notes.items())[:LISTED]:
        x, own = plot.place(period), (*shapes[period], *labels[period])
        start = min((top for _, top, _, _ in own), default=plot.bottom)
        line = _cut(text, plot.right - plot.left)
        box = _find_room(plot, (x, start), measure(line, _SIZE), taken, written)
        if box is not None and period in marks:
            left, top, right, bottom = box
            # A note is a part of its bar's mark: it leads where the bar leads.
            with plot.sheet.group(marks[period]):
                plot.sheet.draw_line(((x, start - 1), (x, bottom)), style.MUTED, 0.7)
                plot.sheet.write((left, bottom - 2), line, _SIZE, style.INK)

            written.append((left - _BESIDE, top - _AIR, right + _BESIDE, bottom + _AIR))
            taken.append((x - _AIR, bottom, x + _AIR, start))


def _cut(text: str, width: float) -> str:
    """Return a note as it is written, in one line of at most *width*."""
    line = " ".join(text.split())
    longest = min(_LONGEST, int(width * len(line) / max(1.0, measure(line, _SIZE))))
    return line if len(line) <= longest else f"{line[: max(1, longest - 1)].rstrip()}…"


def _list_shapes(plot: Plot) -> dict[str | float, list[Box]]:
    """Return the room of each shape down to the axis, and of the signs above, by position."""
    boxes = defaultdict(list)
    for layer in plot.chart.layers:
        for mark in layer.marks:
            if mark.value is not None:
                x, y = plot.point(mark.position, _find_end(layer, mark))
                half = max(2.0, plot.room(mark.position) / 2)
                boxes[mark.position].append((x - half, y - 2, x + half, plot.bottom))

    for period in (*plot.chart.bulk, *plot.chart.cut_off):
        x = plot.place(period)
        boxes[period].append((x - 4, plot.top - LINE, x + 4, plot.top))

    return boxes


def _list_labels(plot: Plot) -> dict[str | float, list[Box]]:
    """Return where each label stands, by position: see `Plot.label`."""
    boxes = defaultdict(list)
    for layer in plot.chart.layers:
        for mark in layer.marks:
            if mark.label and mark.value is not None:
                half = measure(mark.label, SMALL) / 2
                x, y = plot.point(mark.position, _find_end(layer, mark))
                x = min(max(x, plot.left + half), plot.right - half)
                box = x - half - _AIR, y - 3 - SMALL, x + half + _AIR, y
                boxes[mark.position].append(box)

    return boxes


def _find_end(layer: Layer, mark: Mark) -> float:
    # A bar has no line of its interval.
    high = None if layer.draw is draw_bars else mark.high
    ends = [end for end in (mark.value, high) if end is not None]
    return max(0.0, *ends)


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
