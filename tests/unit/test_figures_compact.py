"""Figures' files made small: they show what they showed."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from reports.figures import compact, style


def scatter() -> Figure:
    figure, ax = style.new_axes()
    xs = np.linspace(0.1234567, 7.7654321, 40)
    colors = [style.BLUE] * 20 + [style.ORANGE] * 20
    ax.scatter(xs, np.sin(xs), c=colors, alpha=0.5, linewidths=0)
    ax.plot(xs, np.cos(xs), color=style.GREEN)
    return figure


def dots(svg: bytes) -> list[tuple[str, float, float]]:
    """The place of each mark of the scatter, with the look that holds for it."""
    text = svg.decode()
    body = text[
        text.index('id="PathCollection_1"') : text.index(
            'id="line2d_', text.index('id="PathCollection_1"')
        )
    ]
    places, look = [], ""
    for tag in re.findall(r"<(?:use|g) [^>]*>", body):
        style_of_tag = re.search(r'style="([^"]*)"', tag)
        look = style_of_tag[1] if style_of_tag else look
        if tag.startswith("<use"):
            x, y = (float(re.search(rf' {axis}="([^"]*)"', tag)[1]) for axis in "xy")
            places.append((look, x, y))

    return places


def test_every_dot_of_a_compact_figure_is_where_it_was_and_looks_so() -> None:
    out = BytesIO()
    with style.house_style():
        scatter().savefig(out, format="svg")

    before = dots(out.getvalue())
    small = compact.compact_svg(out.getvalue())
    assert len(small) < 0.9 * len(out.getvalue())
    assert len(before) == 40
    for (look, x, y), (small_look, small_x, small_y) in zip(before, dots(small), strict=True):
        assert small_look == look
        assert 0 <= x - small_x < 0.01
        assert 0 <= y - small_y < 0.01


def test_a_png_has_the_colours_of_the_chart_on_white_paper() -> None:
    with style.house_style():
        png = style.to_png(scatter())

    picture = np.asarray(Image.open(BytesIO(png)).convert("RGB"))
    assert tuple(picture[0, 0]) == (255, 255, 255)
    green = np.array([0x00, 0x9E, 0x73])
    assert (np.abs(picture.astype(int) - green).max(axis=2) <= 2).sum() > 500
