"""Names that a language model takes for persons or for another kind: the list of their types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from textapi.text.normal_form import normal_form

PATH = Path(__file__).with_suffix(".txt")

PERSON, ORGANISATION = "PERSON", "ORG"
PLACES = frozenset({"GPE", "LOC", "FAC"})

# A model takes names of one of these types for another; its other types are left alone.
_NAME_TYPES = frozenset(
    {PERSON, ORGANISATION, *PLACES, "NORP", "LAW", "PRODUCT", "EVENT", "WORK_OF_ART", "LANGUAGE"}
)

# Entities of these types are no names.
NO_NAMES = frozenset({"DATE", "TIME", "MONEY", "PERCENT", "QUANTITY", "CARDINAL", "ORDINAL"})

# This stands in the list for what names nothing.
_NO_NAME = "no name"
_HEAD = re.compile(r"\[(?P<type>[^],]+)(?P<or_place>, or a place)?\]")


@dataclass(frozen=True)
class KnownNames:
    """The types of known names, by their form in small letters without full stops.

    The type of what names nothing is None. *maybe_places* are names of places too.
    """

    types: dict[str, str | None]
    maybe_places: frozenset[str]

    def correct_type(self, type_: str, form: str) -> str | None:
        """Return the type of an entity that a model took for *type_*; None if it is no name."""
        folded = _fold(form)
        if type_ not in _NAME_TYPES or folded not in self.types:
            return type_
        if type_ in PLACES and folded in self.maybe_places:
            return type_

        return self.types[folded]

    def is_organisation(self, form: str) -> bool:
        """Return whether *form* is the name of a known organisation."""
        return self.types.get(_fold(form)) == ORGANISATION


def _fold(form: str) -> str:
    """Return *form* as the list has names: in small letters, with plain apostrophes."""
    return normal_form(form).casefold().replace(".", "").replace("\u2019", "'")


@lru_cache(maxsize=1)
def load() -> KnownNames:
    """Read the list."""
    types: dict[str, str | None] = {}
    maybe_places: set[str] = set()
    group_type: str | None = None
    is_maybe_place = False

    for line in PATH.read_text(encoding="utf-8").splitlines():
        if head := _HEAD.match(line):
            group_type = None if head["type"] == _NO_NAME else head["type"]
            is_maybe_place = head["or_place"] is not None
        elif not line.startswith("#"):
            forms = [form.strip() for form in line.split(",") if form.strip()]
            types.update(dict.fromkeys(forms, group_type))
            if is_maybe_place:
                maybe_places.update(forms)

    return KnownNames(types, frozenset(maybe_places))
