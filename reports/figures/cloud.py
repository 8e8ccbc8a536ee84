"""A word cloud: a word's height is in proportion to its count, and no word touches another.

A list is in its place where that says more.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from itertools import compress
from random import Random

import numpy as np
from PIL import Image, ImageFont, UnidentifiedImageError
from wordcloud.wordcloud import IntegralOccupancyMap

from analysis.text import stopwords
from analysis.text.words import join_names, words_of_terms
from core.errors import BadInput
from reports.figures.marks import Cloud, Mark, Picture, name_row
from reports.figures.sheet import Sheet
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity

# Words are laid out in these units, because finding room is slow.
WIDTH, HEIGHT = 160, 100
# These sizes of the most frequent word are tried, down to 4.
_SIZES = tuple(HEIGHT * 0.93**step for step in range(45))
# Words are measured once at this size; so many are kept.
_MEASURED, _KEPT_WORDS = 40, 1024
# Lighter shades of a mask are its paper; the library puts no word where a mask has this shade.
_PAPER, _CLOSED = 250, 255
# Words find room in no larger part of what is free: the fullest of 355 clouds, 145 of them of real
# months, had .86 of it in use.
_FULLEST = 0.9
_UNITS = np.arange(1, WIDTH + 1, dtype=np.uint32)
# The space between words is in layout units.
_MARGIN = 2
# So large a share of the words lies flat; the others stand upright.
_FLAT = 0.92
# A list says more than a cloud of fewer words.
FEWEST_WORDS = 10
# A word with a smaller share of the first word's count would be too small to read.
SMALLEST_SHARE = 1 / 15
# Each ink is dark enough on white.
_INKS = ("#0072B2", "#00664b", "#a64900", "#7d3f63", "#1b1f24")


@dataclass(frozen=True, slots=True)
class Box:
    """The room of a word: its width, and how far it rises above its base line and falls below."""

    width: float
    above: float
    below: float

    def scale(self, part: float) -> Box:
        """Return the room of the word in smaller letters."""
        return Box(part * self.width, part * self.above, part * self.below)


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word with its size, the corner of its room, whether it goes up, and its ink.

    The *box* is the room of the word as if it lay flat.
    """

    word: str
    size: float
    box: Box
    left: int
    top: int
    is_turned: bool
    ink: str


def choose(word_counts: Counter[str], leave_out: Collection[str], most: int) -> dict[str, int]:
    """Return the *most* frequent words, except stop words and the words of the terms *leave_out*.

    Names of two words stand together, and a word that mostly stands in such names is left out. Case
    is ignored.
    """
    unwanted = stopwords.stop_words_for(word_counts) | words_of_terms(leave_out)
    joined_counts = join_names(word_counts, unwanted)
    chosen = {}
    for word, times in joined_counts.items():
        if word.casefold() not in unwanted and 2 * times >= word_counts[word]:
            chosen[word] = word_counts[word]

    ranked = sorted(chosen.items(), key=lambda entry: (-entry[1], entry[0]))
    return dict(ranked[:most])


def is_drawn(word_counts: Mapping[str, int]) -> bool:
    """Return whether a cloud says more than a list: it has ten words or more, of several counts."""
    return len(word_counts) >= FEWEST_WORDS and len(set(word_counts.values())) > 1


def describe_list(word_counts: Mapping[str, int], counted: str) -> str:
    """Return why words stand in a list and not in a cloud; nothing if there is no word.

    *counted* says what they are counted in: "16 documents".
    """
    if not word_counts:
        return ""
    if no_word_twice(word_counts):
        return f"{counted[0].upper()}{counted[1:]}: no two share a word."

    return f"How many of {counted} hold each word."


def no_word_twice(word_counts: Mapping[str, int]) -> bool:
    """Return whether every word occurs once: a list of them says nothing."""
    return max(word_counts.values(), default=0) == 1


def _large_enough(word_counts: Mapping[str, int]) -> dict[str, int]:
    least = max(word_counts.values(), default=0) * SMALLEST_SHARE
    return {word: times for word, times in word_counts.items() if times >= least}


def cloud_spec(
    subject: Subject, word_counts: Mapping[str, int], mask: bytes | None, caption: str
) -> FigureSpec | None:
    """Declare the cloud of the chosen words of a subject; None if a list says more."""
    drawn = _large_enough(word_counts)
    if not is_drawn(drawn):
        return None

    caption += " A word's height is in proportion to its count."
    if rare := len(word_counts) - len(drawn):
        caption += (
            f" Left out: {quantity(rare, 'word')} with less than a fifteenth of the first count."
        )

    panel = Cloud(word_counts=drawn, mask=mask, documents=subject.documents, noun=subject.noun)
    most_frequent = [f"{word} ({times})" for word, times in list(drawn.items())[:8]]
    return FigureSpec(
        name=f"{subject.slug}-cloud",
        picture=Picture(panels=[panel]),
        alt=f"Word cloud. Most frequent: {', '.join(most_frequent)}.",
        caption=caption,
        layout="cloud",
    )


def draw_cloud(sheet: Sheet, cloud: Cloud, top: float) -> float:
    """Draw the cloud as wide as the sheet; return where it ends."""
    mask = read_mask(cloud.mask) if cloud.mask else None
    placed_words, (height, width) = place_words(cloud.word_counts, mask)
    scale = sheet.width / width
    for placed in placed_words:
        box = placed.box
        x, y = float(placed.left), placed.top + box.above
        if placed.is_turned:
            x, y = placed.left + box.above, placed.top + box.width

        count = cloud.word_counts[placed.word]
        title = f"{placed.word}: {quantity(count, cloud.noun)}"
        # Of all months together a pair of words does not count where it comes once in a month.
        is_exact = cloud.documents and (cloud.documents.period or " " not in placed.word)
        found = replace(cloud.documents, word=placed.word) if cloud.documents and is_exact else None
        row = name_row("words", placed.word)
        mark = Mark(position=placed.word, value=count, title=title, row=row, documents=found)
        with sheet.group(mark):
            sheet.write(
                (scale * x, top + scale * y),
                placed.word,
                scale * placed.size,
                placed.ink,
                is_turned=placed.is_turned,
                length=scale * box.width,
            )

    return top + scale * height


def read_mask(png: bytes) -> np.ndarray:
    """Return a mask as numbers: its dark parts have room for words. Raises `BadInput`."""
    try:
        picture = Image.open(BytesIO(png)).convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"the mask is no picture that can be read ({error}): give a PNG") from error

    picture.thumbnail((WIDTH, WIDTH))
    paper = Image.new("RGBA", picture.size, "white")
    shades = np.array(Image.alpha_composite(paper, picture).convert("L"))
    return np.where(shades > _PAPER, _CLOSED, shades).astype(np.uint8)


def place_words(
    word_counts: Mapping[str, int], mask: np.ndarray | None
) -> tuple[list[PlacedWord], tuple[int, int]]:
    """Place every word, the same for the same words, and return the height and width of all.

    Smaller and smaller sizes are tried until all words have room. A mask that leaves no room is
    ignored. Where even the smallest letters leave none, the longest word goes.
    """
    room = np.zeros((HEIGHT, WIDTH), np.uint8) if mask is None else mask
    for size in _list_sizes(word_counts, int(np.count_nonzero(room != _CLOSED))):
        placed = _place_all(word_counts, room, size)
        if placed is not None:
            return placed, room.shape

    if mask is not None:
        return place_words(word_counts, None)

    longest = max(word_counts, key=len)
    fewer = {word: count for word, count in word_counts.items() if word != longest}
    return place_words(fewer, None)


def _list_sizes(word_counts: Mapping[str, int], free: int) -> list[float]:
    """Return the sizes at which all words together may have room in what is *free*."""
    boxes = [measure_word(word) for word in word_counts]
    parts = np.array(list(word_counts.values())) / max(word_counts.values()) / _MEASURED
    widths = parts * np.array([box.width for box in boxes])
    heights = parts * np.array([box.above + box.below for box in boxes])
    across, down = (np.ceil(np.outer(_SIZES, ends)) + 1 for ends in (widths, heights))
    has_room = (across * down).sum(axis=1) <= _FULLEST * free
    return list(compress(_SIZES, has_room))


def _place_all(
    word_counts: Mapping[str, int], mask: np.ndarray, largest: float
) -> list[PlacedWord] | None:
    """Place the words, the first at the size *largest*; None if one finds no room.

    The library finds the room for boxes, not for the letters of its font: a reader may have
    another. By itself it makes smaller what finds no room.
    """
    most = max(word_counts.values())
    chance = Random(1)
    room = IntegralOccupancyMap(*mask.shape, mask == _CLOSED)
    placed: list[PlacedWord] = []
    for word, count in word_counts.items():
        size = count / most * largest
        box = measure_word(word).scale(size / _MEASURED)
        flat = math.ceil(box.above + box.below), math.ceil(box.width)
        # A word that has no room as it lies may have some upright.
        for is_turned in (chance.random() >= _FLAT, True):
            height, width = flat[::-1] if is_turned else flat
            corner = room.sample_position(height + _MARGIN, width + _MARGIN, chance)
            if corner is not None:
                break
        else:
            return None

        top, left = (int(place) + _MARGIN // 2 for place in corner)
        # The library lets a word begin where a closed part ends, so that ends one unit later. The
        # library's own `update` sums the whole rest of the map again.
        rest = room.integral[top:, left:]
        rows = np.minimum(_UNITS[: rest.shape[0]], height + 1)
        columns = np.minimum(_UNITS[: rest.shape[1]], width + 1)
        rest += np.outer(rows, columns)
        ink = _INKS[len(placed) % len(_INKS)]
        placed.append(PlacedWord(word, size, box, left, top, is_turned, ink))

    return placed


@lru_cache(maxsize=_KEPT_WORDS)
def measure_word(word: str) -> Box:
    """Return the room of a word at the size `_MEASURED`.

    Letters of wide writing systems fill a square, in whatever font a reader has.
    """
    left, top, right, bottom = _font().getbbox(word, anchor="ls")
    wide = _count_wide(word)
    if wide:
        return Box(_MEASURED * (wide + 0.6 * (len(word) - wide)), 0.88 * _MEASURED, 5.0)

    return Box(max(1.0, right - min(0, left)), max(1.0, -top), max(0.0, bottom))


def _count_wide(word: str) -> int:
    return sum(unicodedata.east_asian_width(letter) in "WF" for letter in word)


@cache
def _font() -> ImageFont.FreeTypeFont:
    path = files("matplotlib") / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    return ImageFont.truetype(str(path), _MEASURED)
