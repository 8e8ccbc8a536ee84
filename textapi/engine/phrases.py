"""The noun phrases of a text, by how common their words are in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textapi.engine.language import Language
from textapi.engine.summary import words

if TYPE_CHECKING:
    from spacy.tokens import Doc

_DETERMINERS = frozenset({"det", "predet", "preconj", "neg"})  # "the", "all the", "both", "not the"

Ranked = list[tuple[str, float]]  # phrase, mean frequency of its words; in the order of the text


def phrases(language: Language, texts: Sequence[str]) -> list[Ranked]:
    """For each of *texts* its noun phrases of several words, lower-cased, without a leading determiner, each once."""
    with language.read(texts, "phrases") as lines_of:
        return [_ranked(text, lines) for text, lines in zip(texts, lines_of, strict=True)]


def most_common(ranked: Ranked, count: int) -> list[str]:
    """The *count* phrases whose words are the most frequent, of equals the earlier in the text."""
    return [phrase for phrase, _ in sorted(ranked, key=lambda scored: -scored[1])[:count]]


def least_common(ranked: Ranked, count: int) -> list[str]:
    """The *count* phrases whose words are the least frequent, of equals the earlier in the text."""
    return [phrase for phrase, _ in sorted(ranked, key=lambda scored: scored[1])[:count]]


def _ranked(text: str, lines: list[Doc]) -> Ranked:
    frequency = Counter(words(text))
    found = dict.fromkeys(phrase for line in lines for phrase in _phrases(line))
    return [(phrase, _mean_frequency(phrase, frequency)) for phrase in found]


def _phrases(line: Doc) -> Iterator[str]:
    for chunk in line.noun_chunks:
        start = chunk.start
        while start < chunk.end and line[start].dep_ in _DETERMINERS:
            start += 1
        phrase = " ".join(line[start : chunk.end].text.lower().split())
        if " " in phrase:
            yield phrase


def _mean_frequency(phrase: str, frequency: Counter[str]) -> float:
    parts = phrase.split()
    return math.fsum(frequency[word] for word in words(phrase)) / len(parts)
