"""Fixed heads and tails: "Quotation of the Day: …", "… Dies at 87", "Alabama Election Results".

A phrase is fixed if texts have it at one place: at their beginning or end, or beside a mark that
sets it off ("Letter of the Day: …", "… | Scenes of a Film"). What many headlines begin with is
ordinary language where others have it elsewhere: many begin with "New York", and more have it in
the middle. So the measure is the share of all texts with the phrase that have it at that place.
Figures beside a phrase are passed over: "36 Hours in …" begins with "Hours in".

The numbers below were set by headlines of two years in which recurring features were told by eye;
docs/reports/repeats.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from analysis.text.forms import (
    ELLIPSIS,
    IS_FIGURE,
    IS_STOP_WORD,
    LONGEST_FORM,
    Flags,
    Forms,
    Hashes,
    Integers,
    WrittenForm,
)
from analysis.text.hash_counts import HashCounts

# A fixed phrase is in at least this many different texts.
FEWEST_OF_PHRASE = 15

# A phrase has at most this many words.
_LONGEST_PHRASE = 8

# A phrase is set off if this share of its texts have a mark or a figure beside it, or nothing but a
# name, as in "Oregon Election Results" ...
_SET_OFF = 0.8

# ... and it is fixed if this share of the texts that hold it have it at its place.
_EXCLUSIVE = _SET_OFF

# A phrase that is not set off has so many words, so many of them no stop words, and this share.
_FEWEST_PLAIN_WORDS, _FEWEST_CONTENT_WORDS = 4, 2
_EXCLUSIVE_PLAIN = 0.95

# A phrase is left out if more frequent ones take more than the rest of its texts.
_FEWEST_LEFT = 0.5

# A phrase is named with a further word that this share of its texts have.
_SHARED_NAME = 0.9

# What a row of phrases tells of how a form has the phrase; counts of phrases have the sums.
_FLAGS = ("alone", "set_off", "after_mark", "before_mark", "after_figure", "before_figure")

_Row = Mapping[str, Any]

# Where an example of a phrase is.
_EXAMPLE = ("phrase", "form", "start")

_NONE = -1

# A phrase is shown with these signs at its ends.
_OPENING = "\u2018\u201c\"'([#@"
_CLOSING = "\u2019\u201d\"')]"


@dataclass(frozen=True, slots=True)
class FixedPhrase:
    """A phrase that texts have at one place."""

    # A hash of its words, the complement of which stands for a tail.
    hashed: int

    # How many different texts have it at its place.
    forms: int

    # A form that has it, the place of its first word there, and how many words are shown.
    form: int
    start: int
    length: int

    # What stands for the rest of the texts.
    before: str
    after: str

    def show(self, text: str) -> str:
        """Return the phrase as *text*, whose form it names, has it with its quotation marks."""
        form = WrittenForm.read(text)
        first, last = form.spans[self.start][0], form.spans[self.start + self.length - 1][1]
        before, after = form.text[:first], form.text[last:]
        opening = before[len(before.rstrip(_OPENING)) :]
        closing = after[: len(after) - len(after.lstrip(_CLOSING))]
        words = form.show_words(self.start, self.start + self.length)
        return f"{self.before}{opening}{words}{closing}{self.after}"


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


@dataclass(frozen=True)
class _Segments:
    """The words of forms between two marks, without the figures at their ends."""

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
    def read(cls, forms: Forms) -> _Segments:
        """Return the segments of all forms but long ones."""
        begins = np.union1d(forms.bounds[:-1][forms.lengths > 0], forms.marks)
        ends = np.append(begins[1:], forms.bounds[-1:])
        places = np.searchsorted(forms.bounds, begins, "right") - 1
        words = np.flatnonzero(forms.kinds & IS_FIGURE == 0)
        first, behind = np.searchsorted(words, begins), np.searchsorted(words, ends)
        is_any = (behind > first) & (forms.lengths[places] <= LONGEST_FORM)
        places, begins, ends = places[is_any], begins[is_any], ends[is_any]
        starts, stops = words[first[is_any]], words[behind[is_any] - 1] + 1
        return cls(
            forms=places,
            starts=starts,
            stops=stops,
            is_after_mark=begins > forms.bounds[places],
            is_before_mark=ends < forms.bounds[places + 1],
            is_after_figure=starts > begins,
            is_before_figure=stops < ends,
        )

    @property
    def lengths(self) -> Integers:
        """The number of words of each."""
        return self.stops - self.starts

    def take(self, places: Integers | Flags) -> _Segments:
        """Return some of the segments."""
        return _Segments(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


# The texts that hold the words of a phrase, at whatever place.
_ANYWHERE = pl.max_horizontal("n", "anywhere")

_IS_SET_OFF = (pl.col("set_off") >= _SET_OFF * pl.col("n")) & (
    pl.col("n") >= _EXCLUSIVE * _ANYWHERE
)
_IS_PLAIN = (
    (pl.col("words") >= _FEWEST_PLAIN_WORDS)
    & (pl.col("content") >= _FEWEST_CONTENT_WORDS)
    & (pl.col("n") >= _EXCLUSIVE_PLAIN * _ANYWHERE)
)
_IS_FIXED = (pl.col("n") >= FEWEST_OF_PHRASE) & (pl.col("words") > 1) & (_IS_SET_OFF | _IS_PLAIN)


def find_phrases(parts: Sequence[Forms]) -> PhrasesOfForms:
    """Return the fixed phrases of forms.

    The forms of all parts are different, and numbered one part after the other.
    """
    first_forms = np.cumsum([0, *map(len, parts)]).tolist()
    *numbered, n_forms = *zip(parts, first_forms, strict=False), first_forms[-1]
    frequent = HashCounts()
    for forms in parts:
        words = _Words.read(forms)
        for segments, length, is_head in _list_places(forms):
            frequent.add(words.hash_phrases(segments, length, is_head=is_head))

    rows = pl.concat([read_phrases(*part, frequent) for part in numbered])
    rows = rows.filter(pl.len().over("phrase") >= FEWEST_OF_PHRASE)
    uses = pl.concat([_find_uses(*part, rows["hash"]) for part in numbered])
    counts = _count(rows, uses).join(_find_examples(rows), on="phrase")
    fixed = counts.filter(_IS_FIXED)
    # What texts with a longer phrase have beside a shorter one says nothing of the others.
    without = rows.join(fixed, on="phrase", how="semi")
    others = (frame.join(without, on="form", how="anti") for frame in (rows, uses))
    again = _count(*others).filter(_IS_FIXED)
    fixed = pl.concat([fixed.select("phrase"), again.select("phrase")])
    return _assign(rows, counts.join(fixed, on="phrase", how="semi"), counts, n_forms)


def read_phrases(
    forms: Forms, first_form: int = 0, frequent: HashCounts | None = None
) -> pl.DataFrame:
    """Return a row for each head and tail that a form has, once.

    The forms are numbered from *first_form* on. Phrases that are not *frequent* are left out.
    """
    words = _Words.read(forms)
    rows = []
    for segments, length, is_head in _list_places(forms):
        there = segments
        if frequent is not None:
            hashes = words.hash_phrases(segments, length, is_head=is_head)
            there = segments.take(frequent.have(hashes, FEWEST_OF_PHRASE))

        rows.append(words.make_rows(there, length, is_head=is_head))

    found = pl.concat(rows).filter(~pl.col("is_open")).drop("is_open")
    found = found.unique(["phrase", "form"], keep="first", maintain_order=True)
    return found.with_columns(pl.col("form") + pl.lit(first_form, pl.Int32))


def _list_places(forms: Forms) -> Iterator[tuple[_Segments, int, bool]]:
    """Yield the segments that have a phrase of a length at their beginning, or at their end."""
    segments = _Segments.read(forms)
    for length in range(2, _LONGEST_PHRASE + 1):
        segments = segments.take(segments.lengths >= length)
        yield segments, length, True
        yield segments, length, False


@dataclass(frozen=True)
class _Words:
    """The words of forms, as phrases are read from them."""

    forms: Forms
    windows: Sequence[Hashes]
    is_figure: Flags

    # How many figures and stop words are before each place.
    figures: Integers
    stop_words: Integers

    @classmethod
    def read(cls, forms: Forms) -> _Words:
        """Return the words of forms."""
        is_figure, is_stop_word = forms.kinds & IS_FIGURE != 0, forms.kinds & IS_STOP_WORD != 0
        sums = (np.append(0, np.cumsum(flags)) for flags in (is_figure, is_stop_word))
        return cls(forms, forms.hash_windows(_LONGEST_PHRASE), is_figure, *sums)

    def hash_phrases(self, segments: _Segments, length: int, *, is_head: bool) -> Hashes:
        """Return a hash of the head, or the tail, of so many words of each of *segments*."""
        windows = self.windows[length - 1]
        return windows[segments.starts] if is_head else ~windows[segments.stops - length]

    def make_rows(self, segments: _Segments, length: int, *, is_head: bool) -> pl.DataFrame:
        """Return a row for the head, or the tail, of so many words of each of *segments*."""
        phrases = self.hash_phrases(segments, length, is_head=is_head)
        starts = segments.starts if is_head else segments.stops - length
        stops = starts + length
        n_words = length - self.figures[stops] + self.figures[starts]
        n_stop_words = self.stop_words[stops] - self.stop_words[starts]
        rest = (stops, segments.stops) if is_head else (segments.starts, starts)
        is_alone = segments.lengths == length
        is_named = ~is_alone & (self.stop_words[rest[0]] == self.stop_words[rest[1]])
        is_set_off = is_alone & (segments.is_after_mark | segments.is_before_mark)
        is_set_off |= segments.is_after_figure if is_head else segments.is_before_figure
        if not is_head:
            is_set_off |= segments.is_before_mark

        return pl.DataFrame(
            {
                "phrase": phrases,
                "hash": phrases if is_head else ~phrases,
                "shorter": self.hash_phrases(segments, length - 1, is_head=is_head),
                "form": segments.forms.astype(np.int32),
                "start": (starts - self.forms.bounds[segments.forms]).astype(np.int8),
                "length": np.full(len(starts), length, np.int8),
                # Without figures, and without stop words.
                "words": n_words.astype(np.int8),
                "content": (n_words - n_stop_words).astype(np.int8),
                # Whether a figure stands where the rest of the text begins.
                "is_open": self.is_figure[stops - 1 if is_head else starts],
                "alone": is_alone,
                "set_off": is_set_off | is_named,
                "after_mark": segments.is_after_mark,
                "before_mark": segments.is_before_mark,
                "after_figure": segments.is_after_figure,
                "before_figure": segments.is_before_figure,
            }
        )


def _find_uses(forms: Forms, first_form: int, hashes: pl.Series) -> pl.DataFrame:
    """Return a row for each form that holds the words of a phrase anywhere, by the *hashes*."""
    known = HashCounts()
    known.add(hashes.to_numpy())
    form_of_words = forms.form_of_words()
    left = forms.bounds[form_of_words + 1] - np.arange(len(forms.words))
    left[forms.lengths[form_of_words] > LONGEST_FORM] = 0
    rows = []
    for length, windows in enumerate(forms.hash_windows(_LONGEST_PHRASE), 1):
        places = np.flatnonzero((left >= length) & known.have(windows, 1))
        of_places = form_of_words[places].astype(np.int32)
        rows.append(pl.DataFrame({"form": of_places, "hash": windows[places]}))

    found = pl.concat(rows).filter(pl.col("hash").is_in(hashes.implode())).unique()
    return found.with_columns(pl.col("form") + pl.lit(first_form, pl.Int32))


def _count(rows: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each phrase: in how many forms it is, and how it stands there."""
    first = pl.col("hash", "shorter", "length", "words", "content").first()
    counts = rows.group_by("phrase").agg(pl.len().alias("n"), first, pl.col(_FLAGS).sum())
    return counts.join(uses.group_by("hash").len("anywhere"), on="hash", how="left")


def _find_examples(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the first form with each phrase, at best one that has nothing beside it."""
    ranked = rows.sort("alone", "form", descending=[True, False])
    return ranked.unique("phrase", keep="first", maintain_order=True).select(_EXAMPLE)


def _assign(
    rows: pl.DataFrame, chosen: pl.DataFrame, counts: pl.DataFrame, n_forms: int
) -> PhrasesOfForms:
    """Return phrases, and for each form that which is in the most, of these the longest one."""
    order = ["n", "length", "phrase"]
    ranked = chosen.sort(order, descending=[True, True, False])
    while True:
        ranks = ranked.select("phrase", "n").with_row_index("rank")
        best = rows.join(ranks, on="phrase").group_by("form").agg(pl.col("rank").min())
        left = ranks.join(best.group_by("rank").len("left"), on="rank", how="left")
        kept = left.filter(pl.col("left") >= _FEWEST_LEFT * pl.col("n"))
        if len(kept) == len(ranked):
            break

        ranked = ranked.join(kept, on="phrase", how="semi", maintain_order="left")

    phrase_of_form = np.full(n_forms, _NONE, np.int64)
    phrase_of_form[best["form"].to_numpy()] = best["rank"].to_numpy()
    longer = {row["shorter"]: row for row in counts.sort("n", "phrase").iter_rows(named=True)}
    phrases = [_name(row, longer) for row in ranked.iter_rows(named=True)]
    return PhrasesOfForms(phrases, phrase_of_form)


def _name(row: _Row, longer: Mapping[int, _Row]) -> FixedPhrase:
    """Return a phrase, named with the further words that nearly all of its texts share.

    *longer* has the most frequent phrase with a word more, by the phrase.
    """
    shown = row
    while (following := longer.get(shown["phrase"])) is not None:
        if following["n"] < _SHARED_NAME * row["n"]:
            break

        shown = following

    is_head, half = row["phrase"] == row["hash"], shown["n"] / 2
    is_open = shown["alone"] < _SET_OFF * shown["n"]
    before = after = ""
    if (is_open and not is_head) or shown["after_figure"] > half:
        before = f"{ELLIPSIS} "
    elif shown["after_mark"] > half:
        before = f"{ELLIPSIS}: "

    if (is_open and is_head) or shown["before_figure"] > half:
        after = f" {ELLIPSIS}"
    if shown["before_mark"] > half:
        after += f": {ELLIPSIS}"

    place = (shown["form"], shown["start"], shown["length"])
    return FixedPhrase(row["phrase"], row["n"], *place, before, after)
