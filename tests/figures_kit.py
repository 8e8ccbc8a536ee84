"""Figures that many tests need and none of them looks at: drawn by our code, but not to files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partialmethod
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from reports.build import second_process
from reports.figures import style
from reports.figures.small_print import POINTS
from reports.figures.spec import FigureSpec
from tests import warm_python

# A figure is known by all that it depends on: how it is drawn, its data, and the note below it.
_Key = tuple[Callable[..., object], str, str]
# The full drawings of one figure of each kind, which show that equal data give equal files.
_SPECIMENS: dict[_Key, list[bytes]] = {}
# The kinds of which this process knows that they are claimed.
_CLAIMED: set[str] = set()
_SKETCHES: dict[_Key, bytes] = {}
# The sizes of drawings, whatever stands below them.
_SIZES: dict[tuple[Callable[..., object], str], tuple[float, float]] = {}
_render = FigureSpec.render
_count_processors = second_process.count_processors


def find_claims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of `figures_as_sketches` that the processes of the tests share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    return folder / "drawn"


@contextmanager
def figures_as_sketches(claims: Path) -> Iterator[None]:
    """Draw one figure of each kind in full, twice, and sketch the others, each once.

    All processes of the tests share the folder *claims*: a file of it says that one of them draws
    the figure of a kind. For a sketch our code fills the axes with the data, then matplotlib is not
    asked to lay them out and to write them, which is five sixths of the time: the files are a hash
    of all that the figure depends on. Workers and commands that tests start sketch all figures.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureSpec, "render", partialmethod(_draw_or_sketch, claims))
        patch.setattr(second_process, "count_processors", _count_one)
        patch.setattr(warm_python, "has_sketches", True)
        yield


def sketch_all_figures() -> None:
    """Sketch all figures of this process, which is a worker or a command."""
    FigureSpec.render = _sketch  # type: ignore[method-assign]
    second_process.count_processors = _count_one


def _count_one() -> int:
    """Have reports made by one process: a second one draws in full, after three seconds."""
    return 1


@contextmanager
def figures_in_full() -> Iterator[None]:
    """Draw each figure as a report does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureSpec, "render", _render)
        patch.setattr(second_process, "count_processors", _count_processors)
        patch.setattr(warm_python, "has_sketches", False)
        yield


def _draw_or_sketch(spec: FigureSpec, claims: Path, note: str = "") -> bytes:
    key = (spec.draw.func, spec.data, note)
    if key in _SPECIMENS or _claim(claims, _kind(spec)):
        drawings = _SPECIMENS.setdefault(key, [])
        if len(drawings) < 2:
            drawings.append(_render(spec, note))

        return drawings[-1]

    if key not in _SKETCHES:
        _SKETCHES[key] = _sketch(spec, note)

    return _SKETCHES[key]


def _kind(spec: FigureSpec) -> str:
    return f"{spec.draw.func.__module__}.{spec.draw.func.__qualname__}"


def _claim(claims: Path, kind: str) -> bool:
    """Return whether no process has claimed the figure of a kind before."""
    if kind in _CLAIMED:
        return False

    _CLAIMED.add(kind)
    claims.mkdir(exist_ok=True)
    try:
        os.close(os.open(claims / kind, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False

    return True


def _sketch(spec: FigureSpec, note: str = "") -> bytes:
    digest = hashlib.sha256(f"{spec.data}\0{note}".encode())
    width, height = _fill_axes(spec, note)
    svg = (
        f'<svg width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        f'xmlns="http://www.w3.org/2000/svg">\n'
        f"<desc>{digest.hexdigest()}</desc>\n</svg>\n"
    )
    return svg.encode()


def _fill_axes(spec: FigureSpec, note: str) -> tuple[float, float]:
    """Let our code draw the data, and return the size in points; once for a phone and a screen."""
    key = (spec.draw.func, replace(spec, is_narrow=False).data)
    if key not in _SIZES:
        with style.house_style({*spec.data, *note}):
            drawing = spec.draw()

        size = drawing.get_size_inches() * POINTS if isinstance(drawing, Figure) else (400.0, 300.0)
        _SIZES[key] = (float(size[0]), float(size[1]))

    return _SIZES[key]
