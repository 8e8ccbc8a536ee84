"""Named entities: the people, places, organisations and times in a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textapi.engine.language import Language

if TYPE_CHECKING:
    from spacy.tokens import Doc

Entity = tuple[str, str]  # type, text

# The label sets of the original service.
LABELS = {
    "REVIEW": frozenset({"ORG", "PERSON", "LOC", "DATE", "TIME", "MONEY", "EVENT"}),
    "ARTICLE": frozenset({"PERSON", "NORP", "ORG", "GPE", "LOC", "LAW", "DATE", "TIME", "MONEY"}),
}


def entities(language: Language, texts: Sequence[str]) -> list[list[Entity]]:
    """Return for each of *texts* its entities of all types, every occurrence, in order."""
    with language.read(texts, "entities") as lines_of:
        return list(map(_pairs, lines_of))


def _pairs(lines: list[Doc]) -> list[Entity]:
    return [(entity.label_, entity.text) for line in lines for entity in line.ents]


def of_labels(
    all_entities: Sequence[Entity], doctype: str = "REVIEW", labels: Sequence[str] | None = None
) -> list[Entity]:
    """Return the entities of the types in *labels*, by default those of the set *doctype*."""
    selected = LABELS[doctype] if labels is None else frozenset(labels)
    return [(label, text) for label, text in all_entities if label in selected]
