"""Rank texts by how likely what is known of others makes them relevant: a naive Bayes classifier.

A word weighs the logarithm of how much likelier it is in relevant texts than in others that were
read (C. D. Manning, P. Raghavan and H. Schütze, "Introduction to Information Retrieval", 2008,
13.3). It learns from a few texts as well as from thousands, and in no time: where headlines of a
newspaper were searched for its own tags, a ridge logistic regression found no more and took a
hundred times as long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.near_misses import Bits, Floats, Integers, WordsOfTexts, score_texts

# So much of a text is added to those with and without a word, so that no logarithm is infinite.
_SMOOTHING = 0.5

# A word tells of relevant texts if it is so many times likelier in them, ...
_TELLING_RATIO = 4.0
# ... and in so many of them.
_TELLING_SHARE = 0.02


class SearchRanking:
    """What the words of texts tell of their relevance.

    *signs* say of all texts whether they have a sign that counts as a word of its own: a keyword
    was found, or a machine says yes. Texts with one come first as long as no text is relevant.
    """

    def __init__(self, words_of_texts: WordsOfTexts, signs: Sequence[Bits] = ()) -> None:
        from scipy.sparse import csr_array  # noqa: PLC0415 - workers that search nothing do without

        texts, vocabulary = words_of_texts.texts, words_of_texts.vocabulary
        words, text_of = [words_of_texts.words], [words_of_texts.text_of]
        for number, sign in enumerate(signs):
            have_sign = np.flatnonzero(sign)
            words.append(np.full(len(have_sign), vocabulary + number))
            text_of.append(have_sign)

        places = np.concatenate(text_of), np.concatenate(words)
        has_word = np.ones(len(places[0]))
        self._has_word = csr_array((has_word, places), shape=(texts, vocabulary + len(signs)))
        self._vocabulary = vocabulary
        self._counts = np.zeros((2, vocabulary + len(signs)))
        self._learnt = np.zeros((2, 1))

        have_any = np.any(signs, axis=0) if signs else np.zeros(texts, bool)
        scores = score_texts(words_of_texts, have_any)
        self._first_scores: Floats = scores + have_any * (1.0 + float(np.max(scores, initial=0.0)))

    def forget(self) -> None:
        """Forget what was learnt."""
        self._counts[:] = self._learnt[:] = 0.0

    def learn(self, texts: Integers, are_relevant: Bits) -> None:
        """Count the words of *texts* that were read."""
        for kind, chosen in enumerate((texts[~are_relevant], texts[are_relevant])):
            words = self._has_word[chosen].indices
            self._counts[kind] += np.bincount(words, minlength=self._counts.shape[1])
            self._learnt[kind] += len(chosen)

    def score(self) -> Floats:
        """Return a number for each text, the higher the likelier it is relevant."""
        if not self._learnt[1]:
            return self._first_scores

        scores: Floats = self._has_word @ self._weigh()
        return scores

    def list_telling_words(self, most: int) -> list[int]:
        """Return the words that tell most of relevant texts, and no sign; the first tells most."""
        weights = self._weigh()[: self._vocabulary]
        relevant = self._counts[1, : self._vocabulary]
        tells = (weights >= np.log(_TELLING_RATIO)) & (relevant >= _TELLING_SHARE * self._learnt[1])
        gains: NDArray[np.float64] = np.where(tells, weights * relevant, 0.0)
        order = np.argsort(-gains, kind="stable")[:most]
        return [word for word in order.tolist() if gains[word] > 0]

    def _weigh(self) -> Floats:
        rates = (self._counts + _SMOOTHING) / (self._learnt + 2 * _SMOOTHING)
        weights: Floats = np.where(self._counts.any(axis=0), np.log(rates[1] / rates[0]), 0.0)
        return weights
