"""Which templates share most word pairs with a form, and which forms can join none of them."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.text.form_batches import (
    IS_CONNECTING,
    IS_FIGURE,
    IS_SMALL,
    IS_STOP_WORD,
    Flags,
    FormBatch,
    Hashes,
    Integers,
    Lexicon,
)
from analysis.text.templates import FEWEST_WORDS, SHARED, TITLE_CASE

# The index keeps the newest templates of a shingle, at most this many.
_INDEXED = 32

# So many shingles are kept without a look at which are of use.
_MOST_SHINGLES = 2**17

# A form is compared with at most this many templates.
_CANDIDATES = 4

# Of the forms of a batch that share a shingle, each is compared with so many before it.
_NEAREST = 128

_NONE = -1

Bytes = NDArray[np.int8]


class TemplateIndex:
    """Which templates hold a shingle: for each shingle, the templates that texts joined last."""

    def __init__(self) -> None:
        # The numbers of the templates of each shingle, in the order of their last use.
        self._templates: defaultdict[Hashable, array[int]] = defaultdict(partial(array, "I"))
        # Shingles of former templates are forgotten when there are this many.
        self._most_shingles = _MOST_SHINGLES

    def add(self, template_number: int, shingles: Iterable[Hashable]) -> None:
        """Note that a new template, by its number, holds *shingles*."""
        for shingle in shingles:
            self._templates[shingle].append(template_number)

    def use(self, template_number: int, shingles: Iterable[Hashable]) -> None:
        """Note that a template holds *shingles*, and was used now."""
        for shingle in shingles:
            numbers = self._templates[shingle]
            if template_number in numbers:
                numbers.remove(template_number)

            numbers.append(template_number)

    def find(self, shingles: Iterable[Hashable], is_live: bytearray) -> list[int]:
        """Return the templates that share most of *shingles*, the oldest first, a few.

        *is_live* tells of each template whether it is under construction.
        """
        numbers = np.sort(np.frombuffer(b"".join(self.read_newest(shingles)), np.uint32))
        numbers = numbers[np.frombuffer(is_live, bool)[numbers]].astype(np.int64)
        starts = np.flatnonzero(np.diff(numbers, prepend=_NONE))
        counts = np.diff(starts, append=len(numbers))
        ranks = np.sort(numbers[starts] - (counts << 32))
        found: list[int] = (ranks[:_CANDIDATES] & (2**32 - 1)).tolist()
        return found

    def forget(self, is_live: bytearray) -> None:
        """Forget the shingles that no template under construction holds, if they are many.

        A list whose templates all had to make room changes nothing that is found.
        """
        if len(self._templates) < self._most_shingles:
            return

        for shingle, numbers in list(self._templates.items()):
            if not any(map(is_live.__getitem__, numbers)):
                del self._templates[shingle]

        self._most_shingles = max(_MOST_SHINGLES, 2 * len(self._templates))

    def read_newest(self, shingles: Iterable[Hashable]) -> list[array[int]]:
        """Return the newest templates of each of *shingles*."""
        find, nothing = self._templates.get, array("I")
        newest = [find(shingle, nothing) for shingle in shingles]
        for numbers in newest:
            if len(numbers) > _INDEXED:
                del numbers[:-_INDEXED]

        return newest


class JoinFilter:
    """Which templates a form may join, by the outlines of the templates' first forms."""

    def __init__(self, index: TemplateIndex) -> None:
        self._index = index
        # The numbers of the templates under construction, and the outlines of their first forms.
        self._numbers = np.zeros(0, np.int64)
        self._outlines = Outlines.read(FormBatch.read((), Lexicon()))
        # The place of each template among these; -1 of one that had to make room.
        self._places = np.full(2**16, _NONE, np.int32)

    def update(
        self,
        live: Collection[int],
        joined: Collection[int],
        new: Integers,
        outlines: Outlines,
    ) -> None:
        """Note what forms of a batch did to templates, which have numbers.

        *live* are under construction, the forms of the batch *joined* some, and began those that
        are *new*, of which *outlines* has the outlines.
        """
        numbers = np.append(self._numbers, new)
        self._places[self._numbers] = _NONE
        kept = np.flatnonzero(np.isin(numbers, np.fromiter(live, np.int64, len(live))))
        self._numbers = numbers[kept]
        self._outlines = self._outlines.append(outlines).take(kept)
        while np.max(numbers, initial=_NONE) >= len(self._places):
            self._places = np.append(self._places, np.full_like(self._places, _NONE))

        self._places[self._numbers] = np.arange(len(kept))
        # A text need not share the words of a template with slots.
        is_joined = np.isin(self._numbers, np.fromiter(joined, np.int64, len(joined)))
        self._outlines.demanded[:, is_joined] = 0

    def find(self, outlines: Outlines, forms: Integers, shingles: Integers) -> Joinable:
        """Return what the forms of a batch may join.

        *forms* and *shingles* are pairs of a form's place in the batch and one of its shingles.
        """
        distinct, which = np.unique(shingles, return_inverse=True)
        newest = self._index.read_newest(distinct.tolist())
        n_newest = np.fromiter(map(len, newest), np.int64, len(newest))
        numbers = np.frombuffer(b"".join(newest), np.uint32)
        starts, n_compared = (np.cumsum(n_newest) - n_newest)[which], n_newest[which]
        compared = np.repeat(forms, n_compared)
        offsets = np.repeat(starts - (np.cumsum(n_compared) - n_compared), n_compared)
        numbers = numbers[offsets + np.arange(len(offsets))]
        places = self._places[numbers]
        is_live = places != _NONE
        compared, numbers, places = compared[is_live], numbers[is_live], places[is_live]
        joinable = Joinable()
        joinable.add(compared, numbers, *outlines.find_near(compared, self._outlines, places))

        order = np.argsort(which, kind="stable")
        forms, which = forms[order], which[order]
        earlier = np.arange(len(which))
        for distance in range(1, _NEAREST + 1):
            earlier = earlier[earlier + distance < len(which)]
            earlier = earlier[which[earlier] == which[earlier + distance]]
            if not len(earlier):
                return joinable

            compared, others = forms[earlier + distance], forms[earlier]
            joinable.add(compared, ~others, *outlines.find_near(compared, outlines, others))

        joinable.free(forms[earlier + _NEAREST].tolist())
        return joinable


class Joinable:
    """What the forms of a batch may join, by their places in it.

    Templates have their numbers here, and those of earlier forms the complements of their places.
    """

    def __init__(self) -> None:
        # The forms that may join any template.
        self._free: set[int] = set()
        self._near: defaultdict[int, list[int]] = defaultdict(list)
        # What they may join if a form of the batch joins it before.
        self._later: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, places: Integers, others: Integers, near: Integers, is_now: Flags) -> None:
        """Note the pairs of *places* and *others* that are near: see `Outlines.find_near`."""
        for place, other, now in zip(
            places[near].tolist(), others[near].tolist(), is_now.tolist(), strict=True
        ):
            (self._near if now else self._later)[place].append(other)

    def free(self, places: Iterable[int]) -> None:
        """Note forms that are compared with any template."""
        self._free.update(places)

    def read(self, place: int, found: Sequence[int], joined: set[int]) -> set[int] | None:
        """Return the templates that the form at a place may join; any if it is None.

        *found* has the templates of earlier forms of the batch, *joined* those that one joined.
        """
        if place in self._free:
            return None

        near: set[int] = set()
        if place in self._near:
            near = {found[~other] if other < 0 else other for other in self._near[place]}
        if joined and place in self._later:
            later = {found[~other] if other < 0 else other for other in self._later[place]}
            near |= later & joined

        return near


@dataclass(frozen=True)
class Outlines:
    """What tells of forms that they cannot be joined: their words as bits, by hash.

    The bounds are those of `templates.join`: a text shares a number of words with its template, and
    all that are no names. A template has no words that its first form lacks, nor those that a later
    one of its forms lacks: what cannot be joined with a form cannot be joined with its template.
    """

    # Two rows: words with the same bit in one rarely have the same in the other.
    words: Hashes

    # The words that are neither names nor stand within them: what the form joins has them.
    required: Hashes

    # The same of forms without figures: what joins the form while it has no slots has them.
    demanded: Hashes

    # How many more words than bits there are.
    surplus: Bytes

    # How many words a text shares at least with another; a single row.
    fewest: Bytes

    @classmethod
    def read(cls, batch: FormBatch) -> Outlines:
        """Return the outlines of forms."""
        kinds, bounds = batch.kinds(), batch.bounds
        is_word = kinds & IS_FIGURE == 0
        is_content, is_small = is_word & (kinds & IS_STOP_WORD == 0), kinds & IS_SMALL != 0
        n_content, n_small = _sum(is_content, bounds), _sum(is_content & is_small, bounds)
        is_title_case = n_small <= (1 - TITLE_CASE) * n_content
        is_name = is_content & (~is_small | is_title_case[batch.form_of_words()])
        # Small letters behind one of these signs may be a name.
        has_handles = np.array(["@" in text or "#" in text for text in batch.texts], bool)
        is_required = is_word & ~is_name & (kinds & IS_CONNECTING == 0)
        is_required &= ~has_handles[batch.form_of_words()]

        hashes, n_words = batch.lexicon.hashes()[batch.words], _sum(is_word, bounds)
        shifts = np.array([[58], [52]], np.uint64)
        bits = np.uint64(1) << (hashes >> shifts & np.uint64(63))
        words = _unite(np.where(is_word, bits, 0), bounds)
        required = _unite(np.where(is_required, bits, 0), bounds)
        demanded = np.where(n_words == batch.lengths, required, np.uint64(0))
        surplus = (n_words - np.bitwise_count(words)).clip(max=127).astype(np.int8)
        fewest = np.ceil(np.maximum(FEWEST_WORDS, SHARED * n_words)).clip(max=127)
        return cls(words, required, demanded, surplus, fewest.astype(np.int8))

    def take(self, places: Integers) -> Outlines:
        """Return the outlines at *places*."""
        return Outlines(
            self.words[:, places],
            self.required[:, places],
            self.demanded[:, places],
            self.surplus[:, places],
            self.fewest[places],
        )

    def append(self, others: Outlines) -> Outlines:
        """Return these outlines and others."""
        return Outlines(
            np.hstack([self.words, others.words]),
            np.hstack([self.required, others.required]),
            np.hstack([self.demanded, others.demanded]),
            np.hstack([self.surplus, others.surplus]),
            np.hstack([self.fewest, others.fewest]),
        )

    def find_near(
        self, places: Integers, others: Outlines, other_places: Integers
    ) -> tuple[Integers, Flags]:
        """Return which pairs of a form, and one of others that came before it, may be joined.

        The second array tells of these whether they may while the other one has no slots.
        """
        near = np.arange(len(places))
        for row, other_words in enumerate(others.words):
            words = other_words[other_places]
            shared = np.bitwise_count(self.words[row][places] & words)
            fewest = np.maximum(self.fewest[places], others.fewest[other_places])
            is_near = shared + others.surplus[row][other_places] >= fewest
            is_near &= self.required[row][places] & ~words == 0
            near, places, other_places = near[is_near], places[is_near], other_places[is_near]

        is_now = others.demanded[:, other_places] & ~self.words[:, places] == 0
        return near, is_now.all(axis=0)


def _sum(values: Flags, bounds: Integers) -> Integers:
    """Return how many words of each form are of a kind."""
    sums: Integers = np.diff(np.append(0, np.cumsum(values))[bounds])
    return sums


def _unite(bits: Hashes, bounds: Integers) -> Hashes:
    """Return the bits of the words of each form."""
    united = np.zeros((len(bits), len(bounds) - 1), np.uint64)
    has_words = np.diff(bounds) > 0
    united[:, has_words] = np.bitwise_or.reduceat(bits, bounds[:-1][has_words], axis=1)
    return united
