"""Labels for the names of a run: last names with their persons, counted over all jobs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from analysis.text.person_names import (
    PERSON,
    find_persons_of_other_types,
    is_full_name,
    is_title,
)
from analysis.text.word_usage import WordUsage

_FULL_NAMES_SHOWN = 2
_LETTERS = re.compile(r"[^\W_]")

# The type and the name of an entity.
EntityName = tuple[str, str]


def merge_types(
    counts: Mapping[EntityName, int], run_counts: Mapping[EntityName, int]
) -> Counter[EntityName]:
    """Return *counts* with each form once, under the type that it has most often.

    Last names of another type are corrected to persons first. Each job did so with its own counts;
    rare names show it only in *run_counts*, the counts of all keywords together. Among types with
    equal counts the first by name stays, among spellings that differ in case the most frequent.
    """
    counts_by_form = Counter[EntityName]()
    for (type_, entity_name), count in run_counts.items():
        counts_by_form[type_, entity_name.casefold()] += count
    persons = find_persons_of_other_types(counts_by_form)

    types: dict[str, Counter[str]] = defaultdict(Counter)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for (type_, entity_name), count in counts.items():
        form = entity_name.casefold()
        corrected, _ = persons.get((type_, form), (type_, form))
        types[form][corrected] += count
        spellings[form][entity_name] += count

    merged = Counter[EntityName]()
    for form, type_counts in types.items():
        merged[_most_frequent(type_counts), _most_frequent(spellings[form])] = type_counts.total()
    return merged


def _most_frequent(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda candidate: (-counts[candidate], candidate))


def is_account(type_: str, entity_name: str, account_names: Iterable[str]) -> bool:
    """Return whether *entity_name* is one of *account_names* with or without blanks and titles.

    So is the last name of a person: "President Obama" is @barackobama, but "Michelle Obama" is not.
    """
    name_words = entity_name.casefold().split()
    while len(name_words) > 1 and is_title(name_words[0]):
        del name_words[0]

    for account_name in account_names:
        letters = account_name.casefold().split()
        if _LETTERS.findall("".join(name_words)) == _LETTERS.findall("".join(letters)):
            return True
        if type_ == PERSON and len(letters) > 1 and name_words == letters[-1:]:
            return True
    return False


def label_last_names(counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], str]:
    """Return labels for the last names among *counts*, which are by type and name.

    "Obama" with full names beside it is "Obama (also Michelle Obama 1)", the most frequent first.
    """
    full_names: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for (type_, entity_name), count in counts.items():
        if type_ == PERSON and is_full_name(entity_name, WordUsage()):
            full_names[entity_name.split()[-1].casefold()].append((-count, entity_name))

    labels = {}
    for type_, entity_name in counts:
        longer_names = sorted(full_names.get(entity_name.casefold(), ()))
        if type_ == PERSON and longer_names:
            listed = [
                f"{full} {-minus_count:,}" for minus_count, full in longer_names[:_FULL_NAMES_SHOWN]
            ]
            labels[type_, entity_name] = f"{entity_name} (also {', '.join(listed)})"
    return labels
