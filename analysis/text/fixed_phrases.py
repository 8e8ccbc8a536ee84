"""Fixed heads and tails: "Quotation of the Day: …", "… Dies at 87", "Alabama Election Results".

A phrase is fixed if texts have it at one place: at their beginning or end, or beside a mark that
sets it off ("Letter of the Day: …", "… | Scenes of a Film"). What many headlines begin with is
ordinary language where others have it elsewhere: many begin with "New York", and more have it in
the middle. So the measure is the share of all texts with the phrase that have it at that place.
Figures beside a phrase are passed over: "36 Hours in …" begins with "Hours in".
"""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.text.stopwords import stop_words_by_language
from analysis.text.templates import ELLIPSIS, FIGURE, LONGEST_FORM, LONGEST_SLOT, Form
from sources.post_cleaning import is_repost_by_text

# A fixed phrase is in at least this many different texts.
FEWEST_OF_PHRASE = 15

# A phrase has at most this many words.
_LONGEST_PHRASE = 8

# A tail is set off if at least this share of its texts have a mark or a figure behind it. A head is
# set off if at least this larger share have a figure before it, or nothing else between their
# marks: a mark before a head alone begins a sentence ("Live: The Mayor Says …"). Either is set off
# if nearly all have that, or a name of a few words beside it, as in "Oregon Election Results".
_SET_OFF_TAIL = 0.3
_SET_OFF_HEAD = 0.5
_NAMED = 0.8

# At least this share of the texts with a phrase that is set off have it at its place.
_EXCLUSIVE = 0.8

# A phrase that is not set off has at least so many words, and this share of its texts.
_FEWEST_PLAIN_WORDS = 4
_EXCLUSIVE_PLAIN = 0.95

# A phrase with a single word that is no stop word stands alone, or beside a figure, this often.
_ALONE = 0.9

# At least this share of the texts with a recurring label have it at its place.
_EXCLUSIVE_LABEL = 0.5

# A fixed phrase is dropped if more frequent ones take more than the rest of its texts.
_FEWEST_LEFT = 0.5

# A phrase is taken with a further word that this share of its texts have: "Not Seen on TV" is not
# of the family of "What Is on TV".
_SAME = 0.98

# A phrase is named with a further word that this share of its texts have.
_SHARED_NAME = 0.9

# The table has this many counters.
_TABLE = 2**22

# At most this many phrases are counted exactly.
_MOST_PHRASES = 20_000

_NONE = -1

# A phrase is shown with these signs at its ends.
_OPENING = "\u2018\u201c\"'([#@"
_CLOSING = "\u2019\u201d\"')]"

# A colon between digits belongs to a time. Behind a quotation, a dash begins the speaker's name.
_MARK = re.compile(r":(?!(?<=\d:)\d)|[|?;]|(?<![\u2019\u201d'\"])\s[-\u2013\u2014]\s")
# Every mark holds one of these signs.
_MARK_SIGN = re.compile(r"[:|?;\u2013\u2014-]")

Words = tuple[str, ...]
Integers = NDArray[np.int64]

# Whether a phrase is a head, and its words.
Key = tuple[bool, Words]


@dataclass(frozen=True, slots=True)
class FixedPhrase:
    """A phrase that texts have at one place."""

    words: Words

    # A head is at the beginning of a text or behind a mark, a tail at the end or before a mark.
    is_head: bool

    # The phrase with the words beside it that its texts share, and "…" where they go on.
    text: str

    # How many different texts have it at its place. A text with several phrases is of the most
    # frequent one.
    forms: int

    def __str__(self) -> str:
        """Return what the phrase is shown as."""
        return self.text

    def is_in(self, form: Form) -> bool:
        """Return whether the phrase is at its place in a text of *form*."""
        key = self.is_head, self.words
        return any(key in segment.phrases() for segment in _read_segments(form))


@dataclass(frozen=True)
class PhrasesOfForms:
    """Phrases, and which of them each form has."""

    phrases: Sequence[FixedPhrase]

    # For each form the index of its phrase, or -1.
    phrase_of_form: Integers

    @classmethod
    def none(cls, n_forms: int) -> PhrasesOfForms:
        """Return no phrase of *n_forms* forms."""
        return cls((), np.full(n_forms, _NONE, np.int64))

    def join(self, others: PhrasesOfForms) -> PhrasesOfForms:
        """Return the phrases of both; a form that has one of *others* has that."""
        places = others.phrase_of_form + len(self.phrases)
        has_other = others.phrase_of_form != _NONE
        phrase_of_form = np.where(has_other, places, self.phrase_of_form)
        return PhrasesOfForms((*self.phrases, *others.phrases), phrase_of_form)


class _Segment(NamedTuple):
    """The words of a text between two marks, without the figures at their ends."""

    words: Words
    is_after_mark: bool
    is_before_mark: bool
    is_after_figure: bool
    is_before_figure: bool

    def has_name_beside(self, words: Words, is_head: bool) -> bool:
        """Return whether nothing but a name of a few words is beside a head or tail, *words*."""
        n_beside = len(self.words) - len(words)
        if n_beside > LONGEST_SLOT:
            return False

        beside = self.words[len(words) :] if is_head else self.words[:n_beside]
        return not any(word in stop_words for stop_words in _stop_words() for word in beside)

    def phrases(self) -> list[Key]:
        """Return the heads and tails of the segment; a single word is one if a mark follows it."""
        words = self.words
        keys: list[Key] = []
        if len(words) == 1 and self.is_before_mark:
            keys.append((True, words))

        for length in range(2, min(_LONGEST_PHRASE, len(words)) + 1):
            keys += (True, words[:length]), (False, words[-length:])

        return keys


class _Count:
    """In how many texts a phrase is, and how it stands there."""

    __slots__ = (
        "_is_example_alone",
        "after_figure",
        "after_mark",
        "alone",
        "anywhere",
        "at_place",
        "before_figure",
        "before_mark",
        "example",
        "key",
        "named",
        "number",
        "set_off",
    )

    def __init__(self, number: int, key: Key) -> None:
        self.number = number
        self.key = key
        self.anywhere = self.at_place = 0
        # How many texts have nothing else between their marks, a mark or a figure beside the
        # phrase, or nothing but a name.
        self.alone = self.set_off = self.named = 0
        self.after_mark = self.before_mark = self.after_figure = self.before_figure = 0
        # What a text has, at best one that has nothing beside it.
        self.example = ""
        self._is_example_alone = False

    def add(self, segment: _Segment, form: Form) -> None:
        """Count a text that has the phrase at its place, in *segment*."""
        is_head, words = self.key
        is_alone = len(words) == len(segment.words)
        self.at_place += 1
        self.alone += is_alone
        self.after_mark += segment.is_after_mark
        self.before_mark += segment.is_before_mark
        self.after_figure += segment.is_after_figure
        self.before_figure += segment.is_before_figure
        is_beside_figure = segment.is_after_figure if is_head else segment.is_before_figure
        is_closed = is_alone and (segment.is_after_mark or segment.is_before_mark)
        is_set_off = is_beside_figure or is_closed or (segment.is_before_mark and not is_head)
        self.set_off += is_set_off
        self.named += not is_set_off and not is_alone and segment.has_name_beside(words, is_head)
        if not self.example or is_alone > self._is_example_alone:
            self.example = _show_words(form, words)
            self._is_example_alone = is_alone

    @property
    def exclusiveness(self) -> float:
        """The share of the texts with the phrase that have it at its place."""
        return self.at_place / max(self.anywhere, self.at_place, 1)

    def is_fixed(self, in_longer: int = 0) -> bool:
        """Return whether the texts that have the phrase at its place are a family.

        *in_longer* texts have a longer phrase that is fixed: what they have beside this one says
        nothing of the others.
        """
        is_head, words = self.key
        at_place = self.at_place - in_longer
        exclusiveness = at_place / max(self.anywhere - in_longer, at_place, 1)
        n_words = len(words) - words.count(FIGURE)
        n_content = count_content_words(words)
        if at_place < FEWEST_OF_PHRASE or n_words < 2 or FIGURE in (words[0], words[-1]):
            return False

        beside_figure = self.after_figure if is_head else self.before_figure
        if n_content < 2 and max(self.alone, beside_figure) < _ALONE * at_place:
            return False

        fewest_set_off = _SET_OFF_HEAD if is_head else _SET_OFF_TAIL
        is_set_off = self.set_off >= fewest_set_off * at_place
        if is_set_off or self.set_off + self.named >= _NAMED * at_place:
            return n_content > 0 and exclusiveness >= _EXCLUSIVE

        is_long = n_words >= _FEWEST_PLAIN_WORDS and n_content >= 2
        return is_long and exclusiveness >= _EXCLUSIVE_PLAIN

    def is_label(self) -> bool:
        """Return whether the phrase is a label that recurs and makes no family."""
        is_frequent = self.at_place >= FEWEST_OF_PHRASE and count_content_words(self.key[1]) > 0
        is_alone = min(self.alone, self.before_mark) >= _ALONE * self.at_place
        is_exclusive = self.exclusiveness >= _EXCLUSIVE_LABEL
        return is_frequent and is_alone and is_exclusive and not self.is_fixed()

    def show(self) -> str:
        """Return the phrase as the example has it, with "…" where its texts go on."""
        is_head, _ = self.key
        is_open = self.alone < _ALONE * self.at_place
        before = after = ""
        if (is_open and not is_head) or 2 * self.after_figure > self.at_place:
            before = f"{ELLIPSIS} "
        elif 2 * self.after_mark > self.at_place:
            before = f"{ELLIPSIS}: "

        if (is_open and is_head) or 2 * self.before_figure > self.at_place:
            after = f" {ELLIPSIS}"
        if 2 * self.before_mark > self.at_place:
            after += f": {ELLIPSIS}"

        return f"{before}{self.example}{after}"


def _hash(key: Key) -> int:
    """Return a hash that is the same in every process, unlike that of Python's strings."""
    is_head, words = key
    return zlib.crc32("\0".join(words).encode(), is_head)


class PhraseCounts:
    """The phrases of a collection of texts, whose forms are read twice: `survey`, then `add`."""

    def __init__(self) -> None:
        # How many forms have a phrase at its place, by hash: where hashes are equal, too many. An
        # array of zeros takes memory only where it is written to.
        self._table = np.zeros(_TABLE, np.uint32).data
        # The phrases that enough forms have, and a few by chance.
        self._frequent: set[Key] = set()
        # The words that frequent heads begin with, and those that frequent tails end with.
        self._head_words: set[str] = set()
        self._tail_words: set[str] = set()
        self._counts: dict[Key, _Count] = {}
        # The numbers of a form and of a phrase that it has at its place, pair by pair.
        self._forms, self._numbers = array("i"), array("i")

    def survey(self, form: Form) -> None:
        """Count the phrases of a form roughly, and note those that enough forms have."""
        table = self._table
        for segment in _read_segments(form):
            for key in segment.phrases():
                counter = _hash(key) % _TABLE
                table[counter] += 1
                if table[counter] >= FEWEST_OF_PHRASE and len(self._frequent) < _MOST_PHRASES:
                    self._note_frequent(key)

    def add(self, form: Form, form_number: int) -> None:
        """Count those phrases of a form exactly that enough forms have."""
        added = set()
        segments = _read_segments(form)
        for segment in segments:
            first_word, last_word = segment.words[0], segment.words[-1]
            if first_word not in self._head_words and last_word not in self._tail_words:
                continue

            for key in segment.phrases():
                if key in added or key not in self._frequent:
                    continue

                added.add(key)
                count = self._count(key)
                count.add(segment, form)
                self._forms.append(form_number)
                self._numbers.append(count.number)

        if segments:
            for key in self._read_everywhere(form.words):
                self._count(key).anywhere += 1

    def find_fixed(self, n_forms: int) -> PhrasesOfForms:
        """Return the fixed phrases, and that of each of *n_forms* forms."""
        longer = self._find_longer()
        fixed = {
            lengthened.key: lengthened
            for lengthened in (
                _lengthen(count, longer) for count in self._counts.values() if count.is_fixed()
            )
        }
        for key, in_longer in _count_in_longer(fixed.values()).items():
            count = self._counts.get(key)
            if count is not None and count.is_fixed(in_longer):
                fixed.setdefault(key, count)

        return self._choose(list(fixed.values()), np.full(n_forms, fill_value=True))

    def find_labels(self, is_without_phrase: NDArray[np.bool_]) -> PhrasesOfForms:
        """Return the labels that recur and are no fixed phrases, and those of forms without one."""
        labels = [count for count in self._counts.values() if count.is_label()]
        return self._choose(labels, is_without_phrase)

    def _note_frequent(self, key: Key) -> None:
        self._frequent.add(key)
        is_head, words = key
        if is_head:
            self._head_words.add(words[0])
        else:
            self._tail_words.add(words[-1])

    def _count(self, key: Key) -> _Count:
        """Return the count of a frequent phrase."""
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count(len(self._counts), key)

        return count

    def _read_everywhere(self, words: Words) -> set[Key]:
        """Return the frequent phrases that *words* hold at any place."""
        frequent, n_words = self._frequent, len(words)
        keys: set[Key] = set()
        for place, word in enumerate(words):
            if word in self._head_words:
                single: Key = True, (word,)
                if single in frequent:
                    keys.add(single)

                for stop in range(place + 2, min(place + _LONGEST_PHRASE, n_words) + 1):
                    head: Key = True, words[place:stop]
                    if head not in frequent:
                        break

                    keys.add(head)

            if word in self._tail_words:
                stop = place + 1
                for start in range(place - 1, max(stop - _LONGEST_PHRASE, 0) - 1, -1):
                    tail: Key = False, words[start:stop]
                    if tail not in frequent:
                        break

                    keys.add(tail)

        return keys

    def _choose(self, counts: Sequence[_Count], is_free: NDArray[np.bool_]) -> PhrasesOfForms:
        """Return phrases, and for each form that is free that which is in the most texts.

        Of phrases in the same number of texts the longest comes first.
        Phrases of whose texts most are of more frequent ones are left out.
        """
        ranked = sorted(counts, key=lambda count: (-count.at_place, -len(count.key[1]), count.key))
        while True:
            phrase_of_form = self._assign(ranked, is_free)
            left = np.bincount(phrase_of_form + 1, minlength=len(ranked) + 1)[1:].tolist()
            kept = [
                count
                for count, n_forms in zip(ranked, left, strict=True)
                if n_forms >= _FEWEST_LEFT * count.at_place
            ]
            if len(kept) == len(ranked):
                break

            ranked = kept

        longer = self._find_longer()
        return PhrasesOfForms([_make_phrase(count, longer) for count in ranked], phrase_of_form)

    def _assign(self, ranked: Sequence[_Count], is_free: NDArray[np.bool_]) -> Integers:
        """Return the place of each free form's best phrase among *ranked*, or -1."""
        none = len(ranked)
        ranks = np.full(len(self._counts), none, np.int64)
        ranks[[count.number for count in ranked]] = np.arange(none)
        phrase_of_form = np.full(len(is_free), none, np.int64)
        forms = np.array(self._forms, np.int64)
        np.minimum.at(phrase_of_form, forms, ranks[np.array(self._numbers, np.int64)])
        return np.where(is_free & (phrase_of_form < none), phrase_of_form, _NONE)

    def _find_longer(self) -> dict[Key, _Count]:
        """Return for each phrase the most frequent one that has a word more, by the phrase.

        Rare phrases are counted by chance alone, where their hashes are those of others.
        """
        longer: dict[Key, _Count] = {}
        for key, count in self._counts.items():
            if count.at_place < FEWEST_OF_PHRASE:
                continue

            is_head, words = key
            shorter = is_head, words[:-1] if is_head else words[1:]
            most = longer.get(shorter)
            if most is None or (count.at_place, key) > (most.at_place, most.key):
                longer[shorter] = count

        return longer


def count_content_words(words: Words) -> int:
    """Return how many *words* are no stop words of the language that has most of them."""
    n_words = len(words) - words.count(FIGURE)
    return n_words - max(len(stop_words.intersection(words)) for stop_words in _stop_words())


def _count_in_longer(fixed: Iterable[_Count]) -> dict[Key, int]:
    """Return for each shorter phrase the most texts of a fixed one that begins or ends with it."""
    in_longer: dict[Key, int] = {}
    for count in fixed:
        is_head, words = count.key
        for length in range(2, len(words)):
            key = is_head, words[:length] if is_head else words[-length:]
            in_longer[key] = max(in_longer.get(key, 0), count.at_place)

    return in_longer


def _lengthen(count: _Count, longer: Mapping[Key, _Count]) -> _Count:
    """Return the longest fixed phrase that nearly all texts with a fixed phrase have."""
    longest = count
    while (following := longer.get(longest.key)) is not None:
        if following.at_place < _SAME * count.at_place or not following.is_fixed():
            break

        longest = following

    return longest


def _make_phrase(count: _Count, longer: Mapping[Key, _Count]) -> FixedPhrase:
    """Return a phrase, named with the further words that nearly all of its texts share."""
    shown = count
    while (following := longer.get(shown.key)) is not None:
        if following.at_place < _SHARED_NAME * count.at_place:
            break

        shown = following

    is_head, words = count.key
    return FixedPhrase(words, is_head, shown.show(), count.at_place)


def _show_words(form: Form, words: Words) -> str:
    """Return *words* as a text of *form* has them, with their quotation marks, and "…" for figures.

    The words are those of the text from one place on.
    """
    length = len(words)
    start = next(
        start for start in range(len(form.words)) if form.words[start : start + length] == words
    )
    spans = form.spans[start : start + length]
    end = first = spans[0][0]
    parts = []
    for word, span in zip(words, spans, strict=True):
        shown = ELLIPSIS if word == FIGURE else form.text[slice(*span)]
        parts += [form.text[end : span[0]], shown]
        end = span[1]

    before, after = form.text[:first], form.text[end:]
    opening = before[len(before.rstrip(_OPENING)) :]
    closing = after[: len(after) - len(after.lstrip(_CLOSING))]
    return f"{opening}{''.join(parts)}{closing}"


def _read_segments(form: Form) -> list[_Segment]:
    """Return the parts of a text between its marks; none of a long text, or of a repost's name."""
    words, n_words = form.words, len(form.words)
    if n_words > LONGEST_FORM:
        return []

    ends = [0]
    if _MARK_SIGN.search(form.text):
        for mark in _MARK.finditer(form.text):
            end = bisect_left(form.spans, mark.span())
            if ends[-1] < end < n_words:
                ends.append(end)

    ends.append(n_words)

    segments = []
    for start, stop in pairwise(ends):
        first, last = start, stop
        while first < last and words[first] == FIGURE:
            first += 1

        while last > first and words[last - 1] == FIGURE:
            last -= 1

        if first < last:
            sides = start > 0, stop < n_words, first > start, last < stop
            segments.append(_Segment(words[first:last], *sides))

    return segments[1:] if is_repost_by_text(form.text) else segments


@cache
def _stop_words() -> tuple[frozenset[str], ...]:
    return tuple(stop_words_by_language().values())
