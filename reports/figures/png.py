"""An SVG of ours as PNG: matplotlib draws it, with the fonts of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.patches import Circle, Polygon

from reports.figures.sheet import HATCHED
from reports.figures.style import GAP

# An inch has this many units of a sheet, and a PNG this many dots.
_UNITS, _DOTS = 72, 216
_SVG = "{http://www.w3.org/2000/svg}"
_ANCHORS = {"start": "left", "middle": "center", "end": "right"}
# Matplotlib ships this font.
_FONT = "DejaVu Sans"
# These fonts have every character and draw each as a box.
_PLACEHOLDERS = "Last Resort"
_RULES: Any = {"text.parse_math": False, "hatch.color": "#c3c8cd", "hatch.linewidth": 0.7}

# A file `matplotlibrc` in the working folder, or the user's own, changes no picture.
mpl.rcdefaults()


def to_png(svg: bytes, dots: float = _DOTS) -> bytes:
    """Return an SVG of `Sheet` as PNG, with "…" for letters that no font of this machine has.

    *dots* are those of an inch, which has 72 units of the SVG.
    """
    root = ET.fromstring(svg)  # noqa: S314 - our own
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    families, lacking = find_fonts("".join(root.itertext()))
    with mpl.rc_context({**_RULES, "font.family": families}):
        figure = Figure(figsize=(width / _UNITS, height / _UNITS))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        for order, (element, values) in enumerate(_list_shapes(root, {})):
            _draw(ax, element, values, order, dict.fromkeys(map(ord, lacking), "…"))

        ax.set(xlim=(0, width), ylim=(height, 0))
        png = BytesIO()
        metadata: Any = {"Software": "Tidings"}
        figure.savefig(png, dpi=dots, metadata=metadata)

    return png.getvalue()


def find_fonts(text: str) -> tuple[list[str], set[str]]:
    """Return the fonts of this machine that draw *text*, and the characters that none has."""
    families, lacking = [_FONT], set(text)
    fonts = sorted((font.name, font.fname) for font in font_manager.fontManager.ttflist)
    for name, path in sorted(fonts, key=lambda font: font[0] != _FONT):
        if lacking and not name.startswith(_PLACEHOLDERS):
            covered = {letter for letter in lacking if ord(letter) in _characters(path)}
            families += [name] if covered else []
            lacking -= covered

    return list(dict.fromkeys(families)), lacking


@cache
def _characters(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (RuntimeError, OSError):
        # The file is a bitmap font, or FreeType does not read it.
        return frozenset()


def _list_shapes(
    element: ET.Element, inherited: dict[str, str]
) -> Iterator[tuple[ET.Element, dict[str, str]]]:
    """Yield what is in an element, each with its attributes and those of what it is in."""
    for inner in element:
        if inner.tag != f"{_SVG}defs":
            values = inherited | inner.attrib
            yield inner, values
            yield from _list_shapes(inner, values)


def _draw(
    ax: Axes,
    element: ET.Element,
    values: dict[str, str],
    order: int,
    unwritable: dict[int, str],
) -> None:
    """Draw an element above those of a lower *order*."""
    tag = element.tag.removeprefix(_SVG)
    opacity = values.get("opacity", values.get("fill-opacity", 1))
    look: dict[str, Any] = {"zorder": order, "alpha": float(opacity)}
    fill, stroke = values.get("fill", "none"), values.get("stroke", "none")
    look["linewidth"] = float(values.get("stroke-width", 1))
    if tag == "path":
        points = np.array(re.findall(r"-?[\d.]+", values["d"]), float).reshape(-1, 2)
        if fill == "none":
            dashes = (0, (4, 3)) if "stroke-dasharray" in values else "-"
            ax.plot(*points.T, color=stroke, linestyle=dashes, clip_on=False, **look)
            return

        hatch = "////" if fill == HATCHED else None
        color = GAP if fill == HATCHED else fill
        ax.add_patch(Polygon(points, facecolor=color, edgecolor=stroke, hatch=hatch, **look))
    elif tag == "circle":
        place = float(values["cx"]), float(values["cy"])
        radius = float(values["r"])
        ax.add_patch(Circle(place, radius, facecolor=fill, edgecolor=stroke, **look))
    elif tag == "text":
        ax.text(
            float(values["x"]),
            float(values["y"]),
            (element.text or "").translate(unwritable),
            fontsize=float(values["font-size"]),
            fontweight=values.get("font-weight", "normal"),
            color=fill,
            ha=_ANCHORS[values.get("text-anchor", "start")],
            rotation=90 if "transform" in values else 0,
            rotation_mode="anchor",
            zorder=order,
        )
