"""Figures that many tests need and none of them looks at: each is drawn twice at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reports.figures.spec import FigureSpec

# The drawings of each figure, by all that it depends on.
_DRAWINGS: dict[tuple[Callable[..., object], str, str, bool], list[dict[str, bytes]]] = {}


@contextmanager
def figures_in_memory() -> Iterator[None]:
    """Take the files of a figure from the third time on as they were drawn the second time.

    The second drawing shows what the first one shows not: that the same data give the same files.
    """
    draw = FigureSpec.render

    def draw_at_most_twice(spec: FigureSpec, note: str = "") -> dict[str, bytes]:
        drawings = _DRAWINGS.setdefault((spec.draw.func, spec.data, note, spec.has_png), [])
        if len(drawings) < 2:
            drawings.append(draw(spec, note))
        return drawings[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureSpec, "render", draw_at_most_twice)
        yield
