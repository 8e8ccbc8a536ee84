"""The pictures of a report's folder: each drawn once, named by what it shows and made of."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from operator import attrgetter
from pathlib import Path

from core.atomic_files import write_atomically
from core.errors import TidingsError
from reports.build_progress import BuildProgress
from reports.figures import fonts
from reports.figures.spec import FigureSpec
from reports.report_files import FIGURES, is_figure

_VIEW_BOX = re.compile(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class FigureRef:
    """A picture as a page shows it: addresses relative to the page."""

    svg: str
    png: str | None
    alt: str
    caption: str
    layout: str
    size: tuple[int, int]  # width and height, in hundredths of the SVG's units


@dataclass(frozen=True)
class FigureSection:
    """Figures under one heading of a page."""

    anchor: str
    heading: str
    figures: list[FigureRef]
    note: str = ""
    words: Mapping[str, int] = field(default_factory=dict)  # a list in place of a figure
    lists: Mapping[str, str] = field(default_factory=dict)  # by their headings, as `words`


class FigureStore:
    """Draws figures into ``folder/figures``; those of equal data and style are kept.

    Several workers can fill one folder: each looks before it draws, each file is put in place
    whole, and the same picture drawn twice is the same file.
    Below each picture stands *note* in small print. *check* is called before each drawing; what it
    raises ends the drawing there. *progress* counts the figures.
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
        self.drawn = 0
        self.used: set[str] = set()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TidingsError(
                f"{self.folder} cannot be made ({error.strerror}): choose another place for the "
                "report"
            ) from error
        self._before = set(map(attrgetter("name"), self.folder.iterdir()))

    def show(self, spec: FigureSpec) -> FigureRef:
        """Return the figure, drawn unless its files are there. Raises `TidingsError`."""
        key = hashlib.sha256(f"{style_hash()}\0{self._note}\0{spec.data}".encode()).hexdigest()[:12]
        forms = ("svg", "png") if spec.has_png else ("svg",)
        names = {form: f"{spec.name}-{key}.{form}" for form in forms}
        self.used.update(names.values())
        if not all((self.folder / name).exists() for name in names.values()):
            self._check()
            for form, content in spec.render(self._note).items():
                write_atomically(self.folder / names[form], content)
            self.drawn += 1
        self.progress.count_figure()

        addresses = {form: f"{FIGURES}/{name}" for form, name in names.items()}
        size = _size(self.folder / names["svg"])
        return FigureRef(
            addresses["svg"], addresses.get("png"), spec.alt, spec.caption, spec.layout, size
        )

    def draw_the_rest(self) -> None:
        """Draw without a check from now on: what is left is little, and comes after a long way."""
        self._check = lambda: None

    def show_all(self, *specs: FigureSpec | None) -> list[FigureRef]:
        """Return those of the figures that have something to show."""
        return [self.show(spec) for spec in specs if spec is not None]

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
        """Add a section of the figures that have something to show, of lists, and of a *note*."""
        figures = self.show_all(*specs)
        if figures or words or lists or note:
            section = FigureSection(anchor, heading, figures, note, words or {}, lists or {})
            sections.append(section)

    def drop_unused(self) -> None:
        """Delete the pictures of earlier reports; files that are no figures of ours stay."""
        for name in self._before - self.used:
            if is_figure(name):
                (self.folder / name).unlink(missing_ok=True)


def _size(svg: Path) -> tuple[int, int]:
    """Return the width and height of a picture of ours, in hundredths: their ratio is exact."""
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
    """Return what changes when the code that draws, the fonts or the libraries change."""
    digest = hashlib.sha256(f"{version('matplotlib')} {version('wordcloud')}".encode())
    for package in ("reports.figures", "analysis.text", "analysis.text.stopwords"):
        for file in sorted(files(package).iterdir(), key=attrgetter("name")):
            if file.name.endswith((".py", ".txt")):
                digest.update(file.read_bytes())
    scripts = map(attrgetter("name"), fonts.SCRIPTS)
    digest.update(repr(list(map(fonts.font_for_script, scripts))).encode())
    return digest.hexdigest()
