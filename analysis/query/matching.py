"""Where a document matches a query, from the sentences that were found for its terms.

The logic is applied to the sentences of the Text API. The project's own rule judges how near two
terms are within these sentences, and their case.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from analysis.query.grammar import Leaf, Near, Query, matches
from analysis.query.terms import Term
from textapi.text.sentences import Span

# The numbers of sentences in the document.
Positions = Collection[int]

# White space and long dashes separate words.
_WORD = re.compile(r"[^\s\u2014]+")


def find_positions(
    query: Query,
    text: str,
    sentences: Sequence[Span],
    positions: Mapping[Term, Positions],
    *,
    in_document: bool,
) -> dict[Term, list[int]]:
    """Return, for each term that the query seeks, the mentioning sentences that hold it.

    *positions* are the sentences that hold each of the query's terms. A sentence is mentioning if
    it matches the query; *in_document*, if it holds a sought term and the document matches.
    """
    sought: set[int] = set()
    for term in query.sought_terms:
        sought.update(positions[term])

    if in_document:
        everywhere = _Scope(text, sentences, positions, range(len(sentences)))
        mentioning = sought if matches(query.root, everywhere.holds) else set()
    else:
        mentioning = set()
        for position in sought:
            sentence = _Scope(text, sentences, positions, (position,))
            if matches(query.root, sentence.holds):
                mentioning.add(position)

    return {term: sorted(mentioning.intersection(positions[term])) for term in query.sought_terms}


class _Scope:
    """The sentences of a document that a query is about: one, or all."""

    def __init__(
        self,
        text: str,
        sentences: Sequence[Span],
        positions: Mapping[Term, Positions],
        selected: Collection[int],
    ) -> None:
        self._text, self._sentences = text, sentences
        self._positions, self._selected = positions, selected

    def holds(self, leaf: Leaf) -> bool:
        """Return whether a sentence holds a term, or two terms stand near each other."""
        if isinstance(leaf, Term):
            return any(position in self._selected for position in self._positions[leaf])

        left, right = self._spans(leaf.left), self._spans(leaf.right)
        return self._follows(left, right, leaf) or self._follows(right, left, leaf)

    def _follows(
        self, left_spans: Collection[Span], right_spans: Sequence[Span], near: Near
    ) -> bool:
        """Return whether one of the sorted *right_spans* stands near after one of *left_spans*."""
        starts = [start for start, _ in right_spans]
        for _, end in left_spans:
            index = bisect_left(starts, end)
            if index < len(starts) and self._count_words(end, starts[index]) <= near.distance:
                return True

        return False

    def _spans(self, terms: Collection[Term]) -> list[Span]:
        spans: list[Span] = []
        for term in terms:
            for position in self._positions[term]:
                if position in self._selected:
                    spans += self._matches(term, self._sentences[position])

        return sorted(spans)

    def _matches(self, term: Term, sentence: Span) -> Iterator[Span]:
        start, end = sentence
        for match_start, match_end in term.pattern.find_spans(self._text[start:end]):
            yield start + match_start, start + match_end

    def _count_words(self, start: int, end: int) -> int:
        """Count the whole words between *start* and *end*."""
        starts, ends = self._words
        return max(0, bisect_right(ends, end) - bisect_left(starts, start))

    @cached_property
    def _words(self) -> tuple[list[int], list[int]]:
        words = [match.span() for match in _WORD.finditer(self._text) if _has_letter(match[0])]
        return [start for start, _ in words], [end for _, end in words]


def _has_letter(word: str) -> bool:
    return any(map(str.isalnum, word))
