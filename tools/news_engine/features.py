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
from tools.news_engine.names import find_long_names, find_names
from tools.news_engine.wordnet import WordNet, spread_valences

TERMS = 12_000

# A term is in at least this many sentences.
FEWEST_SENTENCES = 2

# A word gets the valence of its neighbours if it occurs in at least this many sentences.
FEWEST_NEARBY = 3

# This many sentences of mean valence are added to the sentences of a word.
NEARBY_PRIOR = 8.0

# A term has this value in the network's input, beside aggregates of deviation 1: Adam's steps have
# one size, so a smaller input lets the aggregates learn first.
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

    first_words = {long_name.partition(" ")[0] for long_name in long_names}
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
    """Round *valences* as the weights' file holds them; leave out names and zeros."""
    rounded = {}
    for word, valence in valences.items():
        steps = round(max(-4.0, min(4.0, valence)) * VALENCE_STEPS)
        if steps and word.casefold() not in names:
            rounded[word.casefold()] = steps / VALENCE_STEPS

    return rounded


def _average_neighbours(
    sentences: Iterable[Sequence[Word]], rated: Mapping[str, float], related: Mapping[str, float]
) -> dict[str, float]:
    """Return for each word the mean valence of its neighbours, less the mean of all words."""
    sums: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for words in sentences:
        word_valences: defaultdict[str, float] = defaultdict(float)
        for word in words:
            valence = find_valence(rated, word.text) or find_valence(related, word.text)
            word_valences[word.text] += valence * word.weight

        total = math.fsum(word_valences.values())
        for text, word_valence in word_valences.items():
            neighbours = total - word_valence
            sums[text] += neighbours / math.sqrt(neighbours * neighbours + 15.0)
            counts[text] += 1

    mean = math.fsum(sums.values()) / max(1, counts.total())
    nearby = {}
    for text, count in counts.items():
        if count >= FEWEST_NEARBY:
            nearby[text] = 4.0 * (sums[text] - mean * count) / (count + NEARBY_PRIOR)

    return nearby


def _choose_terms(sentences: Iterable[Sequence[Word]]) -> dict[str, int]:
    """Return the terms that are in the most sentences, with their places."""
    counts: Counter[str] = Counter()
    for words in sentences:
        counts.update(list_terms(words))

    frequent = [term for term, count in counts.items() if count >= FEWEST_SENTENCES]
    frequent.sort(key=lambda term: (-counts[term], term))
    return {term: index for index, term in enumerate(frequent[:TERMS])}


def make_rows(features: Features, texts: Iterable[str]) -> SparseRows:
    """Return the input of the network: a column for each term, then one for each aggregate."""
    term_count = len(features.terms)
    aggregate_columns = list(range(term_count, term_count + AGGREGATES))
    columns: list[int] = []
    cells: list[float] = []
    starts = [0]
    for text in texts:
        term_columns, aggregates = features.read(text)
        columns += term_columns
        cells += [TERM_VALUE] * len(term_columns)
        columns += aggregate_columns
        cells += aggregates
        starts.append(len(columns))

    return SparseRows(
        np.array(columns, np.int32),
        np.array(cells, np.float32),
        np.array(starts, np.int64),
        term_count + AGGREGATES,
    )


def view_aggregates(features: Features, rows: SparseRows) -> Array:
    """Return the aggregates of *rows*, a copy ``(rows, AGGREGATES)``."""
    return rows.values[rows.columns >= len(features.terms)].reshape(-1, AGGREGATES)


def scale_aggregates(features: Features, rows: SparseRows, means: Array, deviations: Array) -> None:
    """Standardise the aggregates of *rows* in place."""
    scaled = (view_aggregates(features, rows) - means) / deviations
    rows.values[rows.columns >= len(features.terms)] = scaled.ravel()
