"""Near-duplicates: texts that differ in names or figures only are one pattern, or of one family.

Texts of one form (see `forms`) are repeats. Texts that share a fixed head or tail ("Quotation of
the Day: …", see `fixed_phrases`) are one family. Others are one pattern where their forms differ in
one name (see `slots`).

**How a report connects.** `MonthForms.read` reads the texts of a month once, wherever they are, and
tells the form of each: a column of its documents. `MonthForms.to_bytes` is what is stored beside
them, some 300 kB for 10,000 headlines. `find_among` searches the stored forms of all months, joined
in their order, and reads a text for each pattern alone that may be shown. Where a report looks at
some of the documents only, `MonthForms.select` keeps their forms. `Patterns.find_places` gives a
column of forms their patterns. `find_patterns` does it all at once for texts that nobody stored.

The order of the months decides by which text a pattern is shown. Time and memory grow with the
number of different forms: at most `FIXED_BYTES`, and `BYTES_PER_TEXT` for each text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.text.fixed_phrases import FEWEST_OF_PHRASE, FixedPhrase, find_phrases, read_phrases
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
from analysis.text.slots import find_slots, read_slots
from core.progress import tell

# At the peak, one text takes this many bytes: a headline has some nine words.
BYTES_PER_TEXT = 400

# The tables of flags and what holds them take this many bytes.
FIXED_BYTES = 120 * 2**20

# At most this many patterns, the largest, are kept with their texts.
MOST_PATTERNS = 1_000

# Texts of one form are a pattern from so many on if they have figures, and with one word beside
# them from `FEWEST_OF_PHRASE` on; without figures from two on.
FEWEST_TEXTS = 3

# So many texts are read at once: more take more memory, and fewer more time.
_TEXTS_AT_ONCE = 10_000

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
class Patterns:
    """The patterns of a collection, the largest first; ties by text.

    Patterns beyond the first `MOST_PATTERNS` have a place, and no text.
    """

    patterns: tuple[Pattern, ...]

    # The number of texts in the collection.
    texts: int

    # The place of the pattern of each form that is of one, by its hash ...
    _places: pl.DataFrame

    # ... and of what forms have in common: phrases, and forms with a slot.
    _groups: Mapping[int, int]

    def find_places(self, forms: pl.Series | Hashes) -> pl.Series:
        """Return the place of the pattern of each text by the hash of its form, or null."""
        texts = pl.DataFrame({"form": forms}, schema={"form": pl.UInt64})
        return texts.join(self._places, on="form", how="left", maintain_order="left")["place"]

    def find(self, text: str) -> int | None:
        """Return the place of the pattern that is shown as *text*, or that *text* belongs to.

        A family is found by its head or tail alone, too.
        """
        shown = [pattern.text for pattern in self.patterns]
        if text in shown:
            return shown.index(text)

        forms = Forms.read([_SLOT.sub(f" {FIGURE} ", text)])
        hashed = forms.hash_forms()
        for place in self.find_places(hashed).drop_nulls():
            return int(place)

        hashes = {*hashed.tolist(), *read_slots(forms)["slot"], *read_phrases(forms)["phrase"]}
        return min(map(self._groups.__getitem__, hashes & self._groups.keys()), default=None)


def find_patterns(
    texts: Sequence[str], *, with_families: bool = True
) -> tuple[Patterns, list[int | None]]:
    """Return the patterns of texts, and the place of the pattern of each text.

    Without families a fixed head or tail makes none: posts end with the same signature or tag, and
    say another thing each time.
    """
    forms, hashes = _read_forms(texts)
    patterns = find_among(
        forms,
        lambda numbers: {number: texts[number] for number in numbers},
        with_families=with_families,
    )
    return patterns, patterns.find_places(hashes).to_list()


def _read_forms(texts: Sequence[str]) -> tuple[MonthForms, Hashes]:
    """Return the forms of texts, and the hash of the form of each."""
    parts, hashes = [], [np.zeros(0, np.uint64)]
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        read = texts[start : start + _TEXTS_AT_ONCE]
        part, hashes_of_part = MonthForms.read(np.arange(start, start + len(read)), read)
        parts.append(part)
        hashes.append(hashes_of_part)

    return MonthForms.join(parts), np.concatenate(hashes)


def find_among(
    month_forms: MonthForms, read_texts: ReadTexts, *, with_families: bool = True
) -> Patterns:
    """Return the patterns of texts whose forms were read: see `find_patterns`."""
    forms = month_forms.forms
    tell("looking for repeats", 0, 3, "steps")
    groups: list[FixedPhrase | _Group] = []
    group_of_form = np.full(len(forms), _NONE)
    if with_families:
        phrases, group_of_form = find_phrases(forms)
        groups += phrases

    tell("looking for repeats", 1, 3, "steps")
    slots = find_slots(forms, group_of_form == _NONE)
    for rows in slots.sort("form").partition_by("slot", maintain_order=True):
        hashed, form, start, length = rows.row(0)
        group_of_form[rows["form"].to_numpy()] = len(groups)
        groups.append(_Group(hashed, form, slot=(start, start + length)))

    alone = np.flatnonzero(_are_repeated(month_forms) & (group_of_form == _NONE))
    group_of_form[alone] = np.arange(len(groups), len(groups) + len(alone))
    groups += map(_Group, month_forms.hashes[alone].tolist(), alone.tolist())

    tell("looking for repeats", 2, 3, "steps")
    patterns, place_of_group = _rank(groups, group_of_form, month_forms, read_texts)
    places = pl.DataFrame({"form": month_forms.hashes, "place": place_of_group[group_of_form]})
    of_groups = zip([group.hashed for group in groups], place_of_group.tolist(), strict=False)
    n_texts = int(month_forms.sizes.sum())
    return Patterns(patterns, n_texts, places.filter(pl.col("place") != _NONE), dict(of_groups))


def _are_repeated(month_forms: MonthForms) -> Flags:
    """Return whether the texts of each form are a pattern by themselves."""
    forms = month_forms.forms
    n_figures = forms.sum(forms.kinds & IS_FIGURE != 0)
    fewest = np.where(forms.lengths > 2, FEWEST_TEXTS, FEWEST_OF_PHRASE)
    fewest = np.where(n_figures > 0, fewest, FEWEST_TEXTS - 1)
    return (month_forms.sizes >= fewest) & (n_figures < forms.lengths)


def _rank(
    groups: Sequence[FixedPhrase | _Group],
    group_of_form: Integers,
    forms: MonthForms,
    read_texts: ReadTexts,
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


@dataclass(frozen=True)
class _Group:
    """Forms that are one pattern."""

    # The hash of their phrase, of their form with the slot, or of the only form.
    hashed: int

    # The form by which it is shown, and its words that differ.
    form: int
    slot: Span = (0, 0)

    def show(self, text: str) -> str:
        """Return *text*, which has the form, with an ellipsis for what differs."""
        return WrittenForm.read(text).show(self.slot)
