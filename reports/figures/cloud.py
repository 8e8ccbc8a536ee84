"""A word cloud: a word's height is in proportion to its count, and no word touches another."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageFont, UnidentifiedImageError

from core.errors import BadInput
from reports.figures.marks import Cloud, Mark, name_row
from reports.figures.sheet import Sheet
from reports.words.quantities import quantity

# Words are laid out in these units, because finding room is slow.
WIDTH, HEIGHT = 160, 100
# A larger mask is laid out at this size.
LARGEST_MASK = 160
# These sizes of the most frequent word are tried, down to 8.
_SIZES = tuple(HEIGHT * 0.93**step for step in range(45))
# Words are measured once at this size; so many are kept.
_MEASURED, _KEPT_WORDS = 40, 1024
# Words and the space between them often fill this share of the room.
_FILLED = 0.92
# The space between words is in layout units.
_MARGIN = 2
# This share of the words lies flat; the others stand upright.
_FLAT = 0.92
# Each ink is dark enough on white.
_INKS = ("#0072B2", "#00664b", "#a64900", "#7d3f63", "#1b1f24")


@dataclass(frozen=True, slots=True)
class Box:
    """The room of a word: its width, and how far it rises above its base line and falls below."""

    width: float
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word with its size, the corner of its room, and whether it goes up."""

    word: str
    size: float
    left: float
    top: float
    is_turned: bool


def draw_cloud(sheet: Sheet, cloud: Cloud, top: float) -> float:
    """Draw the cloud as wide as the sheet; return where it ends."""
    mask = read_mask(cloud.mask) if cloud.mask else None
    placed_words, (height, width) = place_words(cloud.word_counts, mask)
    scale = sheet.width / width
    for number, placed in enumerate(placed_words):
        box, part = measure_word(placed.word), placed.size / _MEASURED
        x, y = placed.left, placed.top + part * box.above
        if placed.is_turned:
            x, y = placed.left + part * box.above, placed.top + part * box.width

        count = cloud.word_counts[placed.word]
        title = f"{placed.word}: {quantity(count, 'time')}"
        mark = Mark(
            position=placed.word, value=count, title=title, row=name_row("words", placed.word)
        )
        with sheet.group(mark):
            sheet.write(
                (scale * x, top + scale * y),
                placed.word,
                scale * placed.size,
                _INKS[number % len(_INKS)],
                is_turned=placed.is_turned,
                length=scale * part * box.width,
            )

    return top + scale * height


def read_mask(png: bytes) -> np.ndarray:
    """Return a mask as numbers: its dark parts have room for words. Raises `BadInput`."""
    try:
        picture = Image.open(BytesIO(png)).convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"the mask is no picture that can be read ({error}): give a PNG") from error

    picture.thumbnail((LARGEST_MASK, LARGEST_MASK))
    paper = Image.new("RGBA", picture.size, "white")
    return np.array(Image.alpha_composite(paper, picture).convert("L"))


def place_words(
    word_counts: Mapping[str, int], mask: np.ndarray | None
) -> tuple[list[PlacedWord], tuple[int, int]]:
    """Place every word, the same for the same words, and return the height and width of all.

    The first size that is tried fills most of the room; then smaller ones are, until all words have
    room. A mask that leaves no room is ignored.
    """
    for size in _SIZES[_estimate_size(word_counts, mask) :]:
        placed = _place_all(word_counts, mask, size)
        if placed is not None:
            return placed, (HEIGHT, WIDTH) if mask is None else mask.shape

    if mask is None:
        raise ValueError(f"{len(word_counts)} words have no room in a word cloud")

    return place_words(word_counts, None)


def _estimate_size(word_counts: Mapping[str, int], mask: np.ndarray | None) -> int:
    """Return the place of the size at which the words with their margins fill most of the room."""
    height, width = (HEIGHT, WIDTH) if mask is None else mask.shape
    room = height * width if mask is None else int(_is_free(mask).sum())
    boxes = [measure_word(word) for word in word_counts]
    shares = np.array(list(word_counts.values())) / max(word_counts.values()) / _MEASURED
    widths = shares * np.array([box.width for box in boxes])
    heights = shares * np.array([box.above + box.below for box in boxes])
    for place, size in enumerate(_SIZES):
        filled = np.sum((widths * size + _MARGIN) * (heights * size + _MARGIN))
        if filled <= _FILLED * room:
            return place

    return len(_SIZES)


def _place_all(
    word_counts: Mapping[str, int], mask: np.ndarray | None, largest: float
) -> list[PlacedWord] | None:
    """Place the words, the first at the size *largest*; None if one finds no room."""
    occupied = _Occupied(mask)
    chance = Random(1)
    most = max(word_counts.values())
    placed: list[PlacedWord] = []
    for word, count in word_counts.items():
        size = count / most * largest
        box, part = measure_word(word), size / _MEASURED
        flat = math.ceil(part * (box.above + box.below)), math.ceil(part * box.width)
        is_turned = chance.random() >= _FLAT
        for is_upright in (is_turned, True):
            height, width = flat[::-1] if is_upright else flat
            corner = occupied.find_room(height + _MARGIN, width + _MARGIN, chance)
            if corner is not None:
                break
        else:
            return None

        top, left = corner[0] + _MARGIN // 2, corner[1] + _MARGIN // 2
        placed.append(PlacedWord(word, size, left, top, is_upright))
        occupied.add(top, left, height, width)

    return placed


@lru_cache(maxsize=_KEPT_WORDS)
def measure_word(word: str) -> Box:
    """Return the room of a word at the size `_MEASURED`.

    Letters of wide writing systems fill a square, in whatever font a reader has.
    """
    left, top, right, bottom = _font().getbbox(word, anchor="ls")
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in word)
    if wide:
        return Box(_MEASURED * (wide + 0.6 * (len(word) - wide)), 0.88 * _MEASURED, 5.0)

    return Box(max(1.0, right - min(0, left)), max(1.0, -top), max(0.0, bottom))


@cache
def _font() -> ImageFont.FreeTypeFont:
    # The font that matplotlib ships; to import all of it takes half a second.
    library = find_spec("matplotlib")
    assert library is not None  # noqa: S101 - it is required
    assert library.origin is not None  # noqa: S101 - it is a package of files
    path = Path(library.origin).with_name("mpl-data") / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(path, _MEASURED)


def _is_free(mask: np.ndarray) -> np.ndarray:
    """Return which parts of a mask have room for words: those that are not nearly white."""
    return mask <= 250


class _Occupied:
    """The room that is taken as an integral image: how much is above and left of each place."""

    def __init__(self, mask: np.ndarray | None) -> None:
        taken = np.zeros((HEIGHT, WIDTH), bool) if mask is None else ~_is_free(mask)
        sums = taken.cumsum(axis=0, dtype=np.uint32).cumsum(axis=1, dtype=np.uint32)
        self._integral = np.pad(sums, ((1, 0), (1, 0)))

    def find_room(self, height: int, width: int, chance: Random) -> tuple[int, int] | None:
        """Return the top and left of a free place that *chance* chooses; None if there is none."""
        if height >= len(self._integral) or width >= len(self._integral[0]):
            return None

        between = self._integral[height:] - self._integral[:-height]
        is_free = between[:, width:] == between[:, :-width]
        places = np.flatnonzero(is_free)
        if not len(places):
            return None

        place = int(places[chance.randrange(len(places))])
        top, left = divmod(place, is_free.shape[1])
        return top, left

    def add(self, top: int, left: int, height: int, width: int) -> None:
        """Take a box, which counts right of it and below it, too."""
        ramp = np.outer(np.arange(1, height + 1), np.arange(1, width + 1)).astype(np.uint32)
        sums, bottom, right = self._integral[1:, 1:], top + height, left + width
        sums[top:bottom, left:right] += ramp
        sums[top:bottom, right:] += ramp[:, -1:]
        sums[bottom:, left:right] += ramp[-1:]
        sums[bottom:, right:] += ramp[-1, -1]
