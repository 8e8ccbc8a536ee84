"""Words that say nothing of a subject, by language: one file a language, our own lists of common function words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_ALSO = 0.75  # a language this much as frequent as the most frequent one counts too


@cache
def stop_words_by_language() -> dict[str, frozenset[str]]:
    """The stop words of each language, by its two-letter code, in lower case."""
    found = {}
    for file in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".txt"):
            words = file.read_text(encoding="utf-8").split()
            found[file.name.removesuffix(".txt")] = frozenset(word.casefold() for word in words)
    return found


def detect_languages(words: Mapping[str, int]) -> list[str]:
    """The languages of a text, by whose stop words are the most frequent in it; English where none of them is.

    *words*: how many times each word comes.
    """
    hits = {
        language: sum(times for word, times in words.items() if word.casefold() in known)
        for language, known in stop_words_by_language().items()
    }
    most = max(hits.values(), default=0)
    return [language for language, times in hits.items() if most and times >= most * _ALSO] or [
        "en"
    ]


def stop_words_for(words: Mapping[str, int]) -> frozenset[str]:
    """The stop words of the languages of *words*."""
    return frozenset().union(
        *(stop_words_by_language()[language] for language in detect_languages(words))
    )
