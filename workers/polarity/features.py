"""From rated sentences to features: valences of words, the vocabulary of terms, sparse rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from networks.functions import Array
from networks.sparse import SparseRows
from textapi.engine.news import VALENCE_STEPS
from textapi.engine.news_features import AGGREGATES, Features, find_valence, list_terms
from textapi.engine.news_words import Word, find_tokens, read_words
from workers.polarity.names import find_long_names, find_names
from workers.polarity.wordnet import WordNet, spread_valences

TERMS = 12_000
FEWEST_SENTENCES = 2  # that hold a term, or
FEWEST_NEARBY = 3  # a word with a valence of its neighbours
NEARBY_PRIOR = 8.0  # sentences of mean valence that are added to those of a word
# What stands for a term in the network's input, beside aggregates of deviation 1: Adam's steps are
# of one size, so that a smaller input lets the aggregates learn first.
TERM_VALUE = 0.3


def build_features(
    texts: Sequence[str], lexicon: Mapping[str, float], wordnet: WordNet | None
) -> Features:
    """Return the features of the training *texts*, without names; *lexicon* is VADER's."""
    vocabulary: set[str] = set()
    for text in texts:
        vocabulary.update(find_tokens(text))
    names = find_names(texts, vocabulary, wordnet, lexicon)
    rated = _round_valences(lexicon, names)
    spread = spread_valences(wordnet, lexicon) if wordnet else {}
    related = _round_valences(spread, names)
    counts = (vocabulary - names) | rated.keys() | related.keys()
    long_names = find_long_names(texts, wordnet.names if wordnet else (), counts)

    first_words = {name.partition(" ")[0] for name in long_names}
    read = partial(
        read_words, counts=counts.__contains__, names=long_names, first_words=first_words
    )
    sentences = list(map(read, texts))
    nearby = _round_valences(_average_neighbours(sentences, rated, related), names)
    for name in names:
        if find_valence(rated, name) or find_valence(related, name):
            long_names.add(name)
    return Features(_choose_terms(sentences), rated, related, nearby, long_names)


def _round_valences(valences: Mapping[str, float], names: set[str]) -> dict[str, float]:
    """Return *valences* as the weights' file holds them, without names and those that become 0."""
    rounded = {}
    for word, valence in valences.items():
        steps = round(max(-4.0, min(4.0, valence)) * VALENCE_STEPS)
        if steps and word.casefold() not in names:
            rounded[word.casefold()] = steps / VALENCE_STEPS
    return rounded


def _average_neighbours(
    sentences: Iterable[Sequence[Word]], rated: Mapping[str, float], related: Mapping[str, float]
) -> dict[str, float]:
    """Return for each word the mean valence of what stands beside it, less that of all words."""
    sums: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for words in sentences:
        values: defaultdict[str, float] = defaultdict(float)
        for word in words:
            valence = find_valence(rated, word.text) or find_valence(related, word.text)
            values[word.text] += valence * word.weight
        total = math.fsum(values.values())
        for text, value in values.items():
            others = total - value
            sums[text] += others / math.sqrt(others * others + 15.0)
            counts[text] += 1

    mean = math.fsum(sums.values()) / max(1, counts.total())
    nearby = {}
    for text, count in counts.items():
        if count >= FEWEST_NEARBY:
            nearby[text] = 4.0 * (sums[text] - mean * count) / (count + NEARBY_PRIOR)
    return nearby


def _choose_terms(sentences: Iterable[Sequence[Word]]) -> dict[str, int]:
    """Return the terms of the most sentences with their places."""
    counts: Counter[str] = Counter()
    for words in sentences:
        counts.update(list_terms(words))
    frequent = [term for term, count in counts.items() if count >= FEWEST_SENTENCES]
    frequent.sort(key=lambda term: (-counts[term], term))
    return {term: place for place, term in enumerate(frequent[:TERMS])}


def make_rows(features: Features, texts: Iterable[str]) -> SparseRows:
    """Return the input of the network: a column for each term, then one for each aggregate."""
    first = len(features.terms)
    aggregate_columns = list(range(first, first + AGGREGATES))
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for text in texts:
        places, aggregates = features.read(text)
        columns += places
        values += [TERM_VALUE] * len(places)
        columns += aggregate_columns
        values += aggregates
        starts.append(len(columns))
    return SparseRows(
        np.array(columns, np.int32),
        np.array(values, np.float32),
        np.array(starts, np.int64),
        first + AGGREGATES,
    )


def view_aggregates(features: Features, rows: SparseRows) -> Array:
    """Return the aggregates of *rows*, a copy ``(rows, AGGREGATES)``."""
    return rows.values[rows.columns >= len(features.terms)].reshape(-1, AGGREGATES)


def scale_aggregates(features: Features, rows: SparseRows, means: Array, deviations: Array) -> None:
    """Standardise the aggregates of *rows* in place."""
    scaled = (view_aggregates(features, rows) - means) / deviations
    rows.values[rows.columns >= len(features.terms)] = scaled.ravel()
