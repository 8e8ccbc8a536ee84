"""Near-duplicates: texts that differ in names or figures only are one pattern, or of one family.

Texts of one form (see `forms`) are repeats. Texts that share a fixed head or tail ("Quotation of
the Day: …", see `fixed_phrases`) are one family. Others are one pattern where their forms differ in
one name (see `slots`).

**How a report connects.** `MonthForms.read` reads the texts of a month once, wherever they are, and
tells the form of each: a column of its documents. `MonthForms.to_bytes` is what is stored beside
them, some 300 kB for 10,000 headlines. `find_among` searches the stored forms of all months, in
their order, and reads a text for each pattern alone that may be shown. Where a report looks at some
of the documents only, `MonthForms.select` keeps their forms. `Patterns.find_places` gives a column
of forms their patterns. `find_patterns` does it all at once for texts that nobody stored.

The order of the months decides by which text a pattern is shown. Time and memory grow with the
number of different forms: at most `FIXED_BYTES`, and `BYTES_PER_TEXT` for each text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.text.fixed_phrases import FEWEST_OF_PHRASE, PhrasesOfForms, find_phrases, read_phrases
from analysis.text.forms import (
    ELLIPSIS,
    FIGURE,
    IS_FIGURE,
    Flags,
    Forms,
    Hashes,
    Integers,
    MonthForms,
    Span,
    WrittenForm,
)
from analysis.text.slots import find_slots, hash_slots
from core.progress import tell

# At the peak, one text takes this many bytes: a headline has some nine words.
BYTES_PER_TEXT = 400

# The tables of hashes and what holds them take this many bytes.
FIXED_BYTES = 120 * 2**20

# At most this many patterns, the largest, are kept with their texts.
MOST_PATTERNS = 1_000

# Texts of one form are a pattern from so many on if they have figures, and with one word beside
# them from `FEWEST_OF_PHRASE` on; without figures from two on.
FEWEST_TEXTS = 3

# So many forms are searched at once: more take more memory, and fewer more time.
_FORMS_AT_ONCE = 10_000

_NONE = -1
_SLOT = re.compile(rf"{ELLIPSIS}|\.\.\.")

# Returns the texts of documents by their numbers.
ReadTexts = Callable[[Collection[int]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Texts that are one, names and figures aside, or a family of texts with a fixed phrase."""

    # The first of the texts, or the phrase, with "…" for what differs.
    text: str

    # The number of its texts.
    size: int


@dataclass(frozen=True)
class Membership:
    """Which texts are of which pattern: by their numbers, or by the hashes of their forms."""

    # The keys of the texts that are of a pattern, ascending.
    keys: Integers | Hashes

    # The places of the patterns of these texts.
    places: Integers

    @classmethod
    def of(cls, keys: Integers | Hashes, places: Integers) -> Membership:
        """Return the memberships of texts; those of no pattern have the place -1."""
        members = np.flatnonzero(places != _NONE)
        order = members[np.argsort(keys[members])]
        return cls(keys[order], places[order])

    def find(self, keys: NDArray[Any]) -> Integers:
        """Return the place of the pattern of each text, or -1."""
        if not len(self.keys):
            return np.full(len(keys), _NONE, np.int64)

        indices = np.searchsorted(self.keys[:-1], keys)
        return np.where(self.keys[indices] == keys, self.places[indices], _NONE)

    def place_of(self, key: int) -> int | None:
        """Return the place of the pattern of one text, if it is of one."""
        place = int(self.find(np.array([key], self.keys.dtype))[0])
        return None if place == _NONE else place


@dataclass(frozen=True)
class Patterns:
    """The patterns of a collection, the largest first; ties by text.

    Patterns beyond the first `MOST_PATTERNS` have a place, and no text.
    """

    patterns: tuple[Pattern, ...]

    # The number of texts in the collection.
    texts: int

    _members: Membership

    # The patterns of forms, and of what forms have in common: phrases, and forms with a slot.
    _forms: Membership
    _groups: Mapping[int, int]

    def find_places(self, hashes: Hashes) -> Integers:
        """Return the place of the pattern of each text by the hash of its form, or -1."""
        return self._forms.find(hashes)

    @property
    def repeats(self) -> int:
        """How many texts are of a pattern."""
        return len(self._members.keys)

    def place_of(self, text_number: int) -> int | None:
        """Return the place of the pattern of a text by its number; None if it is no repeat."""
        return self._members.place_of(text_number)

    def numbers_of(self, places: Collection[int]) -> list[int]:
        """Return the numbers of the texts of the patterns at *places*, ascending."""
        is_wanted = np.isin(self._members.places, list(places))
        numbers: list[int] = self._members.keys[is_wanted].tolist()
        return numbers

    def find(self, text: str) -> int | None:
        """Return the place of the pattern that is shown as *text*, or that *text* belongs to.

        A family is found by its head or tail alone, too.
        """
        shown = [pattern.text for pattern in self.patterns]
        if text in shown:
            return shown.index(text)

        forms = Forms.read([_SLOT.sub(f" {FIGURE} ", text)])
        hashed = forms.hash_forms()
        place = self._forms.place_of(int(hashed[0]))
        if place is not None:
            return place

        hashes = {*hashed.tolist(), *hash_slots(forms), *read_phrases(forms)["phrase"].to_list()}
        return min(map(self._groups.__getitem__, hashes & self._groups.keys()), default=None)


def find_patterns(
    read_texts: Callable[[], Iterable[tuple[int, str]]], *, with_families: bool = True
) -> Patterns:
    """Return the patterns of texts, each of which has a number of its own.

    *read_texts* is called again for the texts that are shown, and returns the same ones. Without
    families a fixed head or tail makes none: posts end with the same signature or tag, and say
    another thing each time.
    """

    def read_some(wanted: Collection[int]) -> dict[int, str]:
        kept = set(wanted)
        return {number: text for number, text in read_texts() if number in kept}

    return find_among(*read_months(read_texts()), read_some, with_families=with_families)


def read_months(
    texts: Iterable[tuple[int, str]],
) -> tuple[list[MonthForms], Integers, Hashes]:
    """Return the forms of numbered texts in parts, the numbers, and the form of each text."""
    remaining = iter(texts)
    months, numbers, form_of_text = [], array("q"), array("Q")
    while batch := list(islice(remaining, _FORMS_AT_ONCE)):
        month, hashes = MonthForms.read(batch)
        months.append(month)
        numbers.extend(number for number, _ in batch)
        form_of_text.frombytes(hashes.tobytes())

    return months, np.array(numbers, np.int64), np.array(form_of_text, np.uint64)


def find_among(
    months: Sequence[MonthForms],
    numbers: Integers,
    form_of_text: Hashes,
    read_texts: ReadTexts,
    *,
    with_families: bool = True,
) -> Patterns:
    """Return the patterns of texts whose forms were read: see `find_patterns`.

    The texts have *numbers*, and each the hash of its form.
    """
    forms = _JoinedForms.join(months)
    tell("looking for repeats", 0, 3, "steps")
    fixed = PhrasesOfForms.none(len(forms.hashes))
    if with_families:
        fixed = find_phrases(forms.parts)

    tell("looking for repeats", 1, 3, "steps")
    groups = [_Group(phrase.hashed, phrase.form, phrase.show) for phrase in fixed.phrases]
    group_of_form = fixed.phrase_of_form.copy()
    slots = find_slots(forms.parts, forms.split(group_of_form == _NONE))
    for rows in slots.sort("form").partition_by("slot", maintain_order=True):
        hashed, form, start, length = rows.row(0)
        group_of_form[rows["form"].to_numpy()] = len(groups)
        groups.append(_Group(hashed, form, partial(_show_slot, slot=(start, start + length))))

    alone = np.flatnonzero(forms.are_repeated() & (group_of_form == _NONE))
    group_of_form[alone] = np.arange(len(groups), len(groups) + len(alone))
    groups += [_Group(int(forms.hashes[form]), form, _show_slot) for form in alone.tolist()]

    tell("looking for repeats", 2, 3, "steps")
    patterns, place_of_group = _rank(groups, group_of_form, forms, read_texts)
    by_form = Membership.of(forms.hashes, place_of_group[group_of_form])
    return Patterns(
        patterns,
        len(numbers),
        Membership.of(numbers, by_form.find(form_of_text)),
        by_form,
        dict(zip([group.hashed for group in groups], place_of_group.tolist(), strict=False)),
    )


def _rank(
    groups: Sequence[_Group], group_of_form: Integers, forms: _JoinedForms, read_texts: ReadTexts
) -> tuple[tuple[Pattern, ...], Integers]:
    """Return the largest of groups, and the place of each; that of -1 is -1."""
    is_member = group_of_form != _NONE
    counts = np.bincount(group_of_form[is_member], forms.sizes[is_member], len(groups))
    sizes: list[int] = counts.astype(np.int64).tolist()
    order = sorted(range(len(groups)), key=lambda place: (-sizes[place], groups[place].hashed))
    shown = order[:MOST_PATTERNS]
    numbers = {place: int(forms.first_texts[groups[place].form]) for place in shown}
    texts = read_texts(list(numbers.values()))
    names = {}
    for place, number in numbers.items():
        # A text that is not there was erased meanwhile.
        names[place] = groups[place].show(texts[number]) if number in texts else ELLIPSIS

    order[:MOST_PATTERNS] = sorted(shown, key=lambda place: (-sizes[place], names[place]))
    place_of_group = np.full(len(groups) + 1, _NONE, np.int64)
    place_of_group[order] = np.arange(len(order))
    patterns = [Pattern(names[place], sizes[place]) for place in order[:MOST_PATTERNS]]
    return tuple(patterns), place_of_group


def _show_slot(text: str, slot: Span = (0, 0)) -> str:
    return WrittenForm.read(text).show(slot)


@dataclass(frozen=True)
class _Group:
    """Forms that are one pattern."""

    # The hash of their phrase, of their form with the slot, or of the only form.
    hashed: int

    # The form by which it is shown, and how.
    form: int
    show: Callable[[str], str]


@dataclass(frozen=True)
class _JoinedForms:
    """The different forms of all months, numbered in the order in which they come."""

    # Forms of some months together, of equal ones the first.
    parts: Sequence[Forms]

    hashes: Hashes

    # How many texts have each, and the number of the first of these.
    sizes: Integers
    first_texts: Integers

    @classmethod
    def join(cls, months: Sequence[MonthForms]) -> _JoinedForms:
        """Return the forms of months, of equal ones the first."""
        months = months or [MonthForms.read(())[0]]
        hashes = np.concatenate([month.hashes for month in months])
        counts = np.concatenate([month.sizes for month in months])
        texts = np.concatenate([month.first_texts for month in months])
        _, first, numbers = np.unique(hashes, return_index=True, return_inverse=True)
        sizes = np.bincount(numbers, weights=counts, minlength=len(first)).astype(np.int64)
        order = np.argsort(first)
        is_first = np.zeros(len(hashes), bool)
        is_first[first] = True
        parts: list[Forms] = []
        together: list[Forms] = []
        bounds = np.cumsum([0, *(len(month.hashes) for month in months)])
        for month, (start, stop) in zip(months, pairwise(bounds.tolist()), strict=True):
            together.append(month.forms.select(np.flatnonzero(is_first[start:stop])))
            if sum(map(len, together)) >= _FORMS_AT_ONCE or month is months[-1]:
                parts.append(Forms.join(together))
                together = []

        first = first[order]
        return cls(parts, hashes[first], sizes[order], texts[first])

    def split(self, flags: Flags) -> list[Flags]:
        """Return the part of *flags* that each part has."""
        return np.split(flags, np.cumsum([len(forms) for forms in self.parts])[:-1])

    def are_repeated(self) -> Flags:
        """Return whether the texts of each form are a pattern by themselves."""
        lengths = np.concatenate([forms.lengths for forms in self.parts])
        n_figures = np.concatenate(
            [forms.sum(forms.kinds & IS_FIGURE != 0) for forms in self.parts]
        )
        fewest = np.where(lengths > 2, FEWEST_TEXTS, FEWEST_OF_PHRASE)
        fewest = np.where(n_figures > 0, fewest, FEWEST_TEXTS - 1)
        return (self.sizes >= fewest) & (n_figures < lengths)
