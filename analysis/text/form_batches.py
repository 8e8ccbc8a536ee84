"""The forms of many texts as arrays: each different word has a number, and is read once."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from analysis.text.templates import (
    CONNECTING,
    FIGURE,
    LONGEST_FORM,
    TOKEN,
    Form,
    all_stop_words,
    clean_text,
    read_word,
)

# A batch has about this many characters: two thousand headlines.
_CHARACTERS = 2**17

# Words are numbered anew where this many are known.
_MOST_WORDS = 2**16

# A colon between digits belongs to a time. Behind a quotation, a dash begins the speaker's name.
_MARK = r"[|?;]|:(?!(?<=\d:)\d)| (?<![\u2019\u201d'\"] )[-\u2013\u2014] "

# The hash of a shingle has so many bits.
SHINGLE_BITS = 40

# No form has a line break.
_BREAK = "\n"
_TOKEN_OR_MARK = re.compile(rf"{TOKEN.pattern}|{_BREAK}|{_MARK}")

# The hash of words is a polynomial of theirs at this odd number, modulo 2**64.
_BASE = 0x9E37_79B9_7F4A_7C15

Integers = NDArray[np.int64]
Numbers = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Kinds = NDArray[np.uint8]
Flags = NDArray[np.bool_]


# What a token is: a line break, a mark, or a word that is one or several of the others.
BREAK, MARK, IS_FIGURE, IS_STOP_WORD, IS_CONNECTING, IS_SMALL = (1 << bit for bit in range(6))


class Lexicon(dict[str, int]):
    """The number of each different token; one that is not known gets the next number."""

    def __init__(self) -> None:
        super().__init__()
        # The tokens as they are compared.
        self.words: list[str] = []
        self._hashes = array("Q")
        self._kinds = bytearray()

    def __missing__(self, token: str) -> int:
        """Number a further token."""
        is_word = token[0].isalnum()
        word = read_word(token) if is_word else token
        kind = BREAK if token == _BREAK else MARK
        if is_word:
            kind = IS_FIGURE * (word == FIGURE) + IS_STOP_WORD * (word in all_stop_words())
            kind += IS_CONNECTING * (word in CONNECTING) + IS_SMALL * token[0].islower()

        self.words.append(word)
        self._kinds.append(kind)
        self._hashes.append(int.from_bytes(blake2b(word.encode(), digest_size=8).digest()))
        self[token] = number = len(self)
        return number

    def kinds(self) -> Kinds:
        """Return what each token is, a sum of the numbers above."""
        return np.array(self._kinds, np.uint8)

    def hashes(self) -> Hashes:
        """Return a hash of each token as it is compared, the same in every process."""
        return np.array(self._hashes, np.uint64)


@dataclass(frozen=True)
class FormBatch:
    """The forms of some texts: their words one after another."""

    texts: Sequence[str]

    # The numbers of the words, in *lexicon*.
    words: Numbers

    # Where the words of each form begin, and where those of the last one end.
    bounds: Integers

    # The places of words that a mark stands before, within a form; ascending, each once.
    marks: Integers

    lexicon: Lexicon

    @classmethod
    def read(cls, texts: Iterable[str], lexicon: Lexicon) -> FormBatch:
        """Return the forms of *texts*, whose words *lexicon* numbers."""
        cleaned = list(map(clean_text, texts))
        joined = _BREAK.join([*cleaned, ""])
        found = _TOKEN_OR_MARK.findall(joined)
        tokens = np.fromiter(map(lexicon.__getitem__, found), np.uint32, len(found))
        kinds = lexicon.kinds()[tokens]
        is_word = kinds & (BREAK | MARK) == 0
        places = np.cumsum(is_word)
        bounds = np.concatenate([[0], places[kinds & BREAK != 0]])
        marks = distinct(places[kinds & MARK != 0])
        is_within = np.ones(len(tokens) + 1, bool)
        is_within[bounds] = False
        return cls(cleaned, tokens[is_word], bounds, marks[is_within[marks]], lexicon)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> Integers:
        """The number of words of each form, with figures."""
        return np.diff(self.bounds)

    def form_of_words(self) -> Integers:
        """Return the place of the form of each word."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def kinds(self) -> Kinds:
        """Return what each word is: see `Lexicon.kinds`."""
        return self.lexicon.kinds()[self.words]

    def select(self, is_selected: Flags) -> FormBatch:
        """Return the forms that are selected."""
        if is_selected.all():
            return self

        lengths = self.lengths
        is_kept = np.repeat(is_selected, lengths)
        places = np.cumsum(is_kept) - 1
        return FormBatch(
            [self.texts[place] for place in np.flatnonzero(is_selected).tolist()],
            self.words[is_kept],
            np.concatenate([[0], np.cumsum(lengths[is_selected])]),
            places[self.marks[is_kept[self.marks]]],
            self.lexicon,
        )

    def read_words(self, start: int, stop: int) -> tuple[str, ...]:
        """Return the words from one place to another, as they are compared."""
        return tuple([self.lexicon.words[number] for number in self.words[start:stop].tolist()])

    def read_form(self, place: int) -> Form:
        """Return one of the forms."""
        return Form(self.texts[place], self.read_words(*self.bounds[place : place + 2].tolist()))

    def count_figures(self) -> Integers:
        """Return how many figures each form has."""
        return np.bincount(self.form_of_words()[self.kinds() & IS_FIGURE != 0], minlength=len(self))

    def hash_forms(self) -> Hashes:
        """Return a hash of what texts of one form have in common; 0 without words.

        How many figures stand beside each other does not matter: "May 4", "Monday, May 4, 2020".
        """
        is_figure = self.kinds() & IS_FIGURE != 0
        is_bound = np.zeros(len(self.words) + 1, bool)
        is_bound[self.bounds] = True
        is_kept = ~(is_figure & np.append(is_figure[1:], False) & ~is_bound[1:])
        bounds = np.concatenate([[0], np.cumsum(is_kept)])[self.bounds]
        lengths = np.diff(bounds)
        powers = np.full(int(lengths.max(initial=0)) + 1, _BASE, np.uint64)
        powers[0] = 1
        powers = np.multiply.accumulate(powers)
        place_in_form = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
        terms = self.lexicon.hashes()[self.words[is_kept]] * powers[place_in_form]
        hashes = np.zeros(len(self), np.uint64)
        hashes[lengths > 0] = np.add.reduceat(terms, bounds[:-1][lengths > 0])
        return hashes

    def hash_windows(self, longest: int) -> list[Hashes]:
        """Return the hashes of the windows of 1, 2, … *longest* words that begin at each word.

        Those of a window that reaches beyond the form mean nothing.
        """
        hashes = self.lexicon.hashes()[self.words]
        windows = [hashes]
        factor = 1
        for length in range(1, longest):
            factor = factor * _BASE % 2**64
            longer = windows[-1].copy()
            longer[:-length] += hashes[length:] * np.uint64(factor)
            windows.append(longer)

        return windows

    def hash_shingles(self) -> tuple[Integers, Integers]:
        """Return the pairs of adjoining words of each form, each once, as hashes of 40 bits.

        The first array holds the places of their forms, ascending. A long form has those of its
        first words.
        """
        forms = self.form_of_words()
        place_in_form = np.arange(len(self.words)) - self.bounds[forms]
        is_first = place_in_form < np.minimum(self.lengths, LONGEST_FORM)[forms] - 1
        hashes = self.hash_windows(2)[1][is_first] >> np.uint64(64 - SHINGLE_BITS)
        pairs = distinct(forms[is_first] << SHINGLE_BITS | hashes.astype(np.int64))
        return pairs >> SHINGLE_BITS, pairs & (2**SHINGLE_BITS - 1)


def distinct(values: Integers) -> Integers:
    """Return the different values in order; `np.unique` takes ten times as long."""
    ordered = np.sort(values)
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def read_batches(
    read_texts: Callable[[], Iterable[tuple[int, str]]],
) -> Iterator[tuple[list[int], FormBatch]]:
    """Yield the numbers of texts and their forms, batch by batch."""
    lexicon = Lexicon()
    numbers, texts, size = [], [], 0
    for number, text in read_texts():
        numbers.append(number)
        texts.append(text)
        size += 1 + len(text)
        if size >= _CHARACTERS:
            yield numbers, FormBatch.read(texts, lexicon)
            numbers, texts, size = [], [], 0
            if len(lexicon) >= _MOST_WORDS:
                lexicon = Lexicon()

    if texts:
        yield numbers, FormBatch.read(texts, lexicon)
