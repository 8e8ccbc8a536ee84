"""A sheet of paper on which lines, areas, dots and words are written as SVG."""

from __future__ import annotations

import textwrap
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from reports.figures import style
from reports.figures.marks import Mark
from reports.words.document_queries import DocumentQuery
from reports.words.texts import join_lines

Place = tuple[float, float]
# Where a line of text has its place.
Anchor = Literal["start", "middle", "end"]

# Hatches a stretch without data, so that nobody takes it for zero.
HATCHED = "url(#gap)"
_PATTERN = (
    '<defs><pattern id="gap" width="5" height="5" patternUnits="userSpaceOnUse">'
    f'<path d="M0 0L5 0L5 5L0 5z" fill="{style.GAP}"/>'
    '<path d="M0 5L5 0" fill="none" stroke="#c3c8cd"/></pattern></defs>'
)
_FONTS = "system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif"

# A letter is about so wide, as a part of its size; a capital is wider, and these, and those of wide
# writing systems, fill a square.
_LETTER, _CAPITAL, _WIDE_LETTER, _WIDE_LATIN = 0.57, 0.75, 1.0, "@MWm%"
# The distance of two lines is a multiple of the letters' size.
_LEADING = 1.25


@dataclass
class Sheet:
    """What is written, in order.

    What belongs to a mark is a group with its row, its figures and its title: on a page, which is
    beside the list of documents, a link.
    """

    width: float
    height: float = 0.0
    elements: list[str] = field(default_factory=list)
    has_links: bool = False

    # The documents of the last link.
    _linked: DocumentQuery | None = None

    @contextmanager
    def group(self, mark: Mark) -> Iterator[None]:
        """Let all that is written meanwhile belong to *mark*.

        Marks behind each other that have the same documents have one link.
        """
        is_linked = self.has_links and mark.documents is not None
        if is_linked and self._linked == mark.documents and self.elements[-1] == "</a>":
            self.elements.pop()
        elif is_linked and mark.documents is not None:
            self._linked = mark.documents
            self.elements.append(f'<a href="{escape(mark.documents.address)}">')

        row = ""
        if mark.row:
            low, high = mark.exported or (mark.low, mark.high)
            numbers = (mark.value, low, high, mark.n)
            values = " ".join("-" if number is None else f"{number}" for number in numbers)
            row = f' data-row="{escape(mark.row)}" data-values="{values.rstrip(" -")}"'

        title = f"<title>{escape(mark.title)}</title>" if mark.title else ""
        with self.part("g", f"{row}>{title}"):
            yield

        if is_linked:
            self.elements.append("</a>")

    @contextmanager
    def part(self, tag: str, start: str) -> Iterator[None]:
        """Let all that is written meanwhile stand in an element, which *start* goes on."""
        self.elements.append(f"<{tag}{start}")
        yield
        self.elements.append(f"</{tag}>")

    def draw_line(
        self,
        points: Sequence[Place],
        color: str,
        width: float = 1.0,
        *,
        opacity: float = 1.0,
        is_dashed: bool = False,
    ) -> None:
        """Draw a line through *points*."""
        dashes = ' stroke-dasharray="4 3"' if is_dashed else ""
        look = f'fill="none" stroke="{color}" stroke-width="{width:g}"{dashes}{_faint(opacity)}'
        self.elements.append(f'<path d="{_path(points)}" {look}/>')

    def fill_area(
        self, points: Sequence[Place], color: str, *, opacity: float = 1.0, edge: str = ""
    ) -> None:
        """Fill the area between *points*."""
        stroke = f' stroke="{edge}" stroke-width="0.7"' if edge else ""
        look = f'fill="{color}"{stroke}{_faint(opacity)}'
        self.elements.append(f'<path d="{_path(points)}z" {look}/>')

    def fill_box(
        self, corner: Place, other: Place, color: str, *, opacity: float = 1.0, edge: str = ""
    ) -> None:
        """Fill the box between two corners."""
        (left, top), (right, bottom) = corner, other
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        self.fill_area(corners, color, opacity=opacity, edge=edge)

    def draw_dot(
        self,
        place: Place,
        radius: float,
        color: str,
        *,
        opacity: float = 1.0,
        is_hollow: bool = False,
    ) -> None:
        """Draw a disc, or a ring; without a color a disc has that of the element it is in."""
        x, y = map(_number, place)
        fill = (
            f' fill="#fff" stroke="{color}"' if is_hollow else f' fill="{color}"' if color else ""
        )
        circle = f'<circle cx="{x}" cy="{y}" r="{_number(radius)}"{fill}{_faint(opacity)}/>'
        self.elements.append(circle)

    def write(
        self,
        place: Place,
        text: str,
        size: float,
        color: str = style.MUTED,
        *,
        anchor: Anchor = "start",
        is_bold: bool = False,
        is_turned: bool = False,
        length: float | None = None,
    ) -> None:
        """Write a line on a base line that ends or begins at *place*; *length* is how wide it is.

        What is turned goes up.
        """
        x, y = map(_number, place)
        look = f'font-size="{_number(size)}" fill="{color}"'
        look += f' text-anchor="{anchor}"' if anchor != "start" else ""
        look += ' font-weight="bold"' if is_bold else ""
        look += f' transform="rotate(-90 {x} {y})"' if is_turned else ""
        if length is not None:
            look += f' textLength="{_number(length)}" lengthAdjust="spacingAndGlyphs"'

        self.elements.append(f'<text x="{x}" y="{y}" {look}>{escape(text)}</text>')

    def write_lines(
        self,
        place: Place,
        lines: Iterable[str],
        size: float,
        color: str = style.MUTED,
        *,
        anchor: Anchor = "start",
        is_bold: bool = False,
    ) -> float:
        """Write lines below each other; return the lower edge of the last."""
        x, y = place
        for line in lines:
            self.write((x, y + size), line, size, color, anchor=anchor, is_bold=is_bold)
            y += _LEADING * size

        return y

    def to_svg(self) -> bytes:
        """Return the sheet as a file in the format SVG."""
        return f"{self._write()}\n".encode()

    def to_html(self, name: str, alt: str) -> str:
        """Return the sheet as a part of a page, which has no other of that *name*."""
        role = "group" if any(element.startswith("<a ") for element in self.elements) else "img"
        svg = self._write(f' role="{role}" aria-label="{escape(alt)}" data-name="{escape(name)}"')
        pattern = f"gap-{zlib.crc32(name.encode()):x}"
        svg = svg.replace(f'fill="{HATCHED}"', f'fill="url(#{pattern})"')
        return svg.replace('<pattern id="gap"', f'<pattern id="{pattern}"')

    def _write(self, look: str = "") -> str:
        width, height = _number(self.width), _number(self.height)
        root = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="{_FONTS}"{look}>'
        )
        paper = f'<path d="M0 0L{width} 0L{width} {height}L0 {height}z" fill="#fff"/>'
        body = "\n".join(self.elements)
        pattern = _PATTERN if HATCHED in body else ""
        return "\n".join([root + pattern, paper, body, "</svg>"])


def measure(text: str, size: float) -> float:
    """Return about how wide a line of letters of that *size* is, in any common font."""
    return size * sum(map(_measure_letter, text))


def _measure_letter(letter: str) -> float:
    if letter in _WIDE_LATIN or unicodedata.east_asian_width(letter) in "WF":
        return _WIDE_LETTER

    return _CAPITAL if letter.isupper() else _LETTER


def cut(text: str, longest: int) -> str:
    """Return *text* in one line; a longer one is cut, with "…" at its end."""
    line = join_lines(text)
    return line if len(line) <= longest else f"{line[: max(1, longest - 1)].rstrip()}…"


def wrap(text: str, width: float, size: float) -> list[str]:
    """Return *text* in lines that fit into *width*."""
    letters = int(width * len(text) / max(1.0, measure(text, size)))
    return textwrap.wrap(text, max(4, letters))


def _path(points: Sequence[Place]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _faint(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{opacity:g}"'


def _number(number: float) -> str:
    """Return a number to a tenth, which nobody sees, without a needless zero."""
    return f"{number:.1f}".removesuffix(".0")
