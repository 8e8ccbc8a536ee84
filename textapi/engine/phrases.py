"""The noun phrases of a text, by the frequency of their words in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from textapi.engine.language import Language
from textapi.engine.summary import words

if TYPE_CHECKING:
    from spacy.tokens import Doc

# The codes of the languages that the model reads.
LANGUAGES = frozenset({"en"})

# Determiners are "the", "all the", "both" and "not the".
_DETERMINERS = frozenset({"det", "predet", "preconj", "neg"})

# Each phrase has the mean frequency of its words. The phrases are in the order of the text.
Ranked = list[tuple[str, float]]


def phrases(language: Language, texts: Sequence[str]) -> list[Ranked]:
    """Return for each text its phrases of several words, lower-cased, without determiner, once."""
    with language.read(texts, "phrases") as lines_by_text:
        return [_rank(text, lines) for text, lines in zip(texts, lines_by_text, strict=True)]


def most_common(ranked: Ranked, count: int) -> list[str]:
    """Return the *count* phrases of the most frequent words; the earlier of equal ones first."""
    best = sorted(ranked, key=itemgetter(1), reverse=True)[:count]
    return [phrase for phrase, _ in best]


def least_common(ranked: Ranked, count: int) -> list[str]:
    """Return the *count* phrases of the least frequent words; the earlier of equal ones first."""
    return [phrase for phrase, _ in sorted(ranked, key=itemgetter(1))[:count]]


def _rank(text: str, lines: list[Doc]) -> Ranked:
    frequency = Counter(words(text))
    distinct = dict.fromkeys(phrase for line in lines for phrase in _noun_phrases(line))
    return [(phrase, _mean_frequency(phrase, frequency)) for phrase in distinct]


def _noun_phrases(line: Doc) -> Iterator[str]:
    for chunk in line.noun_chunks:
        start = chunk.start
        while start < chunk.end and line[start].dep_ in _DETERMINERS:
            start += 1

        phrase = " ".join(line[start : chunk.end].text.lower().split())
        if " " in phrase:
            yield phrase


def _mean_frequency(phrase: str, frequency: Counter[str]) -> float:
    return math.fsum(frequency[word] for word in words(phrase)) / len(phrase.split())
