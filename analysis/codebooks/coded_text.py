"""A text to be coded, for a keyword or for none."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from analysis.text.repeats import read_form


class CodedText(NamedTuple):
    """A text to be coded; *mentions* says that the keyword was found in the whole text."""

    text: str
    keyword: str = ""
    mentions: bool = False

    def hash(self) -> int:
        """Return a hash that texts share which differ in figures only."""
        content = "\0".join((self.keyword, *read_form(self.text)))
        digest = hashlib.blake2b(content.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little")
