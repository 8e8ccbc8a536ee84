"""What a network reads of a text that it codes: words, pairs, and the valences of its words.

They are the features of the polarity engine `news`, but that names count here: a codebook may ask
of them. Words and pairs are those of the coded texts; valences are known of other words too, which
is what helps most where only a few hundred texts are coded.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from analysis.codebooks.codebook import KEYWORD_SIGN
from analysis.codebooks.coded_text import CodedText
from networks.sparse import SparseRows
from textapi.engine import news
from textapi.engine.news_features import squash
from textapi.engine.news_words import NEGATED, read_all_words

# A term is in at least this many coded texts: the weights hold no words of a single text.
FEWEST_TEXTS = 2

# Valences are rated, related or nearby; of each kind the positive and the negative are summed.
VALENCE_KINDS = 3
VALENCE_SUMS = 2 * VALENCE_KINDS

_CACHED_WORDS = 20_000

# The valences are of English words.
_VALENCE_LANGUAGE = "en"

# A word, whether it is negated, and whether it begins a clause.
ReadWord = tuple[str, bool, bool]


class ReadTexts(NamedTuple):
    """Texts as a network reads them, and the hash of the words of each."""

    rows: SparseRows
    hashes: list[int]


def hash_words(keyword: str, words: Iterable[ReadWord]) -> int:
    """Return a hash that texts share which differ in figures and signs only."""
    content = "\0".join([keyword, *[word for word, _, _ in words]])
    return int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest(), "little")


@cache
def weights_of_news() -> str:
    """Return the hash of the weights whose valences are read: other ones give other features."""
    return hashlib.sha256(news.WEIGHTS.read_bytes()).hexdigest()


def reads_valences(languages: Collection[str]) -> bool:
    """Return whether the valences of words are read of texts in these languages; none is any."""
    return not languages or _VALENCE_LANGUAGE in languages


class TextFeatures:
    """The columns of a text: its terms among *terms*, and sums of valences if *has_valences*.

    With *by_keyword*, a term has a column for each keyword beside its own (H. Daumé III,
    "Frustratingly Easy Domain Adaptation", ACL 2007): what a word says differs between keywords.
    """

    def __init__(self, terms: Sequence[str], *, has_valences: bool, by_keyword: bool) -> None:
        self.terms = tuple(terms)
        self.has_valences, self.by_keyword = has_valences, by_keyword
        self.width = len(self.terms) + VALENCE_SUMS * has_valences
        self._places = {term: place for place, term in enumerate(self.terms)}

    @classmethod
    def choose(
        cls, texts: Iterable[CodedText], *, has_valences: bool, by_keyword: bool
    ) -> TextFeatures:
        """Return the features whose terms are in enough of *texts*."""
        counts: Counter[str] = Counter()
        for text in texts:
            words = list(read_all_words(text.text))
            counts.update(list_terms(text, words, by_keyword=by_keyword))

        terms = sorted(term for term, count in counts.items() if count >= FEWEST_TEXTS)
        return cls(terms, has_valences=has_valences, by_keyword=by_keyword)

    def read(self, texts: Sequence[CodedText]) -> ReadTexts:
        """Return a row for each text; the terms of a row have the length 1 together."""
        places = self._places
        first_sum = len(self.terms)
        sum_columns = range(first_sum, first_sum + VALENCE_SUMS)
        columns: list[int] = []
        values: list[float] = []
        starts = [0]
        hashes: list[int] = []
        for text in texts:
            words = list(read_all_words(text.text))
            terms = list_terms(text, words, by_keyword=self.by_keyword)
            term_columns = [places[term] for term in terms if term in places]
            if term_columns:
                columns += term_columns
                values += [1 / math.sqrt(len(term_columns))] * len(term_columns)

            if self.has_valences:
                columns += sum_columns
                values += _sum_valences(words)

            starts.append(len(columns))
            hashes.append(hash_words(text.keyword, words))

        rows = SparseRows(
            np.array(columns, np.int32),
            np.array(values, np.float64),
            np.array(starts, np.int64),
            self.width,
        )
        return ReadTexts(rows, hashes)


@lru_cache(_CACHED_WORDS)
def _list_valences(word: str) -> tuple[tuple[int, float], ...]:
    """Return the valences of a word that are not 0, each with the number of its kind."""
    valences = news.load().features.look_up(word)[:VALENCE_KINDS]
    return tuple((kind, valence) for kind, valence in enumerate(valences) if valence)


def _sum_valences(words: Iterable[ReadWord]) -> list[float]:
    positive, negative = [0.0] * VALENCE_KINDS, [0.0] * VALENCE_KINDS
    for word, is_negated, _ in words:
        for kind, valence in _list_valences(word):
            weighted = valence * NEGATED if is_negated else valence
            sums = positive if weighted > 0 else negative
            sums[kind] += weighted

    return [squash(total) for total in (*positive, *negative)]


def list_terms(text: CodedText, words: Iterable[ReadWord], *, by_keyword: bool) -> list[str]:
    """Return the *words* of a text, and the pairs of them within a clause, each once.

    A negated word is ``! word``. A whole text in which the keyword was found has the term
    ``{keyword}``.
    """
    terms: dict[str, None] = {}
    previous = ""
    for word, is_negated, begins_clause in words:
        terms[f"! {word}" if is_negated else word] = None
        if not begins_clause:
            terms[f"{previous} {word}"] = None

        previous = word

    if text.mentions:
        terms[KEYWORD_SIGN] = None
    if by_keyword:
        terms |= dict.fromkeys([f"{text.keyword}: {term}" for term in terms])

    return list(terms)
