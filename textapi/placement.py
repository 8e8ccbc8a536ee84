"""The places in a text of the sentences that a service found in it.

A service may split sentences by rules of its own, and change white space, letters and case. A
sentence that stands nowhere in the text all the same is no sentence of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from textapi.text.comparison import ComparedText, Form, collapse, fold, verbatim
from textapi.text.keywords import pattern
from textapi.text.sentences import Span

_FORMS = (verbatim, collapse, fold)
# `fold` leaves an ellipsis in this form.
_ELLIPSIS = r"\[?\.{3,}\]?"
_CUT = re.compile(rf"^{_ELLIPSIS}\s*|\s*{_ELLIPSIS}$")


@dataclass(frozen=True)
class Placement:
    """Our own splitter's sentences that an answer covers, and the answer's unplaced sentences."""

    #: These are indexes of our sentences, each once, in order.
    positions: list[int]

    #: These sentences of the answer do not stand in the text.
    unplaced: list[str]


def place_answer(answer: Sequence[str], text: str, spans: Sequence[Span], term: str) -> Placement:
    """Return where the sentences of *answer*, which mention *term*, stand in *text*.

    *spans* are those of our own sentences. If a sentence covers several, it means those that hold
    the term, else the first. A sentence with an ellipsis at an end that the text does not have was
    cut: its remainder has to stand where the term is mentioned.
    """
    if not answer:
        return Placement([], [])

    placer = _Placer(text, spans, term)
    positions: set[int] = set()
    unplaced: list[str] = []

    for sentence in answer:
        covered = placer.place(sentence)
        positions.update(covered)
        if not covered and sentence.strip():
            unplaced.append(sentence)

    return Placement(sorted(positions), unplaced)


def uncut(folded: str) -> str:
    """Return a folded sentence without the ellipsis that marks a service's cut."""
    return _CUT.sub("", folded)


class _Begin(NamedTuple):
    """Where a search begins: at one of our sentences, and at an offset of the text."""

    position: int
    offset: int


class _Placer:
    """Places the sentences of an answer in their order, or else anywhere in the text."""

    def __init__(self, text: str, spans: Sequence[Span], term: str) -> None:
        self._text = text
        self._spans = spans
        self._sentences = [text[start:end] for start, end in spans]
        self._rule = pattern(term)
        self._forms: dict[Form, tuple[ComparedText, list[str]]] = {}
        # The sentences from this index on may be meant as a whole.
        self._next = 0
        # The last sentence ends at this offset of the text.
        self._cursor = 0
        # Sentences of the answer cover these sentences.
        self._covered: set[int] = set()

    def place(self, sentence: str) -> list[int]:
        """Return which of our sentences *sentence* covers; none if it stands nowhere."""
        sentence = sentence.strip()
        if not sentence:
            return []

        begins = (_Begin(self._next, self._cursor), _Begin(0, 0))
        forms = [(form, form(sentence).text) for form in _FORMS]
        covered_again: list[int] = []
        for find, begin in product((self._find_whole, self._find_part), begins):
            for form, folded in forms:
                covered = find(form, folded, begin)
                if not self._covered.issuperset(covered):
                    self._covered.update(covered)
                    return covered

                # Another form may find a sentence that no other one means.
                covered_again = covered_again or covered

        if covered_again:
            return covered_again

        remainder = uncut(fold(sentence).text)
        for begin in begins if remainder else ():
            found = self._find_whole(fold, remainder, begin)
            covered = self._mentioning(found or self._find_part(fold, remainder, begin))
            if covered:
                # The next sentence is another one.
                self._note(covered[-1])
                return covered

        return []

    def _find_whole(self, form: Form, sentence: str, begin: _Begin) -> list[int]:
        """Look for one of our sentences that is equal, first among those that no other means."""
        _, our_sentences = self._compared(form)
        indexes = range(begin.position, len(our_sentences))
        equal = [i for i in indexes if our_sentences[i] == sentence]
        if not equal:
            return []

        return self._note(next((i for i in equal if i not in self._covered), equal[0]))

    def _find_part(self, form: Form, sentence: str, begin: _Begin) -> list[int]:
        """Look for a place in the text, and return our sentences there."""
        whole, our_sentences = self._compared(form)
        start = whole.text.find(sentence, whole.place_of(begin.offset))
        if start < 0:
            return []

        start_offset, end = whole.span(start, start + len(sentence))
        covered = [
            i for i, span in enumerate(self._spans) if span[0] < end and span[1] > start_offset
        ]
        mentioning = self._mentioning(covered)
        if mentioning:
            self._cursor = end
            return mentioning

        holding = [
            i for i in range(covered[-1] + 1, len(our_sentences)) if sentence in our_sentences[i]
        ]
        mentioning = self._mentioning(holding)
        if mentioning:
            return self._note(mentioning[0])

        # A mere sign stands anywhere.
        has_words = any(map(str.isalnum, sentence))
        return self._note(covered[0]) if has_words else []

    def _note(self, position: int) -> list[int]:
        """Go on behind one of our sentences; return it."""
        self._next, self._cursor = position + 1, self._spans[position][1]
        return [position]

    def _compared(self, form: Form) -> tuple[ComparedText, list[str]]:
        """Return the text and each of our sentences in a form."""
        if form not in self._forms:
            our_sentences = (
                self._sentences
                if form is verbatim
                else [form(sentence).text for sentence in self._sentences]
            )
            self._forms[form] = form(self._text), our_sentences

        return self._forms[form]

    def _mentioning(self, positions: Sequence[int]) -> list[int]:
        return [i for i in positions if self._rule.search(self._sentences[i])]
