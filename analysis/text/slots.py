"""Texts that differ in one slot: "… Endorses the Mayor for the Senate".

Forms are alike if they share all words but those in one slot of a few, which are a name or a figure
in each. A form with a slot in place of some words has a hash as any other form has, a figure in
place of the slot: forms are alike where these are equal, and the order of texts does not matter.
"""

from __future__ import annotations

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
    may_come_often,
    powers,
)

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


def find_slots(forms: Forms, is_searched: Flags) -> pl.DataFrame:
    """Return for each form that is like others the slot that most have.

    The forms are different; *is_searched* tells which are looked at.
    """
    lengths = np.where(is_searched & (forms.lengths <= LONGEST_FORM), forms.lengths, 0)
    candidates = np.flatnonzero((lengths > 0) & (_count_shared(forms, lengths) >= lengths))
    slots = read_slots(forms.select(candidates))
    slots = slots.filter(may_come_often(slots["slot"].to_numpy(), FEWEST_FORMS))
    of_forms = pl.Series(candidates[slots["form"].to_numpy()], dtype=pl.Int32)
    found = slots.with_columns(form=of_forms).unique(
        ["slot", "form"], keep="first", maintain_order=True
    )
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


def _count_shared(forms: Forms, lengths: Integers) -> Integers:
    """Return how many words of each form others may have but in a slot: at its ends, and in it."""

    def keep(hashes: Hashes, _added: Integers) -> Flags:
        return may_come_often(hashes, FEWEST_FORMS)

    # The first and the last word may be shared.
    shared = np.full(len(forms), 2 + _LONGEST_SLOT)
    for is_head, places in ((True, forms.bounds[:-1]), (False, forms.bounds[1:] - 1)):
        for windows in forms.read_windows(places, lengths, keep, LONGEST_FORM, is_head=is_head):
            shared[windows.of_place] += 1

    return shared


def read_slots(forms: Forms) -> pl.DataFrame:
    """Return the slots that forms may have, shorter ones first."""
    is_name, is_within = forms.find_names()
    is_word = forms.kinds & IS_FIGURE == 0
    is_content = is_word & (forms.kinds & IS_STOP_WORD == 0)
    names, others, words, content = (
        np.append(0, np.cumsum(flags)) for flags in (is_name, ~is_within, is_word, is_content)
    )
    n_words, n_content = forms.sum(is_word), forms.sum(is_content)

    # What a slot may have at most, of words and of words that are no stop words.
    most_words = np.where(forms.lengths <= LONGEST_FORM, n_words - _FEWEST_WORDS, -1)
    most_content = n_content - _FEWEST_CONTENT_WORDS

    form_of_words = forms.form_of_words()
    factors = powers(int(np.max(forms.lengths, initial=0)))
    hashed = forms.sum_hashes()

    found = [pl.DataFrame(schema=_SCHEMA)]
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
        columns = (hashes, of_slot, starts - begins, np.full(len(starts), length))
        found.append(pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True))).cast(_SCHEMA))

    return pl.concat(found)
