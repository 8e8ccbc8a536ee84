"""A sheet as SVG and as PNG: they show the same at the same place, and equal data equal bytes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reports.figures import png
from reports.figures.marks import Mark, name_row
from reports.figures.png import find_fonts, to_png
from reports.figures.sheet import HATCHED, Sheet, measure, wrap
from reports.words.document_queries import DocumentQuery
from tests.figures_kit import SVG

ROOT = Path(__file__).parents[2]
# A unit of a sheet has so many dots of a PNG.
DOTS = 3


def ink(sheet: Sheet) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom end of what is not white in the PNG, in units."""
    dark = np.asarray(Image.open(BytesIO(to_png(sheet.to_svg()))).convert("L")) < 200
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return columns[0] / DOTS, rows[0] / DOTS, (columns[-1] + 1) / DOTS, (rows[-1] + 1) / DOTS


def test_an_area_is_in_the_png_where_it_is_in_the_svg() -> None:
    sheet = Sheet(120, 80)
    sheet.fill_box((10, 20), (50, 70), "#102030")
    assert b'd="M10 20L50 20L50 70L10 70z" fill="#102030"' in sheet.to_svg()
    assert ink(sheet) == pytest.approx((10, 20, 50, 70), abs=0.4)
    shown = Image.open(BytesIO(to_png(sheet.to_svg())))
    assert shown.size == (120 * DOTS, 80 * DOTS)
    assert shown.convert("RGB").getpixel((30 * DOTS, 40 * DOTS)) == (0x10, 0x20, 0x30)


def test_a_dot_a_line_and_a_hatched_stretch_are_in_the_png_too() -> None:
    sheet = Sheet(100, 100)
    sheet.draw_dot((30, 30), 5, "#000")
    assert ink(sheet) == pytest.approx((25, 25, 35, 35), abs=0.4)
    sheet.draw_line([(10, 60), (80, 60)], "#000", 2)
    assert ink(sheet) == pytest.approx((10, 25, 80, 61), abs=1.1)
    sheet.fill_box((60, 10), (90, 50), HATCHED)
    assert sheet.to_svg().count(b"<pattern") == 1
    # Two pictures of a page have patterns of their own.
    patterns = [re.findall('id="([^"]*)"', sheet.to_html(name, "")) for name in ("a", "b")]
    assert [len(found) for found in patterns] == [1, 1]
    assert patterns[0] != patterns[1]
    assert f'fill="url(#{patterns[0][0]})"' in sheet.to_html("a", "")
    grey = np.asarray(Image.open(BytesIO(to_png(sheet.to_svg()))).convert("L"))
    assert grey[10 * DOTS + 4 : 50 * DOTS - 4, 60 * DOTS + 4 : 90 * DOTS - 4].max() < 255


@pytest.mark.parametrize(
    ("anchor", "ends"), [("start", (50, 71)), ("middle", (40, 60)), ("end", (29, 50))]
)
def test_a_line_of_text_stands_on_its_place_in_the_png(anchor: str, ends: tuple[int, int]) -> None:
    sheet = Sheet(100, 50)
    sheet.write((50, 30), "HHH", 10, "#000", anchor=anchor)  # type: ignore[arg-type]
    left, top, right, bottom = ink(sheet)
    assert (left, right) == pytest.approx(ends, abs=2.5)
    assert (top, bottom) == pytest.approx((22.7, 30), abs=0.5)


def test_a_turned_text_goes_up_from_its_place() -> None:
    sheet = Sheet(100, 100)
    sheet.write((50, 80), "HHH", 10, "#000", is_turned=True)
    assert b'transform="rotate(-90 50 80)"' in sheet.to_svg()
    left, top, right, bottom = ink(sheet)
    assert (right, bottom) == pytest.approx((50, 79.2), abs=0.6)
    assert right - left == pytest.approx(7.3, abs=0.5)
    assert bottom - top > 15


@pytest.mark.parametrize("has_links", [True, False])
def test_what_belongs_to_a_mark_is_a_link_on_a_page_with_its_row_and_its_title(
    has_links: bool,
) -> None:
    sheet = Sheet(10, 10, has_links=has_links)
    mark = Mark(
        position=1,
        value=2,
        high=3.5,
        title="May: 3 < 4 & “x”",
        row=name_row("t", "a b", None, 5),
        documents=DocumentQuery(subject="a & b", period="2020-05"),
    )
    with sheet.group(mark):
        sheet.draw_dot((1, 2), 3, "#000")
        sheet.write((1, 2), "<&>", 5)

    root = ET.fromstring(sheet.to_html("x", "a picture"))  # noqa: S314 - our own
    address = "documents.html#subject=a%20%26%20b&period=2020-05"
    assert [link.attrib["href"] for link in root.iter(f"{SVG}a")] == [address] * has_links
    (group,) = root.iter(f"{SVG}g")
    assert group.attrib == {"data-row": "t.a-b.5", "data-values": "2 - 3.5"}
    # What is an image to a program that reads aloud hides the links in it.
    assert root.attrib["role"] == ("group" if has_links else "img")
    assert [one.tag.removeprefix(SVG) for one in group] == ["title", "circle", "text"]
    assert (group[0].text, group[2].text) == ("May: 3 < 4 & “x”", "<&>")


def test_the_name_of_a_row_stays_in_its_attribute() -> None:
    sheet = Sheet(10, 10)
    row = 't."><script>'
    with sheet.group(Mark(position=1, value=2, row=row)):
        sheet.draw_dot((1, 2), 3, "#000")

    root = ET.fromstring(sheet.to_html("x", "a picture"))  # noqa: S314 - our own
    (group,) = root.iter(f"{SVG}g")
    assert group.attrib["data-row"] == row
    assert [one.tag.removeprefix(SVG) for one in group] == ["circle"]


def test_a_letter_that_no_font_has_is_an_ellipsis_and_the_svg_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Matplotlib ships a font of placeholders, which has every character and draws boxes."""
    shipped = [
        font
        for font in png.font_manager.fontManager.ttflist
        if font.name.startswith(("DejaVu Sans", "Last Resort"))
    ]
    assert any(font.name.startswith("Last Resort") for font in shipped)
    monkeypatch.setattr(png.font_manager.fontManager, "ttflist", shipped)
    assert find_fonts("a中Ж")[1] == {"中"}
    drawn = []
    for text in ("中 fog", "… fog"):
        sheet = Sheet(60, 20)
        sheet.write((5, 15), text, 10)
        drawn.append(to_png(sheet.to_svg()))
        assert text in sheet.to_svg().decode()

    assert drawn[0] == drawn[1]


def test_latin_greek_cyrillic_and_arabic_need_no_font_beyond_the_shipped_one() -> None:
    assert find_fonts("abc где αβ سلام") == (["DejaVu Sans"], set())


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    sheet = Sheet(100, 20)
    sheet.write((5, 15), "$\\frac{$", 10)
    assert to_png(sheet.to_svg()).startswith(b"\x89PNG")


@pytest.mark.thorough
def test_a_matplotlibrc_in_the_working_folder_changes_no_picture(tmp_path: Path) -> None:
    script = (
        "import sys; from reports.figures.png import to_png; from reports.figures.sheet import "
        "Sheet; s = Sheet(50, 20); s.write((5, 15), 'HHH', 10); "
        "sys.stdout.buffer.write(to_png(s.to_svg()))"
    )
    drawn = []
    for rules in ("", "lines.antialiased: False\ntext.antialiased: False\nfont.size: 30\n"):
        (tmp_path / "matplotlibrc").write_text(rules, encoding="utf-8")
        drawn.append(
            subprocess.run(  # noqa: S603 - its own interpreter
                [sys.executable, "-P", "-c", script],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                check=True,
                timeout=60,
            ).stdout
        )

    assert drawn[0].startswith(b"\x89PNG")
    assert drawn[0] == drawn[1]


@given(st.text("abc 中文'é", max_size=60), st.floats(40, 400))
def test_a_wrapped_text_loses_no_word_and_fits(text: str, width: float) -> None:
    lines = wrap(text, width, 10)
    assert "".join("".join(lines).split()) == "".join(text.split())
    longest = max((measure(line, 10) for line in lines), default=0.0)
    # A line of wide letters may be wider than the text is on average.
    assert longest <= max(2 * width, 40)


@pytest.mark.parametrize("name", ["@BarackObama", "@NASA", "@mmmm", "WASHINGTON", "New York"])
def test_a_name_is_not_wider_than_it_is_measured(name: str) -> None:
    """So that the room for names beside a picture does not cut them off."""
    sheet = Sheet(140, 20)
    sheet.write((4, 14), name, 10, "#000")
    left, _, right, _ = ink(sheet)
    assert right - left <= measure(name, 10)
