"""Cuts of texts that no person writes, before a library takes the square of their length."""

from __future__ import annotations

import re

_SIGNS = re.compile(r"([^\w\s]{20})[^\w\s]+")
_WORD = re.compile(r"(\S{200})(?=\S)")


def without_endless_signs(text: str) -> str:
    """Return *text* with at most twenty signs (punctuation, emoji) in a row."""
    return _SIGNS.sub(r"\1", text)


def without_endless_words(text: str) -> str:
    """Return *text* with a blank after each two hundred characters of a word."""
    return _WORD.sub(r"\1 ", text)
