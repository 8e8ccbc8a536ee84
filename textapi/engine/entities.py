"""Named entities: the people, places, organisations and times in a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textapi.engine.language import Language, split_lines
from textapi.engine.truecase import restore_case

if TYPE_CHECKING:
    from spacy.tokens import Doc

# The codes of the languages that the model reads.
LANGUAGES = frozenset({"en"})

# An entity is a type and a text.
Entity = tuple[str, str]

# These are the label sets of the original service.
LABELS = {
    "REVIEW": frozenset({"ORG", "PERSON", "LOC", "DATE", "TIME", "MONEY", "EVENT"}),
    "ARTICLE": frozenset({"PERSON", "NORP", "ORG", "GPE", "LOC", "LAW", "DATE", "TIME", "MONEY"}),
}


def entities(language: Language, texts: Sequence[str]) -> list[list[Entity]]:
    """Return for each of *texts* its entities of all types, every occurrence, in order.

    Lines in Title Case are read as running text would write them. The entities are returned as the
    lines write them.
    """
    lines_by_text = [split_lines(text) for text in texts]
    cased_lines = [[restore_case(line) for line in lines] for lines in lines_by_text]
    with language.read_lines(cased_lines, "entities") as docs_by_text:
        return [
            _entities_of_text(lines, docs)
            for lines, docs in zip(lines_by_text, docs_by_text, strict=True)
        ]


def _entities_of_text(lines: Sequence[str], docs: Sequence[Doc]) -> list[Entity]:
    pairs = []
    for line, doc in zip(lines, docs, strict=True):
        for entity in doc.ents:
            pairs.append((entity.label_, line[entity.start_char : entity.end_char]))

    return pairs


def of_labels(
    all_entities: Sequence[Entity], doctype: str = "REVIEW", labels: Sequence[str] | None = None
) -> list[Entity]:
    """Return the entities of the types in *labels*, by default of the set for *doctype*."""
    selected = LABELS[doctype] if labels is None else frozenset(labels)
    return [(label, text) for label, text in all_entities if label in selected]
