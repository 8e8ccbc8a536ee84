"""How texts use their words: as tags, in small letters, or with capitals as headlines do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from textapi.text import word_list

_WORD = re.compile(r"([@#]?)(\w+)")

# A word is no part of a name if more than this share of its uses is in small letters.
_COMMON_SHARE = 1 / 8

# Texts are in Title Case if more than this share of the longer common words has a capital.
_TITLE_CASE_SHARE = 0.6

# A longer word has at least this many letters.
_LONGER_WORD = 4


@dataclass
class WordUsage:
    """How often words are used in texts: as tags, in small letters, or as names; case folded."""

    tags: set[str] = field(default_factory=set)
    untagged: Counter[str] = field(default_factory=Counter)

    # How many of the untagged uses are in small letters.
    lower_case: Counter[str] = field(default_factory=Counter)

    # The number of common words of four letters and more.
    longer_words: int = 0

    # The number of longer words with a capital.
    capitals: int = 0

    @classmethod
    def of(cls, texts: Iterable[str]) -> WordUsage:
        """Count the words of *texts*."""
        usage = cls()
        common = word_list.load().common

        for text in texts:
            for sign, word in _WORD.findall(text):
                folded = word.casefold()
                if sign:
                    usage.tags.add(folded)
                else:
                    usage.untagged[folded] += 1
                    usage.lower_case[folded] += word == folded
                    if len(word) >= _LONGER_WORD and folded in common:
                        usage.longer_words += 1
                        usage.capitals += word[0].isupper()

        return usage

    def is_only_a_tag(self, word: str) -> bool:
        """Return whether *word* only stands behind "#" or "@", so that nobody uses it as a name."""
        folded = word.casefold()
        return folded in self.tags and not self.untagged[folded]

    def is_common(self, word: str) -> bool:
        """Return whether *word* is one of the language rather than a part of a name."""
        folded = word.casefold()
        return self.lower_case[folded] > _COMMON_SHARE * self.untagged[folded]

    @property
    def is_title_case(self) -> bool:
        """Whether the texts are headlines that write most words with a capital."""
        return self.capitals > _TITLE_CASE_SHARE * self.longer_words
