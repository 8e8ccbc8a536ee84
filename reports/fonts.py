"""Which writing systems a text uses, and which font of this machine can draw them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from PIL import features

#: DejaVu Sans ships with matplotlib and holds Latin, Greek, Cyrillic, Arabic, Hebrew's letters and many signs.
DEFAULT_FONT = "DejaVu Sans"


@dataclass(frozen=True)
class Script:
    """A writing system: its name, a pattern for its characters, letters to try a font with, fonts known to do well."""

    name: str
    characters: re.Pattern[str]
    sample: str
    fonts: tuple[str, ...] = ()


_CJK = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)

SCRIPTS = (
    Script("Latin", re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"), "Aéř"),
    Script("Greek", re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "Ωά"),
    Script("Cyrillic", re.compile("[\u0400-\u052f]"), "Жы"),
    Script("Armenian", re.compile("[\u0530-\u058f]"), "Աբ", ("Noto Sans Armenian",)),
    Script("Hebrew", re.compile("[\u0590-\u05ff]"), "אש", ("Noto Sans Hebrew",)),
    Script(
        "Arabic",
        re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]"),
        "بش",
        ("Noto Naskh Arabic", "Amiri"),
    ),
    Script("Devanagari", re.compile("[\u0900-\u097f]"), "कष", ("Noto Sans Devanagari",)),
    Script("Bengali", re.compile("[\u0980-\u09ff]"), "কষ", ("Noto Sans Bengali",)),
    Script("Tamil", re.compile("[\u0b80-\u0bff]"), "கற", ("Noto Sans Tamil",)),
    Script("Thai", re.compile("[\u0e00-\u0e7f]"), "กไ", ("Noto Sans Thai",)),
    Script("Georgian", re.compile("[\u10a0-\u10ff]"), "ქა", ("Noto Sans Georgian",)),
    Script(
        "Korean",
        re.compile("[\u1100-\u11ff\uac00-\ud7af]"),
        "한글",
        ("Noto Sans CJK KR", *_CJK, "NanumGothic"),
    ),
    Script("Japanese", re.compile("[\u3040-\u30ff]"), "かナ", (*_CJK, "VL Gothic", "IPAGothic")),
    Script(
        "Chinese", re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff]"), "中新", _CJK
    ),
)


def count_scripts(texts: Iterable[str]) -> Counter[str]:
    """How many characters of each writing system of `SCRIPTS` the *texts* hold."""
    characters = Counter[str]()
    for text in texts:
        characters.update(text)
    found = Counter[str]()
    for character, times in characters.items():
        for script in SCRIPTS:
            if script.characters.match(character):
                found[script.name] += times
                break
    return found


@cache
def font_for_script(script: str) -> str | None:
    """The name of a font of this machine that draws *script*; None where there is none."""
    wanted = next(s for s in SCRIPTS if s.name == script)
    if all(_covers(_path(DEFAULT_FONT), letter) for letter in wanted.sample):
        return DEFAULT_FONT
    known = {entry.name: entry.fname for entry in font_manager.fontManager.ttflist}
    likely = [name for name in wanted.fonts if name in known]
    for name in likely or sorted(
        known
    ):  # reading every font takes a second, so only where no likely one is there
        if all(_covers(known[name], letter) for letter in wanted.sample):
            return name
    return None


def font_families(texts: Iterable[str]) -> list[str]:
    """Font names for matplotlib's ``font.family``: each character is drawn with the first that has it."""
    needed = [font_for_script(script) for script in sorted(count_scripts(texts))]
    return list(dict.fromkeys([DEFAULT_FONT, *(name for name in needed if name)]))


def missing_scripts(texts: Iterable[str]) -> list[str]:
    """Writing systems of the *texts* that no font of this machine draws."""
    return [script for script in sorted(count_scripts(texts)) if font_for_script(script) is None]


def replace_undrawable(text: str, fonts: Iterable[str]) -> str:
    """*text* with every run of characters that none of the *fonts* has made into one "…"."""
    paths = [_path(name) for name in fonts]
    kept = "".join(c if c.isspace() or any(_covers(p, c) for p in paths) else "\0" for c in text)
    return re.sub("[\0\ufe0f\u200d]+", "…", kept)


def covers(font: str, text: str) -> bool:
    """Whether *font* has every character of *text*."""
    path = _path(font)
    return all(_covers(path, character) for character in text)


def shapes_arabic() -> bool:
    """Whether word clouds join Arabic letters: Pillow needs Raqm and, at run time, the system's FriBiDi."""
    return bool(features.check("raqm") and features.check("fribidi"))


def font_path(font: str) -> str:
    """The file of *font*."""
    return _path(font)


@cache
def _path(font: str) -> str:
    return str(font_manager.findfont(font))


@cache
def _characters(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (RuntimeError, OSError):  # a bitmap font, or one that FreeType does not read
        return frozenset()


def _covers(path: str, character: str) -> bool:
    return ord(character) in _characters(path)
