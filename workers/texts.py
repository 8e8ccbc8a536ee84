"""Phrases, entities and summaries of many texts, asked in chunks and merged: for months and for accounts alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from core.enums import Step
from core.logs import at_step
from models.answers import read_answers
from models.parameters import TextOptions
from models.results import replace_entities, replace_phrases, replace_summary
from producers.bodies import (
    Body,
    entities_requests,
    further_summary_requests,
    phrases_requests,
    summary_requests,
)
from textapi.requests import (
    ApiRequest,
    TextRequest,
    polarity_key,
    polarity_requests,
)
from workers.answer_fetcher import AnswerFetcher
from workers.context import JobContext
from workers.entities import Found, aggregate

_NO_PART = "\u2013\u2014-* "  # of a phrase: a dash that a model took along


class Once:
    """An asker that is not asked again, within a slice, for what it was asked before: several steps can ask at once."""

    def __init__(self, asker: AnswerFetcher) -> None:
        self.engine = asker.engine
        self._asker = asker
        self._asked: set[bytes] = set()

    async def ask(self, questions: Iterable[ApiRequest]) -> None:
        """As `AnswerFetcher.ask`."""
        new = [question for question in questions if not self._asked.issuperset(question.keys)]
        if new:
            await self._asker.ask(new)
            self._asked.update(key for question in new for key in question.keys)


CountDocuments = Callable[[Iterable[str]], dict[str, int]]


@at_step(Step.PHRASES)
async def phrases_step(
    job: JobContext,
    asker: AnswerFetcher | Once,
    bodies: Sequence[Body],
    options: TextOptions,
    count: CountDocuments,
) -> None:
    """The phrases of each body: best rank in any chunk first, then the number of documents that hold it, then name."""
    changes = []
    for body in bodies:
        answers = await _answers(job, asker, phrases_requests(asker.engine, body, options))
        best: dict[str, int] = {}
        for answer in answers:
            for rank, phrase in enumerate(answer):
                bare = phrase.strip(_NO_PART)
                if bare:
                    best[bare] = min(rank, best.get(bare, rank))
        candidates = _best_ranked(best, options.phrases)
        counts = count(candidates)
        ordered = sorted(candidates, key=lambda phrase: (best[phrase], -counts[phrase], phrase))
        kept = [(phrase, counts[phrase]) for phrase in ordered[: options.phrases]]
        changes.append(
            partial(replace_phrases, claim=job.claim, keyword=body.keyword, phrases=kept)
        )
    await job.complete(Step.PHRASES, size_of(bodies), *changes)


@at_step(Step.ENTITIES)
async def entities_step(
    job: JobContext, asker: AnswerFetcher | Once, bodies: Sequence[Body], options: TextOptions
) -> None:
    """The entities of each body, over all and by month, spellings joined where that is safe."""
    changes = []
    for body in bodies:
        answers = await _answers(job, asker, entities_requests(asker.engine, body, options))
        periods = [period for period, _, _ in body.chunks(options.text_size)]
        found = [
            Found(period, type_, name)
            for period, answer in zip(periods, answers, strict=True)
            for type_, name in answer
        ]
        entities = aggregate(found, [text for _, text in body.all_documents])
        changes.append(
            partial(replace_entities, claim=job.claim, keyword=body.keyword, entities=entities)
        )
    await job.complete(Step.ENTITIES, size_of(bodies), *changes)


@at_step(Step.SUMMARY)
async def summary_step(
    job: JobContext, asker: AnswerFetcher | Once, bodies: Sequence[Body], options: TextOptions
) -> None:
    """The summary of each body; of many chunks, the summary of their summaries, until it fits into one request."""
    changes = []
    for body in bodies:
        summaries: list[str] = []
        quoted = tuple(document for document, _ in body.all_documents)
        questions = summary_requests(asker.engine, body, options)
        while questions:
            summaries = [summary for summary in await _answers(job, asker, questions) if summary]
            questions = further_summary_requests(
                asker.engine, summaries, len(questions), options, quoted
            )
        summary = " ".join("\n".join(summaries).split())
        changes.append(
            partial(replace_summary, claim=job.claim, keyword=body.keyword, summary=summary)
        )
    await job.complete(Step.SUMMARY, size_of(bodies), *changes)


async def polarities_of(
    job: JobContext, asker: AnswerFetcher | Once, texts: Sequence[str], size: int
) -> dict[str, float]:
    """The polarity of each of *texts*, which are all different; *size* is how many characters go into one request."""
    await asker.ask(polarity_requests(asker.engine, texts, size))
    keys = {text: polarity_key(asker.engine, text) for text in texts}
    stored = await job.reading(read_answers, list(keys.values()))
    return {text: float(json.loads(stored[key])) for text, key in keys.items()}


def document_frequency(texts: Iterable[str], phrases: Iterable[str]) -> dict[str, int]:
    """How many of the texts hold each phrase, case ignored."""
    folded = {phrase: phrase.casefold() for phrase in phrases}
    counts = dict.fromkeys(folded, 0)
    if counts:
        for text in texts:
            body = text.casefold()
            for phrase, wanted in folded.items():
                counts[phrase] += wanted in body
    return counts


async def _answers(
    job: JobContext, asker: AnswerFetcher | Once, questions: Sequence[TextRequest]
) -> list[Any]:
    unique = {question.key: question for question in questions}
    await asker.ask(unique.values())
    stored = await job.reading(read_answers, list(unique))
    return [json.loads(stored[question.key]) for question in questions]


def _best_ranked(best: Mapping[str, int], wanted: int) -> list[str]:
    """The phrases of the best ranks, as many ranks as it takes to have *wanted* of them: no other can be kept."""
    kept: list[str] = []
    for rank in sorted(set(best.values())):
        if len(kept) >= wanted:
            break
        kept += [phrase for phrase, its in best.items() if its == rank]
    return kept


def size_of(bodies: Sequence[Body]) -> int:
    """How many different documents the bodies hold."""
    return len({document for body in bodies for document, _ in body.all_documents})
