"""Common function words by language, one file a language, that say nothing of a subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

# A language counts if its stop words reach this share of the uses of the most frequent language.
_RELATIVE_FREQUENCY = 0.75


@cache
def stop_words_by_language() -> dict[str, frozenset[str]]:
    """Return the stop words of each language, by its two-letter code, case-folded."""
    stop_words = {}
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".txt"):
            words = file.read_text(encoding="utf-8").casefold().split()
            stop_words[file.name.removesuffix(".txt")] = frozenset(words)

    return stop_words


def detect_languages(words: Mapping[str, int]) -> list[str]:
    """Return the languages whose stop words are the most frequent in a text, else English.

    *words* says how many times each word comes.
    """
    folded: Counter[str] = Counter()
    for word, uses in words.items():
        folded[word.casefold()] += uses

    hits: dict[str, int] = {}
    for language, stop_words in stop_words_by_language().items():
        hits[language] = sum(folded[word] for word in folded.keys() & stop_words)

    most = max(hits.values())
    frequent = [code for code, uses in hits.items() if uses and uses >= most * _RELATIVE_FREQUENCY]
    return frequent or ["en"]


def stop_words_for(words: Mapping[str, int]) -> frozenset[str]:
    """Return the stop words of the languages of *words*."""
    stop_words = stop_words_by_language()
    return frozenset().union(*(stop_words[language] for language in detect_languages(words)))
