"""The pictures of a report's folder: each is named by what it shows."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from core.atomic_files import write_atomically
from core.errors import TidingsError
from reports.build_progress import BuildProgress
from reports.figures.panels import draw_picture
from reports.figures.spec import FigureSpec
from reports.report_files import FIGURES, is_figure


@dataclass(frozen=True)
class FigureRef:
    """A picture as a page shows it, with its address relative to the page."""

    svg: str
    alt: str
    caption: str
    layout: str

    # Width and height in units of the SVG.
    size: tuple[int, int]


@dataclass(frozen=True)
class FigureSection:
    """Figures under one heading of a page."""

    anchor: str
    heading: str
    figures: list[FigureRef]
    note: str = ""

    # A list of words stands in place of a figure.
    words: Mapping[str, int] = field(default_factory=dict)


class FigureStore:
    """Draws figures into ``folder/figures``; those that are there already stay.

    A file is written atomically, and the same picture drawn twice is the same file. *note* stands
    in small print below each picture. *check* is called before each new file and may raise to end
    it. *progress* counts the figures.
    """

    def __init__(
        self,
        folder: Path,
        *,
        note: str = "",
        check: Callable[[], None] = lambda: None,
        progress: BuildProgress | None = None,
    ) -> None:
        self.folder = folder / FIGURES
        self.progress = progress or BuildProgress()
        self._note = note
        self._check = check
        self.used: set[str] = set()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TidingsError(
                f"{self.folder} cannot be made ({error.strerror}): choose another place for the "
                "report"
            ) from error

        self._earlier_files = {path.name for path in self.folder.iterdir()}

    def show(self, spec: FigureSpec, note: str | None = None) -> FigureRef:
        """Draw the figure and return it. Raises `TidingsError`.

        *note* stands below it in the place of the store's note.
        """
        sheet = draw_picture(spec.picture, self._note if note is None else note)
        svg = sheet.to_svg()
        file_name = f"{spec.name}-{hashlib.sha256(svg).hexdigest()[:12]}.svg"
        path = self.folder / file_name
        if not path.exists():
            self._check()
            write_atomically(path, svg)

        self.used.add(file_name)
        self.progress.count_figure()
        size = round(sheet.width), round(sheet.height)
        return FigureRef(f"{FIGURES}/{file_name}", spec.alt, spec.caption, spec.layout, size)

    def draw_the_rest(self) -> None:
        """Draw the remaining figures without a check: few are left, and most work is done."""
        self._check = lambda: None

    def show_all(self, *specs: FigureSpec | None, note: str | None = None) -> list[FigureRef]:
        """Return the figures of all *specs* that are not None: see `show`."""
        return [self.show(spec, note) for spec in specs if spec is not None]

    def add_section(
        self,
        sections: list[FigureSection],
        anchor: str,
        heading: str,
        *specs: FigureSpec | None,
        note: str = "",
        words: Mapping[str, int] | None = None,
        figure_note: str | None = None,
    ) -> None:
        """Add a section with figures, *words* and a *note*, unless all are empty.

        *figure_note* is what `show` calls the note.
        """
        figures = self.show_all(*specs, note=figure_note)
        if figures or words or note:
            sections.append(FigureSection(anchor, heading, figures, note, words or {}))

    def drop_unused(self) -> None:
        """Delete the pictures of earlier reports; files that are no figures of ours stay."""
        for file_name in self._earlier_files - self.used:
            if is_figure(file_name):
                (self.folder / file_name).unlink(missing_ok=True)


def slug(text: str) -> str:
    """Return *text* as part of a file's name: never empty, never the same for two texts.

    Letters and digits stay, the rest becomes hyphens; a name that loses characters on the way gets
    a few digits of a hash of the whole.
    """
    plain = re.sub(r"[^\w.@]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-.")[:40]
    if plain and plain == text.lower():
        return plain

    return f"{plain or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


@cache
def style_hash() -> str:
    """Return a hash that changes with the code that draws, and with the stop words of clouds."""
    digest = hashlib.sha256()
    for package in ("reports.figures", "analysis.text", "analysis.text.stopwords"):
        for file in sorted(files(package).iterdir(), key=lambda path: path.name):
            if file.name.endswith((".py", ".txt")):
                digest.update(file.read_bytes())

    return digest.hexdigest()
