"""Names of a run: whose last name a name is, counted over all jobs, and how it is labelled."""

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

EntityName = tuple[str, str]  # type and name


def merge_types(
    counts: Mapping[EntityName, int], of_run: Mapping[EntityName, int]
) -> Counter[EntityName]:
    """Return *counts* with each form once, under the type that it has most often.

    Last names that were taken for something else are persons first: each job has corrected them
    with its own counts, and those of few documents show it only together, with *of_run*, the
    counts of all keywords. Of types with equal counts the first by name stays, of spellings that
    differ in case the most frequent.
    """
    by_form = Counter[EntityName]()
    for (type_, name), count in of_run.items():
        by_form[type_, name.casefold()] += count
    persons = find_persons_of_other_types(by_form)

    types: dict[str, Counter[str]] = defaultdict(Counter)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for (type_, name), count in counts.items():
        form = name.casefold()
        corrected, _ = persons.get((type_, form), (type_, form))
        types[form][corrected] += count
        spellings[form][name] += count

    merged = Counter[EntityName]()
    for form, of_form in types.items():
        merged[_most_frequent(of_form), _most_frequent(spellings[form])] = of_form.total()
    return merged


def _most_frequent(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def is_account(type_: str, name: str, account_names: Iterable[str]) -> bool:
    """Return whether *name* is one of *account_names* with or without blanks and titles.

    So is the last name of a person: "President Obama" is @barackobama, but "Michelle Obama" is not.
    """
    words = name.casefold().split()
    while len(words) > 1 and is_title(words[0]):
        del words[0]

    for account_name in account_names:
        letters = account_name.casefold().split()
        if _LETTERS.findall("".join(words)) == _LETTERS.findall("".join(letters)):
            return True
        if type_ == PERSON and len(letters) > 1 and words == letters[-1:]:
            return True
    return False


def label_last_names(counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], str]:
    """Return labels for the last names among *counts*, which are by type and name.

    "Obama" with full names beside it is "Obama (also Michelle Obama 1)", the most frequent first.
    """
    full_names: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for (type_, name), count in counts.items():
        if type_ == PERSON and is_full_name(name, WordUsage()):
            full_names[name.split()[-1].casefold()].append((-count, name))

    labels = {}
    for type_, name in counts:
        others = sorted(full_names.get(name.casefold(), ()))
        if type_ == PERSON and others:
            listed = [
                f"{full} {-minus_count:,}" for minus_count, full in others[:_FULL_NAMES_SHOWN]
            ]
            labels[type_, name] = f"{name} (also {', '.join(listed)})"
    return labels
