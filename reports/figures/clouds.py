"""Word clouds: the words of mentions or posts, a word's height in proportion to its count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache, partial
from io import BytesIO
from random import Random

import numpy as np
from matplotlib.font_manager import get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from PIL import Image, ImageColor, ImageDraw, ImageFont, UnidentifiedImageError
from wordcloud import WordCloud

# The package gives this class no public name. Its public way, `WordCloud.generate`, makes words
# smaller that find no room, so that heights are no longer in proportion to counts.
from wordcloud.wordcloud import IntegralOccupancyMap

from analysis.text import stopwords
from analysis.text.words import join_names, words_of_terms
from core.errors import BadInput
from reports.figures import fonts
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
# At first, one size in this many is tried.
_STRIDE = 4
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
        return f"{counted}: no word occurs twice."

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
    *,
    has_png: bool = True,
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
        draw=partial(draw_cloud, drawn, mask, png=has_png),
        alt=f"Word cloud. Most frequent: {', '.join(most_frequent)}.",
        caption=caption,
        layout=LAYOUT,
        has_png=has_png,
    )


def draw_cloud(word_counts: dict[str, int], mask: bytes | None, *, png: bool) -> dict[str, bytes]:
    """Return the cloud's files; *mask* is a picture that words keep within."""
    cloud = lay_out(word_counts, mask=read_mask(mask) if mask else None)
    files = {"svg": to_svg(cloud)}
    if png:
        files["png"] = to_png(cloud)
    return files


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

    placed = _place_largest(partial(_place_all, word_counts, cloud.font_path, mask))
    if placed is not None:
        cloud.layout_ = placed
        return cloud
    if mask is None:
        raise ValueError(f"{len(word_counts)} words have no room in a word cloud")
    return lay_out(word_counts, mask=None)


def _place_largest(place_all: Callable[[float], list[Placed] | None]) -> list[Placed] | None:
    """Place the words at the largest size at which all have room; None if there is no such size.

    Sizes are tried in strides, then between the last two. *place_all* takes the first word's size.
    """
    too_large = -1
    for fitting in range(0, len(_SIZES), _STRIDE):
        placed = place_all(_SIZES[fitting])
        if placed is not None:
            break
        too_large = fitting
    else:
        return None

    while fitting - too_large > 1:
        middle = (fitting + too_large) // 2
        placed_larger = place_all(_SIZES[middle])
        if placed_larger is None:
            too_large = middle
        else:
            placed, fitting = placed_larger, middle

    return placed


def font_size(count: int, most: int, largest: float) -> float:
    """Return the size of a word's letters, in thirds of a unit, which a picture can show."""
    return round(count / most * largest * SCALE) / SCALE


@lru_cache(maxsize=256)
def _font(path: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def _place_all(
    word_counts: dict[str, int], font_path: str, mask: np.ndarray | None, largest: float
) -> list[Placed] | None:
    """Place the words, the first at the size *largest*; None if one finds no room."""
    blocked = None if mask is None else mask == 255
    height, width = (HEIGHT, WIDTH) if blocked is None else blocked.shape
    occupied = IntegralOccupancyMap(height, width, blocked)
    paper = Image.new("L", (width, height))
    draw = ImageDraw.Draw(paper)
    chance = Random(1)
    most = max(word_counts.values())
    placed: list[Placed] = []

    for rank, (word, count) in enumerate(word_counts.items()):
        size = font_size(count, most, largest)
        font = _font(font_path, size)
        turn = None if chance.random() < HORIZONTAL else Image.Transpose.ROTATE_90
        for turned in (turn, Image.Transpose.ROTATE_90 if turn is None else None):
            turned_font = ImageFont.TransposedFont(font, orientation=turned)
            _, _, right, bottom = draw.textbbox((0, 0), word, font=turned_font, anchor="lt")
            room = int(bottom) + MARGIN, int(right) + MARGIN
            corner = occupied.sample_position(*room, chance)
            if corner is not None:
                break
        else:
            return None

        top, left = corner[0] + MARGIN // 2, corner[1] + MARGIN // 2
        draw.text((left, top), word, fill="white", font=turned_font)
        ink = _INKS[rank % len(_INKS)]
        placed.append(((word, count / most), size, (top, left), turned, ink))
        shades = np.asarray(paper)
        occupied.update(shades if blocked is None else shades + blocked, top, left)

    return placed


def to_png(cloud: WordCloud) -> bytes:
    """Return the cloud as PNG."""
    picture = cloud.to_image().quantize(palette=_palette(), dither=Image.Dither.NONE)
    out = BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()


def to_svg(cloud: WordCloud) -> bytes:
    """Return the cloud as SVG with letters as outlines, each once, so that it needs no font."""
    font = get_font(cloud.font_path)
    font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    # The order of the glyphs in this dictionary numbers them.
    outlines: dict[str, str] = {}
    placed = []
    for (word, _), size, (top, left), turned, ink in cloud.layout_:
        glyphs, shapes, _ = text_to_path.get_glyphs_with_font(font, word)
        corners, letters = [], []
        for glyph, x, y, _ in glyphs:
            points, codes = shapes[glyph]
            if glyph not in outlines:
                outline = _outline(points, codes)
                outlines[glyph] = f'<path id="g{len(outlines)}" d="{outline}"/>'
            glyph_number = list(outlines).index(glyph)
            above = f' y="{y:.1f}"' if y else ""
            letters.append(f'<use xlink:href="#g{glyph_number}" x="{x:.1f}"{above}/>')
            if len(points):
                corners.append(points + np.array([x, y]))

        scale = size / text_to_path.FONT_SCALE
        (x0, _), (x1, y1) = np.vstack(corners).min(axis=0), np.vstack(corners).max(axis=0)
        translation = f"translate({left},{top})"
        if turned:
            translation = f"translate({left},{top + scale * (x1 - x0):.2f})rotate(-90)"
        move = f"{translation}scale({scale:g},{-scale:g})translate({-x0:.1f},{-y1:.1f})"
        placed.append(f'<g fill="{ink}" transform="{move}">{"".join(letters)}</g>')

    height, width = cloud.mask.shape if cloud.mask is not None else (HEIGHT, WIDTH)
    size = f'width="{width * SCALE}" height="{height * SCALE}" viewBox="0 0 {width} {height}"'
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    paper = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    letters = [f"<defs>{''.join(outlines.values())}</defs>"]
    lines = [f"<svg {spaces} {size}>", paper, *letters, *placed, "</svg>"]
    return ("\n".join(lines) + "\n").encode()


_COMMANDS = {
    Path.MOVETO: ("M", 1),
    Path.LINETO: ("L", 1),
    Path.CURVE3: ("Q", 2),
    Path.CURVE4: ("C", 3),
}


def _outline(points: np.ndarray, codes: np.ndarray) -> str:
    """Return a glyph as the data of an SVG path; its unit is a hundredth of the font's size."""
    parts: list[str] = []
    index = 0
    while index < len(codes):
        command, count = _COMMANDS.get(codes[index], ("Z", 0))
        numbers = [f"{x:.1f},{y:.1f}" for x, y in points[index : index + count]]
        parts.append(command + " ".join(numbers))
        index += max(count, 1)
    return "".join(parts)


@cache
def _palette() -> Image.Image:
    """Return white and each ink in the shades of letters' edges: a small file on white paper."""
    shades = [255, 255, 255]
    for ink in _INKS:
        rgb = np.array(ImageColor.getrgb(ink)[:3])
        for part in np.arange(10) / 10:
            shades += np.rint(255 * part + rgb * (1 - part)).astype(int).tolist()

    palette = Image.new("P", (1, 1))
    palette.putpalette(shades)
    return palette
