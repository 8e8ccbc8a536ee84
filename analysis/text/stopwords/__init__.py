"""Common function words by language, one file a language, that say nothing of a subject."""

from __future__ import annotations

from collections import defaultdict
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


@cache
def _languages_by_stop_word() -> dict[str, list[str]]:
    languages: dict[str, list[str]] = defaultdict(list)
    for language, stop_words in stop_words_by_language().items():
        for word in stop_words:
            languages[word].append(language)

    return dict(languages)


def detect_languages(words: Mapping[str, int]) -> list[str]:
    """Return the languages whose stop words are the most frequent in a text, else English.

    *words* says how many times each word comes.
    """
    languages_by_word = _languages_by_stop_word()
    hits = dict.fromkeys(stop_words_by_language(), 0)
    for word, uses in words.items():
        for language in languages_by_word.get(word.casefold(), ()):
            hits[language] += uses

    most = max(hits.values())
    frequent = [code for code, uses in hits.items() if uses and uses >= most * _RELATIVE_FREQUENCY]
    return frequent or ["en"]


def stop_words_for(words: Mapping[str, int]) -> frozenset[str]:
    """Return the stop words of the languages of *words*."""
    stop_words = stop_words_by_language()
    return frozenset().union(*(stop_words[language] for language in detect_languages(words)))
