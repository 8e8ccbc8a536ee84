"""The line of small print that each picture bears: where its numbers come from."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from matplotlib.transforms import Bbox

# The line may be broken at this separator of its parts.
SEPARATOR = " · "
PNG_DPI = 150
# An inch has this many points.
POINTS = 72

# The letters have this size, in points.
_SIZE = 7.5
# Pages show the pictures of a month, a year and a cloud smaller.
_SIZE_IF_NARROW = 8.5
# A picture of fewer inches is narrow.
_NARROW = 7.0
# The distance of two lines is a multiple of the letters' size.
_LEADING = 1.4
# The margin is in inches.
_MARGIN = 0.06
_LOOK: dict[str, Any] = {"color": "#5d6670", "ha": "left", "va": "top"}

_ROOT = re.compile(
    rb'<svg [^>]*?width="(?P<width>[\d.]+)(?:pt)?" height="(?P<height>[\d.]+)(?:pt)?" '
    rb'viewBox="0 0 (?P<across>[\d.]+) (?P<down>[\d.]+)"[^>]*>'
)
_SIZE_OF_ROOT = re.compile(rb'height="[^"]*" viewBox="[^"]*"')


def write_below(figure: Figure, note: str) -> Bbox:
    """Write *note* below a figure that is laid out; return the box of both, in inches."""
    width, height = figure.get_size_inches()
    # Without this, a legend would move to the edge of the larger picture.
    for legend in figure.legends:
        legend.set_bbox_to_anchor((0, 0, 1, 1), figure.transFigure)

    return Bbox.from_extents(0, -_write(figure, note, below=0.0), width, height)


def width_of(svg: bytes) -> float:
    """Return the width of a picture that matplotlib did not draw, in inches."""
    return float(_match_root(svg)["width"]) / PNG_DPI


def draw_alone(note: str, width: float) -> Figure:
    """Return a figure of *width* inches that holds *note* alone."""
    height = _height(break_lines(note, width), width)
    figure = Figure(figsize=(width, height))
    _write(figure, note, below=-height)
    return figure


def _write(figure: Figure, note: str, *, below: float) -> float:
    """Write *note* at *below* inches under the figure; return the note's height, in inches."""
    width, height = figure.get_size_inches()
    lines, size = break_lines(note, width), _size(width)
    for index, line in enumerate(lines):
        top = below + _MARGIN + index * size * _LEADING / POINTS
        figure.text(_MARGIN / width, -top / height, line, fontsize=size, **_LOOK)

    return _height(lines, width)


def _size(width: float) -> float:
    return _SIZE if width >= _NARROW else _SIZE_IF_NARROW


def _height(lines: Sequence[str], width: float) -> float:
    """Return the height of *lines* with their margins, in inches; none without a line.

    It is a number of whole pixels of a PNG, so that the picture above stays sharp.
    """
    height = 2 * _MARGIN + len(lines) * _size(width) * _LEADING / POINTS
    return math.ceil(height * PNG_DPI) / PNG_DPI if lines else 0.0


def break_lines(note: str, width: float) -> list[str]:
    """Return *note* in lines for a picture of *width* inches, broken between its parts alone."""
    return list(_break_lines(note, width, tuple(mpl.rcParams["font.family"])))


# A run's pictures have one note, few widths, and not always the same fonts.
@lru_cache(maxsize=32)
def _break_lines(note: str, width: float, _families: tuple[str, ...]) -> Sequence[str]:
    lines: list[str] = []
    for part in filter(None, note.split(SEPARATOR)):
        longer = SEPARATOR.join([*lines[-1:], part])
        if lines and _measure(longer, _size(width)) <= width - 2 * _MARGIN:
            lines[-1] = longer
        else:
            lines.append(part)

    return lines


def _measure(line: str, size: float) -> float:
    """Return the width of *line* in inches.

    The points that outline the letters give it. `get_extents` also looks for the extremes of each
    curve between points, which a font has at points, and takes seven times as long.
    """
    outline = TextPath((0, 0), line, size=size)
    across = outline.vertices[outline.codes != TextPath.CLOSEPOLY, 0]
    return float(np.ptp(across)) / POINTS if len(across) else 0.0


def put_below(picture: bytes, strip: bytes) -> bytes:
    """Return the SVG *picture* with a higher root and with *strip*, an SVG of its width, below."""
    root, inner = _match_root(picture), _match_root(strip)
    across, down = float(root["across"]), float(root["down"])
    added = float(inner["down"]) * across / float(inner["across"])
    higher = float(root["height"]) * (down + added) / down

    opening = f'height="{higher:.2f}" viewBox="0 0 {across:g} {down + added:.2f}"'.encode()
    inner_tag = f'<svg y="{down:g}" width="{across:g}" height="{added:.2f}" '.encode()
    view = b'viewBox="0 0 %s %s">' % (inner["across"], inner["down"])
    paper = f'<rect y="{down:g}" width="{across:g}" height="{added:.2f}" fill="#fff"/>'.encode()
    head = _SIZE_OF_ROOT.sub(opening, picture[: root.end()])
    body = picture[root.end() :].removesuffix(b"</svg>\n")
    return b"".join([head, body, paper, inner_tag, view, strip[inner.end() :], b"</svg>\n"])


def _match_root(svg: bytes) -> re.Match[bytes]:
    root = _ROOT.search(svg)
    assert root is not None  # noqa: S101 - every SVG of ours has one
    return root
