"""Entities counted: spellings joined where that is safe, what is no name left out, per type, over all and by month."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PERSON = "PERSON"
_TIMES = frozenset({"DATE", "TIME"})
_MONEY = "MONEY"

_WORD = re.compile(r"([@#]?)(\w+)")
_POSSESSIVE = re.compile("['\u2019]s?$")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_EDGES = " ,;:!?&|/\\*+=~_<>\"'\u201c\u201d\u2018\u2019()[]{}\u2026\u2022-\u2013\u2014@#\ufffd"  # no part of a name
_BEFORE = _EDGES.replace("@", "").replace("#", "") + "."
_LETTER = re.compile(r"[^\W\d_]")
_SUM = re.compile(
    r"\d|[$\u00a2\u00a3\u00a5\u20ac]|\b(?:dollar|cent|euro|pound|(?:m|b|tr)illion)s?\b",
    re.IGNORECASE,
)
_TITLES = frozenset(
    re.findall(
        r"\w+",
        """mr mrs ms miss dr sir lady lord madam nurse doctor prof professor judge justice president vp senator sen rep
        congressman congresswoman secretary sec gov governor mayor premier minister chancellor king queen prince
        princess pope captain capt gen general col colonel sgt lt major admiral admin administrator chief director
        uncle aunt saint st rev father brother sister coach""",
    )
)
_LONGEST = 80  # characters; what is longer is no name


@dataclass(frozen=True, slots=True)
class EntityCount:
    """An entity with its count in one period ("" for the whole job) and the spellings that were joined."""

    period: str
    type: str
    name: str
    rank: int
    count: int
    spellings: tuple[str, ...]


Entity = tuple[str, str]  # its type, and what its spellings have in common


class Found(NamedTuple):
    """One occurrence of an entity."""

    period: str
    type: str
    name: str


@dataclass
class Usage:
    """How the texts in which entities were found use their words: as tags, in small letters, or as names."""

    tags: set[str] = field(default_factory=set)  # case folded
    plain: Counter[str] = field(
        default_factory=Counter
    )  # case folded: times without "#" or "@" before it
    small: Counter[str] = field(default_factory=Counter)  # of these, times in small letters

    @classmethod
    def of(cls, texts: Iterable[str]) -> Usage:
        """Count the words of *texts*."""
        usage = cls()
        for text in texts:
            for sign, word in _WORD.findall(text):
                folded = word.casefold()
                if sign:
                    usage.tags.add(folded)
                else:
                    usage.plain[folded] += 1
                    usage.small[folded] += word == folded
        return usage

    def is_only_a_tag(self, word: str) -> bool:
        """Whether *word* stands in the texts behind "#" or "@" alone: people do not speak of it by that name."""
        return word.casefold() in self.tags and not self.plain[word.casefold()]

    def is_common(self, word: str) -> bool:
        """Whether *word* is one of the language rather than a part of a name: often enough in small letters."""
        return 8 * self.small[word.casefold()] > self.plain[word.casefold()]


def aggregate(found: Iterable[Found], texts: Iterable[str] = ()) -> list[EntityCount]:
    """Counts for the whole job (period "") and each period, ranked within period and type by count, then name.

    *texts* are those in which they were found. Joined are spellings that differ in case, possessive, leading article
    or white space; a tag or a handle with the name that it is without its blanks ("WhiteHouse"); and a person's last
    name with the only longer name that ends with it. The name shown is the most frequent spelling, the longer where a
    short one was joined to it. Left out is what is no name of its type: tags and handles that nobody spells out, signs
    without a letter, sums without a number, words that the texts have in small letters too ("Watch").
    """
    usage = Usage.of(texts)
    counts: dict[Entity, Counter[str]] = defaultdict(Counter)
    by_period: dict[str, Counter[Entity]] = defaultdict(Counter)
    tags: list[tuple[str, str, str]] = []  # period, type, tag
    for period, type_, name in found:
        spelling = _spelling(name, usage)
        if spelling and usage.is_only_a_tag(spelling.lstrip("@#")):
            tags.append((period, type_, spelling))
        elif spelling and _is_sensible(type_, spelling, usage):
            form = (type_, _form(spelling))
            counts[form][spelling] += 1
            by_period[period][form] += 1
    for period, entity, tag in _spelled_out(tags, counts):
        counts[entity][tag] += 1
        by_period[period][entity] += 1
    joined = _joined_persons(counts, usage)
    groups: dict[Entity, Counter[str]] = defaultdict(Counter)
    names: dict[Entity, str] = {}
    for entity, spellings in counts.items():
        group = joined.get(entity, entity)
        groups[group].update(spellings)
        if group == entity:
            names[group] = _shown(spellings)
    totals: dict[str, Counter[Entity]] = {"": Counter()}
    for period, entities in by_period.items():
        for entity, count in entities.items():
            totals[""][joined.get(entity, entity)] += count
            if period:
                totals.setdefault(period, Counter())[joined.get(entity, entity)] += count
    return [
        EntityCount(period, group[0], names[group], rank, count, tuple(sorted(groups[group])))
        for period, group_counts in sorted(totals.items())
        for rank, group, count in _ranked(group_counts, names)
    ]


def _ranked(
    counts: Mapping[Entity, int], names: Mapping[Entity, str]
) -> Iterable[tuple[int, Entity, int]]:
    ranks: Counter[str] = Counter()
    for group, count in sorted(
        counts.items(), key=lambda pair: (pair[0][0], -pair[1], names[pair[0]], pair[0][1])
    ):
        ranks[group[0]] += 1
        yield ranks[group[0]], group, count


def _spelling(name: str, usage: Usage) -> str:
    """*name* without what a model took along: punctuation, and tags before and behind it."""
    words = name.split()
    while len(words) > 1 and usage.is_only_a_tag(words[0].strip(_EDGES)):
        del words[0]
    while len(words) > 1 and usage.is_only_a_tag(words[-1].strip(_EDGES)):
        del words[-1]
    bare = " ".join(words)
    return bare.lstrip(_BEFORE).rstrip(_EDGES)


def _is_sensible(type_: str, spelling: str, usage: Usage) -> bool:
    form = _form(spelling)
    if type_ == _MONEY:
        return _SUM.search(spelling) is not None
    if type_ in _TIMES:
        return form != ""
    if not 1 < len(form) <= _LONGEST or not _LETTER.search(form):
        return False
    return form in usage.tags or not usage.is_common(form)


def _form(spelling: str) -> str:
    """What spellings of the same name have in common."""
    bare = _ARTICLE.sub("", _POSSESSIVE.sub("", spelling.strip(_EDGES)))
    return bare.casefold().strip(_EDGES + ".")


def _spelled_out(
    tags: Iterable[tuple[str, str, str]], counts: Mapping[Entity, Counter[str]]
) -> Iterable[tuple[str, Entity, str]]:
    """The tags that are a name without its blanks, with the only such name of their type."""
    named: dict[Entity, list[Entity]] = defaultdict(list)
    for type_, form in counts:
        named[type_, _squeezed(form)].append((type_, form))
    for period, type_, tag in tags:
        match named.get((type_, _squeezed(tag))):
            case [entity]:
                yield period, entity, tag


def _squeezed(form: str) -> str:
    return re.sub(r"[\W_]", "", form.casefold())


def _joined_persons(counts: Mapping[Entity, Counter[str]], usage: Usage) -> dict[Entity, Entity]:
    """Last names that end exactly one full name, with that name. "Mrs. Gray" may be another than "John Gray"."""
    full: dict[str, list[Entity]] = defaultdict(list)
    for entity, spellings in counts.items():
        if entity[0] == PERSON and _is_a_full_name(_shown(spellings), usage):
            full[entity[1].split()[-1]].append(entity)
    joined = {}
    for entity in counts:
        match full.get(entity[1]):
            case [only] if entity[0] == PERSON:
                joined[entity] = only
    return joined


def _is_a_full_name(name: str, usage: Usage) -> bool:
    """Whether it has a first name: "Nurse Gray" has none, nor has "Watch Curiosity" or what is in small letters."""
    first, _, rest = name.partition(" ")
    return (
        rest != ""
        and first[0].isupper()
        and first.casefold().strip(".") not in _TITLES
        and not usage.is_common(first)
    )


def _shown(spellings: Counter[str]) -> str:
    """The most frequent spelling, without possessive, article, "@" and "#"; the first by code points among equals."""
    bare: Counter[str] = Counter()
    for spelling, count in spellings.items():
        bare[_ARTICLE.sub("", _POSSESSIVE.sub("", spelling.lstrip("@#"))).strip()] += count
    return min(bare, key=lambda name: (-bare[name], name))
