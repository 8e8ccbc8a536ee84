"""The names of a run: what each is, and which person it is, decided by all jobs together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, filterfalse

from sqlalchemy import select

from analysis.text import known_names
from analysis.text.known_names import NO_NAMES, ORGANISATION, PERSON, PLACES
from analysis.text.person_names import (
    FullNames,
    find_persons_of_other_types,
    former_last_name,
    has_title,
    identify_persons,
    is_full_name,
    is_particle,
    is_title,
    is_word_of_language,
    last_name,
    name_key,
)
from models.tables import Document
from reports.data.held_names import (
    CONTESTED,
    NAMED_AFTER,
    HeldNames,
    NameFinder,
    WrittenNames,
)
from reports.data.queries import fetch_pages
from reports.data.repeats import is_large
from reports.data.run_data import RunData, documents_condition
from reports.data.tables.entities import EntityRow, read_entities
from textapi.text import word_list
from textapi.text.word_list import base_form

_FULL_NAMES_SHOWN = 2
_LETTERS = re.compile(r"[^\W_]")

_APOSTROPHES = "\u2019'"
_POSSESSIVE = re.compile(f"[{_APOSTROPHES}]s?$")

# These stand before a name and a hyphen.
_PREFIXES = frozenset({"anti", "ex", "non", "post", "pre", "pro"})

# A name with one of these words is that of an organisation.
_ORGANISATION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """academy administration agency airlines alliance army assembly association authority bank
        board bureau cabinet caucus center centre church club coalition college commission committee
        company congress corporation corps council court department federation force forces
        foundation front fund group guard inc institute institution journal league library
        ministry museum navy network news office organization party parliament police post press
        school senate service society team times trust union university""",
    )
)

# Behind the name of a place, these name what people there are elected to.
_ELECTED = frozenset({"assembly", "congress", "council", "governor", "house", "mayor", "senate"})

# Without other evidence, a name is an organisation's if a model took it for one so often, and in
# this share of all cases.
_FEWEST_ORGANISATIONS = 3
_LEAST_ORGANISATION_SHARE = 2 / 3

# A name without evidence of a person is of another type that it has at least this often, in shares
# of the times that it was taken for a person.
_LEAST_OTHER_SHARE = 1 / 2

# Two words that were taken for an organisation so often are a person's name if the last one alone
# was taken for a person so often ("Stormy Quist").
_FEWEST_IN_FULL = 3
_FEWEST_OF_LAST_NAME = 2

# What was taken for a place is a first name if it stands before a last name this often, in shares
# of the times that it was taken for one: "Melania" does 94 times for 11, "London" 11 times for 30.
_LEAST_FIRST_NAMES = 3

# A name that was taken for a person more often than this, in shares of the times that it was taken
# for an organisation, is none on that evidence.
_MOST_DOUBTFUL = 1 / 5

# Where a word stands in more documents, in shares of the times that it was taken for a name, most
# of them use it as a word.
_MOST_UNNAMED = 2

# A place or an organisation is not counted where its name is a part of another's, which came so
# often.
_COUNTED_APART = frozenset({ORGANISATION, *PLACES})
_FEWEST_LONGER = 2

# The type and the name of an entity.
EntityName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NamedEntity:
    """A name as pages show it: *label* says under which full name a person was named too."""

    type: str
    label: str
    count: int

    # Whether more than a model's guess says that it is a person, or an organisation.
    has_evidence: bool

    # How often a model took it for a name.
    times: int

    # Whether texts count that hold it as an account's handle alone.
    with_handles: bool = False


@dataclass(frozen=True)
class RunNames:
    """What the names of a run stand for: one name has one type, and is one person's or nobody's.

    The keys of *types* are forms: names in small letters, those of persons as `name_key` has them.
    A type of "" is that of a person or organisation without evidence, and of a part of a headline.
    """

    types: Mapping[str, str]

    # The full name of each person by the person's last, first or full name.
    persons: Mapping[str, str]

    # Last names that several persons bear, and names behind a title.
    other_persons: frozenset[str]

    # How often each form was named in the run, by type.
    counts: Mapping[str, Mapping[str, int]]

    # Forms that end with an apostrophe and an s, which a model's spellings lack ("Quist's").
    possessives: frozenset[str] = frozenset()

    # Last names that are a part of the names of laws, prizes or reports, too ("Quist Act").
    in_other_names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, counts: Mapping[EntityName, int], texts: Iterable[str] = ()) -> RunNames:
        """Decide by the *counts* of all names of a run, and the full names in its *texts*."""
        type_counts: dict[str, Counter[str]] = defaultdict(Counter)
        titled: set[str] = set()
        for (type_, entity_name), count in _correct_known(counts):
            form = _form(type_, entity_name)
            type_counts[form][type_] += count
            if type_ == PERSON and has_title(entity_name):
                titled.add(form)

        in_texts = FullNames.find(texts, list(_list_last_names(type_counts)))
        person_counts = {
            form: counts_by_type[PERSON]
            for form, counts_by_type in type_counts.items()
            if counts_by_type[PERSON]
        }
        persons = identify_persons(person_counts, in_texts)
        bearers = {last_name(form) for form in person_counts if is_full_name(form)}
        bearers.update(filter(in_texts.are_persons, in_texts.last_names))
        bearers = {form for form in bearers if not is_word_of_language(form)}
        possessives = frozenset(filter(in_texts.ends_with_possessive, type_counts))
        other_persons = frozenset((titled | bearers) - persons.keys() - possessives)

        names = cls({}, persons, other_persons, type_counts, possessives)
        moved = names._find_moved(in_texts)
        types = {}
        for form, counts_by_type in type_counts.items():
            type_ = PERSON if form in moved else names._choose_type(form, counts_by_type)
            is_guess = type_ == ORGANISATION and (
                names._is_part_of_headline(form) or not names._is_proven_organisation(form)
            )
            if type_ in PLACES and _is_first_name(form, counts_by_type[type_], in_texts):
                is_guess = True

            types[form] = "" if is_guess or is_particle(form) else type_

        in_other_names = frozenset(filter(in_texts.is_in_other_names, type_counts))
        return cls(types, persons, other_persons, type_counts, possessives, in_other_names)

    def _find_moved(self, in_texts: FullNames) -> frozenset[str]:
        """Return the forms that were taken for something else and are persons."""
        counts = {}
        moved = set(in_texts.find_persons())
        for form, counts_by_type in self.counts.items():
            for type_, count in counts_by_type.items():
                counts[type_, form] = count

            if self._is_person_by_words(form, counts_by_type):
                moved.add(form)

        moved.update(
            form for _, form in find_persons_of_other_types(counts) if self._is_person(form)
        )
        return frozenset(form for form in moved if not _is_organisation(form))

    def _is_person_by_words(self, form: str, counts_by_type: Mapping[str, int]) -> bool:
        """Return whether the words of a form are a person's name, whatever a model takes it for."""
        types = counts_by_type.keys()
        is_in_full = is_full_name(form) and form.split(maxsplit=1)[0] in word_list.load().given
        if types <= {PERSON, ORGANISATION} and is_in_full:
            return True
        if types <= {ORGANISATION, *PLACES} and not types.isdisjoint(PLACES):
            # The first name, or the former of two last names.
            stands_before = form in self.persons.get(form, "").split()[:-1]
            return (stands_before or is_in_full) and not _holds_place_or_word(form)

        first_word, _, last_word = form.partition(" ")
        as_person = self.counts.get(last_word, {}).get(PERSON, 0)
        return (
            types == {ORGANISATION}
            and counts_by_type[ORGANISATION] >= _FEWEST_IN_FULL
            and as_person >= _FEWEST_OF_LAST_NAME
            and first_word.isalpha()
            and last_word not in self.persons
            and not is_word_of_language(last_word)
        )

    def _choose_type(self, form: str, counts_by_type: Mapping[str, int]) -> str:
        """Return the most frequent type; of a person only with evidence."""
        others = {type_: n for type_, n in counts_by_type.items() if type_ != PERSON}
        as_person = counts_by_type.get(PERSON, 0)
        if self._is_person(form):
            return PERSON if as_person >= max(others.values(), default=0) else _most(others)

        # The last name of somebody whom nothing names in full is taken for an organisation too.
        as_organisation = others.get(ORGANISATION, 0)
        if not _is_organisation(form) and as_person > _MOST_DOUBTFUL * as_organisation:
            others.pop(ORGANISATION, None)

        # One guess for each of two kinds says nothing.
        fewest = 2 if as_person else 1
        if others and max(others.values()) >= max(fewest, _LEAST_OTHER_SHARE * as_person):
            return _most(others)

        return ""

    def full_name(self, type_: str, entity_name: str) -> str:
        """Return the full name of the person whom a name stands for, else the name."""
        form = _form(type_, entity_name)
        return (
            self.persons.get(form, entity_name) if self.types.get(form) == PERSON else entity_name
        )

    def _is_part_of_headline(self, form: str) -> bool:
        """Return whether what was taken for an organisation is more than a name.

        It is if it holds a possessive, a prefix, a person's last name or what is no name ("Trump's
        Russia", "Pro-Russia", "Fact-Checking Trump", "UTC Sunday"), or ends with a word of the
        language that names no organisation ("Nobel Laureate").
        """
        words = re.split(r"[\s\u2013-]+", form)
        if len(words) == 1 or known_names.load().is_organisation(form):
            return False
        if words[0] in _PREFIXES or any(_POSSESSIVE.search(word) for word in words[:-1]):
            return True
        if _is_organisation(form):
            return False
        if known_names.load().types.get(words[0], "") is None:
            return True

        holds_person = any(word in self.persons for word in words)
        return holds_person or word_list.load().is_only_common(words[-1])

    def _is_person(self, form: str) -> bool:
        return form in self.persons or form in self.other_persons

    def has_evidence(self, type_: str, form: str) -> bool:
        """Return whether more than a model's guess says that a name is of *type_*."""
        if type_ == PERSON:
            return self._is_person(form)
        return type_ == ORGANISATION and self._is_proven_organisation(form)

    def _is_proven_organisation(self, form: str) -> bool:
        if _is_organisation(form):
            return True
        if " " in form and not any(map(_is_known_word, form.split())):
            return False

        counts_by_type = self.counts.get(form, {})
        as_organisation = counts_by_type.get(ORGANISATION, 0)
        total = sum(counts_by_type.values())
        return as_organisation >= max(_FEWEST_ORGANISATIONS, _LEAST_ORGANISATION_SHARE * total)

    def find_written(self, counts: Mapping[EntityName, int]) -> NameFinder:
        """Return a finder of the names among *counts* in texts, entry by entry."""
        names: dict[EntityName, set[str]] = defaultdict(set)
        full_names: dict[EntityName, set[str]] = defaultdict(set)
        parts_before: dict[EntityName, str] = {}
        for (type_, entity_name), _ in _correct_known(counts):
            form = _form(type_, entity_name)
            run_type = self.types.get(form, "")
            if run_type:
                entry_key = run_type, self._entry(run_type, form)
                written = _POSSESSIVE.sub("", _spelling(run_type, entity_name))
                if form in self.possessives:
                    names[entry_key].update(f"{written}{sign}s" for sign in _APOSTROPHES)
                else:
                    names[entry_key].add(written)

                if run_type == PERSON and is_full_name(form):
                    full_names[entry_key].add(written)

                part_before = self._part_before(run_type, form)
                if part_before:
                    parts_before[entry_key] = part_before

        bearers = defaultdict(set)
        # "Virginia Senate" is none, though Virginia is a first name.
        for full_name in filterfalse(_is_organisation, set(self.persons.values())):
            bearers[last_name(full_name)].add(full_name)
            bearers[full_name.split()[0]].add(full_name)

        written_names = {}
        for entry_key, entry_names in names.items():
            type_, key = entry_key
            others: set[str] = set()
            if type_ == PERSON or key in self.possessives:
                # "Pat Quist Jr." holds the name of another.
                namesakes = {name for name in bearers[key.split()[0]] if name.startswith(f"{key} ")}
                others = (bearers[last_name(key)] | namesakes) - {key}
            elif type_ in _COUNTED_APART:
                others = (self._longer_forms[key] | bearers[key]) - {key}

            written_names[entry_key] = WrittenNames(
                frozenset(entry_names),
                frozenset(full_names[entry_key]),
                frozenset(others),
                parts_before.get(entry_key, ""),
            )

        return NameFinder(written_names)

    def _part_before(self, run_type: str, form: str) -> str:
        """Return before what a form is a part of another name, as a regular expression."""
        if run_type == PERSON and form in self.in_other_names:
            return NAMED_AFTER
        if run_type == ORGANISATION and self._is_elected(form):
            return CONTESTED
        return ""

    def _is_elected(self, form: str) -> bool:
        """Return whether a form is a place with what people there are elected to."""
        place, _, elected = form.rpartition(" ")
        return elected in _ELECTED and (self.types.get(place) in PLACES or _is_place(place))

    @cached_property
    def _longer_forms(self) -> Mapping[str, set[str]]:
        """The names of places and organisations by the names of others that they hold.

        "Cambridge Analytica" names no Cambridge, "North Korea" is counted for itself, and "United
        Nations" begins with a word. But "New York City" is in New York, as a place is that begins
        with another's name, and "U.S. Quist Team" names the Quist Team.
        """
        longer_forms = defaultdict(set)
        for form, type_ in self.types.items():
            times = sum(self.counts[form].values())
            if type_ in _COUNTED_APART and times >= _FEWEST_LONGER:
                words = form.split()
                for start, end in combinations(range(len(words) + 1), 2):
                    shorter = " ".join(words[start:end])
                    is_of_type = self.types.get(shorter) == type_
                    names_shorter = is_of_type and (start == 0 or type_ == ORGANISATION)
                    if start == 0 and self._is_elected(form):
                        names_shorter = True

                    is_word = is_word_of_language(shorter) and not _is_organisation(shorter)
                    if is_word or not names_shorter:
                        longer_forms[shorter].add(form)

        return longer_forms

    def _entry(self, run_type: str, form: str) -> str:
        """Return the form of the entry that a form is counted under: a person has one."""
        return self.persons.get(form, form) if run_type == PERSON else form

    def merge(
        self,
        counts: Mapping[EntityName, int],
        account_names: Iterable[str] = (),
        held: HeldNames | None = None,
    ) -> tuple[list[NamedEntity], int, int]:
        """Return the names among *counts*, the most frequent first.

        A person has one entry. What texts hold counts, where *held* is given. Also return how many
        names are *account_names*, and how many were taken for persons without evidence.
        """
        groups: dict[EntityName, Counter[str]] = defaultdict(Counter)
        spellings: dict[str, Counter[str]] = defaultdict(Counter)
        own_names = set()
        unproven = set()
        for (type_, entity_name), count in _correct_known(counts):
            form = _form(type_, entity_name)
            run_type = self.types.get(form, "")
            if is_account(run_type or type_, entity_name, account_names):
                own_names.add(form)
            elif not run_type:
                unproven.add(form)
            else:
                groups[run_type, self._entry(run_type, form)][form] += count
                spelling = _spelling(run_type, entity_name)
                if form in self.possessives:
                    spelling = f"{_POSSESSIVE.sub('', spelling)}{_APOSTROPHES[0]}s"

                spellings[form][spelling] += count

        unproven |= _pop_parts(groups, held)
        labels = {}
        totals = Counter[EntityName]()
        with_handles = set()
        for entity_key, form_counts in groups.items():
            names_by_form = {form: _most(spellings[form]) for form in form_counts}
            in_full = form_counts[entity_key[1]]
            totals[entity_key] = form_counts.total()
            if held is not None and _are_names(entity_key, form_counts, held):
                totals[entity_key] = held.count_documents(entity_key)
                in_full = held.in_full[entity_key]
                if held.by_handle[entity_key]:
                    with_handles.add(entity_key)

            labels[entity_key] = _label(entity_key[1], form_counts, names_by_form, in_full)

        bearers = _group_bearers(totals)

        entities = []
        for (type_, key), count in totals.items():
            label = labels[type_, key]
            has_evidence = self.has_evidence(type_, key)
            if type_ == PERSON and key not in self.persons and key in bearers:
                listed = [
                    f"{labels[PERSON, full]} {totals[PERSON, full]:,}" for full in bearers[key]
                ]
                label = f"{label} (also {', '.join(listed[:_FULL_NAMES_SHOWN])})"

            times = groups[type_, key].total()
            has_handles = (type_, key) in with_handles
            entities.append(NamedEntity(type_, label, count, has_evidence, times, has_handles))

        entities.sort(key=lambda entity: (-entity.count, entity.type, entity.label))
        return entities, len(own_names), len(unproven)


def read_run_names(run: RunData) -> RunNames:
    """Return what the names of *run* stand for, read once of all its jobs and their documents."""

    def read() -> RunNames:
        counts = sum_counts(read_entities(run))
        return RunNames.of(counts, () if is_large(run) else _read_texts(run))

    return run.readings.once(read_run_names, read)


def _read_texts(run: RunData) -> Iterator[str]:
    for job in run.jobs:
        statement = select(Document.id, Document.text).where(documents_condition(run, job))
        for document in fetch_pages(run.db, statement, Document.id):
            yield document.text


def _list_last_names(type_counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield the names that may be last names of persons: of places, those of known persons."""
    known = known_names.load()
    last_names: set[str] = set()
    for form, counts_by_type in type_counts.items():
        if PERSON in counts_by_type and is_full_name(form):
            last_names |= {last_name(form), former_last_name(form)}

    for form, counts_by_type in type_counts.items():
        is_of_person = form in last_names and not _holds_place_or_word(form)
        is_candidate = is_of_person or not counts_by_type.keys().isdisjoint({PERSON, ORGANISATION})
        is_last_name = form.strip() != "" and last_name(form) == form
        if is_candidate and is_last_name and not known.is_organisation(form):
            yield form


def _is_first_name(form: str, as_place: int, in_texts: FullNames) -> bool:
    """Return whether what was taken for a place is a first name in the texts ("Melania Quist")."""
    before_last_names = in_texts.counts_by_first_name[form]
    return before_last_names >= _LEAST_FIRST_NAMES * max(2, as_place)


def _holds_place_or_word(form: str) -> bool:
    """Return whether a list has a form, or a word of it, as a place, or it ends with no name."""
    holds_place = any(map(_is_place, (form, *form.split())))
    return holds_place or is_word_of_language(form.rsplit(maxsplit=1)[-1])


def _is_place(form: str) -> bool:
    """Return whether a list has a form as a place."""
    lists, known = word_list.load(), known_names.load()
    is_known = known.types.get(form) in PLACES or form in known.maybe_places
    return is_known or form in lists.regions or form in lists.landforms


def _is_organisation(form: str) -> bool:
    """Return whether a list or a word of the name says that it is an organisation's."""
    words = re.findall(r"\w+", form)
    has_word = len(words) > 1 and not _ORGANISATION_WORDS.isdisjoint(words)
    return has_word or known_names.load().is_organisation(form)


def sum_counts(entity_rows: Iterable[EntityRow]) -> Counter[EntityName]:
    """Return how often each name of *entity_rows* was named in whole jobs."""
    counts = Counter[EntityName]()
    for entity_row in entity_rows:
        if entity_row.period is None and entity_row.type not in NO_NAMES:
            counts[entity_row.type, entity_row.name] += entity_row.count

    return counts


def _correct_known(counts: Mapping[EntityName, int]) -> Iterator[tuple[EntityName, int]]:
    """Yield *counts* with the types that the list of known names has, without what it rejects."""
    known = known_names.load()
    for (type_, entity_name), count in counts.items():
        corrected = known.correct_type(type_, entity_name)
        if corrected is not None:
            yield (corrected, entity_name), count


def _is_known_word(word: str) -> bool:
    """Return whether a list has *word*: two words that none has may be a person's name."""
    return _is_place(word) or word in word_list.load().common or word in known_names.load().types


def _form(type_: str, entity_name: str) -> str:
    return name_key(entity_name) if type_ == PERSON else entity_name.casefold()


def _spelling(type_: str, entity_name: str) -> str:
    """Return the name of a person without its title, another name as it is."""
    words = entity_name.split()
    while type_ == PERSON and len(words) > 1 and is_title(words[0]):
        del words[0]

    return " ".join(words)


def _most(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda candidate: (-counts[candidate], candidate))


def _pop_parts(groups: dict[EntityName, Counter[str]], held: HeldNames | None) -> set[str]:
    """Remove the names that texts hold as parts of others alone, and return their forms."""
    forms: set[str] = set()
    if held is not None:
        for entity_key in filter(held.is_only_part, list(groups)):
            forms.update(groups.pop(entity_key))

    return forms


def _are_names(entity_key: EntityName, form_counts: Mapping[str, int], held: HeldNames) -> bool:
    """Return whether the texts that hold a name mean it: a word may be meant instead ("Cook").

    A model finds most names that are no words.
    """
    documents, times = held.count_documents(entity_key), sum(form_counts.values())
    if not documents:
        return False

    words = word_list.load()
    is_word = any(" " not in form and base_form(form) in words.common for form in form_counts)
    return not is_word or documents <= _MOST_UNNAMED * times


def _label(
    key: str, form_counts: Counter[str], names_by_form: Mapping[str, str], in_full: int
) -> str:
    """Return a person's full name; the more frequent last name, and how often the full name came.

    *key* is the full name, or the form of a name that is nobody's full name. A full name that
    texts hold, but that no model found among these counts, has no spelling to be shown.
    """
    if 2 * form_counts[key] >= form_counts.total():
        return names_by_form[key]

    short_name = names_by_form[_most({form: n for form, n in form_counts.items() if form != key})]
    full_name = names_by_form.get(key)
    return f"{short_name} (as {full_name} {in_full:,})" if full_name and in_full else short_name


def _group_bearers(totals: Counter[EntityName]) -> dict[str, list[str]]:
    """Return the full names among *totals* by their last name, the most frequent first."""
    bearers: dict[str, list[str]] = defaultdict(list)
    for (type_, key), _ in sorted(totals.items(), key=lambda entry: (-entry[1], entry[0])):
        if type_ == PERSON and is_full_name(key):
            bearers[last_name(key)].append(key)

    return bearers


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
