"""An SVG of ours as PNG: matplotlib's renderer draws it, with the fonts of this machine."""

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
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from reports.figures.sheet import HATCHED
from reports.figures.style import GAP

# An inch has this many units of a sheet, and a PNG this many dots.
_UNITS, _DOTS = 72, 216
_SVG = "{http://www.w3.org/2000/svg}"
# A line of text begins so large a part of its width before its place.
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}
# Matplotlib ships this font.
_FONT = "DejaVu Sans"
# These fonts have every character and draw each as a box.
_PLACEHOLDERS = "Last Resort"

# A file `matplotlibrc` in the working folder, or the user's own, changes no picture.
mpl.rcdefaults()
mpl.rc("hatch", color="#c3c8cd", linewidth=0.7)


def to_png(svg: bytes) -> bytes:
    """Return an SVG of `Sheet` as PNG: see `draw_image`."""
    software = PngInfo()
    software.add_text("Software", "Tidings")
    png = BytesIO()
    draw_image(svg, _DOTS).save(png, "png", pnginfo=software, dpi=(_DOTS, _DOTS))
    return png.getvalue()


def draw_image(svg: bytes, dots: float) -> Image.Image:
    """Return an SVG of `Sheet` as a picture, with "…" for letters that no font of this machine has.

    *dots* are those of an inch, which has 72 units of the SVG. The renderer is asked for each shape
    itself: a figure with axes needs three times the imports, and as long again for a picture.
    """
    root = ET.fromstring(svg)  # noqa: S314 - our own
    scale = dots / _UNITS
    width, height = (scale * float(root.attrib[side]) for side in ("width", "height"))
    families, lacking = find_fonts("".join(root.itertext()))
    unwritable = dict.fromkeys(map(ord, lacking), "…")
    renderer: Any = RendererAgg(round(width), round(height), dots)
    for element, values in _list_shapes(root, {}):
        if element.tag == f"{_SVG}text":
            text = (element.text or "").translate(unwritable)
            _write(renderer, text, values, families)
        elif element.tag in (f"{_SVG}path", f"{_SVG}circle"):
            _draw(renderer, values)

    return Image.fromarray(np.asarray(renderer.buffer_rgba())).convert("RGB")


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


def _draw(renderer: Any, values: dict[str, str]) -> None:
    """Draw a line, an area or a dot."""
    scale = renderer.dpi / _UNITS
    fill, stroke = values.get("fill", "none"), values.get("stroke", "none")
    look = renderer.new_gc()
    look.set_alpha(float(values.get("opacity", values.get("fill-opacity", 1))))
    look.set_linewidth(0 if stroke == "none" else float(values.get("stroke-width", 1)))
    if stroke != "none":
        look.set_foreground(stroke)
    if "stroke-dasharray" in values:
        look.set_dashes(0, np.array(values["stroke-dasharray"].split(), float))
    if fill == HATCHED:
        look.set_hatch("////")
        fill = GAP

    if "d" in values:
        points = np.array(re.findall(r"-?[\d.]+", values["d"]), float).reshape(-1, 2)
        is_closed = values["d"].endswith("z")
        path = Path(np.vstack([points, points[:1]]) if is_closed else points, closed=is_closed)
    else:
        path = Path.circle((float(values["cx"]), float(values["cy"])), float(values["r"]))

    # The renderer counts from below.
    place = Affine2D().scale(scale, -scale).translate(0, renderer.height)
    renderer.draw_path(look, path, place, None if fill == "none" else to_rgb(fill))


def _write(renderer: Any, text: str, values: dict[str, str], families: list[str]) -> None:
    """Write a line of text from its place on, to the right or upwards."""
    font = FontProperties(
        family=families,
        size=float(values["font-size"]),
        weight=values.get("font-weight", "normal"),
    )
    look = renderer.new_gc()
    look.set_foreground(values["fill"])
    width, _, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
    before = width * _ANCHORS[values.get("text-anchor", "start")]
    x, y = (renderer.points_to_pixels(float(values[axis])) for axis in ("x", "y"))
    if "transform" in values:
        renderer.draw_text(look, x, y + before, text, font, 90)
    else:
        renderer.draw_text(look, x - before, y, text, font, 0)
