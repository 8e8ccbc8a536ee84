"""Several texts joined into one request, and whose sentence of the reply is whose.

A service may split sentences by rules of its own. All that is taken for granted is that it answers
with parts of the text, in their order and apart from each other. A sentence is placed where no
other place is possible; where one is, or where it runs over two texts, the texts are doubtful and
asked about again. So no sentence is ever placed in a text in which it does not stand.
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

# On a line of its own it is no part of the text for a service that knows lines, and parts the text
# from the next for one that does not.
_STOP = "\n."
JOINS_KEPT = 64  # the calls that a process has in flight, and some more

IsPlace = Callable[[str, int], bool]  # whether a sentence may stand at an offset


def join(texts: Sequence[str]) -> str:
    """Return *texts* as one, a line each; a full stop follows those that end in no end mark."""
    return "\n".join(_terminate_all(tuple(texts)))


def length_joined(text: str) -> int:
    """Return the characters that *text* takes in `join`, without the line break."""
    return len(text) if ends_sentence(text) else len(text) + len(_STOP)


@lru_cache(maxsize=JOINS_KEPT)  # the same texts are joined for a request and for its reply
def _terminate_all(texts: tuple[str, ...]) -> tuple[str, ...]:
    return (*map(_terminate, texts[:-1]), *texts[-1:])


def _terminate(text: str) -> str:
    return text if ends_sentence(text) else text + _STOP


@dataclass(frozen=True)
class Alignment:
    """Which of the joined texts each sentence of a reply stands in."""

    places: list[tuple[int, str] | None]  #: for each sentence, a text's number and the part of it
    doubtful: set[int]  #: numbers of the texts of which it is not certain what the reply says


def align(sentences: Sequence[str], texts: Sequence[str], term: str | None = None) -> Alignment:
    """Return where the *sentences* of a reply about the joined *texts* stand.

    *term* says that they are those sentences that mention it. Where one stands in none of the texts
    as they are, all are compared without case, in decomposed letters, and without a cut's ellipsis.
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
    """The joined texts in the form in which they are compared, and where each begins and ends.

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

        for number, terminated in enumerate(_terminate_all(texts)):
            text_of_number = texts[number]
            stripped = text_of_number.strip()
            if stripped:
                start = begin + text_of_number.index(stripped)
                numbers.append(number)
                starts.append(joined.place_of(start))
                ends.append(joined.place_of(start + len(stripped)))
            begin += len(terminated) + 1

        return cls(joined, original, numbers, starts, ends)

    def touched(self, start: int, end: int) -> range:
        """Return the texts, by their index here, that hold a character from *start* to *end*."""
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))

    def part(self, index: int, start: int, end: int) -> str:
        """Return what stands from *start* to *end* and in the text, as it was asked."""
        start, end = max(start, self.starts[index]), min(end, self.ends[index])
        return self.original[slice(*self.form.span(start, end))].strip()


_joined_texts = lru_cache(maxsize=2)(_JoinedTexts.of)  # each term of a reply needs the same


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
        self._doubtful: set[int] = set()  # by the index in `_joined`

    def align(self) -> Alignment:
        first, last = self._first_places(), self._last_places()
        if first is None or last is None:  # not in the order of the text
            self._doubt_all()
        else:
            undecided = [index for index in self._present if not self._decide(index, first, last)]
            if undecided and self._term is not None:
                undecided = self._decide_by_term(self._term, undecided)
            self._doubt_undecided(undecided, first, last)
            self._doubt_unknown(first, last)

        numbers = self._joined.numbers
        return Alignment(self._places, {numbers[index] for index in self._doubtful})

    def _first_places(self, is_place: IsPlace | None = None) -> dict[int, Span] | None:
        """Return the places with every sentence as early as possible, None if there are none."""
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
        """Return the places with every sentence as late as possible, None if there are none."""
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

    def _decide(self, index: int, first: dict[int, Span], last: dict[int, Span]) -> bool:
        """Place a sentence whose first and last place are in the same single text, or in none."""
        touched = self._joined.touched(*first[index])
        if len(touched) > 1 or touched != self._joined.touched(*last[index]):
            return False

        for at in touched:
            part = self._joined.part(at, *first[index])
            if part != self._joined.part(at, *last[index]):
                return False
            self._places[index] = self._joined.numbers[at], part
        return True

    def _decide_by_term(self, term: str, undecided: Sequence[int]) -> list[int]:
        """Place sentences that can stand only where the term is mentioned; return the others.

        At a place with fewer or more mentions than the sentence itself has, it is another one.
        """
        rule = pattern(term)
        mentions = [match.span() for match in rule.finditer(self._joined.form.text)]
        counts: dict[str, int] = {}

        def is_place(sentence: str, start: int) -> bool:
            if sentence not in counts:
                counts[sentence] = sum(1 for _ in rule.finditer(sentence))
            begin = bisect_left(mentions, (start, 0))
            within = bisect_right(mentions, start + len(sentence), begin, key=lambda span: span[1])
            return within - begin == counts[sentence] > 0

        first, last = self._first_places(is_place), self._last_places(is_place)
        if first is None or last is None:
            return list(undecided)
        return [index for index in undecided if not self._decide(index, first, last)]

    def _doubt_all(self) -> None:
        self._doubtful.update(range(len(self._joined.numbers)))

    def _doubt_undecided(
        self, undecided: Sequence[int], first: dict[int, Span], last: dict[int, Span]
    ) -> None:
        """Doubt every text in which one of the *undecided* sentences may stand."""
        ranges: dict[str, Span] = {}
        for index in undecided:
            sentence, begin, end = self._sentences[index], first[index][0], last[index][1]
            earlier = ranges.get(sentence, (begin, end))
            ranges[sentence] = min(begin, earlier[0]), max(end, earlier[1])

        for sentence, (begin, end) in ranges.items():
            for touched in self._all_touched(sentence, begin, end):
                self._doubtful.update(touched)

    def _all_touched(self, sentence: str, begin: int, end: int) -> Iterator[range]:
        """Yield the texts that *sentence* touches where it stands between *begin* and *end*."""
        text, size = self._joined.form.text, len(sentence)
        start = text.find(sentence, begin, end)
        while start >= 0:
            touched = self._joined.touched(start, start + size)
            yield touched
            later = start + 1
            if len(touched) == 1:  # where it may touch another
                later = max(later, self._joined.ends[touched[0]] - size + 1)
            start = text.find(sentence, later, end)

    def _doubt_unknown(self, first: dict[int, Span], last: dict[int, Span]) -> None:
        """Doubt the texts around sentences that stand nowhere: a service may rewrite them."""
        bounds = [-1, *self._present, len(self._sentences)]
        for before, after in pairwise(bounds):
            if any(self._sentences[before + 1 : after]):
                begin = first[before][0] if before in first else 0
                end = last[after][1] if after in last else len(self._joined.form.text)
                self._doubtful.update(self._joined.touched(begin, end))
