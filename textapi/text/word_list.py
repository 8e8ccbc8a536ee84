"""A list of English words by how running text writes them, with names that are words too.

`tools/word_list` makes it from SCOWL, WordNet, the US Census of 1990 and counts of rated sentences;
word_list.NOTICE.txt holds their licences.
"""

from __future__ import annotations

import lzma
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PATH = Path(__file__).with_name("word_list.txt.xz")

_POSSESSIVE = re.compile("['\u2019]s?$", re.IGNORECASE)


def base_form(word: str) -> str:
    """Return *word* in small letters, without possessive, with a plain apostrophe."""
    return _POSSESSIVE.sub("", word).lower().replace("\u2019", "'")


@dataclass(frozen=True)
class WordList:
    """The words and names of the list, all in small letters (see `base_form`).

    A word is in *common* where running text writes it small, and in *both* as well where it is a
    name too ("house", "bush"). *last* are last names among the common words. *names* are names of
    several words, by their first word, the longest first. *regions* (countries, cities) and
    *landforms* (rivers, islands) are names of places that mean nothing else and no person bears.
    """

    common: frozenset[str]
    both: frozenset[str]
    given: frozenset[str]
    last: frozenset[str]
    names: dict[str, list[tuple[str, ...]]]
    regions: frozenset[str]
    landforms: frozenset[str]

    def is_only_common(self, word: str) -> bool:
        """Return whether *word* is one of the language and no name."""
        base = base_form(word)
        return base in self.common and base not in self.both and base not in self.given


@lru_cache(maxsize=1)
def load() -> WordList:
    """Read the list (some 80 ms, 15 MB)."""
    sections: dict[str, list[str]] = {}
    entries: list[str] = []

    for line in lzma.decompress(PATH.read_bytes()).decode().splitlines():
        if line.startswith("["):
            entries = sections[line.strip("[]")] = []
        else:
            entries.append(line)

    names_by_first_word: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for entry in sections["names"]:
        name_words = tuple(entry.split())
        names_by_first_word[name_words[0]].append(name_words)

    for same_start in names_by_first_word.values():
        same_start.sort(key=len, reverse=True)

    return WordList(
        common=frozenset(sections["common"] + sections["both"]),
        both=frozenset(sections["both"]),
        given=frozenset(sections["given"]),
        last=frozenset(sections["last"]),
        names=dict(names_by_first_word),
        regions=frozenset(sections["regions"]),
        landforms=frozenset(sections["landforms"]),
    )
