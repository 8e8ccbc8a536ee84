"""Text from outside on a line of ours: nothing in it moves a terminal or begins another line."""

from __future__ import annotations

import re

# Control characters, ends of lines, changes of direction, and bytes that were no UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    """Return *text* on one line, with everything escaped that a terminal would not just show."""
    return _UNPRINTABLE.sub(lambda match: escape_character(match[0]), str(text))


def escape_character(character: str) -> str:
    """Return the escape sequence that stands for *character* in Python."""
    return character.encode("unicode_escape").decode()
