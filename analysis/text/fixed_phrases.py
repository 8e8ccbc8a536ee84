"""Fixed heads and tails: "Quotation of the Day: …", "… Dies at 87", "Alabama Election Results".

A phrase is fixed if texts have it at one place: at their beginning or end, or beside a mark that
sets it off ("Letter of the Day: …", "… | Scenes of a Film"). What many headlines begin with is
ordinary language where others have it elsewhere: many begin with "New York", and more have it in
the middle. So the measure is the share of all texts with the phrase that have it at that place.
Figures beside a phrase are passed over: "36 Hours in …" begins with "Hours in".
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.text.form_batches import (
    IS_FIGURE,
    IS_STOP_WORD,
    FormBatch,
    Hashes,
    Lexicon,
    distinct,
)
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

# The table has 2 to the power of this many counters.
_TABLE_BITS = 22

# At most this many phrases are counted exactly.
_MOST_PHRASES = 20_000

# The counts of how texts have a phrase.
_SUMS = (
    "anywhere",
    "at_place",
    "alone",
    "set_off",
    "named",
    "after_mark",
    "before_mark",
    "after_figure",
    "before_figure",
)

_NONE = -1

# A phrase is shown with these signs at its ends.
_OPENING = "\u2018\u201c\"'([#@"
_CLOSING = "\u2019\u201d\"')]"

Words = tuple[str, ...]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

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

    @property
    def key(self) -> Key:
        """Whether it is a head, and its words."""
        return self.is_head, self.words


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


@dataclass(frozen=True)
class FoundPhrases:
    """The fixed phrases of texts, and the labels of the forms that have none."""

    fixed: PhrasesOfForms
    labels: PhrasesOfForms


@dataclass(frozen=True)
class _Segments:
    """The words of texts between two marks, without the figures at their ends."""

    # The places of their forms, ascending.
    forms: Integers

    # The places of their first words, and behind their last ones.
    starts: Integers
    stops: Integers

    is_after_mark: Flags
    is_before_mark: Flags
    is_after_figure: Flags
    is_before_figure: Flags

    @classmethod
    def read(cls, batch: FormBatch) -> _Segments:
        """Return the segments of all forms; none of a long text, or of a repost's name."""
        begins = np.union1d(batch.bounds[:-1][batch.lengths > 0], batch.marks)
        ends = np.append(begins[1:], batch.bounds[-1:])
        forms = np.searchsorted(batch.bounds, begins, "right") - 1
        words = np.flatnonzero(batch.kinds() & IS_FIGURE == 0)
        first, behind = np.searchsorted(words, begins), np.searchsorted(words, ends)
        is_any = (behind > first) & (batch.lengths[forms] <= LONGEST_FORM)
        forms, begins, ends = forms[is_any], begins[is_any], ends[is_any]
        starts, stops = words[first[is_any]], words[behind[is_any] - 1] + 1
        segments = cls(
            forms=forms,
            starts=starts,
            stops=stops,
            is_after_mark=begins > batch.bounds[forms],
            is_before_mark=ends < batch.bounds[forms + 1],
            is_after_figure=starts > begins,
            is_before_figure=stops < ends,
        )

        is_of_name = np.append(True, forms[1:] != forms[:-1])[: len(forms)]
        is_of_name &= np.fromiter(map(is_repost_by_text, batch.texts), bool)[forms]
        return segments.take(np.flatnonzero(~is_of_name)) if is_of_name.any() else segments

    @property
    def lengths(self) -> Integers:
        """The number of words of each."""
        return self.stops - self.starts

    def take(self, places: Integers) -> _Segments:
        """Return the segments at *places*."""
        return _Segments(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class _Places:
    """Where texts have phrases at their places; the phrases of one length after the other."""

    # The indices of the segments.
    segments: Integers

    # The places of the first words, and the number of words.
    starts: Integers
    lengths: Integers

    is_head: Flags
    hashes: Hashes

    @classmethod
    def read(cls, segments: _Segments, windows: Sequence[Hashes]) -> _Places:
        """Return the heads and tails of segments; a single word is one if a mark follows it."""
        found, lengths = [], segments.lengths
        single = np.flatnonzero((lengths == 1) & segments.is_before_mark)
        found.append((single, segments.starts[single], 1, True))
        for length in range(2, _LONGEST_PHRASE + 1):
            long = np.flatnonzero(lengths >= length)
            found.append((long, segments.starts[long], length, True))
            found.append((long, segments.stops[long] - length, length, False))

        hashes, n_words, are_heads = [], [], []
        for _, starts, length, is_head in found:
            hashes.append(_hash_phrases(windows[length - 1][starts], is_head=is_head))
            n_words.append(np.full(len(starts), length))
            are_heads.append(np.full(len(starts), is_head))

        return cls(
            segments=np.concatenate([indices for indices, *_ in found]),
            starts=np.concatenate([starts for _, starts, *_ in found]),
            lengths=np.concatenate(n_words),
            is_head=np.concatenate(are_heads),
            hashes=np.concatenate(hashes),
        )


@dataclass(slots=True)
class _Count:
    """In how many texts a phrase is, and how it stands there."""

    number: int
    key: Key

    # What a text has, at best one that has nothing beside it.
    example: str

    anywhere: int
    at_place: int

    # How many texts have nothing else between their marks, a mark or a figure beside the phrase, or
    # nothing but a name.
    alone: int
    set_off: int
    named: int

    after_mark: int
    before_mark: int
    after_figure: int
    before_figure: int

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


class PhraseCounts:
    """The phrases of a collection of texts, whose forms are read twice: `survey`, then `add`."""

    def __init__(self) -> None:
        # How many forms have a phrase at its place, by hash: where hashes are equal, too many. An
        # array of zeros takes memory only where it is written to.
        self._table = np.zeros(2**_TABLE_BITS, np.uint32)
        # The phrases that enough forms have, and a few by chance, and an example of each.
        self._keys: list[Key] = []
        self._examples: list[str] = []
        # Whether the example has nothing beside it; -1 without one.
        self._is_example_alone = np.full(_MOST_PHRASES, _NONE, np.int8)
        # Their hashes in order, and their numbers.
        self._hashes = np.zeros(0, np.uint64)
        self._numbers = np.zeros(0, np.int64)
        # A row for each of the numbers of a `_Count`.
        self._sums = np.zeros((len(_SUMS), _MOST_PHRASES), np.int64)
        # The numbers of a form and of a phrase that it has at its place, pair by pair.
        self._pairs = array("i"), array("i")

    def survey(self, batch: FormBatch) -> None:
        """Count the phrases of forms roughly, and note those that enough forms have."""
        places = _Places.read(_Segments.read(batch), batch.hash_windows(_LONGEST_PHRASE))
        counters = _read_counters(places.hashes)
        np.add.at(self._table, counters, np.uint32(1))
        frequent = np.flatnonzero(self._table[counters] >= FEWEST_OF_PHRASE)
        frequent = frequent[self._find(places.hashes[frequent]) == _NONE]
        _, first = np.unique(places.hashes[frequent], return_index=True)
        room = _MOST_PHRASES - len(self._keys)
        new = frequent[np.sort(first)[:room]]
        if not len(new):
            return

        for start, length, is_head in zip(
            places.starts[new].tolist(),
            places.lengths[new].tolist(),
            places.is_head[new].tolist(),
            strict=True,
        ):
            self._keys.append((is_head, batch.read_words(start, start + length)))

        hashes = np.append(self._hashes, places.hashes[new])
        numbers = np.append(self._numbers, np.arange(len(self._numbers), len(hashes)))
        order = np.argsort(hashes)
        self._hashes, self._numbers = hashes[order], numbers[order]
        self._examples += [""] * len(new)

    def add(self, batch: FormBatch, form_numbers: Integers) -> None:
        """Count those phrases of forms exactly that enough forms have."""
        windows, segments = batch.hash_windows(_LONGEST_PHRASE), _Segments.read(batch)
        places = _Places.read(segments, windows)
        numbers = self._find(places.hashes)
        known = np.flatnonzero(numbers != _NONE)
        # A form has a phrase once, at the first of its places.
        forms = segments.forms[places.segments[known]]
        _, first = np.unique(_pair(forms, numbers[known]), return_index=True)
        found, forms = known[first], forms[first]
        numbers, n_words = numbers[found], places.lengths[found]
        self._pairs[0].frombytes(form_numbers[forms].astype(np.int32).tobytes())
        self._pairs[1].frombytes(numbers.astype(np.int32).tobytes())

        is_head, there = places.is_head[found], segments.take(places.segments[found])
        is_alone = there.lengths == n_words
        is_marked = there.is_after_mark | there.is_before_mark
        is_set_off = np.where(is_head, there.is_after_figure, there.is_before_figure)
        is_set_off |= (is_alone & is_marked) | (there.is_before_mark & ~is_head)
        is_named = ~is_set_off & ~is_alone & _have_names_beside(batch, there, n_words, is_head)
        self._sum("at_place", numbers)
        self._sum("alone", numbers[is_alone])
        self._sum("set_off", numbers[is_set_off])
        self._sum("named", numbers[is_named])
        self._sum("after_mark", numbers[there.is_after_mark])
        self._sum("before_mark", numbers[there.is_before_mark])
        self._sum("after_figure", numbers[there.is_after_figure])
        self._sum("before_figure", numbers[there.is_before_figure])
        self._sum("anywhere", self._find_everywhere(batch, segments, windows))
        self._keep_examples(batch, forms, numbers, is_alone)

    def find(self, n_forms: int) -> FoundPhrases:
        """Return the fixed phrases and the labels, and which of them each of *n_forms* has."""
        sums = zip(*self._sums[:, : len(self._keys)].tolist(), strict=True)
        counts = {
            key: _Count(number, key, example, **dict(zip(_SUMS, row, strict=True)))
            for number, (key, example, row) in enumerate(
                zip(self._keys, self._examples, sums, strict=True)
            )
        }
        longer = _find_longer(counts)
        fixed = _choose_fixed(counts, longer)
        found = self._choose(fixed, longer, np.full(n_forms, fill_value=True))
        labels = [count for count in counts.values() if count.is_label()]
        is_without = found.phrase_of_form == _NONE
        return FoundPhrases(found, self._choose(labels, longer, is_without))

    def _find(self, hashes: Hashes) -> Integers:
        """Return the numbers of the phrases with *hashes*, or -1."""
        numbers = np.full(len(hashes), _NONE, np.int64)
        counters = _read_counters(hashes)
        frequent = np.flatnonzero(self._table[counters] >= FEWEST_OF_PHRASE)
        if len(self._hashes) > 0:
            # What is beyond the last hash is compared with that.
            places = np.searchsorted(self._hashes[:-1], hashes[frequent])
            is_known = self._hashes[places] == hashes[frequent]
            numbers[frequent[is_known]] = self._numbers[places[is_known]]

        return numbers

    def _find_everywhere(
        self, batch: FormBatch, segments: _Segments, windows: Sequence[Hashes]
    ) -> Integers:
        """Return the phrases that the forms with segments hold at any place, each once a form."""
        forms = batch.form_of_words()
        has_segments = np.zeros(len(batch), bool)
        has_segments[segments.forms] = True
        places = np.flatnonzero(has_segments[forms])
        numbers = self._find(_hash_phrases(windows[0][places], is_head=True))
        found = [_pair(forms[places[numbers != _NONE]], numbers[numbers != _NONE])]
        for is_head in (True, False):
            # A longer phrase is looked for where the words without its last, or first, are one.
            kept = places
            for length in range(2, _LONGEST_PHRASE + 1):
                starts = kept if is_head else kept - (length - 1)
                bounds = batch.bounds[forms[kept]], batch.bounds[forms[kept] + 1]
                is_within = (starts >= bounds[0]) & (starts + length <= bounds[1])
                kept, starts = kept[is_within], starts[is_within]
                numbers = self._find(_hash_phrases(windows[length - 1][starts], is_head=is_head))
                kept, numbers = kept[numbers != _NONE], numbers[numbers != _NONE]
                found.append(_pair(forms[kept], numbers))

        return distinct(np.concatenate(found)) % _MOST_PHRASES

    def _sum(self, name: str, numbers: Integers) -> None:
        np.add.at(self._sums[_SUMS.index(name)], numbers, 1)

    def _keep_examples(
        self, batch: FormBatch, forms: Integers, numbers: Integers, is_alone: Flags
    ) -> None:
        """Keep the first text with each phrase, or the first that has nothing beside it."""
        for place in np.flatnonzero(is_alone > self._is_example_alone[numbers]).tolist():
            number = int(numbers[place])
            if is_alone[place] > self._is_example_alone[number]:
                _, words = self._keys[number]
                self._examples[number] = _show_words(batch.read_form(int(forms[place])), words)
                self._is_example_alone[number] = is_alone[place]

    def _choose(
        self, counts: Sequence[_Count], longer: Mapping[Key, _Count], is_free: Flags
    ) -> PhrasesOfForms:
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

        return PhrasesOfForms([_make_phrase(count, longer) for count in ranked], phrase_of_form)

    def _assign(self, ranked: Sequence[_Count], is_free: Flags) -> Integers:
        """Return the place of each free form's best phrase among *ranked*, or -1."""
        none = len(ranked)
        ranks = np.full(len(self._keys), none, np.int64)
        ranks[[count.number for count in ranked]] = np.arange(none)
        phrase_of_form = np.full(len(is_free), none, np.int64)
        forms, numbers = (np.array(column, np.int64) for column in self._pairs)
        np.minimum.at(phrase_of_form, forms, ranks[numbers])
        return np.where(is_free & (phrase_of_form < none), phrase_of_form, _NONE)


def read_phrases(text: str) -> set[Key]:
    """Return the heads and tails of a text."""
    batch = FormBatch.read([text], Lexicon())
    places = _Places.read(_Segments.read(batch), batch.hash_windows(_LONGEST_PHRASE))
    return {
        (is_head, batch.read_words(start, start + length))
        for start, length, is_head in zip(
            places.starts.tolist(), places.lengths.tolist(), places.is_head.tolist(), strict=True
        )
    }


def _hash_phrases(windows: Hashes, *, is_head: bool) -> Hashes:
    """Return hashes of heads or tails with the words of *windows*."""
    return windows if is_head else ~windows


def _read_counters(hashes: Hashes) -> Integers:
    """Return the places of phrases in the table."""
    return (hashes >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)


def _pair(forms: Integers, numbers: Integers) -> Integers:
    """Return a number for each pair of a form and a phrase."""
    return forms * _MOST_PHRASES + numbers


def _have_names_beside(
    batch: FormBatch, segments: _Segments, n_words: Integers, is_head: Flags
) -> Flags:
    """Return whether nothing but a name of a few words is beside heads or tails of *n_words*."""
    n_stop_words = np.append(0, np.cumsum(batch.kinds() & IS_STOP_WORD != 0))
    starts = segments.starts + np.where(is_head, n_words, 0)
    stops = segments.stops - np.where(is_head, 0, n_words)
    is_short = segments.lengths - n_words <= LONGEST_SLOT
    is_name: Flags = is_short & (n_stop_words[starts] == n_stop_words[stops])
    return is_name


def _choose_fixed(counts: Mapping[Key, _Count], longer: Mapping[Key, _Count]) -> list[_Count]:
    """Return the counts of the phrases that are fixed."""
    fixed = {}
    for count in counts.values():
        if count.is_fixed():
            lengthened = _lengthen(count, longer)
            fixed[lengthened.key] = lengthened

    for key, in_longer in _count_in_longer(fixed.values()).items():
        if key in counts and counts[key].is_fixed(in_longer):
            fixed.setdefault(key, counts[key])

    return list(fixed.values())


def _find_longer(counts: Mapping[Key, _Count]) -> dict[Key, _Count]:
    """Return for each phrase the most frequent one that has a word more, by the phrase.

    Rare phrases are counted by chance alone, where their hashes are those of others.
    """
    longer: dict[Key, _Count] = {}
    for key, count in counts.items():
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


@cache
def _stop_words() -> tuple[frozenset[str], ...]:
    return tuple(stop_words_by_language().values())
