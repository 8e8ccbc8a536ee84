"""How many documents hold a name, as the texts write it: a model misses some of them.

A name is held as whole words, by the edges of the keyword rule; case counts. A document counts for
the longest name of a place, and for the fullest name of a person, so that the counts of a person's
names add up.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from operator import attrgetter

from analysis.text import known_names
from analysis.text.entity_counts import WHOLE_JOB, EntityCount, form_of, written_form
from analysis.text.known_names import ORGANISATION, PERSON, PLACES
from analysis.text.person_names import (
    NAMED_AFTER_PERSONS,
    FullNames,
    NameEvidence,
    identify_persons,
    is_full_name,
    last_name,
    name_key,
)
from analysis.text.whole_words import whole_words
from textapi.text import word_list
from textapi.text.normal_form import normal_form
from textapi.text.word_list import base_form

_WORD = re.compile(r"\w+")
_HANDLE = re.compile(r"(?<![\w@])@(\w+)")
_NO_LETTER = re.compile(r"[\W_]")
_HYPHEN = re.compile("[-\u2013]")

# A last name before one of these is a part of another name.
_NAMED_AFTER = re.compile(rf"\s+(?:{'|'.join(sorted(NAMED_AFTER_PERSONS))})\b", re.IGNORECASE)

# Behind the name of a place, these name what people there are elected to.
_ELECTED = frozenset({"assembly", "congress", "council", "governor", "house", "mayor", "senate"})

# The name of a chamber before one of these says what is contested: "Ohio Senate Race".
_CONTESTED = re.compile(
    r"(?:['\u2019]s)?\s+(?:bids?|campaigns?|candidates?|contests?|debates?|elections?|hopefuls?|"
    r"nominees?|primar(?:y|ies)|races?|runoffs?|seats?)\b",
    re.IGNORECASE,
)

# A longer name of such a type, or of the same type, that came so often holds a shorter one as its
# part; a rally at a place names the place.
_COUNTED_APART = frozenset({ORGANISATION, *PLACES})
_FEWEST_LONGER = 2

# Where a word stands in more documents, in shares of the times that it was taken for a name, most
# of them use it as a word.
_MOST_UNNAMED = 2

Texts = Mapping[str, Sequence[str]]


def count_documents(counts: Sequence[EntityCount], texts: Texts) -> list[EntityCount]:
    """Return *counts* with the documents that hold each name, ranked by them in period and type.

    *texts* are those of each period, without repeats. A name that was taken for several types has
    its documents under the most frequent one.
    """
    normal_texts = {
        period: list(map(normal_form, period_texts)) for period, period_texts in texts.items()
    }
    whole_job = [count for count in counts if count.period == WHOLE_JOB]
    finder = NameFinder(whole_job, [text for period in normal_texts.values() for text in period])
    documents: dict[str, Counter[str]] = defaultdict(Counter)
    for period, period_texts in normal_texts.items():
        found = Counter(chain.from_iterable(map(finder.find, period_texts)))
        for counted_period in {WHOLE_JOB, period}:
            documents[counted_period].update(found)

    times: dict[str, Counter[str]] = defaultdict(Counter)
    for count in counts:
        times[count.period][form_of(count.name)] += count.count

    words = set(_find_words(documents[WHOLE_JOB], times[WHOLE_JOB]))
    held = []
    for count in counts:
        form = form_of(count.name)
        counted = times if form in words else documents
        is_main = finder.types.get(form) == count.type
        n_documents = counted[count.period][form] if is_main else 0
        held.append(replace(count, documents=n_documents))

    return list(_rank(held))


def _find_words(documents: Mapping[str, int], times: Mapping[str, int]) -> Iterator[str]:
    """Yield the forms that most texts use as words ("Cook"): a model finds most other names."""
    for form, n_documents in documents.items():
        if n_documents > _MOST_UNNAMED * times[form] and may_be_word(form):
            yield form


def may_be_word(form: str) -> bool:
    """Return whether a form is a word of the language too, so that texts may use it as one."""
    return " " not in form and base_form(form) in word_list.load().common


def _rank(counts: Iterable[EntityCount]) -> Iterator[EntityCount]:
    ranks = Counter[tuple[str, str]]()
    by_documents = sorted(counts, key=lambda count: (-(count.documents or 0), count.rank))
    for count in sorted(by_documents, key=attrgetter("period", "type")):
        ranks[count.period, count.type] += 1
        yield replace(count, rank=ranks[count.period, count.type])


@dataclass
class _TextNames:
    """The names that a text holds: for themselves, and as a part of another name alone."""

    alone: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)


class NameFinder:
    """Finds the names of a job in its texts.

    A handle counts for the name that its letters are: "@ElmBay" for "Elm Bay". Another person may
    have the last name of a person, so a person's handle is the full name.
    """

    def __init__(self, counts: Iterable[EntityCount], texts: Sequence[str]) -> None:
        times: dict[str, Counter[str]] = defaultdict(Counter)
        spellings: dict[str, set[str]] = defaultdict(set)
        for count in counts:
            form = form_of(count.name)
            times[form][count.type] += count.count
            spellings[form].update(map(written_form, [count.name, *count.spellings]))

        # The most frequent type of each form, without pairs of persons.
        self.types = {form: _most_frequent(types) for form, types in times.items()}
        self._times = {form: types.total() for form, types in times.items()}
        self._keys = {f: name_key(f) for f, type_ in self.types.items() if type_ == PERSON}
        self._full_names = {form for form, key in self._keys.items() if is_full_name(key)}
        self._rules: dict[str, list[tuple[int, re.Pattern[str], str]]] = defaultdict(list)
        self._handles: dict[str, str] = {}
        for form, names in spellings.items():
            for name in names:
                self._add_rule(form, name, case_sensitive=True)
                if form not in self._keys or form in self._full_names:
                    self._handles[_fold_handle(name)] = form

        # The types of longer names that no model found.
        self._uncounted: dict[str, str] = {}
        self._look_for_known_names()
        self._persons = self._identify_persons(texts)
        self._holds_part = cache(self._is_part_of_longer)
        self._named_as_parts = self._find_named_as_parts(texts)

    def _add_rule(self, form: str, name: str, *, case_sensitive: bool = False) -> None:
        """Look for *name* where its first word stands."""
        first_word = _WORD.search(normal_form(name))
        if first_word:
            rule = whole_words(name, case_sensitive=case_sensitive)
            self._rules[first_word.group().casefold()].append((first_word.start(), rule, form))

    def _look_for_known_names(self) -> None:
        """Look for known names that hold one of the job's, whether a model found them or not."""
        for name, type_ in known_names.load().types.items():
            is_longer = " " in name and not self.types.keys().isdisjoint(name.split())
            if is_longer and type_ is not None and name not in self.types:
                self._uncounted[name] = type_
                self._add_rule(name, name)

    def _identify_persons(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the full names of persons by their names, and look for those without a count."""
        person_counts = Counter[str]()
        for form, key in self._keys.items():
            person_counts[key] += self._times[form]

        last_names = {last_name(key) for key in person_counts} - {""}
        in_texts = FullNames.find([NameEvidence.read(texts)], sorted(last_names))
        persons = identify_persons(person_counts, in_texts)
        for pair in list(self._find_pairs(in_texts)):
            del self.types[pair], self._keys[pair]

        for full_name in sorted(in_texts.reliable_counts().keys() - self._keys.keys()):
            self._keys[full_name] = full_name
            self._full_names.add(full_name)
            self._add_rule(full_name, full_name)

        return persons

    def _find_pairs(self, in_texts: FullNames) -> Iterator[str]:
        """Yield the forms that were taken for a person and are two, "Quist-Bolt".

        Both are persons of the job, or one that is named at least as often as the pair is. What has
        a first name or a title before it is a double name, and so are two first names.
        """
        given = word_list.load().given
        borne = {form.split()[-1] for form in self._keys if " " in form}
        for form in self._keys:
            parts = _HYPHEN.split(form)
            is_borne = form in borne or in_texts.is_borne(form) or in_texts.are_persons(form)
            if len(parts) == 1 or " " in form or is_borne:
                continue

            persons = [part for part in parts if part in self._keys]
            is_one = any(self._times[part] >= self._times[form] for part in persons)
            if len(persons) == len(parts) or (is_one and not given.issuperset(parts)):
                yield form

    def _find_named_as_parts(self, texts: Iterable[str]) -> set[str]:
        """Return the names that stand alone more often than in the names of laws, say."""
        alone, parts = Counter[str](), Counter[str]()
        for found in map(self._read, texts):
            alone.update(found.alone)
            parts.update(found.parts)

        return {form for form in parts if parts[form] <= alone[form]}

    def find(self, text: str) -> set[str]:
        """Return the forms of the names that *text* counts for."""
        found = self._read(text)
        forms = (found.alone | (found.parts & self._named_as_parts)) & self.types.keys()
        persons = forms & self._keys.keys()
        fullest: dict[str, str] = {}
        for form in sorted(persons, key=lambda form: (form in self._full_names, len(form), form)):
            key = self._keys[form]
            fullest[self._persons.get(key, key)] = form

        return (forms - persons) | set(fullest.values())

    def _read(self, text: str) -> _TextNames:
        places = list(self._find_places(text))
        found = _TextNames()
        for start, end, form in places:
            is_longest = True
            for other_start, other_end, other in places:
                is_within = other_start <= start and end <= other_end and other != form
                if is_within and self._holds_part(other, form, starts=other_start == start):
                    is_longest = False
                    break

            if is_longest:
                (found.parts if self._is_part(text, end, form) else found.alone).add(form)

        for handle in _HANDLE.findall(text):
            handle_form = self._handles.get(_fold_handle(handle))
            if handle_form is not None:
                found.alone.add(handle_form)

        found.parts -= found.alone
        return found

    def _find_places(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where a name begins and ends, and its form."""
        for word in _WORD.finditer(text):
            for offset, rule, form in self._rules.get(word.group().casefold(), ()):
                start = word.start() - offset
                if start >= 0 and (match := rule.match(text, start)):
                    yield start, match.end(), form

    def _is_part_of_longer(self, longer: str, form: str, *, starts: bool) -> bool:
        """Return whether *longer* is the name of something else than its part *form*.

        "Cambridge Analytica" names no Cambridge, "North Korea" is counted for itself, and "United
        Nations" begins with a word. But "New York City" is in New York, as a place is that begins
        with another's name, "Ohio Senate" is in Ohio, and "U.S. Quist Team" names the Quist Team. A
        last word that no list has is a part of the name ("Stormy Daniels").
        """
        is_person, is_full = longer in self._keys, longer in self._full_names
        is_known = longer in self._uncounted or known_names.load().is_organisation(longer)
        is_frequent = is_known or self._times.get(longer, 0) >= _FEWEST_LONGER
        if form in self._keys:
            # What the job does not count under the full name counts under the short one.
            is_uncounted = longer not in self.types
            is_same = self._persons.get(self._keys[form]) == self._keys.get(longer)
            is_titled = self._keys.get(longer) == self._keys[form]
            is_another = is_full or is_titled or is_frequent
            return is_person and is_another and not (is_uncounted and is_same)

        type_ = self.types.get(form, "")
        longer_type = self.types.get(longer, self._uncounted.get(longer))
        is_of_type = longer_type == type_
        is_apart = is_of_type or longer_type in _COUNTED_APART
        if not is_full and not (is_frequent and is_apart):
            return False

        is_listed = known_names.load().is_organisation(form)
        is_named = starts or (type_ == ORGANISATION and (" " in form or is_listed))
        names_part = is_of_type and is_named
        names_part |= starts and type_ in PLACES and self._is_elected(longer)
        return not names_part

    def _is_elected(self, form: str) -> bool:
        """Return whether a form is a place with what people there are elected to."""
        place, _, elected = form.rpartition(" ")
        lists = word_list.load()
        is_place = place in lists.regions or self.types.get(place) in PLACES
        return elected in _ELECTED and is_place

    def _is_part(self, text: str, end: int, form: str) -> bool:
        """Return whether a name that ends at *end* is a part of a law's, or of a contest's."""
        if form in self._keys:
            return form not in self._full_names and _NAMED_AFTER.match(text, end) is not None
        return self._is_elected(form) and _CONTESTED.match(text, end) is not None


def _fold_handle(written: str) -> str:
    """Return the letters and digits that a name and its handle share."""
    return _NO_LETTER.sub("", written).casefold()


def _most_frequent(types: Mapping[str, int]) -> str:
    return min(types, key=lambda type_: (-types[type_], type_))
