"""The documents of a month that say most about it, to be read whole, each with its reason."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of
from reports.figures.style import signed
from reports.label_section import NEUTRAL
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


PlaceOf = Callable[[str], int | None]  # of a document: its pattern of repeats, if it has one


def no_repeats(_document: str) -> None:
    """Say of a document that it is no repeat."""


@dataclass(frozen=True)
class _Mentioning:
    """A document by its mentioning sentences; *words* are case-folded, *polarity* is their mean."""

    first: MentionRow
    place: int | None
    words: frozenset[str]
    polarity: float | None


def choose_documents(
    sentences: Sequence[MentionRow],
    terms: Collection[re.Pattern[str]],
    place_of: PlaceOf = no_repeats,
) -> list[Reading]:
    """Return ten documents: highest and lowest polarity, the first, and the most typical.

    *sentences* are a month's mentions of a keyword in order of publication, *terms* its patterns.
    A document is chosen for one reason, and no two have the same first sentence or are of one
    pattern of repeats, whose place *place_of* gives. Equals are in order of publication.
    """
    documents = list(_group(sentences, terms, place_of))
    readings: dict[str | int, Reading] = {}
    _add_extremes(readings, documents)

    for document in documents[:1]:
        _add(readings, document, "the first of the month", LENGTH)
    for document in rank_by_typicality(_first_of_patterns(documents)):
        _add(readings, document, "among the most typical", LENGTH)
    return list(readings.values())


def _add_extremes(readings: dict[str | int, Reading], documents: Sequence[_Mentioning]) -> None:
    """Add the documents of highest and lowest polarity: beyond the mean, and of that sign."""
    scored = [document for document in documents if document.polarity is not None]
    middle = mean([document.polarity or 0.0 for document in scored])
    if middle is None:
        return

    for name, sign in (("highest", 1), ("lowest", -1)):
        most = len(readings) + EXTREMES
        for document in sorted(scored, key=lambda row: -sign * (row.polarity or 0.0)):
            polarity = document.polarity or 0.0
            if sign * (polarity - middle) > 0 and sign * polarity >= NEUTRAL:
                _add(readings, document, f"among the {name} polarity: {signed(polarity)}", most)


def _add(readings: dict[str | int, Reading], document: _Mentioning, reason: str, most: int) -> None:
    """Add a document unless its sentence or its pattern is there, or there are *most* documents."""
    sentence = " ".join(document.first.sentence.casefold().split())
    if len(readings) < most:
        key = sentence if document.place is None else document.place
        readings.setdefault(key, Reading(document.first, reason))


def _group(
    sentences: Iterable[MentionRow], terms: Collection[re.Pattern[str]], place_of: PlaceOf
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
        place = place_of(first.document)
        yield _Mentioning(first, place, frozenset(words), mean(scores))


def _first_of_patterns(documents: Iterable[_Mentioning]) -> list[_Mentioning]:
    """Return *documents* with the first of each pattern of repeats alone, which counts once."""
    first: dict[int, _Mentioning] = {}
    kept = []
    for document in documents:
        if document.place is None or first.setdefault(document.place, document) is document:
            kept.append(document)
    return kept


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
