"""Texts without a keyword that use the words of those with it: there what it misses is likely.

A word weighs the logarithm of how much likelier it is in texts with the keyword, as in a naive
Bayes classifier over words that are there or not (C. D. Manning, P. Raghavan and H. Schütze,
"Introduction to Information Retrieval", 2008, 13.3). It counts if it stands out by T. Dunning's
log-likelihood ratio ("Accurate methods for the statistics of surprise and coincidence", 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Words of texts with the keyword are as frequent as elsewhere until so many of them say otherwise
# (a Dirichlet prior: Manning and others 2008, 12.2.2). By simulation 5 to 100 do as well.
_PRIOR_TEXTS = 30.0

# A word that stands out is in so many texts with the keyword, ...
_FEWEST_TEXTS = 3
# ... so many times likelier there than elsewhere, ...
_LEAST_RATIO = 2.0
# ... and with so large a log-likelihood ratio: chance reaches it once in a thousand words.
_LEAST_G2 = 10.83


@dataclass(frozen=True)
class WordsOfTexts:
    """The different words of each text as numbers: text *t* has *words* where *text_of* is *t*."""

    texts: int
    vocabulary: int
    words: Integers
    text_of: Integers


def score_texts(words_of_texts: WordsOfTexts, has_keyword: Bits) -> Floats:
    """Return for each text how much its words are those of texts with the keyword, from 0 up."""
    weights = _weigh_words(words_of_texts, has_keyword)
    scores: Floats = np.bincount(
        words_of_texts.text_of, weights[words_of_texts.words], minlength=words_of_texts.texts
    ).astype(float)
    return scores


def rank_texts(words_of_texts: WordsOfTexts, has_keyword: Bits) -> Floats:
    """Return for each text how much likelier its words are in texts with the keyword: log odds.

    All words count, rare ones little. Above 0 a text is likelier to be one with the keyword.
    """
    words, size = words_of_texts.words, words_of_texts.vocabulary
    is_with = has_keyword[words_of_texts.text_of]
    usual = (np.bincount(words, minlength=size) + 0.5) / (words_of_texts.texts + 1)
    with_keyword = np.bincount(words[is_with], minlength=size).astype(float)
    rates = (with_keyword + _PRIOR_TEXTS * usual) / (has_keyword.sum() + _PRIOR_TEXTS)
    weights = np.log(rates / usual)
    scores: Floats = np.bincount(
        words_of_texts.text_of, weights[words], minlength=words_of_texts.texts
    ).astype(float)
    return scores


def _weigh_words(words_of_texts: WordsOfTexts, has_keyword: Bits) -> Floats:
    """Return the weight of each word, 0 if it does not stand out."""
    words, size = words_of_texts.words, words_of_texts.vocabulary
    texts_with = float(has_keyword.sum())
    texts_without = words_of_texts.texts - texts_with
    is_with = has_keyword[words_of_texts.text_of]
    with_keyword = np.bincount(words[is_with], minlength=size).astype(float)
    without_keyword = np.bincount(words[~is_with], minlength=size).astype(float)

    # Half a text more of each kind keeps the logarithm finite.
    rate_with = (with_keyword + 0.5) / (texts_with + 1)
    rate_without = (without_keyword + 0.5) / (texts_without + 1)
    weights = np.log(rate_with / rate_without)

    stands_out = with_keyword >= _FEWEST_TEXTS
    stands_out &= weights >= np.log(_LEAST_RATIO)
    stands_out &= _log_likelihood(with_keyword, without_keyword, texts_with, texts_without) >= (
        _LEAST_G2
    )
    return np.where(stands_out, weights, 0.0)


def _log_likelihood(
    with_keyword: Floats, without_keyword: Floats, texts_with: float, texts_without: float
) -> Floats:
    """Return Dunning's ratio of each word, from the texts that hold it and all texts of a kind."""
    total = with_keyword + without_keyword
    share = total / (texts_with + texts_without)
    ratio = np.zeros_like(total)
    for observed, texts in ((with_keyword, texts_with), (without_keyword, texts_without)):
        expected = share * texts
        ratio += _times_log(observed, expected)
        ratio += _times_log(texts - observed, texts - expected)

    return 2 * ratio


def _times_log(observed: Floats, expected: Floats) -> Floats:
    """Return ``observed · ln(observed / expected)``, 0 where nothing is observed."""
    is_seen = (observed > 0) & (expected > 0)
    logarithms = np.zeros_like(observed)
    np.log(observed, out=logarithms, where=is_seen)
    logarithms -= np.where(is_seen, np.log(np.where(is_seen, expected, 1.0)), 0.0)
    return observed * logarithms
