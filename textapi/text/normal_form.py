"""The normal form of a text, in which words are sought: one spelling for what reads the same.

A letter with its marks is one character (NFC), and letters and digits that are variants of plain
ones are plain: full-width and half-width forms, ligatures, bold letters. Characters that nothing
shows for, such as soft hyphens and joiners, are left out. Signs and fractions are no variants: "™"
stays, since "TM" would be a part of the word before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import category, decomposition, normalize

from textapi.text.comparison import IGNORABLE, ComparedText

# These alone are in normal form, whatever stands beside them: the letters of most languages.
_UNUSUAL = re.compile(
    "[^\x00-\xa9\xab\xac\xae-\xb4\xb6-\xb9\xbb-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"
    "\u0180-\u01c3\u01cd-\u01f0\u01f4-\u02af\u0391-\u03a1\u03a3-\u03cf\u0400-\u0482\u048a-\u052f"
    "\u05d0-\u05ea\u0620-\u064a\u1ea0-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u3001-\u3029"
    "\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]"
)
_WIDTHS = ("<wide>", "<narrow>")
_ZERO_WIDTH_SPACE = "\u200b"
# Beside a sign that belongs to a word, it only allows a line break: "covid-\u200b19".
_BETWEEN_WORDS = re.compile(
    r"(?<![-\u2010\u2011\u2013.@'\u2019\u200b])\u200b++(?![-\u2010\u2011\u2013.'\u2019])"
)


class _Replacements(dict[int, str]):
    """What stands for each code point, for `str.translate`; filled as code points come."""

    def __missing__(self, code_point: int) -> str:
        self[code_point] = replacement = _plain(chr(code_point))
        return replacement


def _plain(character: str) -> str:
    if IGNORABLE.match(character):
        return ""

    plain = normalize("NFKC", character)
    is_of_width = decomposition(character).startswith(_WIDTHS)
    is_variant = _is_letter(character) and all(map(_is_letter, plain))
    return plain if is_of_width or is_variant else character


def _is_letter(character: str) -> bool:
    return character.isalpha() or character.isdecimal()


_REPLACEMENTS = _Replacements()


def normal_form(text: str) -> str:
    """Return *text* in normal form; *text* itself if it is in it, as most texts are."""
    if text.isascii() or not _UNUSUAL.search(text):
        return text

    normal = normalize("NFC", text.translate(_REPLACEMENTS))
    return text if normal == text else normal


def readings(text: str) -> tuple[str, ...]:
    """Return *text*; if it has zero-width spaces, also with white space where they may part words.

    Such a space is an ignorable character, but it parts words too where none is shown (Unicode
    Standard Annex 29). Offsets are the same in both.
    """
    if text.isascii() or _ZERO_WIDTH_SPACE not in text:
        return (text,)

    parted = _BETWEEN_WORDS.sub(lambda match: " " * len(match[0]), text)
    return (text,) if parted == text else (text, parted)


def compare(text: str) -> ComparedText:
    """Return the normal form of *text*, with the offsets in *text* of each character."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _letters(text):
        letter = normalize("NFC", text[start:end].translate(_REPLACEMENTS))
        characters.append(letter)
        starts += [start] * len(letter)
        ends += [end] * len(letter)

    return ComparedText("".join(characters), starts, ends)


def _letters(text: str) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of what is composed alone, ignorable characters behind it left out."""
    start, end = 0, 0
    for offset, character in enumerate(text):
        if not _REPLACEMENTS[ord(character)]:
            continue

        if end and not _joins(character):
            yield start, end
            start = offset
        elif not end:
            start = offset

        end = offset + 1

    if end:
        yield start, end


@lru_cache(maxsize=4096)
def _joins(character: str) -> bool:
    """Return whether *character* may be composed with the one before: a mark, or Hangul within."""
    first = normalize("NFKD", character)[0]
    return category(first).startswith("M") or "\u1161" <= first <= "\u11ff"
