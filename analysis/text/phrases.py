"""Which phrases say something of a subject, and which only repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of


def says_something(phrase: str, count: int, subject_terms: Collection[str]) -> bool:
    """Return whether a phrase that *count* documents hold is more than chance and the subject."""
    return count > 1 and not repeats_subject(phrase, subject_terms)


def repeats_subject(phrase: str, subject_terms: Collection[str]) -> bool:
    """Return whether *phrase* has no word beside those of the subject's terms and stop words."""
    words = Counter(map(str.casefold, words_of(phrase)))
    subject_words: set[str] = set()
    for term in subject_terms:
        subject_words.update(map(str.casefold, words_of(term)))

    return not words.keys() - subject_words - stop_words_for(words)
