"""The texts of a run that people coded by a codebook, as samples of a training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.coded_text import CodedText
from analysis.text.near_duplicates import find_patterns
from analysis.text.repeats import read_form
from models.bulk import select_in
from models.codes import UnitKey, find_stored_codebook, read_all_peoples_codes
from models.database import Database
from models.documents import DocumentText, documents_by_id, text_part_of
from models.runs import get_run
from models.tables import Job, Mention


@dataclass(frozen=True)
class CodeSample:
    """A unit that people coded: its text, and a code for each variable on which they agree.

    *group* is shared by the units of a document and by the repeats of a text: they stand on one
    side of a division into training and test.
    """

    unit: UnitKey
    document: str
    text: CodedText
    codes: Mapping[str, str]
    group: int


@dataclass(frozen=True)
class CodeSamples:
    """The samples in an order that is the same in every database, and what was left out."""

    samples: list[CodeSample]

    # How often people gave a variable of a unit different codes, and as many of each.
    disagreements: int


def read_samples(db: Database, run_id: int, codebook: Codebook) -> CodeSamples:
    """Return what people coded of a run. Raises `NotFound` for the run."""
    with db.read() as connection:
        run = get_run(connection, run_id)
        codebook_id = find_stored_codebook(connection, codebook.hash)
        codes: Mapping[UnitKey, Mapping[str, Sequence[str]]] = {}
        if codebook_id is not None:
            codes = _read_codes(connection, codebook_id, run_id)

        part = text_part_of(run.parameters)
        document_ids = sorted({unit.document_id for unit in codes})
        documents = {
            document.id: document for document in documents_by_id(connection, document_ids, part)
        }
        sentences, mentioned = _read_mentions(connection, run_id, document_ids)

    disagreements = 0
    coded: list[tuple[UnitKey, DocumentText, CodedText, dict[str, str]]] = []
    for unit, unit_codes in codes.items():
        agreed: dict[str, str] = {}
        for variable, given in unit_codes.items():
            code = _agree(given)
            disagreements += code is None
            if code is not None:
                agreed[variable] = code

        document = documents.get(unit.document_id)
        text = sentences.get(unit) if unit.position else document.text if document else None
        if document is None or text is None:
            # It was erased in this moment, or the mention is none any more.
            continue

        mentions = not unit.position and (unit.document_id, unit.keyword) in mentioned
        coded.append((unit, document, CodedText(text, unit.keyword, mentions), agreed))

    coded.sort(key=lambda entry: (entry[1].identity, entry[0].keyword, entry[0].position))
    groups = find_groups([(unit.document_id, text.text) for unit, _, text, _ in coded])
    samples = [
        CodeSample(unit, document.identity, coded_text, agreed, group)
        for (unit, document, coded_text, agreed), group in zip(coded, groups, strict=True)
    ]
    return CodeSamples(samples, disagreements)


def _read_codes(
    connection: Connection, codebook_id: int, run_id: int
) -> dict[UnitKey, dict[str, list[str]]]:
    """Return the codes that people gave the units of a run, one of each coder, by variable."""
    codes_by_unit: dict[UnitKey, dict[str, list[str]]] = {}
    for unit, coders in read_all_peoples_codes(connection, codebook_id, run_id).items():
        for variable, value in chain.from_iterable(codes.items() for codes in coders):
            if value.code is not None:
                codes_by_unit.setdefault(unit, {}).setdefault(variable, []).append(value.code)

    return codes_by_unit


def _agree(codes: Sequence[str]) -> str | None:
    """Return the code that most coders gave; None if as many gave another."""
    (code, count), *others = Counter(codes).most_common(2)
    return None if others and others[0][1] == count else code


def _read_mentions(
    connection: Connection, run_id: int, document_ids: Sequence[int]
) -> tuple[dict[UnitKey, str], set[tuple[int, str]]]:
    """Return the sentences of the mentions in documents, and which keywords were found in which."""
    columns = (Mention.document_id, Mention.keyword, Mention.position, Mention.sentence)
    mentions = select(*columns).join(Job, Job.id == Mention.job_id).where(Job.run_id == run_id)
    sentences = {
        UnitKey(*key): sentence
        for *key, sentence in select_in(connection, mentions, Mention.document_id, document_ids)
    }
    return sentences, {(unit.document_id, unit.keyword) for unit in sentences}


def find_groups(texts: Sequence[tuple[int, str]]) -> list[int]:
    """Return the number of the group of each text, by its document's id and what repeats it."""
    parents = list(range(len(texts)))

    def find_root(number: int) -> int:
        while parents[number] != number:
            number = parents[number]

        return number

    _, places = find_patterns([text for _, text in texts])
    members: defaultdict[Any, list[int]] = defaultdict(list)
    for number, ((document_id, text), place) in enumerate(zip(texts, places, strict=True)):
        members["document", document_id].append(number)
        members["form", read_form(text)].append(number)
        if place is not None:
            members["pattern", place].append(number)

    for numbers in members.values():
        for number in numbers[1:]:
            first, second = find_root(numbers[0]), find_root(number)
            parents[max(first, second)] = min(first, second)

    return [find_root(number) for number in range(len(texts))]


def divide(
    groups: Sequence[int], classes: Sequence[int], order: Sequence[int], parts: int
) -> NDArray[np.int64]:
    """Return the part of each sample: a group stays together, parts have alike classes.

    Groups are dealt out like cards, those of a class after each other and in the given *order*.
    """
    first_places: dict[int, int] = {}
    for place in order:
        first_places.setdefault(groups[place], place)

    dealt = sorted(first_places, key=lambda group: classes[first_places[group]])
    part_of_group = {group: number % parts for number, group in enumerate(dealt)}
    return np.array([part_of_group[group] for group in groups], np.int64)
