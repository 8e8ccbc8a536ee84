"""Heat charts: a row for each name, a cell for each column."""

from __future__ import annotations

import math

from analysis import grains
from reports.figures import style
from reports.figures.axes import BELOW, LABEL, LINE, SMALL, LinearScale, draw_legend, write_names
from reports.figures.marks import Heat, Mark
from reports.figures.sheet import HATCHED, Place, Sheet, measure

# Rows have this height; a cell's label has this size, and is left out where it has no room.
ROW, _IN_CELL = 15.0, 8.0
# The scale of colours below has this width and height, and so many steps.
_SCALE, _SCALE_HEIGHT, _STEPS = 110.0, 6.0, 24
# The lightness of a colour by ITU-R BT.601; on darker ones than this a label is white.
_LIGHTNESS, _DARK = (0.299, 0.587, 0.114), 130.0


def draw_heat(sheet: Sheet, heat: Heat, left: float, top: float) -> float:
    """Draw a heat chart below *top*; return where it ends."""
    bottom = top + ROW * len(heat.rows)
    rows = LinearScale(-0.5, len(heat.rows) - 0.5, top, bottom)
    columns = {column: number for number, column in enumerate(heat.columns)}
    across = LinearScale(0, len(columns), left, sheet.width - 8)
    write_names(sheet, list(heat.rows), left - 5, rows)
    for row, (name, marks) in enumerate(heat.rows.items()):
        above, below = rows(row - 0.46), rows(row + 0.46)
        for first, last in grains.find_stretches(heat.gaps.get(name, ())):
            left_edge, right_edge = across(columns[first]), across(columns[last] + 1)
            sheet.fill_box((left_edge, above), (right_edge, below), HATCHED)

        with sheet.part("g", ' class="layer shades">'):
            for mark in marks:
                edges = [across(columns[str(mark.position)] + edge) for edge in (0, 1)]
                _draw_cell(sheet, heat, mark, (edges[0], above), (edges[1], below))

    for number, label in enumerate(heat.columns.values()):
        place = across(number + 0.5), bottom + 2
        sheet.write_lines(place, label.splitlines(), LABEL, anchor="middle")

    middle = (across.start + across.end) / 2, bottom + 2 * LINE
    sheet.write(middle, heat.x_name, LABEL, anchor="middle")
    return _draw_scale(sheet, heat, left, bottom + BELOW + 2)


def _draw_cell(sheet: Sheet, heat: Heat, mark: Mark, corner: Place, other: Place) -> None:
    (start, _), (end, below) = corner, other
    part = _find_part(heat, mark.value or 0.0)
    shade = heat.blank if mark.value is None else find_shade(heat, part)
    with sheet.group(mark):
        if shade:
            sheet.fill_box(corner, other, shade)
        if mark.label and measure(mark.label, _IN_CELL) < end - start:
            place = (start + end) / 2, below - 4
            color = choose_ink(shade or "#ffffff")
            sheet.write(place, mark.label, _IN_CELL, color, anchor="middle")


def _find_part(heat: Heat, value: float) -> float:
    """Return where a value lies between the lowest and the highest, from 0 to 1."""
    part = (value - heat.low) / (heat.high - heat.low)
    return math.pow(min(1.0, max(0.0, part)), heat.power)


def find_shade(heat: Heat, part: float) -> str:
    """Return the colour of a part of the scale, between two shades."""
    place = part * (len(heat.shades) - 1)
    lower = min(int(place), len(heat.shades) - 2)
    shades = (bytes.fromhex(shade[1:]) for shade in heat.shades[lower : lower + 2])
    channels = [
        round(start + (end - start) * (place - lower)) for start, end in zip(*shades, strict=True)
    ]
    return f"#{bytes(channels).hex()}"


def choose_ink(shade: str) -> str:
    """Return the colour of letters that are read on a *shade*."""
    channels = bytes.fromhex(shade[1:])
    lightness = sum(part * channel for part, channel in zip(_LIGHTNESS, channels, strict=True))
    return "#fff" if lightness < _DARK else style.INK


def _draw_scale(sheet: Sheet, heat: Heat, left: float, top: float) -> float:
    """Draw the scale of colours, and below it what the other signs mean; return where they end."""
    bottom, step = top + _SCALE_HEIGHT, _SCALE / _STEPS
    with sheet.part("g", ' class="shades">'):
        for number in range(_STEPS):
            x = left + number * step
            shade = find_shade(heat, ((number + 0.5) / _STEPS) ** heat.power)
            sheet.fill_box((x, top), (x + step + 0.2, bottom), shade)

    sheet.write((left, bottom + LINE), heat.format(heat.low), SMALL)
    sheet.write((left + _SCALE, bottom + LINE), heat.format(heat.high), SMALL, anchor="end")
    if not heat.legend:
        return bottom + LINE

    return draw_legend(sheet, heat.legend, left, bottom + 2 * LINE + 4)
