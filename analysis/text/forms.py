"""The forms of texts, as arrays: what texts have in common that repeat each other.

A form is a text's words without case, web addresses and the tags after its last sentence; what has
a digit, months and days are figures, and all figures are alike. It is read once, by whoever has the
text: the forms of a month are all that a search among the texts of many months needs.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from io import BytesIO
from itertools import islice
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.text.stopwords import stop_words_by_language
from sources.post_cleaning import words_of_post

# Stands for every figure, and for the names of months and days.
FIGURE = "0"

ELLIPSIS = "\u2026"

# A text of more words than this is repeated as it is: it has neither slots nor phrases.
LONGEST_FORM = 60

# Case does not tell names if this share of a text's content words begins with a capital.
TITLE_CASE = 0.8

# A pattern is shown with at most this many characters.
_LONGEST_SHOWN = 160

# A name may hold these stop words: "Isle of Man", "New Mexico".
_CONNECTING = frozenset("of the and new de la du von van al el y".split())  # noqa: SIM905 - a list

_WORD = r"[@#]?[^\W_]+(?:[.,'\u2019-][^\W_]+)*"

# A colon between digits belongs to a time. Behind a quotation, a dash begins the speaker's name.
# The name of a repost is no part of it.
_MARK = r"(?m:^RT @[\w.@-]+:)|[|?;]|:(?!(?<=\d:)\d)| (?<![\u2019\u201d'\"] )[-\u2013\u2014] "

# No form has a line break.
_BREAK = "\n"
_WORD_OR_MARK = re.compile(rf"{_MARK}|{_WORD}|{_BREAK}")
_DATES = frozenset(map(str.casefold, [*calendar.month_name[1:], *calendar.day_name]))

# So many texts are split into words at once.
_READ_AT_ONCE = 1000

# The hash of words is a polynomial of theirs at this odd number, modulo 2**64.
HASH_BASE = np.uint64(0x9E37_79B9_7F4A_7C15)

Integers = NDArray[np.int64]
Numbers = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Kinds = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Span = tuple[int, int]

# What a token is: a line break, a mark, or a word that is one or several of the others.
_IS_BREAK, _IS_MARK, IS_FIGURE, IS_STOP_WORD, _IS_CONNECTING, _IS_SMALL = (
    1 << bit for bit in range(6)
)


class Windows(NamedTuple):
    """Words that follow each other, of one length, each in a form."""

    length: int

    # At which of the places that were asked for each is.
    of_place: Integers

    # Its hash, and that of the window with a word less.
    hashes: Hashes
    shorter: Hashes


# Tells which windows are kept, by their hashes and the places of the words that were added last.
KeepWindows = Callable[[Hashes, Integers], Flags]


@dataclass(frozen=True)
class Forms:
    """Forms of texts: their words one after another."""

    # Their numbers in `vocabulary`.
    words: Numbers

    # Where the words of each form begin, and where those of the last one end.
    bounds: Integers

    # The places of words that a mark stands before, within a form; ascending, each once.
    marks: Integers

    # The hashes of the words, and what they are.
    vocabulary: Hashes
    vocabulary_kinds: Kinds

    @classmethod
    def read(cls, texts: Iterable[str]) -> Forms:
        """Return the forms of *texts*. Of figures beside each other the last one is kept."""
        vocabulary: dict[str, int] = {}
        remaining = map(clean_text, texts)
        parts = [np.empty(0, np.uint32)]
        while batch := list(islice(remaining, _READ_AT_ONCE)):
            found = _WORD_OR_MARK.findall(_BREAK.join([*batch, ""]))
            for token in dict.fromkeys(found):
                vocabulary.setdefault(token, len(vocabulary))

            parts.append(np.fromiter(map(vocabulary.__getitem__, found), np.uint32, len(found)))

        tokens = np.concatenate(parts)
        vocabulary_kinds = np.fromiter(map(_find_kind, vocabulary), np.uint8, len(vocabulary))
        hashes = map(_hash_word, map(_read_word, vocabulary))
        kinds = vocabulary_kinds[tokens]
        is_before_figure = np.append(kinds[1:], 0)[: len(kinds)] & IS_FIGURE != 0
        is_kept = (kinds & IS_FIGURE == 0) | ~is_before_figure
        tokens, kinds = tokens[is_kept], kinds[is_kept]
        is_word = kinds & (_IS_BREAK | _IS_MARK) == 0
        places = np.cumsum(is_word)
        bounds = np.append(0, places[kinds & _IS_BREAK != 0])
        is_marked = np.zeros(len(tokens) + 1, bool)
        is_marked[places[kinds & _IS_MARK != 0]] = True
        is_marked[bounds] = False
        return cls(
            tokens[is_word],
            bounds,
            np.flatnonzero(is_marked),
            np.fromiter(hashes, np.uint64, len(vocabulary)),
            vocabulary_kinds,
        )

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> Integers:
        """The number of words of each form, with figures."""
        return np.diff(self.bounds)

    @property
    def kinds(self) -> Kinds:
        """What each word is."""
        return self.vocabulary_kinds[self.words]

    @property
    def hashes(self) -> Hashes:
        """The hash of each word."""
        return self.vocabulary[self.words]

    def form_of_words(self) -> NDArray[np.int32]:
        """Return the place of the form of each word."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    def select(self, places: Integers) -> Forms:
        """Return the forms at *places*, which ascend."""
        is_selected = np.zeros(len(self), bool)
        is_selected[places] = True
        is_kept = np.repeat(is_selected, self.lengths)
        new_places = np.cumsum(is_kept) - 1
        return Forms(
            self.words[is_kept],
            np.append(0, np.cumsum(self.lengths[is_selected])),
            new_places[self.marks[is_kept[self.marks]]],
            self.vocabulary,
            self.vocabulary_kinds,
        )

    @classmethod
    def join(cls, parts: Sequence[Forms]) -> Forms:
        """Return the forms of several parts, one after the other."""
        n_known = np.cumsum([0, *(len(forms.vocabulary) for forms in parts)])
        n_words = np.cumsum([0, *(len(forms.words) for forms in parts)])
        return cls(
            np.concatenate(
                [forms.words + np.uint32(n) for forms, n in zip(parts, n_known, strict=False)]
            ),
            np.concatenate(
                [[0], *(forms.bounds[1:] + n for forms, n in zip(parts, n_words, strict=False))]
            ),
            np.concatenate([forms.marks + n for forms, n in zip(parts, n_words, strict=False)]),
            np.concatenate([forms.vocabulary for forms in parts]),
            np.concatenate([forms.vocabulary_kinds for forms in parts]),
        )

    def are_figures(self, places: NDArray[np.integer]) -> Flags:
        """Return whether the words at *places* are figures."""
        flags: Flags = self.vocabulary_kinds[self.words[places]] & IS_FIGURE != 0
        return flags

    def count_before(self, kind: int) -> NDArray[np.int32]:
        """Return how many words of a kind come before each place."""
        return np.cumsum(np.append(False, self.kinds & kind != 0), dtype=np.int32)

    def sum(self, values: NDArray[np.generic]) -> Integers:
        """Return the sum for each form of a value for each word."""
        sums: Integers = np.diff(np.append(0, np.cumsum(values, dtype=np.int64))[self.bounds])
        return sums

    def sum_hashes(self) -> Hashes:
        """Return the sum of the hashes of the words before each place, as forms weigh them.

        A form's hash is the difference between its ends; it is 0 without words.
        """
        starts = np.repeat(self.bounds[:-1], self.lengths)
        weights = powers(int(np.max(self.lengths, initial=0)))
        weighed = self.hashes * weights[np.arange(len(self.words)) - starts]
        return np.append(np.uint64(0), np.cumsum(weighed, dtype=np.uint64))

    def hash_forms(self) -> Hashes:
        """Return the hash of each form; 0 without words."""
        return np.diff(self.sum_hashes()[self.bounds])

    def read_windows(
        self, places: Integers, room: Integers, keep: KeepWindows, longest: int, *, is_head: bool
    ) -> Iterator[Windows]:
        """Yield the windows of 2, 3, ... *longest* words that begin at *places*, length by length.

        Without *is_head* they end there. There is *room* for so many words at each place. A window
        that *keep* leaves out does not grow.
        """
        of_place = np.flatnonzero(room > 1)
        grown = self.vocabulary[self.words[places[of_place]]]
        for length, power in enumerate(powers(longest - 1)[1:], 2):
            has_room = room[of_place] >= length
            of_place, shorter = of_place[has_room], grown[has_room]
            added = places[of_place] + (length - 1 if is_head else 1 - length)
            hashes = self.vocabulary[self.words[added]]
            grown = shorter + hashes * power if is_head else hashes + shorter * HASH_BASE

            is_kept = keep(grown, added)
            of_place, grown = of_place[is_kept], grown[is_kept]
            yield Windows(length, of_place, grown, shorter[is_kept])

    def find_names(self) -> tuple[Flags, Flags]:
        """Return which words may be names, and which may stand within one.

        A name begins with a capital, or is any word but a stop word in Title Case. So is a figure.
        """
        kinds = self.kinds
        is_figure, is_small = kinds & IS_FIGURE != 0, kinds & _IS_SMALL != 0
        is_content = kinds & (IS_FIGURE | IS_STOP_WORD) == 0
        n_content, n_small = self.sum(is_content), self.sum(is_content & is_small)
        is_title_case = np.repeat(n_small <= (1 - TITLE_CASE) * n_content, self.lengths)
        is_name = is_figure | (is_content & (~is_small | is_title_case))
        return is_name, is_name | (kinds & _IS_CONNECTING != 0)


@dataclass(frozen=True)
class MonthForms:
    """The different forms of the texts of a month, or of any other part of a run."""

    forms: Forms

    # The hash of each form, how many texts have it, and the number of the first of these.
    hashes: Hashes
    sizes: Integers
    first_texts: Integers

    @classmethod
    def read(cls, numbers: Integers, texts: Iterable[str]) -> tuple[MonthForms, Hashes]:
        """Return the forms of numbered texts, and the hash of the form of each text."""
        forms = Forms.read(texts)
        hashes = forms.hash_forms()
        return cls._count(forms, hashes, np.ones_like(numbers), numbers), hashes

    @classmethod
    def join(cls, months: Sequence[MonthForms]) -> MonthForms:
        """Return the forms of months together."""
        months = months or [cls.read(np.zeros(0, np.int64), ())[0]]
        return cls._count(
            Forms.join([month.forms for month in months]),
            np.concatenate([month.hashes for month in months]),
            np.concatenate([month.sizes for month in months]),
            np.concatenate([month.first_texts for month in months]),
        )

    @classmethod
    def _count(
        cls, forms: Forms, hashes: Hashes, sizes: Integers, first_texts: Integers
    ) -> MonthForms:
        """Return the different ones of *forms*, in the order in which they come first."""
        rows = pl.DataFrame({"hash": hashes, "size": sizes, "text": first_texts}).with_row_index()
        first = pl.col("index", "text").first()
        different = rows.group_by("hash", maintain_order=True).agg(first, pl.col("size").sum())
        columns = (different[name].to_numpy() for name in ("hash", "size", "text"))
        return cls(forms.select(different["index"].to_numpy()), *columns)

    def select(self, hashes: Hashes) -> MonthForms:
        """Return the forms of some texts of the month, by the hash of the form of each."""
        counted, counts = np.unique(hashes, return_counts=True)
        places = np.flatnonzero(np.isin(self.hashes, counted))
        sizes = counts[np.searchsorted(counted, self.hashes[places])]
        forms = self.forms.select(places)
        return MonthForms(forms, self.hashes[places], sizes, self.first_texts[places])

    def to_bytes(self) -> bytes:
        """Return the forms as `from_bytes` reads them, some 25 bytes for a headline."""
        is_used, words = np.unique(self.forms.words, return_inverse=True)
        columns = {
            "words": words.astype(np.uint16 if len(is_used) < 2**16 else np.uint32),
            "lengths": self.forms.lengths.astype(np.uint16),
            "marks": np.diff(self.forms.marks, prepend=0).astype(np.uint32),
            "vocabulary": self.forms.vocabulary[is_used],
            "vocabulary_kinds": self.forms.vocabulary_kinds[is_used],
            "sizes": self.sizes.astype(np.uint32),
            "first_texts": np.diff(self.first_texts, prepend=0),
        }
        packed = BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **columns)
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, packed: bytes) -> MonthForms:
        """Return the forms that `to_bytes` gave."""
        with np.load(BytesIO(packed), allow_pickle=False) as columns:
            forms = Forms(
                columns["words"].astype(np.uint32),
                np.append(0, np.cumsum(columns["lengths"], dtype=np.int64)),
                np.cumsum(columns["marks"], dtype=np.int64),
                columns["vocabulary"],
                columns["vocabulary_kinds"],
            )
            sizes, first_texts = columns["sizes"].astype(np.int64), columns["first_texts"]
            return cls(forms, forms.hash_forms(), sizes, np.cumsum(first_texts))


def may_come_often(hashes: Hashes, fewest: int) -> Flags:
    """Return which of *hashes* may come at least so often; a few that do not are among them."""
    n_bits = len(hashes).bit_length() + 1
    counters = (hashes >> np.uint64(64 - n_bits)).astype(np.int64)
    flags: Flags = np.bincount(counters)[counters] >= fewest
    return flags


def clean_text(text: str) -> str:
    """Return what is compared of *text*, with single spaces between words."""
    return words_of_post(text).replace(_BREAK, " ")


@dataclass(frozen=True)
class WrittenForm:
    """A text as it is shown: each word of its form has a span."""

    text: str
    words: tuple[str, ...]
    spans: tuple[Span, ...]

    @classmethod
    def read(cls, text: str) -> WrittenForm:
        """Return the form of one text; figures beside each other have one span."""
        cleaned = clean_text(text)
        words: list[str] = []
        spans: list[Span] = []
        is_behind_word = False
        for token in _WORD_OR_MARK.finditer(cleaned):
            word = _read_word(token[0])
            is_word = token[0][-1].isalnum()
            if is_word and is_behind_word and word == words[-1] == FIGURE:
                spans[-1] = spans[-1][0], token.end()
            elif is_word:
                words.append(word)
                spans.append(token.span())

            is_behind_word = is_word

        return cls(cleaned, tuple(words), tuple(spans))

    def show(self, slot: Span = (0, 0)) -> str:
        """Return the text with an ellipsis for its figures, and for the words of *slot*."""
        shown = self.show_words(0, len(self.words), slot)
        text = f"{self.text[: self.spans[0][0]]}{shown}{self.text[self.spans[-1][1] :]}".strip()
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}{ELLIPSIS}"

    def show_words(self, start: int, stop: int, slot: Span = (0, 0)) -> str:
        """Return some of the words with what stands between them: see `show`."""
        parts: list[str] = []
        end = self.spans[start][0]
        was_slot = False
        for place in range(start, stop):
            is_slot = slot[0] <= place < slot[1] or self.words[place] == FIGURE
            first, last = self.spans[place]
            if not (is_slot and was_slot):
                parts += [self.text[end:first], ELLIPSIS if is_slot else self.text[first:last]]

            was_slot, end = is_slot, last

        return "".join(parts)


def powers(longest: int, *, inverse: bool = False) -> Hashes:
    """Return the powers of the base of hashes, from 0 to *longest*, or what undoes them."""
    base = np.uint64(pow(int(HASH_BASE), -1, 2**64)) if inverse else HASH_BASE
    factors = np.full(longest + 1, base)
    factors[0] = 1
    return np.multiply.accumulate(factors)


def _find_kind(token: str) -> int:
    """Return what a token is, a sum of the numbers above."""
    if token == _BREAK:
        return _IS_BREAK
    if not token[-1].isalnum():
        return _IS_MARK

    word = _read_word(token)
    kind = IS_FIGURE * (word == FIGURE) + IS_STOP_WORD * (word in _all_stop_words())
    return kind + _IS_CONNECTING * (word in _CONNECTING) + _IS_SMALL * token[0].islower()


def _hash_word(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest())


def _read_word(token: str) -> str:
    """Return a word without case, or `FIGURE` for a figure, a month or a day."""
    word = token.lstrip("@#").casefold().replace("\u2019", "'")
    is_figure = word in _DATES or any(map(str.isdigit, word))
    return FIGURE if is_figure else word


@cache
def _all_stop_words() -> frozenset[str]:
    """Return the stop words of all languages."""
    return frozenset().union(*stop_words_by_language().values())


HASH_OF_FIGURE = np.uint64(_hash_word(FIGURE))
