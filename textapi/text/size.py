"""The size of a text as the language model sees it: words and signs, line by line."""

from __future__ import annotations

import re

_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


def count_words(text: str) -> int:
    """Count the words and signs (punctuation, emoji) of *text*; some four characters each."""
    return len(_WORD_OR_SIGN.findall(text))


def find_words(text: str) -> list[int]:
    """Return where each of the words and signs of *text* begins."""
    return [match.start() for match in _WORD_OR_SIGN.finditer(text)]


def count_lines(text: str) -> int:
    """Count the lines of *text* that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())
