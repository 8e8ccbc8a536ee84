"""Named entities: the people, places, organisations and times in a text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

from textapi.engine.labels import LABELS
from textapi.engine.language import Language, split_lines
from textapi.engine.name_models import NameModels
from textapi.engine.truecase import restore_case
from textapi.text.language_detector import choose_languages

# The codes of the languages that the model of every server reads.
LANGUAGES = frozenset({"en"})

# An entity is a type and a text.
Entity = tuple[str, str]

# Types of models in other languages, by the type of the English one that is the same.
_TYPES = {
    "PER": "PERSON",
    "PRS": "PERSON",
    "persName": "PERSON",
    "orgName": "ORG",
    "placeName": "GPE",
    "geogName": "LOC",
    "GPE_LOC": "GPE",
    "GPE_ORG": "GPE",
}


def entities(
    language: Language, texts: Sequence[str], names: NameModels | None = None
) -> list[list[Entity]]:
    """Return for each of *texts* its entities of all types, every occurrence, in order.

    Each line is read in the language that it is likeliest to be in, of English and those of
    *names*. English lines in Title Case are read as running text would write them. The entities are
    returned as the lines write them.
    """
    lines_by_text = [split_lines(text) for text in texts]
    lines = list(chain.from_iterable(lines_by_text))
    codes = choose_languages(lines, names.languages if names else LANGUAGES)
    found: dict[int, list[Entity]] = {}
    for code in sorted(set(codes)):
        indexes = [index for index, line_code in enumerate(codes) if line_code == code]
        model = language if code in LANGUAGES or names is None else names.load(code)
        found |= _find_in_lines(model, lines, indexes, restores_case=code in LANGUAGES)

    numbers = iter(range(len(lines)))
    return [
        list(chain.from_iterable(found[number] for number in islice(numbers, len(text_lines))))
        for text_lines in lines_by_text
    ]


def _find_in_lines(
    model: Language, lines: Sequence[str], indexes: Sequence[int], *, restores_case: bool
) -> dict[int, list[Entity]]:
    """Return the entities of the *lines* with these *indexes*, by index."""
    read = [restore_case(lines[index]) if restores_case else lines[index] for index in indexes]
    found = {}
    with model.read_lines([read], "entities") as (docs,):
        for index, doc in zip(indexes, docs, strict=True):
            found[index] = [
                (
                    _TYPES.get(entity.label_, entity.label_),
                    lines[index][entity.start_char : entity.end_char],
                )
                for entity in doc.ents
            ]

    return found


def of_labels(
    all_entities: Sequence[Entity], doctype: str = "REVIEW", labels: Sequence[str] | None = None
) -> list[Entity]:
    """Return the entities of the types in *labels*, by default of the set for *doctype*."""
    selected = LABELS[doctype] if labels is None else frozenset(labels)
    return [(label, text) for label, text in all_entities if label in selected]
