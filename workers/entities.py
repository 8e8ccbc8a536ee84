"""Entities counted: spellings joined where that is safe, per type, over all and by month."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from models.findings import FoundEntity

_POSSESSIVE = re.compile("['\u2019]s?$")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
PERSON = "PERSON"


class Found(NamedTuple):
    """One occurrence of an entity."""

    period: str
    type: str
    name: str


def aggregate(found: Iterable[Found]) -> list[FoundEntity]:
    """Counts for the whole job (period "") and each period, ranked within period and type by count, then name.

    Joined are spellings that differ in case, possessive, leading article, "@", "#" or white space, and a person's last
    name with the only longer name that ends with it. The name shown is the most frequent spelling, the longer where a
    short one was joined to it.
    """
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # (type, form) -> spellings
    by_period: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for period, type_, name in found:
        spelling = " ".join(name.split())
        form = (type_, _form(spelling))
        if form[1]:
            counts[form][spelling] += 1
            by_period[period][form] += 1
    joined = _joined_persons(form for type_, form in counts if type_ == PERSON)

    def group_of(type_: str, form: str) -> tuple[str, str]:
        return type_, joined.get(form, form) if type_ == PERSON else form

    groups: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    names: dict[tuple[str, str], str] = {}
    for entity, spellings in counts.items():
        group = group_of(*entity)
        groups[group].update(spellings)
        if group == entity:
            names[group] = _shown(spellings)
    totals: dict[str, Counter[tuple[str, str]]] = {"": Counter()}
    for period, entities in by_period.items():
        for entity, count in entities.items():
            totals[""][group_of(*entity)] += count
            if period:
                totals.setdefault(period, Counter())[group_of(*entity)] += count
    return [
        FoundEntity(period, group[0], names[group], rank, count, tuple(sorted(groups[group])))
        for period, group_counts in sorted(totals.items())
        for rank, group, count in _ranked(group_counts, names)
    ]


def _ranked(
    counts: Mapping[tuple[str, str], int], names: Mapping[tuple[str, str], str]
) -> Iterable[tuple[int, tuple[str, str], int]]:
    ranks: Counter[str] = Counter()
    for group, count in sorted(counts.items(), key=lambda pair: (pair[0][0], -pair[1], names[pair[0]], pair[0][1])):
        ranks[group[0]] += 1
        yield ranks[group[0]], group, count


def _form(spelling: str) -> str:
    """What spellings of the same name have in common."""
    bare = _ARTICLE.sub("", _POSSESSIVE.sub("", spelling.lstrip("@#").strip()))
    return bare.casefold().strip(" .,;:!?\"'\u201c\u201d\u2018\u2019()")


def _joined_persons(forms: Iterable[str]) -> dict[str, str]:
    """Last names that end exactly one longer name, with that name."""
    there = set(forms)
    longer: dict[str, list[str]] = defaultdict(list)
    for form in there:
        words = form.split()
        if len(words) > 1:
            longer[words[-1]].append(form)
    return {form: longer[form][0] for form in there if " " not in form and len(longer.get(form, ())) == 1}


def _shown(spellings: Counter[str]) -> str:
    """The most frequent spelling, without possessive, article, "@" and "#"; the first by code points among equals."""
    bare: Counter[str] = Counter()
    for spelling, count in spellings.items():
        bare[_ARTICLE.sub("", _POSSESSIVE.sub("", spelling.lstrip("@#"))).strip()] += count
    return min(bare, key=lambda name: (-bare[name], name))
