"""Figures that many tests need and none of them looks at: drawn by our code, but not to files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest
from matplotlib.figure import Figure
from PIL import Image

from reports.figures import style
from reports.figures.small_print import POINTS
from reports.figures.spec import FigureSpec

# A figure is known by all that it depends on: how it is drawn, its data, the note below it, and
# whether it has a PNG.
_Key = tuple[Callable[..., object], str, str, bool]
# The full drawings of one figure of each kind, which show that equal data give equal files.
_SPECIMENS: dict[_Key, list[dict[str, bytes]]] = {}
_SKETCHES: dict[_Key, dict[str, bytes]] = {}
_render = FigureSpec.render


@contextmanager
def figures_as_sketches() -> Iterator[None]:
    """Draw one figure of each kind in full, twice, and sketch the others, each once.

    For a sketch our code fills the axes with the data, then matplotlib is not asked to lay them
    out and to write them, which is five sixths of the time: the files are a hash of all that the
    figure depends on.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureSpec, "render", _draw_or_sketch)
        yield


@contextmanager
def figures_in_full() -> Iterator[None]:
    """Draw each figure as a report does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureSpec, "render", _render)
        yield


def _draw_or_sketch(spec: FigureSpec, note: str = "") -> dict[str, bytes]:
    key = (spec.draw.func, spec.data, note, spec.has_png)
    kinds = {(func, has_png) for func, _data, _note, has_png in _SPECIMENS}
    if key in _SPECIMENS or (spec.draw.func, spec.has_png) not in kinds:
        drawings = _SPECIMENS.setdefault(key, [])
        if len(drawings) < 2:
            drawings.append(_render(spec, note))
        return drawings[-1]

    if key not in _SKETCHES:
        _SKETCHES[key] = _sketch(spec, note)
    return _SKETCHES[key]


def _sketch(spec: FigureSpec, note: str) -> dict[str, bytes]:
    with style.house_style({*spec.data, *note}):
        drawing = spec.draw()

    digest = hashlib.shake_256(f"{spec.data}\0{note}".encode())
    width, height = (
        drawing.get_size_inches() * POINTS if isinstance(drawing, Figure) else (400.0, 300.0)
    )
    svg = (
        f'<svg width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        f'xmlns="http://www.w3.org/2000/svg">\n'
        f"<desc>{digest.hexdigest(16)}</desc>\n</svg>\n"
    )
    files = {"svg": svg.encode()}
    if spec.has_png:
        png = BytesIO()
        Image.frombytes("L", (32, 32), digest.digest(32 * 32)).save(png, format="PNG")
        files["png"] = png.getvalue()
    return files
