"""The writing systems of a text, and the fonts of this machine that can draw them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from PIL import features

#: Matplotlib ships this font. It holds Latin, Greek, Cyrillic, Arabic, Hebrew letters and many
#: signs.
DEFAULT_FONT = "DejaVu Sans"
# These fonts have every character and draw each as a box.
_PLACEHOLDERS = "Last Resort"


@dataclass(frozen=True)
class Script:
    """A writing system."""

    name: str
    characters: re.Pattern[str]

    # A font is tried with these letters.
    sample: str

    # These fonts draw the script well.
    fonts: tuple[str, ...] = ()


_CJK = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
)
_ARABIC = ("Noto Naskh Arabic", "Amiri")
_KOREAN = ("Noto Sans CJK KR", *_CJK, "NanumGothic")
_JAPANESE = (*_CJK, "VL Gothic", "IPAGothic")

SCRIPTS = (
    Script("Latin", re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"), "Aéř"),
    Script("Greek", re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "Ωά"),
    Script("Cyrillic", re.compile("[\u0400-\u052f]"), "Жы"),
    Script("Armenian", re.compile("[\u0530-\u058f]"), "Աբ", ("Noto Sans Armenian",)),
    Script("Hebrew", re.compile("[\u0590-\u05ff]"), "אש", ("Noto Sans Hebrew",)),
    Script("Arabic", re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]"), "بش", _ARABIC),
    Script("Devanagari", re.compile("[\u0900-\u097f]"), "कष", ("Noto Sans Devanagari",)),
    Script("Bengali", re.compile("[\u0980-\u09ff]"), "কষ", ("Noto Sans Bengali",)),
    Script("Tamil", re.compile("[\u0b80-\u0bff]"), "கற", ("Noto Sans Tamil",)),
    Script("Thai", re.compile("[\u0e00-\u0e7f]"), "กไ", ("Noto Sans Thai",)),
    Script("Georgian", re.compile("[\u10a0-\u10ff]"), "ქა", ("Noto Sans Georgian",)),
    Script("Korean", re.compile("[\u1100-\u11ff\uac00-\ud7af]"), "한글", _KOREAN),
    Script("Japanese", re.compile("[\u3040-\u30ff]"), "かナ", _JAPANESE),
    Script(
        "Chinese", re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff]"), "中新", _CJK
    ),
)
_SCRIPTS_BY_NAME = {script.name: script for script in SCRIPTS}


def count_scripts(texts: Iterable[str]) -> Counter[str]:
    """Count the characters of each writing system of `SCRIPTS` in the *texts*."""
    characters = Counter[str]()
    for text in texts:
        characters.update(text)

    counts = Counter[str]()
    for character, times in characters.items():
        for script in SCRIPTS:
            if script.characters.match(character):
                counts[script.name] += times
                break

    return counts


@cache
def font_for_script(script: str) -> str | None:
    """Return the name of a font of this machine that draws *script*; None if there is none."""
    details = _SCRIPTS_BY_NAME[script]
    if covers(DEFAULT_FONT, details.sample):
        return DEFAULT_FONT

    paths: dict[str, str] = {}
    for entry in font_manager.fontManager.ttflist:
        if not entry.name.startswith(_PLACEHOLDERS):
            paths[entry.name] = entry.fname

    likely = [font for font in details.fonts if font in paths]
    # Reading every font takes a second, so the likely ones are tried alone.
    for font_name in likely or sorted(paths):
        if _has_characters(paths[font_name], details.sample):
            return font_name

    return None


def font_families(texts: Iterable[str]) -> list[str]:
    """Return names for ``font.family``: matplotlib draws a character with the first that has it."""
    script_fonts = [font_for_script(script) for script in sorted(count_scripts(texts))]
    return list(dict.fromkeys([DEFAULT_FONT, *filter(None, script_fonts)]))


def missing_scripts(texts: Iterable[str]) -> list[str]:
    """Return the writing systems of the *texts* that no font of this machine draws."""
    return [script for script in sorted(count_scripts(texts)) if font_for_script(script) is None]


def replace_undrawable(text: str, fonts: Iterable[str]) -> str:
    """Return *text* in one line, each run of characters that none of the *fonts* has as one "…"."""
    font_names = list(fonts)

    def replace(character: str) -> str:
        if character.isspace():
            # A line break would be one in the picture.
            return " "

        return character if any(covers(font, character) for font in font_names) else "\0"

    marked_text = "".join(map(replace, text))
    return re.sub("[\0\ufe0f\u200d]+", "…", marked_text)


def covers(font: str, text: str) -> bool:
    """Return whether *font* has every character of *text*."""
    return _has_characters(font_path(font), text)


def shapes_arabic() -> bool:
    """Return whether word clouds join Arabic letters, which takes Pillow's Raqm and FriBiDi."""
    return bool(features.check("raqm") and features.check("fribidi"))


@cache
def font_path(font: str, weight: str = "normal") -> str:
    """Return the path of the file of *font*."""
    # A string would be parsed, hyphens and all, so the family is a list.
    properties = font_manager.FontProperties(family=[font], weight=weight)
    return str(font_manager.findfont(properties))


@cache
def _characters(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (RuntimeError, OSError):
        # The file is a bitmap font, or FreeType does not read it.
        return frozenset()


def _has_characters(path: str, text: str) -> bool:
    return _characters(path).issuperset(map(ord, text))
