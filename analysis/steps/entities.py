"""The named entities of a corpus, over all and by month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from analysis.corpus import Corpus
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.readable import find_unread
from analysis.refusals import Refusals, fetch_chunks
from analysis.step import Step, StepResult
from analysis.text.entity_counts import Occurrence, count_entities
from analysis.text.held_names import count_documents
from analysis.text.repeats import drop_repeats, find_repeats
from models.tables import Entity
from textapi.messages import Operation
from textapi.requests import entities_of
from textapi.text.keywords import TermPattern


async def find_entities(data: MonthData | PostData, fetcher: Fetcher) -> StepResult:
    """Ask for the entities of each chunk and count those of each corpus."""
    unread = await find_unread(data, fetcher, Operation.NER)
    corpora = await data.corpora()
    corpora_rows: list[dict[str, Any]] = []
    refusals = Refusals()
    request_of = partial(entities_of, fetcher.engine)

    for corpus in (corpus.without(unread.left_out) for corpus in corpora):
        size = data.options.text_size
        answered = await fetch_chunks(fetcher, corpus, size, request_of, refusals)
        answers = [answer for _, answer in answered]
        periods = [period for (period, _, _), _ in answered]
        repeats = find_repeats(corpus.texts_by_period, with_families=bool(corpus.keyword))
        distinct = corpus.without(repeats)
        texts = dict(corpus.texts)
        for index, ((_, _, document_ids), _) in enumerate(answered):
            if not repeats.isdisjoint(document_ids):
                answers[index] = drop_repeats(answers[index], document_ids, texts, repeats)

        # The name of an account is a name in its posts; a keyword's term is the subject.
        subject = data.subject_patterns(corpus) if corpus.keyword else ()
        not_names = data.options.not_names
        corpora_rows += entity_rows(corpus, periods, answers, subject, not_names, distinct=distinct)

    result = unread.result_of_corpora(corpora, {Entity: corpora_rows})
    return await refusals.complete(data, result)


def entity_rows(
    corpus: Corpus,
    periods: Iterable[str],
    answers: Iterable[Sequence[tuple[str, str]]],
    subject: Sequence[TermPattern] = (),
    not_names: Iterable[str] = (),
    *,
    distinct: Corpus | None = None,
) -> list[dict[str, Any]]:
    """Return the entities in *answers*, which hold one answer for each of *periods*.

    Spellings are joined where that is safe. What the patterns *subject* match, the terms of the
    keyword, is no entity; nor are *not_names*. Documents that hold a name are those of *distinct*,
    the corpus without repeats.
    """
    occurrences = []

    for period, answer in zip(periods, answers, strict=True):
        for type_, spelling in answer:
            occurrences.append(Occurrence(period, type_, spelling))

    texts = [text for _, text in corpus.texts]
    counts = count_entities(occurrences, texts, subject, not_names)
    distinct_texts = {}
    for period, period_texts in (distinct or corpus).texts_by_period.items():
        distinct_texts[period] = [text for _, text in period_texts]

    counts = count_documents(counts, distinct_texts)
    return [{"keyword": corpus.keyword, **asdict(count)} for count in counts]


STEP = Step("entities", find_entities, tables=(Entity,), needs=("keywords",))
