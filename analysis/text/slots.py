"""Texts that differ in one slot: "… Endorses the Mayor for the Senate".

Forms are alike if they share all words but those in one slot of a few, which are a name or a figure
in each. A form with a slot in place of some words has a hash as any other form has, a figure in
place of the slot: forms are alike where these are equal, and the order of texts does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.text.forms import (
    HASH_OF_FIGURE,
    IS_FIGURE,
    IS_STOP_WORD,
    LONGEST_FORM,
    Flags,
    Forms,
    Hashes,
    Integers,
    powers,
)
from analysis.text.hash_counts import HashCounts

# A slot has at most this many words.
_LONGEST_SLOT = 4

# Texts with one slot have at least so many words besides, and so many of these are no stop words.
_FEWEST_WORDS, _FEWEST_CONTENT_WORDS = 4, 2

# Texts whose names differ are of at least this many forms: fewer may share words by chance, or
# because of the news.
FEWEST_FORMS = 5

# A row tells of a form with a slot its hash, the place of the first word in the slot, and how many
# words are in it.
_SCHEMA = pl.Schema(
    {"slot": pl.UInt64(), "form": pl.Int32(), "start": pl.Int8(), "length": pl.Int8()}
)


def find_slots(parts: Sequence[Forms], is_searched: Sequence[Flags]) -> pl.DataFrame:
    """Return for each form that is like others the slot that most have.

    The forms of all parts are different, and numbered one part after the other; *is_searched* tells
    of each whether it is looked at.
    """
    counts = HashCounts()
    for forms, flags in zip(parts, is_searched, strict=True):
        for slots in _read_slots(forms, flags):
            counts.add(slots.hashes)

    frames, first_form = [pl.DataFrame(schema=_SCHEMA)], 0
    for forms, flags in zip(parts, is_searched, strict=True):
        for slots in _read_slots(forms, flags):
            frames.append(slots.select(counts.have(slots.hashes, FEWEST_FORMS), first_form))

        first_form += len(forms)

    found = pl.concat(frames).unique(["slot", "form"], keep="first", maintain_order=True)
    while True:
        counted = found.with_columns(pl.len().over("slot").alias("n"))
        ranked = counted.filter(pl.col("n") >= FEWEST_FORMS).sort(
            "n", "length", "slot", descending=[True, False, False]
        )
        best = ranked.unique("form", keep="first", maintain_order=True)
        chosen = best.filter(pl.len().over("slot") >= FEWEST_FORMS)
        if len(chosen) == len(best):
            return chosen.drop("n")

        found = found.join(chosen, on="slot", how="semi")


def hash_slots(forms: Forms) -> set[int]:
    """Return the slots that forms may have."""
    found: set[int] = set()
    for slots in _read_slots(forms, np.ones(len(forms), bool)):
        found.update(slots.hashes.tolist())

    return found


@dataclass(frozen=True)
class _SlotTable:
    """Slots of one length: the forms with a slot, by hash, and where the slots are."""

    hashes: Hashes
    forms: Integers
    starts: Integers
    length: int

    def select(self, is_selected: Flags, first_form: int) -> pl.DataFrame:
        """Return some of the slots as rows; the forms are numbered from *first_form* on."""
        hashes, forms = self.hashes[is_selected], self.forms[is_selected] + first_form
        lengths = np.full(len(hashes), self.length)
        columns = (hashes, forms, self.starts[is_selected], lengths)
        return pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True))).cast(_SCHEMA)


def _read_slots(forms: Forms, is_searched: Flags) -> Iterator[_SlotTable]:
    """Yield the slots that forms may have, length by length."""
    is_name, is_within = forms.find_names()
    is_word = forms.kinds & IS_FIGURE == 0
    is_content = is_word & (forms.kinds & IS_STOP_WORD == 0)
    names, others, words, content = (
        np.append(0, np.cumsum(flags)) for flags in (is_name, ~is_within, is_word, is_content)
    )
    n_words, n_content = forms.sum(is_word), forms.sum(is_content)

    is_searched = is_searched & (forms.lengths <= LONGEST_FORM)
    # What a slot may have at most, of words and of words that are no stop words.
    most_words = np.where(is_searched, n_words - _FEWEST_WORDS, -1)
    most_content = n_content - _FEWEST_CONTENT_WORDS

    form_of_words = forms.form_of_words()
    places = np.arange(len(form_of_words)) - forms.bounds[form_of_words]
    factors = powers(int(np.max(forms.lengths, initial=0)))
    hashed = np.append(np.uint64(0), np.cumsum(forms.hashes * factors[places], dtype=np.uint64))

    for length in range(1, 1 + min(_LONGEST_SLOT, len(form_of_words))):
        starts = np.flatnonzero(others[length:] == others[: len(others) - length])
        starts = starts[form_of_words[starts] == form_of_words[starts + length - 1]]
        stops, of_slot = starts + length, form_of_words[starts]
        is_slot = names[starts] < names[stops]
        is_slot &= words[stops] - words[starts] <= most_words[of_slot]
        is_slot &= content[stops] - content[starts] <= most_content[of_slot]
        starts, stops, of_slot = starts[is_slot], stops[is_slot], of_slot[is_slot]

        begins, ends = forms.bounds[of_slot], forms.bounds[of_slot + 1]
        hashes = hashed[starts] - hashed[begins] + HASH_OF_FIGURE * factors[starts - begins]
        # What follows the slot moves to the place behind a single word.
        hashes += (hashed[ends] - hashed[stops]) * powers(length, inverse=True)[length - 1]
        yield _SlotTable(hashes, of_slot, starts - begins, length)
