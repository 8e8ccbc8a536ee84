"""The features of the engine `news`: terms (words, pairs, negated words) and aggregates.

Training and engine call the same functions.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from textapi.engine.news_words import Word, read_words

# A word's valence goes from -4 (most negative) to 4.
Valences = Mapping[str, float]

# `aggregate` returns 18 numbers for rated words and 9 for each kind of spread valence.
AGGREGATES = 36

_CACHED_WORDS = 20_000
# VADER's constant turns a sum s of valences into s / sqrt(s^2 + 15).
_SPREAD = 15.0
# An ending of an inflected word is replaced by the second of its pair.
_ENDINGS = (
    ("ies", "y"),
    ("es", ""),
    ("s", ""),
    ("ied", "y"),
    ("ed", ""),
    ("ed", "e"),
    ("ing", ""),
    ("ing", "e"),
    ("ly", ""),
)


class WordEntry(NamedTuple):
    """The valences of a word, 0 for none, and whether it counts."""

    rated: float
    related: float
    nearby: float
    counts: bool


class Features:
    """Terms with their places, valences by their source, and names, which do not count.

    *rated* valences are VADER's, *related* ones are spread from them over WordNet, and *nearby*
    ones come from the sentences in which a word stands. *names* need to hold only names of several
    words, with blanks between them, and names that look like an inflected form of a word with a
    valence ("Wells").
    """

    def __init__(
        self,
        terms: Mapping[str, int],
        rated: Valences,
        related: Valences,
        nearby: Valences,
        names: Collection[str] = frozenset(),
    ) -> None:
        self.terms = terms
        self.rated, self.related, self.nearby = rated, related, nearby
        self.names = frozenset(names)
        self._first_words = frozenset(name.partition(" ")[0] for name in self.names)
        self.look_up = lru_cache(_CACHED_WORDS)(self._find_entry)

    def read(self, text: str) -> tuple[list[int], list[float]]:
        """Return the places of the terms of *text*, each once, and its aggregates."""
        words = self.read_words(text)
        terms = self.terms
        places = [terms[term] for term in list_terms(words) if term in terms]
        return places, self.aggregate(words)

    def read_words(self, text: str) -> list[Word]:
        """Return the words of *text* that have a valence or are terms."""
        return read_words(text, self._counts, self.names, self._first_words)

    def aggregate(self, words: Sequence[Word]) -> list[float]:
        """Return `AGGREGATES` numbers of about -1 to 1 that sum up the valences of *words*."""
        entries = [self.look_up(word.text) for word in words]
        weights = [word.weight for word in words]
        rated = [entry.rated for entry in entries]
        related = [entry.related for entry in entries]
        nearby = [entry.nearby for entry in entries]
        return [
            *_aggregate_rated(rated, weights),
            *_aggregate_spread(related, weights),
            *_aggregate_spread(nearby, weights),
        ]

    def _counts(self, word: str) -> bool:
        return self.look_up(word).counts

    def _find_entry(self, word: str) -> WordEntry:
        if word in self.names:
            return WordEntry(0.0, 0.0, 0.0, counts=False)

        rated = find_valence(self.rated, word)
        related = find_valence(self.related, word)
        nearby = self.nearby.get(word, 0.0)
        counts = word in self.terms or any((rated, related, nearby))
        return WordEntry(rated, related, nearby, counts)


def list_terms(words: Sequence[Word]) -> list[str]:
    """Return the words, the negated ones as ``! word``, and the pairs without a gap, each once."""
    terms: dict[str, None] = {}
    previous = ""
    for word in words:
        terms[f"! {word.text}" if word.negated else word.text] = None
        if previous and not word.gap:
            terms[f"{previous} {word.text}"] = None

        previous = word.text

    return list(terms)


def find_valence(valences: Valences, word: str) -> float:
    """Return the valence of *word*, else of a word that it may be an inflected form of, else 0."""
    if word in valences:
        return valences[word]

    for ending, replacement in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 3:
            continue
        if stem + replacement in valences:
            return valences[stem + replacement]
        # The stem of "banned" is "ban".
        if len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in valences:
            return valences[stem[:-1]]

    return 0.0


def squash(total: float) -> float:
    """Return a sum of valences as a number between -1 and 1."""
    return total / math.sqrt(total * total + _SPREAD)


def _aggregate_rated(valences: Sequence[float], weights: Sequence[float]) -> list[float]:
    # Unlike math.fsum, sum() adds floats up otherwise since Python 3.12.
    scored = [v * weight for v, weight in zip(valences, weights, strict=True) if v]
    positive = [score for score in scored if score > 0]
    negative = [score for score in scored if score < 0]
    up, down = math.fsum(positive), math.fsum(negative)
    count = len(weights) or 1

    return [
        squash(up + down),
        squash(up),
        squash(down),
        squash(math.fsum(valences)),
        (up + down) / count,
        up / count,
        down / count,
        max(positive, default=0.0) / 4,
        min(negative, default=0.0) / 4,
        (up + down) / len(scored) / 4 if scored else 0.0,
        scored[0] / 4 if scored else 0.0,
        scored[-1] / 4 if scored else 0.0,
        min(len(positive), 4) / 4,
        min(len(negative), 4) / 4,
        float(bool(positive) and bool(negative)),
        float(not scored),
        float(up > -down),
        float(up < -down),
    ]


def _aggregate_spread(valences: Sequence[float], weights: Sequence[float]) -> list[float]:
    scored = [v * weight for v, weight in zip(valences, weights, strict=True) if v]
    up = math.fsum([score for score in scored if score > 0])
    down = math.fsum([score for score in scored if score < 0])
    count = len(weights) or 1
    return [
        squash(2 * (up + down)),
        squash(2 * up),
        squash(2 * down),
        (up + down) / count,
        up / count,
        down / count,
        max(scored, default=0.0) / 2,
        min(scored, default=0.0) / 2,
        (up + down) / len(scored) if scored else 0.0,
    ]
