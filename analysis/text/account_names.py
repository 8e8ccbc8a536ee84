"""The name of an account, read from how posts write its handle: @whitehouse is White House."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s_\d]+")
_CAPITALISED = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+")

# A handle of Bluesky or Mastodon.
_WITH_SERVER = re.compile(r"(?P<name>[\w-]+)(?:@[\w-]+)?(?:\.[\w-]+)+")

#: The words of a name with how often posts write it so.
Writings = Counter[tuple[str, ...]]


def count_writings(handle: str, texts: Iterable[str]) -> Writings:
    """Count the ways in which *texts* write *handle* as several words, each with a capital.

    "White House", "White_House" and "@WhiteHouse" are two words, "whitehouse" is none.
    """
    writings = Writings()
    rule = _pattern(handle)
    if rule is None:
        return writings

    for text in texts:
        for written in rule.findall(text):
            letters = _SEPARATORS.sub(" ", written)
            words = tuple(_CAPITALISED.findall(letters))
            if len(words) > 1 and "".join(words) == letters.replace(" ", ""):
                writings[words] += 1

    return writings


def names_of_account(handle: str, writings: Mapping[tuple[str, ...], int]) -> list[str]:
    """Return the names of an account: its handle, and what posts write it as most often.

    Of a handle with a server, the part before it is a name, too: "nasa" of "nasa.bsky.social".
    """
    names = [handle]
    with_server = _WITH_SERVER.fullmatch(handle)
    if with_server:
        names.append(with_server["name"])
    if writings:
        words = min(writings, key=lambda words: (-writings[words], words))
        names.append(" ".join(words))

    return names


@lru_cache(maxsize=64)
def _pattern(handle: str) -> re.Pattern[str] | None:
    """Return what *handle* looks like with or without white space and "_" between its letters."""
    letters = "".join(handle.replace("_", "").split())
    if len(letters) < 2:
        return None

    core = r"[\s_]?".join(map(re.escape, letters))
    return re.compile(rf"(?<!\w){core}(?!\w)", re.IGNORECASE)
