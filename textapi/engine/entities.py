"""The people, places, organisations and times that a text names."""

from __future__ import annotations

from collections.abc import Sequence

from textapi.engine.language import Language

Entity = tuple[str, str]  # type, text

# The label sets of the original service.
LABELS = {
    "REVIEW": frozenset({"ORG", "PERSON", "LOC", "DATE", "TIME", "MONEY", "EVENT"}),
    "ARTICLE": frozenset({"PERSON", "NORP", "ORG", "GPE", "LOC", "LAW", "DATE", "TIME", "MONEY"}),
}


def entities(language: Language, texts: Sequence[str]) -> list[list[Entity]]:
    """For each of *texts* its (type, text) pairs of all types, one for each occurrence, in the order of the text."""
    with language.read(texts, "entities") as lines_of:
        return [
            [(entity.label_, entity.text) for line in lines for entity in line.ents]
            for lines in lines_of
        ]


def of_labels(
    found: Sequence[Entity], doctype: str = "REVIEW", labels: Sequence[str] | None = None
) -> list[Entity]:
    """Those of the types in *labels*, or where there is no such list in the set named *doctype*."""
    wanted = LABELS[doctype] if labels is None else frozenset(labels)
    return [(label, text) for label, text in found if label in wanted]
