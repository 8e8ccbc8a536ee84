"""Which phrases say something of a subject, and which only repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from analysis.query.terms import CASE, STAR
from analysis.text.person_names import is_full_name, is_title, name_key
from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of, words_of_terms


def says_something(phrase: str, count: int, subject_terms: Collection[str]) -> bool:
    """Return whether a phrase that *count* documents hold is more than chance and the subject."""
    return count > 1 and not repeats_subject(phrase, subject_terms)


def repeats_subject(phrase: str, subject_terms: Collection[str]) -> bool:
    """Return whether *phrase* has only words of the subject's terms and stop words.

    A title before a person's name does not count: "President Trump" is "Donald Trump".
    """
    words = list(map(str.casefold, words_of(phrase)))
    repeated = words_of_terms(subject_terms) | stop_words_for(Counter(words))
    persons = words_of_terms(filter(_is_person, subject_terms))

    stems = tuple(_stems_of_terms(subject_terms))

    for word, following in pairwise([*words, ""]):
        is_repeated = word in repeated or word.startswith(stems)
        if not is_repeated and not (is_title(word) and following in persons):
            return False

    return True


def _is_person(term: str) -> bool:
    return term[:1].isupper() and is_full_name(name_key(term))


def _stems_of_terms(terms: Iterable[str]) -> Iterator[str]:
    """Yield what stands before each star, case-folded."""
    for term in terms:
        for word in term.split():
            if word.endswith(STAR):
                yield word.strip(CASE + STAR).casefold()
