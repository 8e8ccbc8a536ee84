"""Counts of named entities: spellings of one name are joined, what is no name is left out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analysis.text import known_names, person_names
from analysis.text.known_names import PERSON
from analysis.text.person_names import Entity
from analysis.text.word_usage import WordUsage
from textapi.text import word_list
from textapi.text.keywords import TermPattern
from textapi.text.normal_form import normal_form

_TIMES = frozenset({"DATE", "TIME"})
_MONEY = "MONEY"

# This period stands for counts over all periods.
WHOLE_JOB = ""


_POSSESSIVE = re.compile("['\u2019]s?$")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)

# These characters are no part of a name if they stand at its edge.
_EDGES = " ,;:!?&|/\\*+=~_<>\"'\u201c\u201d\u2018\u2019()[]{}\u2026\u2022-\u2013\u2014@#\ufffd"
_LEADING = _EDGES.replace("@", "").replace("#", "") + "."

_LETTER = re.compile(r"[^\W\d_]")
_SUM = re.compile(
    r"\d|[$\u00a2\u00a3\u00a5\u20ac]|\b(?:dollar|cent|euro|pound|(?:m|b|tr)illion)s?\b",
    re.IGNORECASE,
)

# A longer entity, in characters, is no name.
_LONGEST_NAME = 80

# A period, an entity, and how the period's texts write it.
_Spelling = tuple[str, Entity, str]


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

    # How often it was named.
    count: int

    spellings: list[str]

    # How many documents hold it; None where they were not counted.
    documents: int | None = None


def count_entities(
    occurrences: Iterable[Occurrence],
    texts: Iterable[str] = (),
    subject: Sequence[TermPattern] = (),
    not_names: Iterable[str] = (),
) -> list[EntityCount]:
    """Count entities for the whole job and each period, ranked within period and type.

    The entities were found in *texts*. The patterns *subject* match the keyword's terms, which are
    no entities; nor are *not_names*. Two kinds of spellings are joined: those that differ in case,
    possessive, leading article or white space; a tag or handle and the name that it spells without
    blanks ("WhiteHouse"). The most frequent spelling is shown. Names that `known_names` lists have
    the type of the list.
    What is no name of its type is left out: tags and handles that nobody spells out, signs without
    a letter, sums without a number, words that the texts have in small letters too; in headlines
    in Title Case also words without a capital, and single words that are no names elsewhere.
    """
    usage = WordUsage.of(texts)
    counts = Counter[_Spelling]()
    tags: list[Occurrence] = []
    unwanted_forms = frozenset(map(form_of, not_names))

    for period, engine_type, entity_text in occurrences:
        spelling = _clean(engine_type, entity_text, usage)
        form = form_of(spelling)
        type_ = known_names.load().correct_type(engine_type, form)
        if type_ is None or form in unwanted_forms:
            continue

        type_ = person_names.correct_place(type_, form)
        if spelling and usage.is_only_a_tag(spelling.lstrip("@#")):
            tags.append(Occurrence(period, type_, spelling))
        elif spelling and _is_name(type_, spelling, usage) and not _matches(subject, spelling):
            counts[period, (type_, form), spelling] += 1

    for tag, entity in _spelled_out(tags, {entity for _, entity, _ in counts}):
        counts[tag.period, entity, tag.name] += 1

    return list(_rank(_correct_types(counts)))


def _correct_types(counts: Mapping[_Spelling, int]) -> Counter[_Spelling]:
    """Count last names that were taken for organisations or places as the persons they are."""
    totals = Counter[Entity]()
    for (_, entity, _), count in counts.items():
        totals[entity] += count

    persons = person_names.find_persons_of_other_types(totals)
    corrected = Counter[_Spelling]()
    for (period, entity, spelling), count in counts.items():
        corrected[period, persons.get(entity, entity), spelling] += count

    return corrected


def _rank(counts: Mapping[_Spelling, int]) -> Iterator[EntityCount]:
    """Yield the counts by period, type and rank."""
    spellings: dict[Entity, Counter[str]] = defaultdict(Counter)
    totals: dict[str, Counter[Entity]] = defaultdict(Counter)
    for (period, entity, spelling), count in counts.items():
        spellings[entity][spelling] += count
        for counted_period in {WHOLE_JOB, period}:
            totals[counted_period][entity] += count

    shown_names = {entity: _shown_name(written) for entity, written in spellings.items()}
    for period, of_period in sorted(totals.items()):
        ranks = Counter[str]()
        for type_, negative, name, form in sorted(
            (entity[0], -count, shown_names[entity], entity[1])
            for entity, count in of_period.items()
        ):
            ranks[type_] += 1
            written = sorted(spellings[type_, form])
            yield EntityCount(period, type_, name, ranks[type_], -negative, written)


def _clean(type_: str, entity_text: str, usage: WordUsage) -> str:
    """Remove from *entity_text* what the model took along: signs, tags, words before a person."""
    spelling = _strip_tags(entity_text, usage)
    if type_ == PERSON and usage.is_title_case:
        return person_names.without_leading_words(spelling)

    return spelling


def _matches(subject: Sequence[TermPattern], spelling: str) -> bool:
    """Return whether *spelling* is one of the terms of the keyword."""
    return any(term.fullmatch(form_of(spelling)) for term in subject)


def _strip_tags(entity_text: str, usage: WordUsage) -> str:
    """Remove punctuation at the edges of *entity_text*, and the tags before and behind it."""
    words = entity_text.split()

    while len(words) > 1 and usage.is_only_a_tag(words[0].strip(_EDGES)):
        del words[0]

    while len(words) > 1 and usage.is_only_a_tag(words[-1].strip(_EDGES)):
        del words[-1]

    return " ".join(words).lstrip(_LEADING).rstrip(_EDGES)


def _is_name(type_: str, spelling: str, usage: WordUsage) -> bool:
    form = form_of(spelling)

    if type_ == _MONEY:
        return _SUM.search(spelling) is not None
    if type_ in _TIMES:
        return form != ""
    if not 1 < len(form) <= _LONGEST_NAME or not _LETTER.search(form):
        return False
    if usage.is_title_case and (spelling.islower() or word_list.load().is_only_common(form)):
        return False

    return form in usage.tags or not usage.is_common(form)


def form_of(spelling: str) -> str:
    """Return what the spellings of one name share."""
    stripped = _ARTICLE.sub("", _strip_possessive(spelling.strip(_EDGES)))
    return normal_form(stripped).casefold().strip(_EDGES + ".")


def _strip_possessive(spelling: str) -> str:
    """Return *spelling* without possessive; a known name that ends with one keeps it ("Macy's")."""
    is_whole = known_names.load().is_organisation(spelling)
    return spelling if is_whole else _POSSESSIVE.sub("", spelling)


def _spelled_out(
    tags: Iterable[Occurrence], known_entities: Iterable[Entity]
) -> Iterator[tuple[Occurrence, Entity]]:
    """Yield each tag that spells a name without blanks, with the only such name of its type."""
    entities: dict[Entity, list[Entity]] = defaultdict(list)

    for type_, form in known_entities:
        entities[type_, _without_blanks(form)].append((type_, form))

    for tag in tags:
        candidates = entities.get((tag.type, _without_blanks(tag.name)), [])
        if len(candidates) == 1:
            yield tag, candidates[0]


def _without_blanks(form: str) -> str:
    return re.sub(r"[\W_]", "", form.casefold())


def _shown_name(spellings: Mapping[str, int]) -> str:
    """Return the most frequent spelling, without possessive, article, "@" and "#"."""
    counts: Counter[str] = Counter()

    for spelling, count in spellings.items():
        counts[written_form(spelling)] += count

    return min(counts, key=lambda name: (-counts[name], name))


def written_form(spelling: str) -> str:
    """Return *spelling* without possessive, article, "@" and "#"."""
    return _ARTICLE.sub("", _strip_possessive(spelling.lstrip("@#"))).strip()
