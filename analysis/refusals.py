"""Texts that the service refuses to work on: a step leaves them out by name, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.corpus import Corpus
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher, fetch_answers
from analysis.step import StepResult
from core.quantities import quantity
from textapi.messages import SERVICE
from textapi.packing import chunks
from textapi.requests import AnswerKey, TextRequest, is_refusal, refusing_status

# A remark names this many documents at most.
DOCUMENTS_NAMED = 5

# The period of a chunk, its text, and the documents in it.
Chunk = tuple[str, str, tuple[int, ...]]


@dataclass
class Refusals:
    """The answers of a step that are refusals, and the documents that are left out for them."""

    keys: set[AnswerKey] = field(default_factory=set)

    # The HTTP status by the id of the document.
    statuses: dict[int, int] = field(default_factory=dict)

    def add(self, key: AnswerKey, answer: Any, document_ids: Iterable[int]) -> None:
        """Count the refusal *answer* to *key*, which leaves out these documents."""
        self.keys.add(key)
        self.statuses |= dict.fromkeys(document_ids, refusing_status(answer))

    async def complete(self, data: MonthData | PostData, result: StepResult) -> StepResult:
        """Return the *result* of a step on *data* with what was left out of it."""
        if not self.keys:
            return result

        identities = await asyncio.to_thread(data.identities, sorted(self.statuses))
        names = [f"{identities[id_]}: {status}" for id_, status in sorted(self.statuses.items())]
        further = len(names) - DOCUMENTS_NAMED
        named = "; ".join(names[:DOCUMENTS_NAMED]) + (f"; {further:,} more" if further > 0 else "")
        refused = f"{quantity(len(names), data.noun)} that {SERVICE} refused ({named})"
        remark = f"{result.remark}; {refused}" if result.remark else f"left out: {refused}"
        documents = max(0, result.documents - len(names))
        return replace(result, documents=documents, remark=remark, refused=tuple(self.keys))


async def fetch_chunks(
    fetcher: Fetcher,
    corpus: Corpus,
    size: int,
    request_of: Callable[[str, tuple[int, ...]], TextRequest],
    refusals: Refusals,
) -> list[tuple[Chunk, Any]]:
    """Return the chunks of *corpus* with their answers, without those that are refused.

    The documents of a refused chunk are asked about one by one.
    """
    texts = dict(corpus.texts)
    answered = await _fetch(fetcher, list(corpus.chunks(size)), request_of)
    parts: list[Chunk] = []
    for (period, _, document_ids), request, answer in answered:
        if is_refusal(answer) and len(document_ids) > 1:
            refusals.keys.add(request.key)
            lone_texts = [(document_id, texts[document_id]) for document_id in document_ids]
            for lone_text in lone_texts:
                parts += [(period, text, ids) for text, ids in chunks([lone_text], size)]

    if parts:
        answered += await _fetch(fetcher, parts, request_of)

    accepted = []
    for chunk, request, answer in answered:
        if not is_refusal(answer):
            accepted.append((chunk, answer))
        elif len(chunk[2]) == 1:
            refusals.add(request.key, answer, chunk[2])

    return accepted


async def _fetch(
    fetcher: Fetcher,
    chunks_of_corpus: Sequence[Chunk],
    request_of: Callable[[str, tuple[int, ...]], TextRequest],
) -> list[tuple[Chunk, TextRequest, Any]]:
    requests = [request_of(text, document_ids) for _, text, document_ids in chunks_of_corpus]
    answers = await fetch_answers(fetcher, requests)
    return list(zip(chunks_of_corpus, requests, answers, strict=True))
