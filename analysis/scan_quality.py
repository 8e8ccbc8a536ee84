"""How well texts were read by machine: the share of their words that a dictionary has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.database import Database
from models.documents import DocumentScope, list_texts
from textapi.text import word_list
from textapi.text.word_list import base_form

# Shorter words are in a dictionary by chance: half of all pairs of letters are.
_WORD = re.compile(r"[^\W\d_]{4,}(?:['\u2019]s)?")
# Of edited English as it was written, so many words are in the list: the others are names, foreign
# words and spellings of their time (`tests/unit/test_scan_quality.py`).
CLEAN_SHARE = 0.95
# Of words with wrong letters, so many are in the list all the same: other words, or pieces that a
# wrong full stop cut off (5.1 to 6.4 % of the words of `docs/` at 2 to 20 % wrong letters).
DAMAGED_SHARE = 0.055
# The words of a month that are looked at; more do not move the share.
_MOST_WORDS = 200_000
_KEYWORD_LENGTH = 6


@dataclass(frozen=True, slots=True)
class ScanQuality:
    """The words of four letters and more, those in the dictionary, and their mean length."""

    words: int
    known: int
    letters: int

    @property
    def share(self) -> float:
        """The share of the words that the dictionary has."""
        return self.known / self.words

    @property
    def wrong_letters(self) -> float:
        """The share of letters that were read wrongly, as if each were by chance."""
        intact = (self.share - DAMAGED_SHARE) / (CLEAN_SHARE - DAMAGED_SHARE)
        intact = min(1.0, max(0.0, intact))
        return 1.0 - float(intact ** (self.words / self.letters))

    def missed(self, length: int) -> float:
        """Return the share of the mentions of a word of *length* letters that are not found."""
        return 1.0 - float((1 - self.wrong_letters) ** length)


def measure_scans(texts: Iterable[str]) -> ScanQuality | None:
    """Return the quality of *texts*, None where they have no words."""
    known_words = word_list.load()
    dictionary = known_words.common | known_words.given | known_words.last | known_words.regions
    words = known = letters = 0
    for text in texts:
        for word in _WORD.findall(text):
            words += 1
            letters += len(word)
            known += _is_known(base_form(word), dictionary)

        if words >= _MOST_WORDS:
            break

    return ScanQuality(words, known, letters) if words else None


def _is_known(word: str, dictionary: frozenset[str]) -> bool:
    """Return whether the dictionary has a word, or one that it is an inflection of."""
    if word in dictionary:
        return True

    return any(
        word.endswith(ending) and f"{word.removesuffix(ending)}{stem}" in dictionary
        for ending, stem in (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"))
    ) or any(
        word.endswith("ing") and f"{word.removesuffix('ing')}{stem}" in dictionary
        for stem in ("", "e")
    )


def measure_period(db: Database, scope: DocumentScope) -> ScanQuality | None:
    """Return the quality of a period's texts, None where they have no words."""
    return measure_scans(list_texts(db, scope))


def describe_scans(quality: ScanQuality) -> str:
    """Return what *quality* means for the counts of a period, for the reader."""
    return (
        f"read by machine: {100 * quality.share:.0f} % of the words of four letters and more are "
        f"in an English dictionary ({100 * CLEAN_SHARE:.0f} % of clean text), so that about "
        f"{100 * quality.missed(_KEYWORD_LENGTH):.0f} % of the mentions of a word of "
        f"{_KEYWORD_LENGTH} letters are missed"
    )
