"""Texts that were decoded wrongly, or cut within an address, before they were stored."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The second bytes of UTF-8 in the characters of Windows-1252 or Latin-1, but for quotation marks.
_SECOND = (
    "\u0080-\u00aa\u00ac-\u00ba\u00bc-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u201a\u201e\u2020\u2021\u2022\u2030\u2039\u203a\u20ac\u2122"
)

# "Ã©" for "é". A quotation mark may follow other letters: "«CAFÉ»".
_MISREAD = re.compile(
    "\ufffd|\u00e2[\u0080-\u00bf\u20ac\u201a\u201e]|"
    f"[\u00c2\u00c3][\u00ab\u00bb]|[\u00c2-\u00df][{_SECOND}]"
)

# A letter with a mark, and two of them side by side.
_MARKED = re.compile("[\u00c0-\u024f]")
_MARKED_PAIR = re.compile("[\u00c0-\u024f]{2}")

# The last word of a text is the beginning of an address, with a sign for what was cut.
_CUT_ADDRESS = re.compile(r"https?:?/?/?\S*[^\x00-\x7f]_?|https?:?/?/?")


@dataclass
class DamagedTexts:
    """How many texts of an account are garbled or cut.

    Two letters with marks side by side are a sign of a wrong encoding where they are no sign of the
    language: languages that write such pairs have more texts with single ones.
    """

    # Texts that end within an address.
    cut: int = 0

    _misread: int = 0
    _with_pairs: int = 0
    _with_single_letters: int = 0

    def add(self, text: str) -> None:
        """Count a text."""
        if _MISREAD.search(text):
            self._misread += 1
        elif _MARKED_PAIR.search(text):
            self._with_pairs += 1
        elif _MARKED.search(text):
            self._with_single_letters += 1

        *_, final_word = text.split() or [""]
        self.cut += _CUT_ADDRESS.fullmatch(final_word) is not None

    @property
    def garbled(self) -> int:
        """How many texts were decoded wrongly."""
        is_of_language = self._with_pairs <= self._with_single_letters
        return self._misread + (0 if is_of_language else self._with_pairs)
