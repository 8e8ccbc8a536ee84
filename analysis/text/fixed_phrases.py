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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.text.forms import (
    ELLIPSIS,
    HASH_BASE,
    IS_FIGURE,
    IS_STOP_WORD,
    LONGEST_FORM,
    Flags,
    Forms,
    Hashes,
    Integers,
    WrittenForm,
    may_come_often,
)

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

# The hashes of so many words are in memory at once.
_WORDS_AT_ONCE = 250_000

# A table with 2 to the power of this many flags tells most words that are of no phrase.
_KNOWN_BITS = 20

_Row = Mapping[str, Any]

_NONE = -1

Counts = NDArray[np.int32]

# A phrase is shown with these signs at its ends.
_OPENING = "\u2018\u201c\"'([#@"
_CLOSING = "\u2019\u201d\"')]"


@dataclass(frozen=True, slots=True)
class FixedPhrase:
    """A phrase that texts have at one place."""

    # A hash of its words, the complement of which stands for a tail.
    hashed: int

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


def find_phrases(forms: Forms) -> tuple[list[FixedPhrase], Integers]:
    """Return the fixed phrases of forms, which are all different, and the place of that of each.

    A form of none has the place -1.
    """
    rows = read_phrases(forms, FEWEST_OF_PHRASE)
    uses = _find_uses(forms, rows)
    counts = _count(rows, uses)
    fixed = counts.filter(_IS_FIXED)
    # What texts with a longer phrase have beside a shorter one says nothing of the others.
    without = rows.join(fixed, on="phrase", how="semi")
    others = (frame.join(without, on="form", how="anti") for frame in (rows, uses))
    again = _count(*others).filter(_IS_FIXED)
    fixed = pl.concat([fixed.select("phrase"), again.select("phrase")])
    return _assign(rows, counts.join(fixed, on="phrase", how="semi"), counts, len(forms))


def read_phrases(forms: Forms, fewest: int = 1) -> pl.DataFrame:
    """Return a row for each head and tail that a form has, once; of *fewest* forms at least."""
    segments = _read_segments(forms)
    figures, stop_words = forms.count_before(IS_FIGURE), forms.count_before(IS_STOP_WORD)
    starts, n_words = segments["start"].to_numpy(), segments["n_words"].to_numpy()

    def keep(hashes: Hashes, _added: Integers) -> Flags:
        return may_come_often(hashes, fewest)

    rows = []
    for is_head, places in ((True, starts), (False, starts + n_words - 1)):
        # The complement of a hash stands for a tail.
        sign = np.uint64(0 if is_head else 2**64 - 1)
        for windows in forms.read_windows(places, n_words, keep, _LONGEST_PHRASE, is_head=is_head):
            of_segments = segments[windows.of_place].with_columns(
                phrase=windows.hashes ^ sign,
                hash=windows.hashes,
                shorter=windows.shorter ^ sign,
                first=places[windows.of_place] - (0 if is_head else windows.length - 1),
            )
            rows.append(
                _describe(of_segments, windows.length, figures, stop_words, is_head=is_head)
            )

    found = pl.concat(rows).unique(["phrase", "form"], keep="first", maintain_order=True)
    return found.filter(pl.len().over("phrase") >= fewest)


def _read_segments(forms: Forms) -> pl.DataFrame:
    """Return the words between two marks, without the figures at their ends; none of long forms."""
    # No mark stands at the beginning of a form.
    firsts = forms.bounds[:-1][forms.lengths > 0]
    begins = np.sort(np.append(firsts, forms.marks), kind="stable")
    ends = np.append(begins, forms.bounds[-1])[1:]

    # No form has two figures beside each other, but with a mark between them.
    starts, stops = begins + forms.are_figures(begins), ends - forms.are_figures(ends - 1)
    places = np.searchsorted(forms.bounds, begins, "right") - 1
    is_any = (starts < stops) & (forms.lengths[places] <= LONGEST_FORM)
    places, begins, ends = places[is_any], begins[is_any], ends[is_any]
    starts, stops = starts[is_any], stops[is_any]

    return pl.DataFrame(
        {
            "form": places.astype(np.int32),
            # The place of the first word in the form, and among the words of all forms.
            "offset": (starts - forms.bounds[places]).astype(np.int32),
            "start": starts.astype(np.int32),
            "n_words": (stops - starts).astype(np.int32),
            "after_mark": begins > forms.bounds[places],
            "before_mark": ends < forms.bounds[places + 1],
            "after_figure": starts > begins,
            "before_figure": stops < ends,
        }
    )


def _describe(
    windows: pl.DataFrame, length: int, figures: Counts, stop_words: Counts, *, is_head: bool
) -> pl.DataFrame:
    """Return how forms have the phrases that are windows of their segments.

    *figures* and *stop_words* are how many come before each place.
    """
    starts, n_words, first = (windows[name].to_numpy() for name in ("start", "n_words", "first"))
    stops = first + length
    n_figures, n_stop_words = (sums[stops] - sums[first] for sums in (figures, stop_words))
    # A figure that stands where the rest of the text begins is none of the phrase.
    is_open = (
        figures[stops] > figures[stops - 1] if is_head else figures[first + 1] > figures[first]
    )
    # Whether the other words of the segment are names.
    is_named = n_stop_words == stop_words[starts + n_words] - stop_words[starts]
    is_beside = pl.col("after_figure") if is_head else pl.col("before_figure", "before_mark")
    alone = pl.col("n_words") == length
    at_mark = pl.col("after_mark") | pl.col("before_mark")
    return windows.select(
        *("phrase", "hash", "shorter", "form"),
        *("after_mark", "before_mark", "after_figure", "before_figure"),
        start=(pl.col("offset") + pl.col("first") - pl.col("start")).cast(pl.Int8),
        length=pl.lit(length, pl.Int8),
        # Without figures, and without stop words.
        words=pl.Series(length - n_figures).cast(pl.Int8),
        content=pl.Series(length - n_figures - n_stop_words).cast(pl.Int8),
        alone=alone,
        set_off=pl.any_horizontal(is_beside) | pl.when(alone).then(at_mark).otherwise(is_named),
    ).filter(~is_open)


def _find_uses(forms: Forms, rows: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each form that holds the words of a phrase of *rows* anywhere."""
    is_of_head = rows["phrase"] == rows["hash"]
    tables = [(is_head, np.zeros(2**_KNOWN_BITS, bool)) for is_head in (True, False)]
    for is_head, is_known in tables:
        hashes = rows["hash"].filter(is_of_head == is_head).to_numpy()
        is_known[_find_flags(hashes)] = True

    known = np.unique(rows["hash"].to_numpy())
    # A form and the place of its hash make one number: rows of both take ten times the memory.
    uses = [np.empty(0, np.int64)]
    for start in range(0, len(forms.words), _WORDS_AT_ONCE):
        for is_head, is_known in tables:
            for of_forms, hashes in _find_windows(forms, start, is_known, is_head=is_head):
                is_use = np.isin(hashes, known)
                places = np.searchsorted(known, hashes[is_use])
                uses.append(of_forms[is_use] * len(known) + places)

    form, place = np.divmod(np.unique(np.concatenate(uses)), max(1, len(known)))
    return pl.DataFrame({"form": form.astype(np.int32), "hash": known[place]})


def _find_windows(
    forms: Forms, start: int, is_known: Flags, *, is_head: bool
) -> Iterator[tuple[Integers, Hashes]]:
    """Yield the forms and the hashes of windows that begin, or end, at the words from *start* on.

    Windows of no known hash are hardly among them.
    """
    words = forms.words[start : start + _WORDS_AT_ONCE + 1]
    pairs = np.arange(start, start + len(words) - 1)
    hashes = forms.vocabulary[words]

    def keep(hashes: Hashes, added: Integers) -> Flags:
        # No phrase ends with a figure, but a longer one may hold it.
        return is_known[_find_flags(hashes)] | forms.are_figures(added)

    # Most words begin or end no pair of words that a phrase has.
    is_begun = keep(hashes[:-1] + hashes[1:] * HASH_BASE, pairs + is_head)
    places = pairs[is_begun] + (not is_head)
    of_places = np.searchsorted(forms.bounds, places, "right") - 1
    ends = forms.bounds[of_places + is_head]
    room = ends - places if is_head else places + 1 - ends
    room[forms.lengths[of_places] > LONGEST_FORM] = 0
    for windows in forms.read_windows(places, room, keep, _LONGEST_PHRASE, is_head=is_head):
        yield of_places[windows.of_place], windows.hashes


def _find_flags(hashes: Hashes) -> Hashes:
    return hashes >> np.uint64(64 - _KNOWN_BITS)


def _count(rows: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each phrase: in how many forms it is, and how it stands there."""
    first = pl.col("hash", "shorter", "length", "words", "content").first()
    # A phrase is shown by the first form with it, at best one that has nothing beside it.
    example = pl.col("form", "start").sort_by("alone", "form", descending=[True, False]).first()
    flags = pl.col(_FLAGS).sum()
    counts = rows.group_by("phrase").agg(pl.len().alias("n"), first, example, flags)
    return counts.join(uses.group_by("hash").len("anywhere"), on="hash", how="left")


def _assign(
    rows: pl.DataFrame, chosen: pl.DataFrame, counts: pl.DataFrame, n_forms: int
) -> tuple[list[FixedPhrase], Integers]:
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
    return phrases, phrase_of_form


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
    return FixedPhrase(row["phrase"], *place, before, after)
