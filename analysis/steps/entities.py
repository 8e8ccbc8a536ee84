"""The named entities of a corpus, over all and by month."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from analysis.corpus import Corpus, TextOfDocument, count_documents
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher, fetch_answers
from analysis.step import Step, StepResult
from analysis.text.entity_counts import Occurrence, count_entities
from analysis.text.near_duplicates import find_patterns
from models.tables import Entity
from textapi.requests import entities_of


async def find_entities(data: MonthData | PostData, fetcher: Fetcher) -> StepResult:
    """Ask for the entities of each chunk and count those of each corpus."""
    corpora = await data.corpora()
    corpora_rows: list[dict[str, Any]] = []

    for corpus in corpora:
        chunks = list(corpus.chunks(data.options.text_size))
        requests = [entities_of(fetcher.engine, text, ids) for _, text, ids in chunks]
        answers = await fetch_answers(fetcher, requests)
        periods = [period for period, _, _ in chunks]
        repeats = find_repeats(corpus.texts_by_period)
        texts = dict(corpus.texts)
        for index, (_, _, document_ids) in enumerate(chunks):
            if not repeats.isdisjoint(document_ids):
                answers[index] = drop_repeats(answers[index], document_ids, texts, repeats)
        # The name of an account is a name in its posts; a keyword's term is the subject.
        subject = data.subject_patterns(corpus) if corpus.keyword else ()
        not_names = data.options.not_names
        corpora_rows += entity_rows(corpus, periods, answers, subject, not_names)

    return StepResult(count_documents(corpora), {Entity: corpora_rows})


def entity_rows(
    corpus: Corpus,
    periods: Iterable[str],
    answers: Iterable[Sequence[tuple[str, str]]],
    subject: Sequence[re.Pattern[str]] = (),
    not_names: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """Return the entities in *answers*, which hold one answer for each of *periods*.

    Spellings are joined where that is safe. What the patterns *subject* match, the terms of the
    keyword, is no entity; nor are *not_names*.
    """
    occurrences = []

    for period, answer in zip(periods, answers, strict=True):
        for type_, spelling in answer:
            occurrences.append(Occurrence(period, type_, spelling))

    texts = [text for _, text in corpus.texts]
    counts = count_entities(occurrences, texts, subject, not_names)
    return [{"keyword": corpus.keyword, **asdict(count)} for count in counts]


def find_repeats(texts_by_period: Mapping[str, Sequence[TextOfDocument]]) -> set[int]:
    """Return the documents whose text repeats an earlier one of their period.

    Texts that differ in names or figures only are one pattern: see `near_duplicates`.
    """
    texts_by_document = list(chain.from_iterable(texts_by_period.values()))
    patterns = find_patterns(lambda: texts_by_document)
    repeats: set[int] = set()
    for texts in texts_by_period.values():
        places_seen: set[int] = set()
        for document_id, _ in texts:
            pattern_place = patterns.place_of(document_id)
            if pattern_place in places_seen:
                repeats.add(document_id)
            elif pattern_place is not None:
                places_seen.add(pattern_place)
    return repeats


def drop_repeats(
    entities: Sequence[tuple[str, str]],
    document_ids: Sequence[int],
    texts: Mapping[int, str],
    repeats: Container[int],
) -> list[tuple[str, str]]:
    """Return the *entities* of a request's answer without those that stand in *repeats*.

    The entities come in the order of the documents that the request is made of. One that stands in
    none of them counts.
    """
    kept = []
    index = start = 0
    for type_, spelling in entities:
        for candidate in range(index, len(document_ids)):
            text = texts[document_ids[candidate]]
            place = text.find(spelling, start if candidate == index else 0)
            if place >= 0:
                index, start = candidate, place + len(spelling)
                break
        else:
            kept.append((type_, spelling))
            continue
        if document_ids[index] not in repeats:
            kept.append((type_, spelling))
    return kept


STEP = Step("entities", find_entities, tables=(Entity,), needs=("keywords",))
