"""The pictures of a report's folder: each drawn once, under a name that says what it shows and of what it was made."""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from core.errors import TidingsError
from reports import fonts
from reports.atomic_files import write_atomically

FOLDER = "figures"
FORMS = ("svg", "png")
_OURS = re.compile(r"^[\w.@-]+-[0-9a-f]{12}\.(png|svg)$")

Draw = Callable[[], dict[str, bytes]]


@dataclass(frozen=True)
class FigureRef:
    """A picture as a page shows it: addresses relative to the page."""

    svg: str
    png: str
    alt: str
    caption: str
    size: tuple[int, int]  # of the PNG, in pixels


class FigureStore:
    """Draws what is not there yet into ``folder/figures``; equal data and style give the same name and are kept.

    Several workers can fill one folder: each looks right before it draws, each file is put in place whole, and the same
    picture drawn twice is the same file.
    """

    def __init__(self, folder: Path, *, check: Callable[[], None] = lambda: None) -> None:
        self.folder = folder / FOLDER
        self._check = (
            check  # called before anything is drawn; what it raises ends the drawing there
        )
        self.drawn = 0
        self.used: set[str] = set()
        _folder(self.folder)
        self._before = {path.name for path in self.folder.iterdir()}

    def show(self, name: str, data: object, draw: Draw, *, alt: str, caption: str) -> FigureRef:
        """The picture *name*, drawn by *draw* (bytes by ending) unless one of the same *data* is there.

        *data* is all that the drawing depends on; its `repr` must tell apart what looks different.
        """
        key = hashlib.sha256(f"{_style()}\0{data!r}".encode()).hexdigest()[:12]
        names = {form: f"{name}-{key}.{form}" for form in FORMS}
        self.used.update(names.values())
        if not all((self.folder / file).exists() for file in names.values()):
            self._check()
            for form, content in draw().items():
                write_atomically(self.folder / names[form], content)
            self.drawn += 1
        size = _size(self.folder / names["png"])
        return FigureRef(f"{FOLDER}/{names['svg']}", f"{FOLDER}/{names['png']}", alt, caption, size)

    def drop_unused(self) -> None:
        """Delete the pictures of earlier reports that this one does not show; other people's files stay."""
        for name in self._before - self.used:
            if _OURS.match(name):
                (self.folder / name).unlink(missing_ok=True)


def _size(png: Path) -> tuple[int, int]:
    """Width and height, from where every PNG has them."""
    with png.open("rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:24])
    return width, height


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TidingsError(
            f"{path} cannot be made ({error.strerror}): choose another place for the report"
        ) from error


def slug(text: str) -> str:
    """*text* as a part of a file's name: letters and digits, the rest as hyphens; never empty, never the same for two.

    A name that loses characters on the way gets a few digits of a hash of the whole.
    """
    plain = re.sub(r"[^\w.@]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-.")[:40]
    if plain and plain == text.lower():
        return plain
    return f"{plain or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


@cache
def _style() -> str:
    """Changes when the code that draws, the fonts or the drawing libraries change."""
    import matplotlib as mpl  # noqa: PLC0415 - only its version is wanted here
    import wordcloud  # noqa: PLC0415

    hashed = hashlib.sha256(f"{mpl.__version__} {wordcloud.__version__}".encode())
    for package in ("reports.figures", "reports.stopwords"):
        for file in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith((".py", ".txt")):
                hashed.update(file.read_bytes())
    hashed.update(repr([fonts.font_for_script(script.name) for script in fonts.SCRIPTS]).encode())
    return hashed.hexdigest()
