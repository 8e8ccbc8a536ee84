"""What figures are drawn on: the SVG and the PNG show the same at the same place."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

from reports.figures import small_print, style
from reports.figures.canvas import Canvas

Form = Callable[[Figure, str], bytes]
PIXELS_A_POINT = small_print.PNG_DPI / small_print.POINTS


def ink(png: bytes) -> tuple[int, int, int, int]:
    """The left, top, right and bottom end of what is not white."""
    dark = np.asarray(Image.open(BytesIO(png)).convert("L")) < 200
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def with_text(text: str, note: str = "", *, form: Form = style.to_svg, **look: object) -> bytes:
    with style.house_style([text]):
        figure = Figure(figsize=(4, 2))
        figure.text(0.25, 0.5, text, fontsize=20, **look)
        return form(figure, note)


def test_a_bar_has_one_place_in_the_svg_and_the_png_also_above_a_note() -> None:
    def draw() -> Figure:
        figure, ax = style.new_axes(3.0)
        ax.set_axis_off()
        ax.bar([0], [1], color="#102030")
        ax.set(xlim=(-1, 3), ylim=(0, 2))
        return figure

    with style.house_style():
        svg, png, noted = (
            style.to_svg(draw()),
            style.to_png(draw()),
            style.to_png(draw(), "a note"),
        )

    width, height = map(float, re.search(rb'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    assert (width, height) == (9 * 72, 3 * 72)
    path = re.search(rb'<path d="M([^z]*)z[^"]*" clip-path="[^"]*" style="fill: #102030', svg)
    corners = np.array(re.findall(rb"-?\d+\.?\d*", path[1]), float).reshape(-1, 2)
    edges = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    assert edges.min() > 0
    assert edges[2] < width
    assert edges[3] <= height
    assert ink(png) == pytest.approx(edges * PIXELS_A_POINT, abs=1.01)
    assert np.array_equal(
        np.asarray(Image.open(BytesIO(noted)).convert("L"))[:450] < 99,
        np.asarray(Image.open(BytesIO(png)).convert("L")) < 99,
    )


@pytest.mark.parametrize("angle", [0, 90])
def test_letters_of_a_text_have_one_place_and_size_in_the_svg_and_the_png(angle: int) -> None:
    svg = with_text("HHH", rotation=angle)
    move = re.search(
        rb'transform="translate\(([^ ]+) ([^)]+)\)(?:rotate\(([^)]+)\))?scale\((\S+) ', svg
    )
    x, y, turn, scale = (float(number or 0) for number in move.groups())
    assert (turn, scale) == (-angle, 0.2)
    outline = re.search(rb'<path id="[^"]*" d="([^"]*)"', svg)[1]
    points = np.array(re.findall(rb"(-?\d+\.\d),(-?\d+\.\d)", outline), float) * scale
    last = float(re.findall(rb'<use xlink:href="[^"]*" x="([^"]*)"', svg)[-1]) * scale
    left, right = points[:, 0].min(), points[:, 0].max() + last
    bottom, top = points[:, 1].min(), points[:, 1].max()
    box = [x + left, y - top, x + right, y - bottom]
    if angle:
        box = [x - top, y - right, x - bottom, y - left]

    png = with_text("HHH", form=style.to_png, rotation=angle)
    assert ink(png) == pytest.approx(np.array(box) * PIXELS_A_POINT, abs=1.01)


def test_the_outline_of_a_letter_stands_in_an_svg_once() -> None:
    svg = with_text("noon", "no · on")
    assert len(re.findall(rb"<path id=", svg)) == 3
    assert len(re.findall(rb"<use ", svg)) == 4 + 5
    assert b"<!-- noon -->" in svg


def test_a_faint_text_is_faint_in_both() -> None:
    look = {"alpha": 0.5, "color": "#000000"}
    assert b'fill="#000000" fill-opacity="0.5"' in with_text("HHH", **look)
    png = with_text("HHH", form=style.to_png, **look)
    darkest = np.asarray(Image.open(BytesIO(png)).convert("L")).min()
    assert 120 <= darkest <= 135


def test_a_text_in_two_writing_systems_has_the_letters_of_two_fonts_or_a_sign_for_them() -> None:
    svg = with_text("aЖ")
    assert len(re.findall(rb"<path id=", svg)) == 2


def test_a_chart_without_any_ink_is_white() -> None:
    with style.house_style():
        png = style.to_png(Figure(figsize=(1, 1)))

    assert Image.open(BytesIO(png)).convert("RGB").getcolors() == [(150 * 150, (255, 255, 255))]


@pytest.mark.parametrize("is_narrow", [False, True])
def test_a_figure_has_the_layout_of_matplotlib_though_it_is_measured_once(is_narrow: bool) -> None:
    def draw() -> Figure:
        figure = style.new_figure(5.0, 4.4 if is_narrow else 9.0)
        panels = figure.subplots(2, 1 if is_narrow else 2, height_ratios=(3, 2), sharex=True)
        for number, ax in enumerate(panels.flat):
            style.date_axis(ax, style.Range("2020-01", "2021-12"))
            ax.set_ylim(0, 10 ** (2 * number))
            ax.set_ylabel("mentions a month")
            style.title(ax, "A title that is longer than the axes, as those of long keywords are")

        style.figure_title(figure, "A title of all")
        figure.legend(handles=[Patch(label="a patch")], loc="outside lower left")
        return figure

    with style.house_style():
        measured, laid_out = draw(), draw()
        style.to_svg(measured)
        Canvas(laid_out)
        laid_out.get_layout_engine().execute(laid_out)

    points = np.array([*laid_out.get_size_inches()] * 2) * small_print.POINTS
    for ax, expected in zip(measured.axes, laid_out.axes, strict=True):
        difference = ax.get_position().extents - expected.get_position().extents
        assert np.abs(difference * points).max() < 0.2
