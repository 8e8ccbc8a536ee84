"""Word clouds: the words of a month's mentions, sized by how often they come."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache
from io import BytesIO

import numpy as np
from matplotlib.font_manager import get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from PIL import Image, ImageColor, UnidentifiedImageError
from wordcloud import WordCloud

from core.errors import BadInput
from reports import fonts, stopwords

WIDTH, HEIGHT, SCALE = (
    320,
    200,
    3,
)  # laid out at the first two, drawn larger: finding room is what takes time
LARGEST_MASK = 320  # a larger mask is laid out at this size
LONGEST = 40  # characters; what is longer is no word, and would find no room
_INKS = (
    "#0072B2",
    "#00664b",
    "#a64900",
    "#7d3f63",
    "#1b1f24",
)  # the house's colours, dark enough on white

_ADDRESS = re.compile(r"\bhttps?\b\S*|\bwww\.\S+|@\w+")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_IDEOGRAPHS = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+|[\u30a0-\u30ff]{2,}")
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_POSSESSIVE = re.compile(r"'s$")


def count_words(texts: Iterable[str], leave_out: Collection[re.Pattern[str]] = ()) -> Counter[str]:
    """How many times each word comes, in the spelling that is most common; case, possessives, addresses aside.

    *leave_out*: patterns of a keyword's terms; what they match is cut out before words are counted. Chinese and
    Japanese, which write no spaces, are counted by pairs of characters.
    """
    counted = Counter[str]()
    for text in texts:
        rest = _ADDRESS.sub(" ", text)
        for pattern in leave_out:
            rest = pattern.sub(" ", rest)
        counted.update(_words(rest))
    return one_spelling(counted)


def one_spelling(words: Counter[str]) -> Counter[str]:
    """Words that differ in case alone counted as one, in the spelling that is most common."""
    spellings: dict[str, Counter[str]] = {}
    for word, times in words.items():
        spellings.setdefault(word.casefold(), Counter())[word] = times
    return Counter(
        {
            max(forms, key=lambda form: (forms[form], form)): forms.total()
            for forms in spellings.values()
        }
    )


def says_something(text: str) -> bool:
    """Whether a text holds three words at least besides addresses and names of accounts."""
    return len(list(_words(_ADDRESS.sub(" ", text)))) >= 3


def _words(text: str) -> Iterable[str]:
    for found in _WORD.findall(text):
        if _SPACELESS.search(found):
            for run in _IDEOGRAPHS.findall(found):
                yield from (
                    (run[i : i + 2] for i in range(len(run) - 1)) if run[0] >= "\u3400" else (run,)
                )
        else:
            word = _POSSESSIVE.sub("", found.replace("\u2019", "'"))
            if 1 < len(word) <= LONGEST and not word.isdigit():
                yield word


def choose(words: Counter[str], leave_out: Collection[str], most: int) -> dict[str, int]:
    """The *most* frequent words without stop words of the text's languages and without *leave_out* (case ignored)."""
    unwanted = stopwords.stop_words_for(words) | {word.casefold() for word in leave_out}
    kept = ((word, times) for word, times in words.items() if word.casefold() not in unwanted)
    return dict(sorted(kept, key=lambda item: (-item[1], item[0]))[:most])


def read_mask(png: bytes) -> np.ndarray:
    """A mask as numbers: words go where it is darker than white. Raises `BadInput` where it is no picture."""
    try:
        picture = Image.open(BytesIO(png)).convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"the mask is no picture that can be read ({error}): give a PNG") from error
    picture.thumbnail((LARGEST_MASK, LARGEST_MASK))
    paper = Image.new("RGBA", picture.size, "white")
    shades = np.array(Image.alpha_composite(paper, picture).convert("L"))
    return np.where(shades > 250, 255, shades).astype(np.uint8)


def font_for(words: Collection[str]) -> tuple[str, list[str]]:
    """The one font that draws most of the *words*, and the words that it lacks."""
    candidates = fonts.font_families(words)
    best = max(candidates, key=lambda font: sum(fonts.covers(font, word) for word in words))
    return best, [word for word in words if not fonts.covers(best, word)]


def lay_out(words: dict[str, int], *, mask: np.ndarray | None, seed: int = 1) -> WordCloud:
    """Where each word goes, the same for the same words; without the mask where that leaves no room.

    Every word is to be one that `font_for` does not lack.
    """
    font, _ = font_for(words)
    inks = {word: _INKS[number % len(_INKS)] for number, word in enumerate(words)}
    cloud = WordCloud(
        font_path=fonts.font_path(font),
        width=WIDTH,
        height=HEIGHT,
        scale=SCALE,
        mask=mask,
        max_words=len(words),
        background_color="white",
        prefer_horizontal=0.92,
        relative_scaling=0.45,
        min_font_size=4,
        margin=4,
        random_state=seed,
        color_func=lambda word, **_: inks[word],
    )
    try:
        cloud.generate_from_frequencies(words)
    except ValueError:  # "Couldn't find space to draw"
        if mask is None:
            raise
    if not cloud.layout_ and mask is not None:  # a mask of a few dots
        return lay_out(words, mask=None, seed=seed)
    return cloud


def to_png(cloud: WordCloud) -> bytes:
    """The cloud as PNG."""
    picture = cloud.to_image().quantize(palette=_palette(), dither=Image.Dither.NONE)
    out = BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()


def to_svg(cloud: WordCloud) -> bytes:
    """The cloud as SVG: letters as outlines, so that it looks the same where the font is not; each letter once."""
    font = get_font(cloud.font_path)
    font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    names: dict[str, str] = {}  # of each glyph in the file
    outlines, placed = [], []
    for (word, _), size, (top, left), turned, ink in cloud.layout_:
        glyphs, shapes, _ = text_to_path.get_glyphs_with_font(font, word)
        for glyph, *_ in glyphs:
            if glyph not in names:
                names[glyph] = f"g{len(names)}"
                outlines.append(f'<path id="{names[glyph]}" d="{_outline(*shapes[glyph])}"/>')
        scale = size / text_to_path.FONT_SCALE
        corners = np.concatenate(
            [shapes[glyph][0] + [x, y] for glyph, x, y, _ in glyphs if len(shapes[glyph][0])]
        )
        (x0, _), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        turn = (
            f"translate({left},{top + scale * (x1 - x0):.2f})rotate(-90)"
            if turned
            else f"translate({left},{top})"
        )
        move = f"{turn}scale({scale:g},{-scale:g})translate({-x0:.1f},{-y1:.1f})"
        letters = "".join(
            f'<use xlink:href="#{names[g]}" x="{x:.1f}" y="{y:.1f}"/>' for g, x, y, _ in glyphs
        )
        placed.append(f'<g fill="{ink}" transform="{move}">{letters}</g>')
    height, width = cloud.mask.shape if cloud.mask is not None else (HEIGHT, WIDTH)
    size = f'width="{width * SCALE}" height="{height * SCALE}" viewBox="0 0 {width} {height}"'
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    paper = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    lines = [
        f"<svg {spaces} {size}>",
        paper,
        f"<defs>{''.join(outlines)}</defs>",
        *placed,
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


_COMMANDS = {
    Path.MOVETO: ("M", 1),
    Path.LINETO: ("L", 1),
    Path.CURVE3: ("Q", 2),
    Path.CURVE4: ("C", 3),
}


def _outline(points: np.ndarray, codes: np.ndarray) -> str:
    """A glyph as the data of an SVG path; its unit is a hundredth of the font's size."""
    parts: list[str] = []
    place = 0
    while place < len(codes):
        command, count = _COMMANDS.get(codes[place], ("Z", 0))
        parts.append(
            command + " ".join(f"{x:.1f},{y:.1f}" for x, y in points[place : place + count])
        )
        place += max(count, 1)
    return "".join(parts)


@cache
def _palette() -> Image.Image:
    """White, and each ink in the shades that the edges of letters have: a small file whose paper is white."""

    def mixed(value: int, part: float) -> int:
        return round(255 * part + value * (1 - part))

    shades = [(255, 255, 255)]
    for ink in _INKS:
        red, green, blue = ImageColor.getrgb(ink)[:3]
        for level in range(24):
            part = level / 24
            shades.append((mixed(red, part), mixed(green, part), mixed(blue, part)))
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for shade in shades for value in shade])
    return palette
