"""Counts of named entities: spellings of one name are joined, what is no name is left out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PERSON = "PERSON"
_TIMES = frozenset({"DATE", "TIME"})
_MONEY = "MONEY"
WHOLE_JOB = ""  # the period of counts over all periods

_WORD = re.compile(r"([@#]?)(\w+)")
_POSSESSIVE = re.compile("['\u2019]s?$")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
# Characters that are no part of a name where they stand at its edge.
_EDGES = " ,;:!?&|/\\*+=~_<>\"'\u201c\u201d\u2018\u2019()[]{}\u2026\u2022-\u2013\u2014@#\ufffd"
_LEADING = _EDGES.replace("@", "").replace("#", "") + "."
_LETTER = re.compile(r"[^\W\d_]")
_SUM = re.compile(
    r"\d|[$\u00a2\u00a3\u00a5\u20ac]|\b(?:dollar|cent|euro|pound|(?:m|b|tr)illion)s?\b",
    re.IGNORECASE,
)
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
_LONGEST_NAME = 80  # characters
_COMMON_SHARE = 1 / 8  # of a word's uses in small letters: more often, it is no part of a name

Entity = tuple[str, str]  # the type, and the form that the spellings of one name share
Spellings = Counter[str]


class Occurrence(NamedTuple):
    """An entity as it was found in one text of a period."""

    period: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class EntityCount:
    """An entity with its count in one period, or over all of them (`WHOLE_JOB`)."""

    period: str
    type: str
    name: str
    rank: int
    count: int
    spellings: list[str]


@dataclass
class WordUsage:
    """How often words are used in texts: as tags, in small letters, or as names; case folded."""

    tags: set[str] = field(default_factory=set)
    untagged: Counter[str] = field(default_factory=Counter)
    lower_case: Counter[str] = field(default_factory=Counter)  # among the untagged

    @classmethod
    def of(cls, texts: Iterable[str]) -> WordUsage:
        """Count the words of *texts*."""
        usage = cls()

        for text in texts:
            for sign, word in _WORD.findall(text):
                folded = word.casefold()
                if sign:
                    usage.tags.add(folded)
                else:
                    usage.untagged[folded] += 1
                    usage.lower_case[folded] += word == folded

        return usage

    def is_only_a_tag(self, word: str) -> bool:
        """Return whether *word* stands behind "#" or "@" alone: nobody uses it as a name."""
        folded = word.casefold()
        return folded in self.tags and not self.untagged[folded]

    def is_common(self, word: str) -> bool:
        """Return whether *word* is one of the language rather than a part of a name."""
        folded = word.casefold()
        return self.lower_case[folded] > _COMMON_SHARE * self.untagged[folded]


def count_entities(
    occurrences: Iterable[Occurrence], texts: Iterable[str] = ()
) -> list[EntityCount]:
    """Count entities for the whole job and each period, ranked within period and type.

    *texts* are those in which they were found. Joined are spellings that differ in case,
    possessive, leading article or white space; a tag or a handle with the name that it is without
    its blanks ("WhiteHouse"); and a person's last name with the only longer name that ends with
    it. The name shown is the most frequent spelling, the longer where a short one was joined to
    it. Left out is what is no name of its type: tags and handles that nobody spells out, signs
    without a letter, sums without a number, words that the texts have in small letters too.
    """
    usage = WordUsage.of(texts)
    spellings: dict[Entity, Spellings] = defaultdict(Counter)
    by_period: dict[str, Counter[Entity]] = defaultdict(Counter)
    tags: list[Occurrence] = []

    for period, type_, name in occurrences:
        spelling = _strip_tags(name, usage)
        if spelling and usage.is_only_a_tag(spelling.lstrip("@#")):
            tags.append(Occurrence(period, type_, spelling))
        elif spelling and _is_name(type_, spelling, usage):
            entity = (type_, _form(spelling))
            spellings[entity][spelling] += 1
            by_period[period][entity] += 1

    for tag, entity in _spelled_out(tags, spellings):
        spellings[entity][tag.name] += 1
        by_period[tag.period][entity] += 1

    joined = _join_last_names(spellings, usage)
    return list(_ranked_counts(spellings, by_period, joined))


def _ranked_counts(
    spellings: Mapping[Entity, Spellings],
    by_period: Mapping[str, Counter[Entity]],
    joined: Mapping[Entity, Entity],
) -> Iterator[EntityCount]:
    """Yield the counts by period, type and rank, with *joined* entities counted as one."""
    names = {entity: _shown_name(spellings[entity]) for entity in spellings}
    all_spellings: dict[Entity, set[str]] = defaultdict(set)
    totals: dict[str, Counter[Entity]] = {WHOLE_JOB: Counter()}

    for entity, of_entity in spellings.items():
        all_spellings[joined.get(entity, entity)].update(of_entity)

    for period, counts in by_period.items():
        for entity, count in counts.items():
            group = joined.get(entity, entity)
            totals[WHOLE_JOB][group] += count
            if period != WHOLE_JOB:
                totals.setdefault(period, Counter())[group] += count

    def order(item: tuple[Entity, int]) -> tuple[str, int, str, str]:
        entity, count = item
        return entity[0], -count, names[entity], entity[1]

    for period, counts in sorted(totals.items()):
        ranks: Counter[str] = Counter()
        for entity, count in sorted(counts.items(), key=order):
            type_ = entity[0]
            ranks[type_] += 1
            written = sorted(all_spellings[entity])
            yield EntityCount(period, type_, names[entity], ranks[type_], count, written)


def _strip_tags(name: str, usage: WordUsage) -> str:
    """Return *name* without punctuation at its edges, and without tags before and behind it."""
    words = name.split()

    while len(words) > 1 and usage.is_only_a_tag(words[0].strip(_EDGES)):
        del words[0]
    while len(words) > 1 and usage.is_only_a_tag(words[-1].strip(_EDGES)):
        del words[-1]

    return " ".join(words).lstrip(_LEADING).rstrip(_EDGES)


def _is_name(type_: str, spelling: str, usage: WordUsage) -> bool:
    form = _form(spelling)

    if type_ == _MONEY:
        return _SUM.search(spelling) is not None
    if type_ in _TIMES:
        return form != ""
    if not 1 < len(form) <= _LONGEST_NAME or not _LETTER.search(form):
        return False
    return form in usage.tags or not usage.is_common(form)


def _form(spelling: str) -> str:
    """Return what the spellings of one name share."""
    stripped = _ARTICLE.sub("", _POSSESSIVE.sub("", spelling.strip(_EDGES)))
    return stripped.casefold().strip(_EDGES + ".")


def _spelled_out(
    tags: Iterable[Occurrence], spellings: Mapping[Entity, Spellings]
) -> Iterator[tuple[Occurrence, Entity]]:
    """Yield the tags that are a name without its blanks, with the only such name of their type."""
    entities: dict[Entity, list[Entity]] = defaultdict(list)

    for type_, form in spellings:
        entities[type_, _without_blanks(form)].append((type_, form))

    # A list, since the caller adds spellings while it reads.
    matches = [(tag, entities.get((tag.type, _without_blanks(tag.name)), [])) for tag in tags]
    for tag, candidates in matches:
        if len(candidates) == 1:
            yield tag, candidates[0]


def _without_blanks(form: str) -> str:
    return re.sub(r"[\W_]", "", form.casefold())


def _join_last_names(
    spellings: Mapping[Entity, Spellings], usage: WordUsage
) -> dict[Entity, Entity]:
    """Map each last name that ends exactly one full name to that name.

    "Mrs. Gray" may be another person than "John Gray" and is joined to nobody.
    """
    full_names: dict[str, list[Entity]] = defaultdict(list)
    for entity, of_entity in spellings.items():
        type_, form = entity
        if type_ == PERSON and _is_full_name(_shown_name(of_entity), usage):
            full_names[form.split()[-1]].append(entity)

    joined = {}
    for entity in spellings:
        type_, form = entity
        candidates = full_names.get(form, [])
        if type_ == PERSON and len(candidates) == 1:
            joined[entity] = candidates[0]

    return joined


def _is_full_name(name: str, usage: WordUsage) -> bool:
    """Return whether *name* begins with a first name: "Nurse Gray" and "Watch Curiosity" do not."""
    first, _, rest = name.partition(" ")
    if not rest or not first[0].isupper():
        return False
    return first.casefold().strip(".") not in _TITLES and not usage.is_common(first)


def _shown_name(spellings: Spellings) -> str:
    """Return the most frequent spelling, without possessive, article, "@" and "#"."""
    counts: Counter[str] = Counter()

    for spelling, count in spellings.items():
        without_possessive = _POSSESSIVE.sub("", spelling.lstrip("@#"))
        counts[_ARTICLE.sub("", without_possessive).strip()] += count

    return min(counts, key=lambda name: (-counts[name], name))
