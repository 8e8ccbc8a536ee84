"""Pictures read from the SVG that was drawn: where the shape of each mark is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from reports.figures.marks import Chart, Heat, Mark, Panel, Picture
from reports.figures.panels import draw_picture
from reports.figures.spec import FigureSpec

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    """A shape of a picture: its edges and its look."""

    left: float
    top: float
    right: float
    bottom: float
    look: dict[str, str]

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


# A picture on a page: its name, and what is said of it to who does not see it.
_ON_PAGE = re.compile(r'<svg [^>]*aria-label="([^"]*)" data-name="([^"]*)".*?</svg>', re.DOTALL)


def pictures_of(page: Path) -> dict[str, str]:
    """Return the SVG of each picture of a page by its name."""
    html = page.read_text(encoding="utf-8")
    return {match[2]: match[0] for match in _ON_PAGE.finditer(html)}


def pictures_in(folder: Path) -> dict[str, str]:
    """Return the SVG of each picture of the pages in a folder by its name."""
    found: dict[str, str] = {}
    for page in sorted(folder.glob("*.html")):
        found |= pictures_of(page)

    return found


def draw(shown: FigureSpec | Picture | Panel | None, note: str = "") -> ET.Element:
    """Draw a figure, a picture or a panel, and return the root of its SVG."""
    assert shown is not None
    if isinstance(shown, FigureSpec):
        shown = shown.picture

    picture = shown if isinstance(shown, Picture) else Picture(panels=[shown])
    return ET.fromstring(draw_picture(picture, note).to_svg())  # noqa: S314 - our own


def shape(element: ET.Element) -> Box:
    """Return where an area, a line or a dot is."""
    if element.tag == f"{SVG}circle":
        x, y, radius = (float(element.attrib[name]) for name in ("cx", "cy", "r"))
        return Box(x - radius, y - radius, x + radius, y + radius, element.attrib)

    numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.attrib["d"])]
    xs, ys = numbers[::2], numbers[1::2]
    return Box(min(xs), min(ys), max(xs), max(ys), element.attrib)


def shapes(root: ET.Element, row: str = "") -> list[Box]:
    """Return the shapes of the marks whose rows begin with *row*, in their order."""
    found = []
    for group in root.iter(f"{SVG}g"):
        if "class" not in group.attrib and group.get("data-row", "").startswith(row):
            found += [shape(one) for one in group if one.tag in (f"{SVG}path", f"{SVG}circle")]

    return found


def areas(root: ET.Element, fill: str) -> list[Box]:
    """Return the areas that have a colour or a pattern."""
    return [shape(path) for path in root.iter(f"{SVG}path") if path.get("fill") == fill]


def lines(root: ET.Element, color: str) -> list[Box]:
    """Return the lines that have a colour."""
    return [shape(path) for path in root.iter(f"{SVG}path") if path.get("stroke") == color]


def texts(root: ET.Element) -> list[str]:
    """Return all that is written, in its order."""
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def titles(root: ET.Element) -> dict[str, str]:
    """Return what each mark says, by its row."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if "data-row" in group.attrib and title is not None:
            assert group.attrib["data-row"] not in found
            found[group.attrib["data-row"]] = title.text or ""

    return found


def chart(spec: FigureSpec | None, number: int = 0) -> Chart:
    """Return a chart of a figure."""
    assert spec is not None
    panel = spec.picture.panels[number]
    assert isinstance(panel, Chart)
    return panel


def heat(spec: FigureSpec | None) -> Heat:
    """Return the heat chart of a figure."""
    assert spec is not None
    (panel,) = spec.picture.panels
    assert isinstance(panel, Heat)
    return panel


def values(marks: object) -> list[tuple[str | float, float | None]]:
    """Return the positions and values of *marks*."""
    assert isinstance(marks, list | tuple)
    return [(mark.position, mark.value) for mark in marks if isinstance(mark, Mark)]
