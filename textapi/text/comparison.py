"""Forms of a text in which it is compared with what a service made of it.

A service may change white space, letters and their case. Each form knows from which letters of the
text its characters come.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import combining, normalize

from textapi.text.sentences import Span

# Default_Ignorable_Code_Point of the Unicode Character Database, DerivedCoreProperties.txt 16.0.
IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_WHITE_SPACE = re.compile(r"\s")
_LETTER_OR_FIRST_SPACE = re.compile(r"\S|(?<!\s)\s")


@dataclass(frozen=True)
class ComparedText:
    """A form of a text, and the offsets in the text of the letters behind each character."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> Span:
        """Return what stands from *start* to *end*, which is not empty, in the text itself."""
        return self.starts[start], self.ends[end - 1]

    def place_of(self, offset: int) -> int:
        """Return the place of the first character that is not before *offset* of the text."""
        return offset if isinstance(self.starts, range) else bisect_left(self.starts, offset)


Form = Callable[[str], ComparedText]


def verbatim(text: str) -> ComparedText:
    """Return *text* as it is."""
    return ComparedText(text, range(len(text)), range(1, len(text) + 1))


def collapse(text: str) -> ComparedText:
    """Return *text* with one space for each run of white space, and none around it."""
    collapsed = " ".join(text.split())
    # No run of white space is longer than one character.
    if len(collapsed) == len(text):
        return ComparedText(collapsed, range(len(text)), range(1, len(text) + 1))

    begin = len(text) - len(text.lstrip())
    spaced = _WHITE_SPACE.sub(" ", text.rstrip())
    starts = [match.start() for match in _LETTER_OR_FIRST_SPACE.finditer(spaced, begin)]
    return ComparedText(collapsed, starts, [start + 1 for start in starts])


def fold(text: str) -> ComparedText:
    """Return *text* collapsed, without case and ignorable characters, decomposed (NFKD).

    The result is the same for a text in NFC, NFD, NFKC or NFKD, and in capitals or small letters,
    which may be more or fewer letters than its own.
    """
    if text.isascii():
        collapsed = collapse(text)
        return ComparedText(collapsed.text.casefold(), collapsed.starts, collapsed.ends)

    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _letters(text):
        for character in _fold_letter(text[start:end]):
            if character.isspace() and (not characters or characters[-1] == " "):
                continue

            characters.append(" " if character.isspace() else character)
            starts.append(start)
            ends.append(end)

    if characters and characters[-1] == " ":
        for sequence in (characters, starts, ends):
            sequence.pop()

    return ComparedText("".join(characters), starts, ends)


def _letters(text: str) -> Iterator[Span]:
    """Yield the (start, end) of the letters of *text*, each with the marks that combine with it."""
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _is_mark(text[end]) and not text[start].isspace():
            continue

        yield start, end
        start = end


@lru_cache(maxsize=4096)
def _is_mark(character: str) -> bool:
    return combining(normalize("NFKD", character)[0]) > 0


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    # Some small letters share a capital, so letters become capitals first, then small letters.
    shown = IGNORABLE.sub("", letter)
    return normalize("NFKD", normalize("NFKD", shown).upper().casefold())
