"""Several texts joined into one request, and the text of each sentence of the reply.

A service may split sentences by rules of its own. The only assumption is that it answers with
parts of the text, in their order and without overlap. A sentence is placed if only one place is
possible. If several are, or if it runs over two texts, the texts are doubtful and requested again.
So no sentence is ever placed in a text in which it does not stand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from textapi.placement import uncut
from textapi.text.comparison import ComparedText, Form, collapse, fold
from textapi.text.keywords import pattern
from textapi.text.sentences import Span, ends_sentence

# A service that knows lines does not count a stop on a line of its own as text; for another one it
# ends the text before the next begins.
_STOP = "\n."
# This covers the calls that a process has in flight, and some more.
JOINS_KEPT = 64

# Such a function says whether a sentence may stand at an offset.
IsPlace = Callable[[str, int], bool]


def join(texts: Sequence[str]) -> str:
    """Return *texts* as one, a line each; a full stop follows those that end in no end mark."""
    return "\n".join(_terminate_all(tuple(texts)))


def length_joined(text: str) -> int:
    """Return the characters that *text* takes in `join`, without the line break."""
    return len(text) if ends_sentence(text) else len(text) + len(_STOP)


# The same texts are joined for a request and for its reply.
@lru_cache(maxsize=JOINS_KEPT)
def _terminate_all(texts: tuple[str, ...]) -> tuple[str, ...]:
    terminated = [_terminate(text) for text in texts[:-1]]
    return (*terminated, *texts[-1:])


def _terminate(text: str) -> str:
    return text if ends_sentence(text) else text + _STOP


@dataclass(frozen=True)
class Alignment:
    """Which of the joined texts each sentence of a reply stands in."""

    #: Each sentence has a text's number and the part of that text, or None.
    places: list[tuple[int, str] | None]

    #: It is not certain what the reply says about the texts of these numbers.
    doubtful: set[int]


def align(sentences: Sequence[str], texts: Sequence[str], term: str | None = None) -> Alignment:
    """Return where the *sentences* of a reply about the joined *texts* stand.

    *term* says that the sentences mention it. If a sentence stands in none of the texts as they
    are, all are compared without case, in decomposed letters, and without a cut's ellipsis.
    """
    collapsed = [collapse(sentence).text for sentence in sentences]
    if not any(collapsed):
        return Alignment([None] * len(sentences), set())

    joined = _joined_texts(tuple(texts), collapse)
    if all(sentence in joined.form.text for sentence in collapsed):
        return _Aligner(joined, collapsed, term).align()

    joined = _joined_texts(tuple(texts), fold)
    folded = []
    for sentence in map(_fold_sentence, sentences):
        is_whole = sentence in joined.form.text
        folded.append(sentence if is_whole else uncut(sentence) or sentence)

    return _Aligner(joined, folded, None if term is None else _fold_sentence(term)).align()


def _fold_sentence(sentence: str) -> str:
    return fold(sentence).text


@dataclass(frozen=True)
class _JoinedTexts:
    """The joined texts in the form in which they are compared, with the ends of each.

    Blank texts are left out.
    """

    form: ComparedText
    original: str
    numbers: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, texts: tuple[str, ...], form: Form) -> _JoinedTexts:
        original = join(texts)
        joined = form(original)
        numbers, starts, ends = [], [], []
        begin = 0

        for index, terminated in enumerate(_terminate_all(texts)):
            text = texts[index]
            stripped = text.strip()
            if stripped:
                start = begin + text.index(stripped)
                numbers.append(index)
                starts.append(joined.place_of(start))
                ends.append(joined.place_of(start + len(stripped)))

            begin += len(terminated) + 1

        return cls(joined, original, numbers, starts, ends)

    def touched(self, start: int, end: int) -> range:
        """Return the texts, by their index here, that hold a character from *start* to *end*."""
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))

    def part(self, index: int, start: int, end: int) -> str:
        """Return the original characters of the text at *index* from *start* to *end*."""
        start, end = max(start, self.starts[index]), min(end, self.ends[index])
        return self.original[slice(*self.form.span(start, end))].strip()


# Each term of a reply needs the same joined texts.
_joined_texts = lru_cache(maxsize=2)(_JoinedTexts.of)


class _Aligner:
    def __init__(self, joined: _JoinedTexts, sentences: Sequence[str], term: str | None) -> None:
        self._joined = joined
        self._sentences = sentences
        self._term = term
        self._present = [
            index
            for index, sentence in enumerate(sentences)
            if sentence and sentence in joined.form.text
        ]
        self._places: list[tuple[int, str] | None] = [None] * len(sentences)
        # These are indexes in `_joined`.
        self._doubtful: set[int] = set()

    def align(self) -> Alignment:
        earliest, latest = self._first_places(), self._last_places()
        # The sentences are not in the order of the text if they have no such places.
        if earliest is None or latest is None:
            self._doubt_all()
        else:
            undecided = [
                index for index in self._present if not self._decide(index, earliest, latest)
            ]
            if undecided and self._term is not None:
                undecided = self._decide_by_term(self._term, undecided)

            self._doubt_undecided(undecided, earliest, latest)
            self._doubt_unknown(earliest, latest)

        numbers = self._joined.numbers
        return Alignment(self._places, {numbers[index] for index in self._doubtful})

    def _first_places(self, is_place: IsPlace | None = None) -> dict[int, Span] | None:
        """Return the place of every sentence as early as possible; None if one has no place."""
        text, cursor = self._joined.form.text, 0
        places: dict[int, Span] = {}
        for index in self._present:
            sentence = self._sentences[index]
            start = text.find(sentence, cursor)
            while is_place and start >= 0 and not is_place(sentence, start):
                start = text.find(sentence, start + 1)

            if start < 0:
                return None

            cursor = start + len(sentence)
            places[index] = start, cursor

        return places

    def _last_places(self, is_place: IsPlace | None = None) -> dict[int, Span] | None:
        """Return the place of every sentence as late as possible; None if one has no place."""
        text = self._joined.form.text
        cursor = len(text)
        places: dict[int, Span] = {}
        for index in reversed(self._present):
            sentence = self._sentences[index]
            start = text.rfind(sentence, 0, cursor)
            while is_place and start >= 0 and not is_place(sentence, start):
                start = text.rfind(sentence, 0, start + len(sentence) - 1)

            if start < 0:
                return None

            places[index] = start, start + len(sentence)
            cursor = start

        return places

    def _decide(self, index: int, earliest: dict[int, Span], latest: dict[int, Span]) -> bool:
        """Place a sentence whose first and last place are in the same single text, or in none."""
        touched = self._joined.touched(*earliest[index])
        if len(touched) > 1 or touched != self._joined.touched(*latest[index]):
            return False

        for touched_index in touched:
            part = self._joined.part(touched_index, *earliest[index])
            if part != self._joined.part(touched_index, *latest[index]):
                return False

            self._places[index] = self._joined.numbers[touched_index], part

        return True

    def _decide_by_term(self, term: str, undecided: Sequence[int]) -> list[int]:
        """Place sentences that can stand only where the term is mentioned; return the others.

        A place with fewer or more mentions than the sentence itself has is another sentence.
        """
        rule = pattern(term)
        mentions = rule.find_spans(self._joined.form.text)
        counts: dict[str, int] = {}

        def is_place(sentence: str, start: int) -> bool:
            if sentence not in counts:
                counts[sentence] = len(rule.find_spans(sentence))

            begin = bisect_left(mentions, (start, 0))
            within = bisect_right(mentions, start + len(sentence), begin, key=lambda span: span[1])
            return within - begin == counts[sentence] > 0

        earliest, latest = self._first_places(is_place), self._last_places(is_place)
        if earliest is None or latest is None:
            return list(undecided)

        return [index for index in undecided if not self._decide(index, earliest, latest)]

    def _doubt_all(self) -> None:
        self._doubtful.update(range(len(self._joined.numbers)))

    def _doubt_undecided(
        self, undecided: Sequence[int], earliest: dict[int, Span], latest: dict[int, Span]
    ) -> None:
        """Doubt every text in which one of the *undecided* sentences may stand."""
        ranges: dict[str, Span] = {}
        for index in undecided:
            sentence, begin, end = self._sentences[index], earliest[index][0], latest[index][1]
            earlier = ranges.get(sentence, (begin, end))
            ranges[sentence] = min(begin, earlier[0]), max(end, earlier[1])

        for sentence, (begin, end) in ranges.items():
            for touched in self._all_touched(sentence, begin, end):
                self._doubtful.update(touched)

    def _all_touched(self, sentence: str, begin: int, end: int) -> Iterator[range]:
        """Yield the texts that each place of *sentence* between *begin* and *end* touches."""
        text, size = self._joined.form.text, len(sentence)
        start = text.find(sentence, begin, end)
        while start >= 0:
            touched = self._joined.touched(start, start + size)
            yield touched
            later = start + 1
            # The next place that matters is the first that may touch another text.
            if len(touched) == 1:
                later = max(later, self._joined.ends[touched[0]] - size + 1)

            start = text.find(sentence, later, end)

    def _doubt_unknown(self, earliest: dict[int, Span], latest: dict[int, Span]) -> None:
        """Doubt the texts around sentences that stand nowhere: a service may rewrite them."""
        bounds = [-1, *self._present, len(self._sentences)]
        for left, right in pairwise(bounds):
            if any(self._sentences[left + 1 : right]):
                begin = earliest[left][0] if left in earliest else 0
                end = latest[right][1] if right in latest else len(self._joined.form.text)
                self._doubtful.update(self._joined.touched(begin, end))
