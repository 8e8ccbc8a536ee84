"""Word clouds: the words of mentions or posts, a word's height in proportion to its count."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache, partial
from io import BytesIO
from random import Random

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError
from wordcloud import WordCloud

from analysis.text import stopwords
from analysis.text.words import join_names, words_of_terms
from core.errors import BadInput
from reports.figures import fonts, lettering
from reports.figures.small_print import PNG_DPI
from reports.figures.spec import FigureSpec
from reports.words.quantities import quantity

# Words are laid out in these units and drawn SCALE times as large, because finding room is slow.
WIDTH, HEIGHT, SCALE = 320, 200, 3
# A larger mask is laid out at this size.
LARGEST_MASK = 320
LAYOUT = "cloud"
# A list says more than a cloud of fewer words.
FEWEST_WORDS = 10
# A word with a smaller share of the first word's count would be too small to read.
SMALLEST_SHARE = 1 / 15
# These sizes of the most frequent word are tried, down to 8.
_SIZES = tuple(HEIGHT * 0.93**step for step in range(45))
# Words are drawn once at this size, then made smaller or larger. So many are kept, some 5 MB.
_DRAWN = 40
_KEPT_WORDS = 1024
# Words and the space between them often fill this share of the room.
_FILLED = 0.92
# The space between words is in layout units.
MARGIN = 4
# This share of the words lies flat; the others stand upright.
HORIZONTAL = 0.92
# Each ink is dark enough on white.
_INKS = ("#0072B2", "#00664b", "#a64900", "#7d3f63", "#1b1f24")

#: A word has its share of the largest count, its size, its corner (top, left), its turn and its
#: ink.
Placed = tuple[tuple[str, float], float, tuple[int, int], Image.Transpose | None, str]


def choose(word_counts: Counter[str], leave_out: Collection[str], most: int) -> dict[str, int]:
    """Return the *most* frequent words, except stop words and the words of the terms *leave_out*.

    Names of two words stand together. Case is ignored.
    """
    unwanted = stopwords.stop_words_for(word_counts) | words_of_terms(leave_out)
    joined_counts = join_names(word_counts, unwanted)
    ranked = sorted(joined_counts.items(), key=lambda entry: (-entry[1], entry[0]))
    chosen = [(word, times) for word, times in ranked if word.casefold() not in unwanted]
    return dict(chosen[:most])


def is_drawn(word_counts: Mapping[str, int]) -> bool:
    """Return whether a cloud says more than a list: it has ten words or more, of several counts."""
    return len(word_counts) >= FEWEST_WORDS and len(set(word_counts.values())) > 1


def describe_list(word_counts: Mapping[str, int], counted: str) -> str:
    """Return why words stand in a list and not in a cloud; nothing if there is no word.

    *counted* says what they are counted in: "16 mentions".
    """
    if not word_counts:
        return ""
    if no_word_twice(word_counts):
        return f"{counted[0].upper()}{counted[1:]}: no word occurs twice."

    large_enough = _large_enough(word_counts)
    if len(word_counts) < FEWEST_WORDS:
        reason = "fewer than ten words make no cloud"
    elif len(set(word_counts.values())) == 1:
        reason = "all as often, so a cloud would show no difference"
    elif len(large_enough) < FEWEST_WORDS:
        reason = "fewer than ten are frequent enough for a cloud"
    elif len(set(large_enough.values())) == 1:
        reason = "all that are frequent enough for a cloud are as often"
    else:
        reason = "no font has ten of them that differ in count"

    return f"How often each word occurs in {counted}; {reason}."


def no_word_twice(word_counts: Mapping[str, int]) -> bool:
    """Return whether every word occurs once: a list of them says nothing."""
    return max(word_counts.values(), default=0) == 1


def _large_enough(word_counts: Mapping[str, int]) -> dict[str, int]:
    least = max(word_counts.values(), default=0) * SMALLEST_SHARE
    return {word: times for word, times in word_counts.items() if times >= least}


def cloud_spec(
    prefix: str,
    word_counts: Mapping[str, int],
    mask: bytes | None,
    caption: str,
) -> FigureSpec | None:
    """Declare the cloud of the chosen words; None if a list says more, or no font has them."""
    large_enough = _large_enough(word_counts)
    lacking = font_for(large_enough)[1]
    drawn = {word: times for word, times in large_enough.items() if word not in lacking}
    if not is_drawn(drawn):
        return None

    caption += " A word's height is in proportion to its count."
    rare = len(word_counts) - len(large_enough)
    if rare:
        caption += (
            f" Left out: {quantity(rare, 'word')} with less than a fifteenth of the first count."
        )

    if lacking:
        caption += f" Left out, for want of one font that has them all: {', '.join(lacking[:5])}."
    if not fonts.shapes_arabic() and "Arabic" in fonts.count_scripts(drawn):
        caption += " Arabic letters stand unjoined: the machine lacks FriBiDi."

    most_frequent = [f"{word} ({times})" for word, times in list(drawn.items())[:8]]
    return FigureSpec(
        name=f"{prefix}-cloud",
        draw=partial(draw_cloud, drawn, mask),
        draw_again=partial(cloud_figure, drawn, mask),
        alt=f"Word cloud. Most frequent: {', '.join(most_frequent)}.",
        caption=caption,
        layout=LAYOUT,
    )


def draw_cloud(word_counts: dict[str, int], mask: bytes | None) -> bytes:
    """Return the cloud as SVG; *mask* is a picture that words keep within."""
    return to_svg(lay_out(word_counts, mask=read_mask(mask) if mask else None))


def cloud_figure(word_counts: dict[str, int], mask: bytes | None) -> Figure:
    """Return the same cloud as pixels."""
    pixels = lay_out(word_counts, mask=read_mask(mask) if mask else None).to_array()
    height, width, _ = pixels.shape
    figure = Figure(figsize=(width / PNG_DPI, height / PNG_DPI))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(pixels, interpolation="none")
    ax.set_axis_off()
    return figure


def read_mask(png: bytes) -> np.ndarray:
    """Return a mask as numbers: its dark parts have room for words. Raises `BadInput`."""
    try:
        picture = Image.open(BytesIO(png)).convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"the mask is no picture that can be read ({error}): give a PNG") from error

    picture.thumbnail((LARGEST_MASK, LARGEST_MASK))
    paper = Image.new("RGBA", picture.size, "white")
    shades = np.array(Image.alpha_composite(paper, picture).convert("L"))
    return np.where(shades > 250, 255, shades).astype(np.uint8)


def font_for(words: Collection[str]) -> tuple[str, list[str]]:
    """Return the one font that draws most of the *words*, and the words that it lacks."""
    lacking: dict[str, list[str]] = {}
    for font in fonts.font_families(words):
        lacking[font] = [word for word in words if not fonts.covers(font, word)]

    return min(lacking.items(), key=lambda entry: len(entry[1]))


def lay_out(word_counts: dict[str, int], *, mask: np.ndarray | None) -> WordCloud:
    """Place every word, the same for the same words; ignore a mask that leaves no room.

    The heights are the largest at which all words have room, chance aside. `WordCloud` by itself
    shrinks the words that find no room. The font of `font_for` must have every word.
    """
    font, _ = font_for(word_counts)
    cloud = WordCloud(
        font_path=fonts.font_path(font),
        width=WIDTH,
        height=HEIGHT,
        scale=SCALE,
        mask=mask,
        background_color="white",
    )

    place_all = partial(_place_all, word_counts, cloud.font_path, mask)
    placed = _place_largest(place_all, _estimate_size(word_counts, cloud.font_path, mask))
    if placed is not None:
        cloud.layout_ = placed
        return cloud

    if mask is None:
        raise ValueError(f"{len(word_counts)} words have no room in a word cloud")

    return lay_out(word_counts, mask=None)


def _place_largest(
    place_all: Callable[[float], list[Placed] | None], estimate: int
) -> list[Placed] | None:
    """Place the words at the largest size at which all have room; None if there is no such size.

    The size at the place *estimate* is tried first, then larger ones until one has no room, or
    smaller ones until one has. *place_all* takes the first word's size.
    """
    placed = place_all(_SIZES[estimate])
    if placed is None:
        smaller = map(place_all, _SIZES[estimate + 1 :])
        return next((words for words in smaller if words is not None), None)

    for size in reversed(_SIZES[:estimate]):
        placed_larger = place_all(size)
        if placed_larger is None:
            break

        placed = placed_larger

    return placed


def _estimate_size(word_counts: dict[str, int], font_path: str, mask: np.ndarray | None) -> int:
    """Return the place of the size at which the words with their margins fill most of the room."""
    height, width = (HEIGHT, WIDTH) if mask is None else mask.shape
    room = height * width if mask is None else np.count_nonzero(mask != 255)
    boxes = np.array([_draw_word(word, font_path).size for word in word_counts])
    shares = np.array(list(word_counts.values())) / max(word_counts.values())
    widths, heights = boxes.T * shares / _DRAWN

    for place, size in enumerate(_SIZES):
        filled = np.sum((widths * size + MARGIN) * (heights * size + MARGIN))
        if filled <= _FILLED * room and max(widths) * size + MARGIN <= max(width, height):
            return place

    return len(_SIZES) - 1


def font_size(count: int, most: int, largest: float) -> float:
    """Return the size of a word's letters, in thirds of a unit, which a picture can show."""
    return round(count / most * largest * SCALE) / SCALE


@cache
def _font(path: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, _DRAWN)


@lru_cache(maxsize=_KEPT_WORDS)
def _draw_word(word: str, path: str) -> Image.Image:
    """Return the shades of a word's letters of the size `_DRAWN`, without space around them."""
    font = ImageFont.TransposedFont(_font(path))
    _, _, width, height = font.getbbox(word)
    # What a font draws as nothing has no box.
    paper = Image.new("L", (max(1, int(width)), max(1, int(height))))
    ImageDraw.Draw(paper).text((0, 0), word, fill="white", font=font)
    return paper


def _shade_word(word: str, path: str, size: float) -> NDArray[np.uint8]:
    """Return the shades of a word's letters, in units of the layout."""
    drawn = _draw_word(word, path)
    width, height = (math.ceil(length * size / _DRAWN) for length in drawn.size)
    return np.asarray(drawn.resize((width, height), Image.Resampling.BOX))


class _Occupied:
    """The ink of a cloud as an integral image: the sum of all shades above and left of a place."""

    def __init__(self, mask: np.ndarray | None) -> None:
        if mask is None:
            self._integral = np.zeros((HEIGHT, WIDTH), np.uint32)
        else:
            blocked = np.where(mask == 255, 255, 0)
            self._integral = blocked.cumsum(axis=0).cumsum(axis=1).astype(np.uint32)

    def find_room(self, height: int, width: int, chance: Random) -> tuple[int, int] | None:
        """Return the corner, top and left, of a place without ink that *chance* chooses."""
        if height >= len(self._integral) or width >= len(self._integral[0]):
            return None

        # The ink between two lines of the integral image, left of each place.
        between = self._integral[height:] - self._integral[:-height]
        is_free = between[:, width:] == between[:, :-width]
        places = np.flatnonzero(is_free)
        if not len(places):
            return None

        place = int(places[chance.randrange(len(places))])
        top, left = divmod(place, is_free.shape[1])
        return top, left

    def add(self, shades: NDArray[np.uint8], top: int, left: int) -> None:
        """Add the ink of a word, which counts right of it and below it, too."""
        height, width = shades.shape
        ink = shades.cumsum(axis=0, dtype=np.uint32).cumsum(axis=1, dtype=np.uint32)
        bottom, right = top + height, left + width
        self._integral[top:bottom, left:right] += ink
        self._integral[top:bottom, right:] += ink[:, -1:]
        self._integral[bottom:, left:right] += ink[-1:]
        self._integral[bottom:, right:] += ink[-1, -1]


def _place_all(
    word_counts: dict[str, int], font_path: str, mask: np.ndarray | None, largest: float
) -> list[Placed] | None:
    """Place the words, the first at the size *largest*; None if one finds no room."""
    occupied = _Occupied(mask)
    chance = Random(1)
    most = max(word_counts.values())
    placed: list[Placed] = []

    for rank, (word, count) in enumerate(word_counts.items()):
        size = font_size(count, most, largest)
        flat = _shade_word(word, font_path, size)
        turn = None if chance.random() < HORIZONTAL else Image.Transpose.ROTATE_90
        for turned in (turn, Image.Transpose.ROTATE_90 if turn is None else None):
            shades = flat if turned is None else np.rot90(flat)
            height, width = shades.shape
            corner = occupied.find_room(height + MARGIN, width + MARGIN, chance)
            if corner is not None:
                break
        else:
            return None

        top, left = corner[0] + MARGIN // 2, corner[1] + MARGIN // 2
        ink = _INKS[rank % len(_INKS)]
        placed.append(((word, count / most), size, (top, left), turned, ink))
        occupied.add(shades, top, left)

    return placed


def to_svg(cloud: WordCloud) -> bytes:
    """Return the cloud as SVG with letters as outlines, each once, so that it needs no font."""
    outlines = lettering.Outlines()
    placed = []
    for (word, _), size, (top, left), turned, ink in cloud.layout_:
        line = lettering.set_line(word, (cloud.font_path,))
        scale = size / lettering.UNITS
        translation = f"translate({left},{top})"
        if turned:
            bottom = top + scale * (line.right - line.left)
            translation = f"translate({left},{bottom:.2f})rotate(-90)"

        move = f"scale({scale:g},{-scale:g})translate({-line.left:.1f},{-line.top:.1f})"
        letters = outlines.write(line)
        placed.append(f'<g fill="{ink}" transform="{translation}{move}">{letters}</g>')

    height, width = cloud.mask.shape if cloud.mask is not None else (HEIGHT, WIDTH)
    size = f'width="{width * SCALE}" height="{height * SCALE}" viewBox="0 0 {width} {height}"'
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    paper = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    lines = [f"<svg {spaces} {size}>", paper, outlines.define(), *placed, "</svg>"]
    return ("\n".join(lines) + "\n").encode()
