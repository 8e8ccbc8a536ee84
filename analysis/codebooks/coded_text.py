"""A text to be coded, for a keyword or for none."""

from __future__ import annotations

from typing import NamedTuple


class CodedText(NamedTuple):
    """A text to be coded; *mentions* says that the keyword was found in the whole text."""

    text: str
    keyword: str = ""
    mentions: bool = False
