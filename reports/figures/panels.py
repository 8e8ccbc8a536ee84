"""Small multiples: the panels of a picture in a grid, with its title, legend and small print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from reports.figures import style
from reports.figures.axes import (
    BELOW,
    LABEL,
    LINE,
    LONGEST_NAME,
    SMALL,
    Plot,
    draw_axes,
    draw_legend,
)
from reports.figures.cloud import draw_cloud
from reports.figures.heat import ROW, draw_heat
from reports.figures.marks import Chart, Cloud, Heat, Panel, Picture
from reports.figures.notes import draw_notes, measure_notes
from reports.figures.sheet import HATCHED, Place, Sheet, cut, measure, wrap

# The parts of the line of small print are separated like this, and broken there alone.
SEPARATOR = " · "

_TITLE, _PANEL_TITLE, _NOTE = 11.5, 10.0, 7.5
_EDGE, _BETWEEN = 8.0, 12.0
# The labels of an upright axis have this room, and the signs above a chart.
_LABELS, _SIGNS = 36.0, 9.0


def draw_picture(picture: Picture, note: str = "", *, has_links: bool = False) -> Sheet:
    """Draw all panels of a picture in their columns, with *note* in small print below.

    With links, its marks lead to the list of their documents.
    """
    width, columns = picture.width, picture.columns
    sheet = Sheet(width, has_links=has_links)
    y = _write_title(sheet, picture.title, _TITLE, (0, 4), width)
    room = (width - _BETWEEN * (columns - 1)) / columns
    margin = max(map(_measure_margin, picture.panels))
    for first in range(0, len(picture.panels), columns):
        line, below = (picture.panels[at : at + columns] for at in (first, first + columns))
        # The charts of a line stand at one height, whatever is written above each.
        starts = max(_write_head(Sheet(width), panel, (0.0, y), room) for panel in line)
        ends = []
        for column, panel in enumerate(line):
            corner = column * (room + _BETWEEN), y
            has_dates = not _have_same_dates([panel, *below[column : column + 1]])
            with sheet.part("g", f' class="panel" data-along="{_find_direction(panel)}">'):
                _write_head(sheet, panel, corner, room)
                place = corner[0], starts
                end = _draw_panel(sheet, panel, place, room, margin, has_dates=has_dates)

            ends.append(end)

        y = max(ends) + _EDGE

    if meanings := _explain_signs(picture.panels):
        y = draw_legend(sheet, meanings, 4, y + LINE)

    # A page leaves whole units of room for a picture that is not loaded yet.
    sheet.height = math.ceil(4 + sheet.write_lines((4, y + 2), _break_note(note, width), _NOTE))
    return sheet


def _draw_panel(
    sheet: Sheet, panel: Panel, corner: Place, width: float, margin: float, *, has_dates: bool
) -> float:
    """Draw what stands below the head of a panel, from its left upper *corner*; return its end."""
    left, y = corner
    if isinstance(panel, Cloud):
        return draw_cloud(sheet, panel, y)
    if isinstance(panel, Heat):
        return draw_heat(sheet, panel, left + margin, y)

    height = ROW * len(panel.names) if panel.names else panel.height
    plot = Plot(sheet, panel, (left + margin, y), (left + width - _EDGE, y + height))
    draw_axes(plot, has_dates=has_dates)
    for layer in panel.layers:
        with sheet.part("g", f' class="layer" data-series="{escape(layer.name)}">'):
            layer.draw(plot, layer)

    draw_notes(plot)
    if panel.values.ticks == () or not has_dates:
        return plot.bottom + 4

    has_two_lines = panel.span or panel.values.name or panel.positions.name
    return plot.bottom + (BELOW if has_two_lines else LINE + 4)


def _write_head(sheet: Sheet, panel: Panel, corner: Place, width: float) -> float:
    """Write the title of a chart and what stands below it; return where the chart begins."""
    left, y = corner
    if isinstance(panel, Cloud):
        return y

    y = _write_title(sheet, panel.title, _PANEL_TITLE, corner, width)
    y = 7 + sheet.write_lines((left + 4, y), wrap(panel.sub, width, SMALL), SMALL)
    if isinstance(panel, Chart):
        y += measure_notes(panel) + (_SIGNS if panel.bulk or panel.cut_off else 0)

    return y


def _write_title(sheet: Sheet, text: str, size: float, corner: Place, width: float) -> float:
    """Write a bold title in as many lines as it needs; return where it ends."""
    # Bold letters are wider.
    lines = wrap(text, 0.94 * width, size)
    place = corner[0] + 4, corner[1]
    return sheet.write_lines(place, lines, size, style.INK, is_bold=True) + (3 if text else 0)


def _find_direction(panel: Panel) -> str:
    """Return where the next mark is looked for: along the axis of dates, of names, or anywhere."""
    if not isinstance(panel, Chart):
        return "xy"
    if panel.names:
        return "y"

    return "x" if panel.span is not None else "xy"


def _measure_margin(panel: Panel) -> float:
    """Return the room that the labels left of a panel need."""
    match panel:
        case Chart(names=names) | Heat(rows=names) if names:
            return 9 + max(measure(cut(name, LONGEST_NAME), LABEL) for name in names)
        case _:
            return _LABELS


def _have_same_dates(panels: Sequence[Panel]) -> bool:
    """Return whether the dates of a chart stand below another one."""
    spans = [panel.span for panel in panels if isinstance(panel, Chart)]
    return len(spans) > 1 and spans[0] is not None and spans[0] == spans[1]


def _explain_signs(panels: Sequence[Panel]) -> Mapping[str, str]:
    """Return what the colours and signs of charts mean, those that are drawn and no others."""
    charts = [panel for panel in panels if isinstance(panel, Chart)]
    layers = [layer for chart in charts for layer in chart.layers]
    meanings = {layer.name: layer.color for layer in layers if layer.name}
    if any(chart.gaps for chart in charts):
        meanings["no data (not zero)"] = HATCHED
    if any(chart.cut_off for chart in charts):
        meanings["first or last days missing"] = style.CUT_OFF
    if any(chart.bulk for chart in charts):
        meanings["with a bulk day"] = style.BULK_DAY

    return meanings


def _break_note(note: str, width: float) -> list[str]:
    """Return the small print in lines, broken between its parts."""
    lines: list[str] = []
    for part in filter(None, note.split(SEPARATOR)):
        longer = SEPARATOR.join([*lines[-1:], part])
        if lines and measure(longer, _NOTE) <= width - 8:
            lines[-1] = longer
        else:
            lines.append(part)

    return lines
