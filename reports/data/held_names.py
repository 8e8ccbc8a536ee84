"""In how many documents a name stands, as the texts write it: a model misses some of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analysis.text.known_names import PERSON
from analysis.text.person_names import NAMED_AFTER_PERSONS

_WORD = re.compile(r"\w+")
_HANDLE = re.compile(r"(?<![\w@])@(\w+)")
_NO_LETTER = re.compile(r"[\W_]")

# A last name before one of these is a part of another name.
NAMED_AFTER = rf"\s+(?i:{'|'.join(sorted(NAMED_AFTER_PERSONS))})\b"

# The name of a chamber before one of these says what is contested: "Ohio Senate Race".
CONTESTED = (
    r"(?:['\u2019]s)?\s+(?i:bids?|campaigns?|candidates?|contests?|debates?|elections?|hopefuls?|"
    r"nominees?|primar(?:y|ies)|races?|runoffs?|seats?)\b"
)

# The type of an entity, and the key of its entry.
EntryKey = tuple[str, str]


@dataclass
class HeldNames:
    """The documents that hold a name."""

    documents: Counter[EntryKey] = field(default_factory=Counter)

    # Those that hold a person's full name.
    in_full: Counter[EntryKey] = field(default_factory=Counter)

    # Those that hold it as an account's handle alone.
    by_handle: Counter[EntryKey] = field(default_factory=Counter)

    # Other documents: they hold it as a part of the name of something else alone.
    as_part: Counter[EntryKey] = field(default_factory=Counter)

    def add(self, other: HeldNames) -> None:
        """Add the counts of other documents."""
        self.documents.update(other.documents)
        self.in_full.update(other.in_full)
        self.by_handle.update(other.by_handle)
        self.as_part.update(other.as_part)

    def count_documents(self, entry_key: EntryKey) -> int:
        """Return how many documents hold a name.

        Where it is a part of another name more often than it stands alone, these do not count.
        """
        documents, as_part = self.documents[entry_key], self.as_part[entry_key]
        stands_alone = as_part <= documents - self.in_full[entry_key]
        return documents + as_part if stands_alone else documents

    def is_only_part(self, entry_key: EntryKey) -> bool:
        """Return whether documents hold a name, and all of them as a part of another."""
        return self.as_part[entry_key] > 0 and not self.documents[entry_key]


@dataclass(frozen=True)
class WrittenNames:
    """How texts write the name of an entry."""

    names: frozenset[str]

    # The full name is one of *names*; empty where the entry has none.
    full_names: frozenset[str] = frozenset()

    # Longer names of others that hold one of *names*: of persons with the same last name, say.
    others: frozenset[str] = frozenset()

    # A regular expression: before this, one of *names* that is no full name is a part of another.
    part_before: str = ""


class NameFinder:
    """Finds the names of entries in texts; case counts, except in handles.

    A handle counts for the name that its letters are: "@ElmBay" for "Elm Bay". Another person may
    have the last name of an entry, so a person's handle is the full name.
    """

    def __init__(self, written_names: Mapping[EntryKey, WrittenNames]) -> None:
        self._rules: dict[EntryKey, re.Pattern[str]] = {}
        self._entries_by_word: dict[str, set[EntryKey]] = defaultdict(set)
        self._entries_by_handle: dict[str, set[EntryKey]] = defaultdict(set)
        for entry_key, written in written_names.items():
            names = [name for name in written.names if _WORD.search(name)]
            if not names:
                continue

            self._rules[entry_key] = _compile(written)
            for name in names:
                self._entries_by_word[_WORD.findall(name)[0]].add(entry_key)

            is_person = entry_key[0] == PERSON
            for name in written.full_names if is_person else names:
                self._entries_by_handle[_fold_handle(name)].add(entry_key)

    def count(self, texts: Iterable[str]) -> HeldNames:
        """Return how many of *texts* hold each name."""
        held = HeldNames()
        for text in texts:
            candidates: set[EntryKey] = set()
            for word in set(_WORD.findall(text)):
                candidates |= self._entries_by_word.get(word, set())

            mentioned: set[EntryKey] = set()
            for handle in _HANDLE.findall(text):
                mentioned |= self._entries_by_handle.get(_fold_handle(handle), set())

            for entry_key in candidates | mentioned:
                groups = {match.lastgroup for match in self._rules[entry_key].finditer(text)}
                is_written = not groups.isdisjoint({"name", "full"})
                held.documents[entry_key] += is_written or entry_key in mentioned
                held.in_full[entry_key] += "full" in groups
                held.by_handle[entry_key] += entry_key in mentioned and not is_written
                is_part = not is_written and entry_key not in mentioned and "part" in groups
                held.as_part[entry_key] += is_part

        return held


def _fold_handle(written: str) -> str:
    """Return the letters and digits that a name and its handle share."""
    return _NO_LETTER.sub("", written).casefold()


def _compile(written: WrittenNames) -> re.Pattern[str]:
    """Return a rule that finds others' longer names first, so that these hold no name."""
    short_names = written.names - written.full_names
    groups = {
        "other": written.others,
        "full": written.full_names,
        "part": short_names if written.part_before else frozenset[str](),
        "name": short_names,
    }
    alternatives = []
    for group, names in groups.items():
        if names:
            longest_first = sorted(names, key=lambda name: (-len(name), name))
            patterns = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
            flags = "(?i:" if group == "other" else "(?:"
            behind = written.part_before if group == "part" else ""
            alternatives.append(f"(?P<{group}>{flags}{patterns}){behind})")

    return re.compile(rf"(?<![\w@])(?:{'|'.join(alternatives)})(?!\w)")
