"""The names of a run: what each is, and which person it is, decided by all jobs together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from analysis.text import known_names
from analysis.text.known_names import NO_NAMES, ORGANISATION, PERSON, PLACES
from analysis.text.person_names import (
    FullNames,
    NameEvidence,
    find_persons_of_other_types,
    has_title,
    identify_persons,
    is_full_name,
    is_particle,
    is_title,
    is_word_of_language,
    last_name,
    name_key,
)
from textapi.text import word_list

_PEOPLES = "NORP"

_FULL_NAMES_SHOWN = 2
_LETTERS = re.compile(r"[^\W_]")

_POSSESSIVE = re.compile("['\u2019]s?$")

# These stand before a name and a hyphen.
_PREFIXES = frozenset({"anti", "ex", "non", "post", "pre", "pro"})
_HAS_PREFIX = re.compile(rf"(?:{'|'.join(sorted(_PREFIXES))})[\u2013-]")

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

# Without other evidence, a name is an organisation's if a model took it for one so often, and in
# this share of all cases.
_FEWEST_ORGANISATIONS = 3
_LEAST_ORGANISATION_SHARE = 2 / 3

# Two words that were taken for an organisation so often are a person's name if the last one alone
# was taken for a person so often ("Stormy Quist").
_FEWEST_IN_FULL = 3
_FEWEST_OF_LAST_NAME = 2

# What was taken for a place is a first name if it stands before a last name this often, in shares
# of the times that it was taken for one: "Melania" does 94 times for 11, "London" 11 times for 30.
_LEAST_FIRST_NAMES = 3

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

    # Whether the count is a number of documents for all its names.
    has_documents: bool = True


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

    @classmethod
    def of(
        cls, counts: Mapping[EntityName, int], evidence: Iterable[NameEvidence] = ()
    ) -> RunNames:
        """Decide by the *counts* of all names of a run, and what its texts show, part by part."""
        type_counts: dict[str, Counter[str]] = defaultdict(Counter)
        titled: set[str] = set()
        for name, type_ in _correct_known(counts):
            entity_name = name[1]
            form = _form(type_, entity_name)
            type_counts[form][type_] += counts[name]
            if type_ == PERSON and has_title(entity_name):
                titled.add(form)

        in_texts = FullNames.find(evidence, _list_last_names(type_counts))
        person_counts = {
            form: counts_by_type[PERSON]
            for form, counts_by_type in type_counts.items()
            if counts_by_type[PERSON]
        }
        persons = identify_persons(person_counts, in_texts)
        bearers = {last_name(form) for form in person_counts if is_full_name(form)}
        bearers.update(filter(in_texts.are_persons, in_texts.last_names))
        bearers = {form for form in bearers if not is_word_of_language(form)}
        names = cls({}, persons, frozenset((titled | bearers) - persons.keys()), type_counts)
        moved = set(in_texts.find_persons())
        moved.update(form for form in type_counts if names._is_person_by_words(form))
        guesses = {
            (type_, form): count
            for form, counts_by_type in type_counts.items()
            for type_, count in counts_by_type.items()
        }
        taken_for_others = find_persons_of_other_types(guesses)
        moved.update(form for _, form in taken_for_others if names._is_person(form))
        types = {}
        for form, counts_by_type in type_counts.items():
            type_ = names._choose_type(form, counts_by_type)
            if form in moved and not _is_organisation(form):
                type_ = PERSON

            is_guess = type_ == ORGANISATION and (
                names._is_part_of_headline(form) or not names._is_proven_organisation(form)
            )
            if type_ == ORGANISATION and not _is_organisation(form):
                is_guess = is_guess or in_texts.is_borne(form)

            is_guess |= type_ in PLACES and _is_first_name(form, counts_by_type[type_], in_texts)
            is_guess |= type_ == _PEOPLES and _HAS_PREFIX.match(form) is not None
            types[form] = "" if is_guess or is_particle(form) else type_

        return replace(names, types=types)

    def _is_person_by_words(self, form: str) -> bool:
        """Return whether the words of a form are a person's name, whatever a model takes it for."""
        counts_by_type = self.counts[form]
        types = counts_by_type.keys()
        is_in_full = is_full_name(form) and form.split(maxsplit=1)[0] in word_list.load().given
        if types <= {PERSON, ORGANISATION} and is_in_full:
            return True
        if types <= {ORGANISATION, *PLACES} and not types.isdisjoint(PLACES):
            is_first_name = form in self.persons.get(form, "").split()[:-1]
            return (is_first_name or is_in_full) and not _holds_place_or_word(form)

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

        # One guess for each of two kinds says nothing.
        fewest = 2 if as_person else 1
        return _most(others) if max(others.values(), default=0) >= fewest else ""

    def find_type(self, type_: str, entity_name: str) -> str:
        """Return what a name that was taken for *type_* is in the whole run.

        Without evidence that is what it was taken for most often. A date, a sum or a number is what
        it was taken for.
        """
        corrected = known_names.load().correct_type(type_, entity_name)
        form = _form(corrected or type_, entity_name)
        if corrected is None or type_ in NO_NAMES or form not in self.types:
            return type_

        return self.types[form] or _most(self.counts[form])

    def full_name(self, type_: str, entity_name: str) -> str:
        """Return the full name of the person whom a name stands for, else the name."""
        form = _form(type_, entity_name)
        return (
            self.persons.get(form, entity_name) if self.types.get(form) == PERSON else entity_name
        )

    def _is_part_of_headline(self, form: str) -> bool:
        """Return whether what was taken for an organisation is more than a name.

        It is if it holds a possessive, a prefix or a person's last name ("Trump's Russia",
        "Pro-Russia", "Fact-Checking Trump").
        """
        words = re.split(r"[\s\u2013-]+", form)
        if len(words) == 1 or known_names.load().is_organisation(form):
            return False
        if words[0] in _PREFIXES or any(_POSSESSIVE.search(word) for word in words[:-1]):
            return True
        return not _is_organisation(form) and any(word in self.persons for word in words)

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

    def find_entry(self, type_: str, entity_name: str) -> EntityName:
        """Return what the counts of a name are added up under: a person has one entry.

        A name without evidence is what it was taken for.
        """
        form = _form(known_names.load().correct_type(type_, entity_name) or type_, entity_name)
        run_type = self.types.get(form) or type_
        return run_type, self._entry(run_type, form)

    def _entry(self, run_type: str, form: str) -> str:
        """Return the form of the entry that a form is counted under: a person has one."""
        return self.persons.get(form, form) if run_type == PERSON else form

    def merge(
        self,
        counts: Mapping[EntityName, int],
        account_names: Collection[str] = (),
        documents: Mapping[EntityName, int] | None = None,
        uncounted: Collection[EntityName] = (),
    ) -> tuple[list[NamedEntity], int, int]:
        """Return the names among *counts*, the most frequent first; a person has one entry.

        *counts* say how often a model took each for a name, *documents* how many hold it, by
        default as many; those of *uncounted* names may be no documents. Also return how many names
        are *account_names*, and how many have no evidence or no document that holds them.
        """
        documents = counts if documents is None else documents
        groups: dict[EntityName, Counter[str]] = defaultdict(Counter)
        times = Counter[EntityName]()
        spellings: dict[str, Counter[str]] = defaultdict(Counter)
        own_names = set()
        unproven = set()
        without_documents = set()
        for name, type_ in _correct_known(counts):
            entity_name = name[1]
            form = _form(type_, entity_name)
            run_type = self.types.get(form, "")
            if self._is_account(run_type or type_, entity_name, account_names):
                own_names.add(form)
            elif not run_type:
                unproven.add(form)
            else:
                entity_key = run_type, self._entry(run_type, form)
                groups[entity_key][form] += documents.get(name, 0)
                times[entity_key] += counts[name]
                spellings[form][without_title(run_type, entity_name)] += counts[name]
                if name in uncounted and documents.get(name):
                    without_documents.add(entity_key)

        labels = {}
        totals = Counter[EntityName]()
        for entity_key, form_counts in groups.items():
            if form_counts.total():
                names_by_form = {form: _most(spellings[form]) for form in form_counts}
                labels[entity_key] = _label(entity_key[1], form_counts, names_by_form)
                totals[entity_key] = form_counts.total()
            else:
                unproven.update(form_counts)

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

            entity = NamedEntity(
                type_,
                label,
                count,
                has_evidence,
                times[type_, key],
                has_documents=(type_, key) not in without_documents,
            )
            entities.append(entity)

        entities.sort(key=lambda entity: (-entity.count, entity.type, entity.label))
        return entities, len(own_names), len(unproven)

    def _is_account(self, type_: str, entity_name: str, account_names: Collection[str]) -> bool:
        """Return whether a name is the account's, by itself or as that of the person it names."""
        full_name = self.full_name(type_, entity_name)
        is_own = is_account(type_, entity_name, account_names)
        return is_own or is_account(type_, full_name, account_names)


def _list_last_names(type_counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield the names that may be last names of persons: of places, those of known persons."""
    known = known_names.load()
    last_names: set[str] = set()
    for form, counts_by_type in type_counts.items():
        if PERSON in counts_by_type and is_full_name(form):
            last_names.add(last_name(form))

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


def _correct_known(names: Iterable[EntityName]) -> Iterator[tuple[EntityName, str]]:
    """Yield *names* with the types that the list of known names has, without what it rejects."""
    known = known_names.load()
    for type_, entity_name in names:
        corrected = known.correct_type(type_, entity_name)
        if corrected is not None:
            yield (type_, entity_name), corrected


def _is_known_word(word: str) -> bool:
    """Return whether a list has *word*: two words that none has may be a person's name."""
    return _is_place(word) or word in word_list.load().common or word in known_names.load().types


def _form(type_: str, entity_name: str) -> str:
    return name_key(entity_name) if type_ == PERSON else entity_name.casefold()


def without_title(type_: str, entity_name: str) -> str:
    """Return the name of a person without its title, another name as it is."""
    words = entity_name.split()
    while type_ == PERSON and len(words) > 1 and is_title(words[0]):
        del words[0]

    return " ".join(words)


def _most(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda candidate: (-counts[candidate], candidate))


def _label(key: str, form_counts: Mapping[str, int], names_by_form: Mapping[str, str]) -> str:
    """Return the most frequent name of an entry, with how many documents hold the full name.

    *key* is the full name, or the form of a name that is nobody's full name. Where fewer than half
    of the documents hold the full name, it is not said: the others may mean somebody else.
    """
    others = {form: count for form, count in form_counts.items() if count and form != key}
    if not others:
        return names_by_form[key]

    short_name, in_full = names_by_form[_most(others)], form_counts.get(key, 0)
    if not in_full or 2 * in_full < sum(form_counts.values()):
        return short_name

    return f"{short_name} (as {names_by_form[key]} {in_full:,})"


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
