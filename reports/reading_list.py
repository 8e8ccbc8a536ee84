"""The documents of a month that say most about it, to be read whole, each with its reason."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of
from reports.figures.style import signed
from reports.statistics import mean
from reports.tables.mentions import MentionRow

LENGTH = 10
EXTREMES = 3  # of the highest and of the lowest polarity
FEWEST_WORDS = 3  # of a typical document


@dataclass(frozen=True)
class Reading:
    """A document to read: its first sentence that mentions the keyword, and why it is here."""

    mention: MentionRow
    reason: str


@dataclass(frozen=True)
class _Mentioning:
    """A document by its mentioning sentences; *words* are case-folded, *polarity* is their mean."""

    first: MentionRow
    words: frozenset[str]
    polarity: float | None


def choose_documents(
    sentences: Sequence[MentionRow], terms: Collection[re.Pattern[str]]
) -> list[Reading]:
    """Return ten documents: highest and lowest polarity, the first, and the most typical.

    *sentences* are a month's mentions of a keyword in order of publication, *terms* its patterns.
    A document is chosen for one reason and no two have the same first sentence. Equals are in
    order of publication.
    """
    documents = list(_group(sentences, terms))
    readings: dict[str, Reading] = {}
    _add_extremes(readings, documents)

    for document in documents[:1]:
        _add(readings, document, "the first of the month", LENGTH)
    for document in rank_by_typicality(documents):
        _add(readings, document, "among the most typical", LENGTH)
    return list(readings.values())


def _add_extremes(readings: dict[str, Reading], documents: Sequence[_Mentioning]) -> None:
    """Add the documents of the highest and the lowest polarity, each beyond the mean of all."""
    scored = [document for document in documents if document.polarity is not None]
    middle = mean([document.polarity or 0.0 for document in scored])
    if middle is None:
        return

    for name, sign in (("highest", 1), ("lowest", -1)):
        most = len(readings) + EXTREMES
        for document in sorted(scored, key=lambda row: -sign * (row.polarity or 0.0)):
            polarity = document.polarity or 0.0
            if sign * (polarity - middle) > 0:
                _add(readings, document, f"among the {name} polarity: {signed(polarity)}", most)


def _add(readings: dict[str, Reading], document: _Mentioning, reason: str, most: int) -> None:
    """Add a document unless its sentence is there, or there are *most* documents."""
    sentence = " ".join(document.first.sentence.casefold().split())
    if len(readings) < most:
        readings.setdefault(sentence, Reading(document.first, reason))


def _group(
    sentences: Iterable[MentionRow], terms: Collection[re.Pattern[str]]
) -> Iterator[_Mentioning]:
    by_document: dict[str, list[MentionRow]] = {}
    for sentence in sentences:
        by_document.setdefault(sentence.document, []).append(sentence)

    for rows in by_document.values():
        words: set[str] = set()
        for row in rows:
            words.update(map(str.casefold, words_of(row.sentence, terms)))
        scores = [row.polarity for row in rows if row.polarity is not None]
        first = min(rows, key=attrgetter("position"))
        yield _Mentioning(first, frozenset(words), mean(scores))


def rank_by_typicality(documents: Sequence[_Mentioning]) -> list[_Mentioning]:
    """Return the documents of three words and more, the nearest to the centroid of all first.

    A document is the set of its words without stop words, the centroid the share of the documents
    that use each word; nearness is their cosine, Σ share / √words up to a factor that all have in
    common. Source: Radev, Jing, Styś and Tam (2004), Centroid-based summarization of multiple
    documents, Information Processing & Management 40(6), 919-938.
    """
    users = Counter[str]()
    for document in documents:
        users.update(document.words)
    stop_words = stop_words_for(users)

    def nearness(document: _Mentioning) -> float:
        words = document.words - stop_words
        if len(words) < FEWEST_WORDS:
            return 0.0
        return math.fsum(users[word] for word in words) / math.sqrt(len(words))

    near = [document for document in documents if nearness(document)]
    return sorted(near, key=nearness, reverse=True)
