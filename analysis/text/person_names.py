"""Persons by their names: which longer name a last name stands for, and with what evidence."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Protocol

from textapi.text import word_list
from textapi.text.word_list import base_form

PERSON = "PERSON"
_ORGANISATION = "ORG"
_PLACES_AND_PEOPLES = ("GPE", "LOC", "NORP")

_TITLES = frozenset(
    re.findall(
        r"\w+",
        """mr mrs ms miss dr sir lady lord madam nurse doctor prof professor judge justice president
        vp senator sen rep congressman congresswoman secretary sec gov governor mayor premier
        minister chancellor king queen prince princess pope captain capt gen general col colonel
        sgt lt major admiral admin administrator chief director uncle aunt saint st rev father
        brother sister coach""",
    )
)

# The full name is at least this share of all occurrences of a last name, alone or behind this first
# name. A single "Michelle Obama" does not tell who 43 "Obama" are: with n full names, all of one
# person, up to 3 / n of the others may be somebody else's (95 %, the rule of three).
_LEAST_FULL_SHARE = 1 / 4

# In 9,500 headlines of three months, the words above this share were persons, except two that are
# persons more often than organisations anyway.
_LEAST_PERSON_SHARE = 1 / 5

# The rule takes 9 of the 15,707 places and peoples that CoNLL-2003 labels for persons with this
# share, and 63 with the share of organisations.
_LEAST_FULL_NAMES_OF_PLACES = 1 / 2

_POSSESSIVE = re.compile("['\u2019]s?$")

# The type, and the form that the spellings of one name share.
Entity = tuple[str, str]


class CommonWords(Protocol):
    """The words that texts have in small letters."""

    def is_common(self, word: str) -> bool:
        """Return whether *word* is one of the language rather than a part of a name."""


def join_last_names(
    counts: Mapping[Entity, int], names: Mapping[Entity, str], usage: CommonWords
) -> dict[Entity, Entity]:
    """Map the last names of a job to the full names that they stand for.

    *counts* are the counts of entities, *names* how they are shown. The full name occurs more often
    than all other full names of that last name together, and is at least a quarter of all
    occurrences of the two.
    "Mrs. Gray" may be another person than "John Gray" and is joined to nobody.
    """
    full_names: dict[str, list[Entity]] = defaultdict(list)
    for entity in counts:
        if entity[0] == PERSON and is_full_name(names[entity], usage):
            full_names[entity[1].split()[-1]].append(entity)

    joined = {}
    for last_name, candidates in full_names.items():
        alone = counts.get((PERSON, last_name), 0)
        total = sum(counts[entity] for entity in candidates)
        best = max(candidates, key=lambda entity: (counts[entity], entity))
        is_clear = counts[best] > total - counts[best]
        if is_clear and counts[best] >= _LEAST_FULL_SHARE * (counts[best] + alone):
            joined[PERSON, last_name] = best

    return joined


def find_persons_of_other_types(counts: Mapping[Entity, int]) -> dict[Entity, Entity]:
    """Map last names of persons that were taken for something else to the person.

    A model may take "Trump" for an organisation in one headline and for a person in the next. It is
    a person where it was taken for one twice, alone or behind a first name, and at least once for
    five times that it was taken for an organisation. Persons bear the names of places
    ("Washington"): for places and peoples full names alone count, and one for two times is needed.
    """
    as_persons = Counter[str]()
    counts_in_full_names = Counter[str]()
    for (type_, form), count in counts.items():
        if type_ == PERSON:
            *first_names, last_name = form.split()
            as_persons[last_name] += count
            if first_names and _begins_like_a_person(form):
                counts_in_full_names[last_name] += count

    persons = {}
    for (type_, form), count in counts.items():
        evidence, share = 0, 0.0
        if type_ == _ORGANISATION:
            evidence, share = as_persons[form], _LEAST_PERSON_SHARE
        elif type_ in _PLACES_AND_PEOPLES:
            evidence, share = counts_in_full_names[form], _LEAST_FULL_NAMES_OF_PLACES
        if evidence >= max(2, share * count):
            persons[type_, form] = (PERSON, form)
    return persons


def _begins_like_a_person(form: str) -> bool:
    *first_names, _ = form.split()
    if is_title(first_names[0]):
        return False
    return not any(_POSSESSIVE.search(word) or _is_word_of_language(word) for word in first_names)


def correct_place(type_: str, form: str) -> str:
    """Return the type of an entity; it is a place if *form* is a place's name that no person bears.

    In CoNLL-2003, title-cased, this corrects 112 of the engine's persons that are places, and no
    person becomes a place.
    """
    word_lists = word_list.load()
    if type_ == PERSON and form in word_lists.regions:
        return "GPE"
    if type_ == PERSON and form in word_lists.landforms:
        return "LOC"
    return type_


def is_full_name(person_name: str, usage: CommonWords) -> bool:
    """Return whether *person_name* begins with a first name.

    "Nurse Gray" and "Watch Curiosity" do not, nor does anything with a word of the language before
    the last name: "Touchdown Joe", "Cal Survived Covid".
    """
    words = person_name.split()
    if len(words) < 2 or not words[0][0].isupper():
        return False
    first_word, *later_words = words
    if is_title(first_word) or usage.is_common(first_word):
        return False
    return not any(
        _is_word_of_language(word) for word in (first_word, *later_words[:-1]) if word[0].isupper()
    )


def is_title(word: str) -> bool:
    """Return whether *word* stands before names, as "President" does."""
    return word.casefold().strip(".") in _TITLES


def without_leading_words(person_name: str) -> str:
    """Return *person_name* without words of the language before it, titles aside.

    "Blame Obama" is "Obama". A name of such words alone stays as it is.
    """
    words = person_name.split()
    start = 0

    while start < len(words) and _is_word_of_language(words[start]):
        if is_title(words[start]):
            break
        start += 1

    return " ".join(words[start:]) or person_name


def _is_word_of_language(word: str) -> bool:
    word_lists = word_list.load()
    base = base_form(word)
    return base in word_lists.common and base not in word_lists.given
