"""How names are labelled: a last name that stays apart names the persons that it may stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from analysis.text.person_names import PERSON, is_full_name
from analysis.text.word_usage import WordUsage

_FULL_NAMES_SHOWN = 2


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
