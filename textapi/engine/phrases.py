"""The noun phrases of a text, by the frequency of their words in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from textapi.engine.language import Language
from textapi.engine.summary import words

if TYPE_CHECKING:
    from spacy.tokens import Doc

_DETERMINERS = frozenset({"det", "predet", "preconj", "neg"})  # "the", "all the", "both", "not the"

Ranked = list[tuple[str, float]]  # phrase, mean frequency of its words; in the order of the text


def phrases(language: Language, texts: Sequence[str]) -> list[Ranked]:
    """Return for each text its phrases of several words, lower-cased, without determiner, once."""
    with language.read(texts, "phrases") as lines_of:
        return [_rank(text, lines) for text, lines in zip(texts, lines_of, strict=True)]


def most_common(ranked: Ranked, count: int) -> list[str]:
    """Return the *count* phrases of the most frequent words, of equals the earlier."""
    best = sorted(ranked, key=itemgetter(1), reverse=True)[:count]
    return list(map(itemgetter(0), best))


def least_common(ranked: Ranked, count: int) -> list[str]:
    """Return the *count* phrases of the least frequent words, of equals the earlier."""
    return list(map(itemgetter(0), sorted(ranked, key=itemgetter(1))[:count]))


def _rank(text: str, lines: list[Doc]) -> Ranked:
    frequency = Counter(words(text))
    distinct = dict.fromkeys(chain.from_iterable(map(_noun_phrases, lines)))
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
    return math.fsum(map(frequency.__getitem__, words(phrase))) / len(phrase.split())
