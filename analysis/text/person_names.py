"""Persons by their names: which full name a last name stands for, and with what evidence."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import dropwhile

from analysis.text import known_names
from analysis.text.known_names import ORGANISATION, PERSON
from textapi.text import word_list
from textapi.text.word_list import base_form

_PLACES_AND_PEOPLES = ("GPE", "LOC", "NORP")

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

# The full name is at least this share of all occurrences of a last name, alone or behind this first
# name. A single "Michelle Obama" does not tell who 43 "Obama" are: with n full names, all of one
# person, up to 3 / n of the others may be somebody else's (95 %, the rule of three).
_LEAST_FULL_SHARE = 1 / 4

# Otherwise the full names show, at this level, that more than half of the last names are one
# person's (sign test): five of five do, and nine of ten.
_LEVEL = 0.05

# Of more full names, the majority has to be two standard deviations above a half.
_MOST_TESTED = 200

# In 9,500 headlines of three months, the words above this share were persons, except two that are
# persons more often than organisations anyway.
_LEAST_PERSON_SHARE = 1 / 5

# The rule takes 9 of the 15,707 places and peoples that CoNLL-2003 labels for persons with this
# share, and 63 with the share of organisations.
_LEAST_FULL_NAMES_OF_PLACES = 1 / 2

_POSSESSIVE = re.compile("['\u2019]s?$")
_INITIAL = re.compile(r"[^\W\d_]\.?")
_LONGEST_INITIAL = 2
_NAME_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'\u2019-])*")

# These stand before a last name and are a part of it; a suffix tells a child from a parent.
_PARTICLES = frozenset(
    re.findall(r"\w+", "al ben bin da de del della den der di du el la le van von ter")
)
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})

# A full name in texts counts if it came so often, and is so large a share of the uses of its last
# name: with a first name of the list, and with another word before the last name.
_LISTED, _UNLISTED = (2, 1 / 100), (3, 1 / 20)

# The full names with a last name show that it is a person's if they are this share of its uses; the
# only one tells whose it is if it came so often.
_LEAST_OF_BEARERS = 1 / 10
_FEWEST_OF_ONLY = 3

# A last name is a person's, whatever a model takes it for, if one full name is this share of its
# uses, and this share of all full names with it.
_LEAST_IN_FULL = 1 / 15
_LEAST_CLEAR = 2 / 3

# A first name alone stands for a person who has this share of all full names with it.
_LEAST_OF_FIRST_NAME = 9 / 10

# A word that no list has is a first name only if it is longer than this.
_SHORTEST_FIRST_NAME = 2

# Family names that stand before a given name of two syllables with a hyphen ("Kim Jong-un"): those
# of the South Korean census of 2015, and of Taiwan and Hong Kong as they are romanised.
_FAMILY_NAMES_FIRST = "|".join(
    re.findall(
        r"\w+",
        """ahn bae baek ban byun cha chan chang chao chen cheng cheung chiang chiu cho choe choi
        chou chow chung fung han ho hong hsieh hsu hu huang hung hwang hyun jang jeong ji jin jo joo
        jung kang kim ko koo kuo kwak kwok kwon lai lam lau lee leung liao lim lin liu lo lu ma min
        moon na nam ng noh oh pak pan park peng rhee ri roh ryu seo shim shin sohn son song su suh
        sung tang tsai tsang tseng tung wan wang wong woo wu yang yeh yeung yi yip yoo yoon yu yun
        """,
    )
)

_FAMILY_NAME_FIRST = re.compile(rf"(?:{_FAMILY_NAMES_FIRST}) [^\W\d_]+-[^\W\d_]+")

# What stands before one of these is named after somebody, and names nobody: "Jones Act".
NAMED_AFTER_PERSONS = frozenset(
    re.findall(
        r"\w+",
        """act acts amendment amendments award awards bill bills commission cup doctrine law laws
        medal medals prize prizes report reports rule rules trophy""",
    )
)

# A name ends with the sign behind it, and begins with the one before it. A full stop behind a small
# letter is none of an initial.
_END_OF_NAME = re.compile(r"[,;:!?)\]\u201d\u2019\u2026]$|[a-z]{2}\.$|['\u2019]s?$")
_BEGIN_OF_NAME = re.compile(r"[(\[\u201c\u2018]")

_SIGNS = " ,;:!?\"'\u201c\u201d\u2018\u2019()[]\u2026"

# A longer name is a line of headlines.
_MOST_WORDS = 4

# The type, and the form that the spellings of one name share.
Entity = tuple[str, str]


def identify_persons(counts: Mapping[str, int], in_texts: FullNames) -> dict[str, str]:
    """Map the names of persons to the full name of the person that bears them.

    *counts* say how often each name (see `name_key`) was named, alone or as a full name; *in_texts*
    are the full names of more texts than these. A full name stands for itself. A last name stands
    for the full name that occurs more often than all others with it together: for the one of
    *counts* if it is a quarter of all occurrences of the two, and came twice where the texts have
    another; else for the one *in_texts* if that is the only one, or if so many agree that chance is
    no explanation. So does a first name, in the last case alone, and if hardly anybody else bears
    it: "Bill" alone is not the most frequent of several Bills.
    """
    persons: dict[str, str] = {}
    counts_in_texts = in_texts.reliable_counts()
    named, text_groups = _group_full_names(counts), _group_full_names(counts_in_texts)
    for short_name in named.keys() | text_groups.keys():
        candidates, text_candidates = named[short_name], text_groups[short_name]
        best, text_best = _clear_best(candidates), _clear_best(text_candidates)
        least = _LEAST_FULL_SHARE * counts.get(short_name, 0) / (1 - _LEAST_FULL_SHARE)
        if text_candidates.keys() - {best}:
            least = max(2, least)

        is_last_name = best is not None and last_name(best) == short_name
        is_frequent = best is not None and is_last_name and candidates[best] >= least
        # In more texts than a model read, others may bear a first name.
        bears_alone = is_last_name or not text_candidates or best == text_best
        if best and (is_frequent or _is_majority(short_name, candidates, best)) and bears_alone:
            persons[short_name] = best
            continue

        is_only = text_best is not None and in_texts.is_only_bearer(text_best)
        if text_best and (is_only or _is_majority(short_name, text_candidates, text_best)):
            persons[short_name] = text_best

    full_names = filter(is_full_name, (*counts, *counts_in_texts))
    return persons | {full_name: full_name for full_name in full_names}


def _group_full_names(counts: Mapping[str, int]) -> defaultdict[str, dict[str, int]]:
    """Return the counts of the full names by the last name, and by the first name, in them."""
    groups: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for full_name, count in counts.items():
        if is_full_name(full_name):
            groups[last_name(full_name)][full_name] = count
            groups[full_name.split()[0]][full_name] = count

    return groups


def _clear_best(counts: Mapping[str, int]) -> str | None:
    """Return the full name that came more often than all others together, if there is one."""
    best = max(counts, key=lambda full_name: (counts[full_name], full_name), default=None)
    return best if best and 2 * counts[best] > sum(counts.values()) else None


def _is_majority(short_name: str, counts: Mapping[str, int], best: str) -> bool:
    """Return whether a name alone stands for *best*, among all full names of *counts* with it."""
    if last_name(best) != short_name and counts[best] < _LEAST_OF_FIRST_NAME * sum(counts.values()):
        return False
    return _is_significant(counts, best)


def _is_significant(counts: Mapping[str, int], best: str) -> bool:
    """Return whether the majority of *best* is no chance, by a sign test."""
    total = sum(counts.values())
    if total > _MOST_TESTED:
        return 2 * counts[best] > total + 2 * math.sqrt(total)

    tail = sum(math.comb(total, agreeing) for agreeing in range(counts[best], total + 1))
    return tail <= _LEVEL * (1 << total)


@dataclass
class NameEvidence:
    """How words stand in texts, as far as it shows persons: read once, wherever the texts are."""

    # How often each word stands in the texts, bare and in small letters.
    words: Counter[str] = field(default_factory=Counter)

    # How often each may stand behind a first name, as "first last"; what is a part of a last name
    # and initials between them are left out.
    pairs: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, texts: Iterable[str]) -> NameEvidence:
        """Read the words of *texts*."""
        evidence = cls()
        for text in texts:
            words = text.split()
            bare_words = [_bare_word(word) for word in words]
            evidence.words.update(map(str.casefold, bare_words))
            for place, bare in enumerate(bare_words):
                first_name = _find_first_name(words, bare_words, place)
                if first_name:
                    evidence.pairs[f"{first_name} {bare.casefold()}"] += 1

        return evidence

    def to_bytes(self) -> bytes:
        """Return the evidence as `from_bytes` reads it, some 70 kB for 5,000 headlines."""
        return zlib.compress(json.dumps([self.words, self.pairs], ensure_ascii=False).encode())

    @classmethod
    def from_bytes(cls, packed: bytes) -> NameEvidence:
        """Return the evidence that `to_bytes` gave."""
        words, pairs = json.loads(zlib.decompress(packed))
        return cls(Counter(words), Counter(pairs))


@dataclass
class FullNames:
    """Full names in texts, which need no parser: a last name behind a first name."""

    # How often each full name (see `name_key`) stands in the texts.
    counts: Counter[str] = field(default_factory=Counter)

    # How often each last name stands in them, alone or in a full name.
    last_names: Counter[str] = field(default_factory=Counter)

    @classmethod
    def find(cls, evidence: Iterable[NameEvidence], last_names: Iterable[str]) -> FullNames:
        """Count the full names with one of *last_names*, which are forms, in what texts show."""
        full_names = cls()
        forms = {form.split()[-1]: form for form in last_names}
        given = word_list.load().given
        for part in evidence:
            for word in forms.keys() & part.words.keys():
                full_names.last_names[forms[word]] += part.words[word]

            for pair, count in part.pairs.items():
                first_name, _, word = pair.partition(" ")
                # Another last name is no first name unless a list has it as one.
                if word in forms and (first_name in given or first_name not in forms):
                    full_names.counts[f"{first_name} {forms[word]}"] += count

        for full_name in list(filter(_is_place, full_names.counts)):
            del full_names.counts[full_name]

        return full_names

    def is_borne(self, form: str) -> bool:
        """Return whether a listed first name stands before a last name, and not rarely."""
        in_full = self._counts_with_listed[form]
        return in_full > 0 and in_full >= _UNLISTED[1] * self.last_names[form]

    @cached_property
    def _counts_with_listed(self) -> Counter[str]:
        given = word_list.load().given
        listed = {name: n for name, n in self.counts.items() if name.partition(" ")[0] in given}
        return _sum_counts(listed, 2)

    def reliable_counts(self) -> dict[str, int]:
        """Return the full names that are neither rare nor a rare use of their last name.

        Those with a first name that no list has are more often something else.
        """
        given = word_list.load().given
        reliable = {}
        for full_name, count in self.counts.items():
            first_name, _, form = full_name.partition(" ")
            fewest, least = _LISTED if first_name in given else _UNLISTED
            if count >= max(fewest, least * self.last_names[form]):
                reliable[full_name] = count

        return reliable

    def is_only_bearer(self, full_name: str) -> bool:
        """Return whether *full_name* is the only one with its last name, and no rare use of it."""
        form = full_name.partition(" ")[2]
        others = self._counts_by_last_name[form] - self.counts[full_name]
        least = max(_FEWEST_OF_ONLY, _LEAST_OF_BEARERS * self.last_names[form])
        return others == 0 and self.counts[full_name] >= least

    def are_persons(self, form: str) -> bool:
        """Return whether the full names with a last name are no rare use of it."""
        count = self._counts_by_last_name[form]
        return count >= max(2, _LEAST_OF_BEARERS * self.last_names[form])

    @cached_property
    def counts_by_first_name(self) -> Counter[str]:
        """How often each first name stands before a last name."""
        return _sum_counts(self.counts, 0)

    @cached_property
    def _counts_by_last_name(self) -> Counter[str]:
        return _sum_counts(self.reliable_counts(), 2)

    def find_persons(self) -> Iterator[str]:
        """Yield the last names that are persons', whatever a model takes them for."""
        for full_name, count in self.reliable_counts().items():
            form = full_name.partition(" ")[2]
            is_clear = count >= _LEAST_CLEAR * self._counts_by_last_name[form]
            is_frequent = count >= _LEAST_IN_FULL * self.last_names[form]
            if is_clear and is_frequent and not is_word_of_language(form):
                yield form


def _sum_counts(counts: Mapping[str, int], part: int) -> Counter[str]:
    """Sum the *counts* of full names by the first name, part 0, or the last name, part 2."""
    sums = Counter[str]()
    for full_name, count in counts.items():
        sums[full_name.partition(" ")[part]] += count

    return sums


def _find_first_name(words: Sequence[str], bare_words: Sequence[str], place: int) -> str:
    """Return the first name before the word at a place, in small letters; "" without one.

    No sign parts it from the word, but what is a part of a last name and initials may.
    """
    start = place
    while start > max(0, place - _MOST_WORDS):
        if _BEGIN_OF_NAME.match(words[start]) or _END_OF_NAME.search(words[start - 1]):
            return ""

        start -= 1
        folded = bare_words[start].casefold()
        if folded not in _PARTICLES and not _INITIAL.fullmatch(bare_words[start]):
            return folded if bare_words[start][:1].isupper() and _is_first_name(folded) else ""

    return ""


def _bare_word(word: str) -> str:
    """Return *word* without the signs at its edges and without possessive; initials keep theirs."""
    bare = word.strip(_SIGNS)
    if len(bare) > _LONGEST_INITIAL:
        bare = bare.rstrip(".")

    return bare.removesuffix("\u2019s").removesuffix("'s")


def _is_first_name(word: str) -> bool:
    """Return whether *word*, in small letters, may be a first name."""
    lists = word_list.load()
    if word in lists.given:
        return True
    if word in lists.common or word in lists.regions or word in known_names.load().types:
        return False

    return word.isalpha() and len(word) > _SHORTEST_FIRST_NAME


def find_persons_of_other_types(counts: Mapping[Entity, int]) -> dict[Entity, Entity]:
    """Map last names of persons that were taken for something else to the person.

    A model may take "Trump" for an organisation in one headline and for a person in the next. It is
    a person where it was taken for one twice, alone or behind a first name, and at least once for
    five times that it was taken for an organisation. Persons bear the names of places
    ("Washington"): for places and peoples full names alone count, and one for two times is needed.
    """
    as_persons = Counter[str]()
    counts_in_full_names = Counter[str]()
    for (type_, form), count in counts.items():
        key = name_key(form)
        if type_ == PERSON:
            as_persons[last_name(key)] += count
            if is_full_name(key):
                counts_in_full_names[last_name(key)] += count

    persons = {}
    for (type_, form), count in counts.items():
        evidence, share = 0, 0.0
        if type_ == ORGANISATION:
            evidence, share = as_persons[form], _LEAST_PERSON_SHARE
        elif type_ in _PLACES_AND_PEOPLES:
            evidence, share = counts_in_full_names[form], _LEAST_FULL_NAMES_OF_PLACES

        if evidence >= max(2, share * count):
            persons[type_, form] = (PERSON, form)

    return persons


def correct_place(type_: str, form: str) -> str:
    """Return the type of an entity; it is a place if *form* is a place's name that no person bears.

    In CoNLL-2003, title-cased, this corrects 112 of the engine's persons that are places, and no
    person becomes a place.
    """
    word_lists = word_list.load()
    if type_ == PERSON and form in word_lists.regions:
        return "GPE"
    if type_ == PERSON and form in word_lists.landforms:
        return "LOC"

    return type_


def is_full_name(key: str) -> bool:
    """Return whether *key*, a `name_key`, is a first name with a last name.

    "watch curiosity" is not, nor does anything with a word of the language or a possessive before
    the last name: "touchdown joe", "cal survived covid". Nor is the name of a place.
    """
    words = key.split()
    is_family_name_first = _FAMILY_NAME_FIRST.fullmatch(key) is not None
    first_names = words[1:] if is_family_name_first else words[: -len(last_name(key).split())]
    if not first_names or is_title(words[0]) or len(words) > _MOST_WORDS:
        return False
    if not all(map(_NAME_WORD.fullmatch, words)):
        return False

    word_lists = word_list.load()
    if words[-1] in word_lists.common and words[-1] not in word_lists.last:
        return False
    if words[0] not in word_lists.given and not _may_be_first_name(key):
        return False

    return not any(_POSSESSIVE.search(word) or is_word_of_language(word) for word in first_names)


def _may_be_first_name(key: str) -> bool:
    """Return whether *key* may begin with a first name that no list has."""
    word_lists, known = word_list.load(), known_names.load()
    if _is_place(key):
        return False

    return not any(word in known.types or word in word_lists.regions for word in key.split())


def _is_place(form: str) -> bool:
    """Return whether *form* is the name of a place that means nothing else."""
    word_lists = word_list.load()
    return form in word_lists.regions or form in word_lists.landforms


def name_key(person_name: str) -> str:
    """Return what the spellings of a person's name share.

    Case, titles, possessive and the initials of middle names do not make another person.
    """
    words = _POSSESSIVE.sub("", person_name).casefold().split()
    while len(words) > 1 and is_title(words[0]):
        del words[0]

    middle = [word for word in words[1:-1] if not _INITIAL.fullmatch(word)]
    return " ".join([*words[:1], *middle, *words[1:][-1:]]).rstrip(".")


def last_name(key: str) -> str:
    """Return the last name in *key*: with particles ("de blasio") and suffix ("trump jr.").

    Where the family name comes first it is that one ("kim" of "kim jong-un").
    """
    words = key.split()
    if _FAMILY_NAME_FIRST.fullmatch(key):
        return words[0]
    if not words:
        return ""

    start = len(words) - 1
    if words[start].strip(".") in _SUFFIXES:
        start = max(0, start - 1)

    while start > 0 and words[start - 1] in _PARTICLES:
        start -= 1

    return " ".join(words[start:])


def is_title(word: str) -> bool:
    """Return whether *word* stands before names, as "President" does."""
    return word.casefold().strip(".") in _TITLES


def is_particle(form: str) -> bool:
    """Return whether a form is a part of a name that was cut ("Le" of "Marine Le Pen")."""
    return form in _PARTICLES


def has_title(person_name: str) -> bool:
    """Return whether a title stands before a person's name."""
    first_word, _, others = person_name.partition(" ")
    return others != "" and is_title(first_word)


def without_leading_words(person_name: str) -> str:
    """Return *person_name* without words of the language before it, titles aside.

    "Blame Obama" is "Obama". A name of such words alone stays as it is.
    """

    def is_left_out(word: str) -> bool:
        return is_word_of_language(word) and not is_title(word)

    return " ".join(dropwhile(is_left_out, person_name.split())) or person_name


def is_word_of_language(word: str) -> bool:
    """Return whether *word* is one of the language and no given name."""
    word_lists = word_list.load()
    base = base_form(word)
    return base in word_lists.common and base not in word_lists.given
