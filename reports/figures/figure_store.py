"""The pictures of a report: parts of its pages, and files where they cannot be."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from core.atomic_files import write_atomically
from core.errors import TidingsError
from reports.build_progress import BuildProgress
from reports.figures.panels import draw_picture
from reports.figures.spec import FigureSpec
from reports.report_files import FIGURES, is_figure


@dataclass(frozen=True)
class FigureRef:
    """A picture as a page shows it."""

    alt: str
    caption: str
    layout: str

    # The picture itself, or else its file's address relative to the page.
    svg: Markup | None = None
    address: str = ""

    # Width and height in units of the SVG.
    size: tuple[int, int] = (0, 0)


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
    """Draws figures for pages, and into ``folder/figures`` where they are no parts of pages.

    In a pack figures are *in_files*. A file is written atomically, and the same picture drawn twice
    is the same file. *note* stands in small print below each picture. With *links*, marks lead to
    the list of documents beside the page; with *word_links*, those of words too, which the list
    finds in its texts, whatever a selection leaves out. *check* is called before each figure and
    may raise to end it. *progress* counts the figures.
    """

    def __init__(
        self,
        folder: Path,
        *,
        note: str = "",
        links: bool = True,
        word_links: bool = True,
        in_files: bool = False,
        check: Callable[[], None] = lambda: None,
        progress: BuildProgress | None = None,
    ) -> None:
        self.folder = folder / FIGURES
        self.progress = progress or BuildProgress()
        self.note, self._links, self._in_files = note, links, in_files
        self.word_links = word_links
        self._check = check
        self.used: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TidingsError(
                f"{folder} cannot be made ({error.strerror}): choose another place for the report"
            ) from error

        paths = self.folder.iterdir() if self.folder.is_dir() else ()
        self._earlier_files = {path.name for path in paths}

    def show(self, spec: FigureSpec, note: str | None = None) -> FigureRef:
        """Draw the figure and return it. Raises `TidingsError`.

        *note* stands below it in the place of the store's note.
        """
        self._check()
        note = self.note if note is None else note
        sheet = draw_picture(spec.picture, note, has_links=self._links and not self._in_files)
        self.progress.count_figure()
        ref = FigureRef(spec.alt, spec.caption, spec.layout)
        if self._in_files:
            size = round(sheet.width), round(sheet.height)
            return replace(ref, address=self._keep(spec.name, sheet.to_svg()), size=size)

        svg = sheet.to_html(spec.name, spec.alt)
        return replace(ref, svg=Markup(svg))  # noqa: S704 - it escapes what it writes

    def _keep(self, name: str, svg: bytes) -> str:
        """Write the file of a picture if it is not there yet; return its address."""
        file_name = f"{name}-{hashlib.sha256(svg).hexdigest()[:12]}.svg"
        path = self.folder / file_name
        if not path.exists():
            self.folder.mkdir(exist_ok=True)
            write_atomically(path, svg)

        self.used.add(file_name)
        return f"{FIGURES}/{file_name}"

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

        if self._earlier_files and not self.used:
            # The folder stays if it holds other files.
            with suppress(OSError):
                self.folder.rmdir()


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


@dataclass(frozen=True)
class PassedPicture:
    """A picture to pass on: its page, its PNG and its CSV have the same *name*."""

    name: str
    title: str
    figure: FigureRef

    # The page that it was taken from.
    origin: str

    # What its PNG shows.
    svg: bytes
