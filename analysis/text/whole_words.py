"""Where a text holds a phrase or a name: as whole words, by the edges of the keyword rule."""

from __future__ import annotations

import re
from functools import lru_cache

from textapi.text.keywords import write_expression

# It matches "D." at an edge of a dotted abbreviation.
_BEGINS_DOTTED = re.compile(r"\w\.")
_ENDS_DOTTED = re.compile(r"\b\w\.$")


@lru_cache(maxsize=4096)
def whole_words(words: str, *, case_sensitive: bool = False) -> re.Pattern[str]:
    """Return a rule that finds *words* in texts in normal form, no edge of them within a word.

    It is the keyword rule, and a dotted abbreviation is one word: "D.C." is not in "C.D.C.".
    Raises `ValueError` if *words* are nothing but white space.
    """
    left_edge = r"(?<!\b\w\.)" if _BEGINS_DOTTED.match(words.lstrip()) else ""
    right_edge = r"(?!\w)" if _ENDS_DOTTED.search(words.rstrip()) else ""
    expression = write_expression(words, case_sensitive=case_sensitive)
    return re.compile(f"{left_edge}{expression}{right_edge}")
