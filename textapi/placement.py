"""Where the sentences that a service found in a text stand in it.

A service may split sentences by rules of its own, and write white space, letters and case otherwise
than it was asked. What stands nowhere in the text all the same is no sentence of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textapi.text.comparison import ComparedText, Form, collapse, fold, verbatim
from textapi.text.keywords import pattern
from textapi.text.sentences import Span

_FORMS = (verbatim, collapse, fold)
_ELLIPSIS = r"\[?\.{3,}\]?"  # as `fold` leaves it
_CUT = re.compile(rf"^{_ELLIPSIS}\s*|\s*{_ELLIPSIS}$")


@dataclass(frozen=True)
class Placement:
    """The sentences of our own splitter that an answer covers, and what it has besides them."""

    positions: list[int]  #: from 0, each once, in order
    unplaced: list[str]  #: sentences of the answer that do not stand in the text


def place_answer(answer: Sequence[str], text: str, spans: Sequence[Span], term: str) -> Placement:
    """Return where the sentences of *answer*, those that mention *term*, stand in *text*.

    *spans* are those of our own sentences. Of the ones that a sentence covers, those that hold the
    term are meant, else the first. A sentence that ends or begins with an ellipsis which the text
    does not have was cut: what is left of it has to stand where the term is mentioned.
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
    """Return a folded sentence without the ellipsis where a service cut it."""
    return _CUT.sub("", folded)


class _Placer:
    """Places the sentences of an answer in their order, else where the text has them."""

    def __init__(self, text: str, spans: Sequence[Span], term: str) -> None:
        self._text = text
        self._spans = spans
        self._own = [text[start:end] for start, end in spans]
        self._rule = pattern(term)
        self._forms: dict[Form, tuple[ComparedText, list[str]]] = {}
        self._next = 0  # the first of our sentences that may be meant as a whole
        self._cursor = 0  # the end of the last sentence in the text

    def place(self, sentence: str) -> list[int]:
        """Return which of our sentences *sentence* covers, none where it does not stand."""
        if not sentence.strip():
            return []

        begins = ((self._next, self._cursor), (0, 0))
        for first, cursor in begins:
            for form in _FORMS:
                covered = self._find(form, form(sentence).text, first, cursor)
                if covered:
                    return covered

        remainder = uncut(fold(sentence).text)
        for first, cursor in begins if remainder else ():
            covered = self._mentioning(self._find(fold, remainder, first, cursor))
            if covered:
                self._note(covered[-1])  # the next sentence is another one
                return covered
        return []

    def _find(self, form: Form, sentence: str, first: int, cursor: int) -> list[int]:
        """Look for a sentence of ours from the *first* on, then for a place behind *cursor*."""
        whole, own = self._compared(form)
        if sentence in own[first:]:
            return self._note(own.index(sentence, first))

        start = whole.text.find(sentence, whole.place_of(cursor))
        if start < 0:
            return []
        begin, end = whole.span(start, start + len(sentence))
        covered = [i for i, span in enumerate(self._spans) if span[0] < end and span[1] > begin]
        mentioning = self._mentioning(covered)
        if mentioning:
            self._cursor = end
            return mentioning

        holding = [i for i in range(covered[-1] + 1, len(own)) if sentence in own[i]]
        mentioning = self._mentioning(holding)
        if mentioning:
            return self._note(mentioning[0])
        has_words = any(map(str.isalnum, sentence))  # a mere sign stands anywhere
        return self._note(covered[0]) if has_words else []

    def _note(self, position: int) -> list[int]:
        """Go on behind one of our sentences; return it."""
        self._next, self._cursor = position + 1, self._spans[position][1]
        return [position]

    def _compared(self, form: Form) -> tuple[ComparedText, list[str]]:
        """Return the text and each of our sentences in a form."""
        if form not in self._forms:
            own = self._own if form is verbatim else [form(sentence).text for sentence in self._own]
            self._forms[form] = form(self._text), own
        return self._forms[form]

    def _mentioning(self, positions: Sequence[int]) -> list[int]:
        return [i for i in positions if self._rule.search(self._own[i])]
