"""Letters as outlines in an SVG that is written by hand, so that it needs no font."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from matplotlib.font_manager import get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

# An outline is in units of a hundredth of the letters' size.
UNITS = text_to_path.FONT_SCALE

# This many lines of text are kept with the places of their letters.
_KEPT_LINES = 4096

_COMMANDS = {
    Path.MOVETO: ("M", 1),
    Path.LINETO: ("L", 1),
    Path.CURVE3: ("Q", 2),
    Path.CURVE4: ("C", 3),
}


@dataclass(frozen=True)
class Glyph:
    """The outline of a letter in one of its forms."""

    outline: str

    # Left, bottom, right and top; None for a space.
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Line:
    """A line of text: the name and the corner of each glyph, and the box of them all."""

    glyphs: tuple[tuple[str, float, float], ...]
    left: float
    bottom: float
    right: float
    top: float


# The points and codes of glyphs by name; a glyph's name tells its font and its number there.
_shapes: dict[str, tuple[np.ndarray, np.ndarray]] = {}


@lru_cache(maxsize=_KEPT_LINES)
def set_line(text: str, font_paths: tuple[str, ...]) -> Line:
    """Return a line of *text*, each letter in the first of the fonts that has it."""
    font = get_font(font_paths)
    font.set_size(UNITS, text_to_path.DPI)
    placed, new_shapes, _ = text_to_path.get_glyphs_with_font(
        font, text, glyph_map=_shapes, return_new_glyphs_only=True
    )
    _shapes.update(new_shapes)

    glyphs = tuple((glyph_name, float(x), float(y)) for glyph_name, x, y, _ in placed)
    boxes = [
        (box[0] + x, box[1] + y, box[2] + x, box[3] + y)
        for glyph_name, x, y in glyphs
        if (box := read_glyph(glyph_name).box) is not None
    ]
    lefts, bottoms, rights, tops = zip(*boxes, strict=True) if boxes else ((0.0,),) * 4
    return Line(glyphs, min(lefts), min(bottoms), max(rights), max(tops))


class Outlines:
    """The outlines that the lines of an SVG use, each once."""

    def __init__(self) -> None:
        # The place of a glyph here is its number in the SVG.
        self._numbers: dict[str, int] = {}

    def write(self, line: Line) -> str:
        """Return the letters of a line, from its beginning on, to the scale of `UNITS`."""
        numbers = self._numbers
        letters = []
        for glyph_name, x, y in line.glyphs:
            number = numbers.setdefault(glyph_name, len(numbers))
            above = f' y="{y:.1f}"' if y else ""
            letters.append(f'<use xlink:href="#g{number}" x="{x:.1f}"{above}/>')

        return "".join(letters)

    def define(self) -> str:
        """Return the outlines of all letters that were written."""
        outlines = []
        for glyph_name, number in self._numbers.items():
            outlines.append(f'<path id="g{number}" d="{read_glyph(glyph_name).outline}"/>')

        return f"<defs>{''.join(outlines)}</defs>"


@cache
def read_glyph(glyph_name: str) -> Glyph:
    """Return a glyph of a line by its name."""
    points, codes = _shapes[glyph_name]
    if not len(points):
        return Glyph("", None)

    left, bottom = points.min(axis=0).tolist()
    right, top = points.max(axis=0).tolist()
    return Glyph(_outline(points, codes), (left, bottom, right, top))


def _outline(points: np.ndarray, codes: np.ndarray) -> str:
    """Return a glyph as the data of an SVG path."""
    parts: list[str] = []
    index = 0
    while index < len(codes):
        command, count = _COMMANDS.get(codes[index], ("Z", 0))
        numbers = [f"{x:.1f},{y:.1f}" for x, y in points[index : index + count]]
        parts.append(command + " ".join(numbers))
        index += max(count, 1)

    return "".join(parts)
