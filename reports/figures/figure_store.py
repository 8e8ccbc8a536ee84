"""The pictures of a report's folder: each is drawn once, and named by its data and its style."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from core.errors import TidingsError
from reports.build_progress import BuildProgress
from reports.figures import fonts
from reports.figures.shared_drawings import Drawing, SharedDrawings
from reports.figures.spec import FigureSpec
from reports.report_files import FIGURES, is_figure

_VIEW_BOX = re.compile(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class FigureRef:
    """A picture as a page shows it, with addresses relative to the page."""

    svg: str
    alt: str
    caption: str
    layout: str

    # Returns `size` once the figure is drawn.
    read_size: Callable[[], tuple[int, int]] = field(repr=False, compare=False)

    # The same figure for a phone.
    narrow: FigureRef | None = None

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height in hundredths of the SVG's units."""
        return self.read_size()


@dataclass(frozen=True)
class FigureSection:
    """Figures under one heading of a page."""

    anchor: str
    heading: str
    figures: list[FigureRef]
    note: str = ""

    # A list of words stands in place of a figure.
    words: Mapping[str, int] = field(default_factory=dict)

    # These lists by heading stand in place of a figure, as `words` does.
    lists: Mapping[str, str] = field(default_factory=dict)


class FigureStore:
    """Draws figures into ``folder/figures``; those of equal data and style are kept.

    Several workers can fill one folder. Each looks before it draws, and writes a file atomically;
    the same picture drawn twice is the same file. *note* stands in small print below each picture.
    *check* is called before each drawing and may raise to end it. *progress* counts the figures.

    The process of an *executor* draws too (see `SharedDrawings`): then a figure may be shown before
    it is drawn.
    """

    def __init__(
        self,
        folder: Path,
        *,
        note: str = "",
        check: Callable[[], None] = lambda: None,
        progress: BuildProgress | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.folder = folder / FIGURES
        self.progress = progress or BuildProgress()
        self.shared_drawings = SharedDrawings(executor)
        self._note = note
        self._check = check
        self.drawn = 0
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
        """Return the figure, drawn unless its file is there. Raises `TidingsError`.

        *note* stands below it in the place of the store's note.
        """
        note = self._note if note is None else note
        key = hashlib.sha256(f"{style_hash()}\0{note}\0{spec.data}".encode()).hexdigest()[:12]
        file_name = f"{spec.name}-{key}.svg"
        drawing = Drawing(spec, note, self.folder / file_name)
        if not drawing.svg.exists() and drawing not in self.shared_drawings:
            self._check()
            self.shared_drawings.draw(drawing)
            self.drawn += 1
        elif file_name not in self._earlier_files and file_name not in self.used:
            # The other process has drawn it ahead, and came from the end.
            self.shared_drawings.cancel_parts()

        self.used.add(file_name)
        self.progress.count_figure()
        return FigureRef(
            f"{FIGURES}/{file_name}",
            spec.alt,
            spec.caption,
            spec.layout,
            partial(self._read_size, drawing),
            self.show(spec.narrow, note) if spec.narrow is not None else None,
        )

    def finish(self) -> None:
        """Wait until each figure is drawn, and draw what no other process does."""
        self._earlier_files |= self.shared_drawings.finish_all()

    def _read_size(self, drawing: Drawing) -> tuple[int, int]:
        self.shared_drawings.finish(drawing)
        return _size(drawing.svg)

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
        lists: Mapping[str, str] | None = None,
    ) -> None:
        """Add a section with figures, *words*, *lists* and a *note*, unless all are empty."""
        figures = self.show_all(*specs)
        if figures or words or lists or note:
            section = FigureSection(anchor, heading, figures, note, words or {}, lists or {})
            sections.append(section)

    def drop_unused(self) -> None:
        """Delete the pictures of earlier reports; files that are no figures of ours stay."""
        for file_name in self._earlier_files - self.used:
            if is_figure(file_name):
                (self.folder / file_name).unlink(missing_ok=True)


def _size(svg: Path) -> tuple[int, int]:
    """Return the width and height of our picture in hundredths, so that their ratio is exact."""
    with svg.open("rb") as file:
        match = _VIEW_BOX.search(file.read(2048))

    assert match is not None  # noqa: S101 - every SVG of ours has one
    return round(100 * float(match[1])), round(100 * float(match[2]))


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
    """Return a hash that changes with the drawing code, the fonts and the libraries."""
    digest = hashlib.sha256(f"{version('matplotlib')} {version('wordcloud')}".encode())
    for package in ("reports.figures", "analysis.text", "analysis.text.stopwords"):
        for file in sorted(files(package).iterdir(), key=lambda path: path.name):
            if file.name.endswith((".py", ".txt")):
                digest.update(file.read_bytes())

    script_fonts = [fonts.font_for_script(script.name) for script in fonts.SCRIPTS]
    digest.update(repr(script_fonts).encode())
    return digest.hexdigest()
