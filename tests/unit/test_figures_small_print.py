"""The small print stands below each picture, touches nothing in it, and is whole."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reports.data.tables.trainings import PredictionRow
from reports.figures import (
    clouds,
    comparison,
    month_scatter,
    polarity,
    series,
    style,
    trainings,
)
from reports.figures.small_print import break_lines
from reports.figures.spec import FigureSpec
from tests.unit.test_figures_series import ROWS, SPAN, SUBJECT

NOTE = "Source: The New York Times \u00b7 as of 2026-11-26 \u00b7 Tidings, run 1 \u201cnews\u201d"
WORDS = {f"Word{letter}": 12 - number for number, letter in enumerate("abcdefghijk")}
SPLITS = ["train", "train", "validation", "validation"]
TWO_SUBJECTS = {"a": ROWS, "b": ROWS}
# The letters of a picture may shift by a part of a pixel.
A_SHADE = 12


def all_specs() -> dict[str, FigureSpec]:
    """Return figures of each way to be laid out: by matplotlib, by hand, and by no matplotlib."""
    month = month_scatter.of_month(ROWS[3], [(day, -0.25) for day in range(1, 13)])
    mean = polarity.overall_spec(SUBJECT, ROWS)
    narrow = mean.narrow if mean is not None else None
    predictions = [PredictionRow(1, "x", split, n, 1.0, 0.9) for n, split in enumerate(SPLITS)]
    specs = {
        "two panels": series.mentions_spec(SUBJECT, ROWS),
        "a legend outside": comparison.lines_spec(TWO_SUBJECTS, span=SPAN, column="share"),
        "a legend below panels": trainings.sequence_spec("x", predictions),
        "a narrow one": narrow,
        "a month's scatter": month_scatter.month_spec(SUBJECT, month),
        "a cloud": clouds.cloud_spec("x", WORDS, None, "Words."),
    }
    return {name: spec for name, spec in specs.items() if spec is not None}


SPECS = all_specs()


@cache
def png_of(name: str, note: str) -> bytes:
    return SPECS[name].render_png(note)


def shades(name: str, note: str) -> np.ndarray:
    """Return the PNG of a figure as shades of grey."""
    return np.asarray(Image.open(BytesIO(png_of(name, note))).convert("L")).astype(int)


@pytest.mark.parametrize("name", SPECS)
def test_the_note_stands_below_the_picture_and_changes_nothing_in_it(name: str) -> None:
    plain, noted = shades(name, ""), shades(name, NOTE)
    height = len(plain)
    assert noted.shape[1] == plain.shape[1]
    assert (np.abs(noted[:height] - plain) > A_SHADE).mean() < 0.001

    strip = noted[height:]
    inked = strip < 200
    assert inked.any()
    assert not inked[:2].any()  # a margin on every side: whole, and apart from the picture
    assert not inked[-2:].any()
    assert not inked[:, :2].any()
    assert not inked[:, -2:].any()


@pytest.mark.parametrize("name", SPECS)
def test_the_svg_has_the_note_once_and_the_shape_of_the_png(name: str) -> None:
    svg = SPECS[name].render(NOTE)
    root = ET.fromstring(svg)  # noqa: S314 - our own
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    png = Image.open(BytesIO(png_of(name, NOTE)))
    assert height / width == pytest.approx(png.height / png.width, abs=0.003)
    lines = [line for line in svg.decode().splitlines() if "Source: The New" in line]
    assert len(lines) == 1


def test_the_note_stands_below_the_scatter_of_a_month() -> None:
    spec = SPECS["a month's scatter"]
    plain, noted = spec.render(""), spec.render(NOTE)
    root = ET.fromstring(noted)  # noqa: S314 - our own
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == 460.8
    assert height == pytest.approx(236.6, abs=0.1)  # 216 and a line of small print
    assert noted.count(b"Source: The New") == 1
    letters = noted.split(b"<clipPath")[1].split(b"</svg>")[0]
    assert plain.split(b"<clipPath")[1].split(b"</svg>")[0] in letters


def test_equal_figures_with_equal_notes_are_equal_and_other_notes_make_others() -> None:
    for name in ("a month's scatter", "a cloud"):
        spec = SPECS[name]
        assert spec.render(NOTE) == spec.render(NOTE)
        assert spec.render_png(NOTE) == png_of(name, NOTE)
        assert spec.render(NOTE.replace("run 1", "run 2")) != spec.render(NOTE)


def test_a_long_note_is_broken_between_its_parts_where_the_picture_is_narrow() -> None:
    assert break_lines(NOTE, 9.0) == [NOTE]
    assert break_lines(NOTE, 4.0) == [
        "Source: The New York Times \u00b7 as of 2026-11-26",
        "Tidings, run 1 \u201cnews\u201d",
    ]
    assert break_lines("", 4.0) == []


@given(st.lists(st.text("abc \u4e2d$%", min_size=1, max_size=12).map(str.strip).filter(bool)))
@settings(max_examples=30, deadline=None)
def test_no_part_of_a_note_is_lost_or_broken(parts: list[str]) -> None:
    with style.house_style():
        lines = break_lines(" \u00b7 ".join(parts), 2.0)
    assert [part for line in lines for part in line.split(" \u00b7 ")] == parts
