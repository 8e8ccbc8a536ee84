"""A dry run: the steps of a pipeline run as in a worker, but make no calls.

The `DryRunFetcher` reads the ledger, counts the calls for what is missing there, and estimates the
missing answers with our own engine where later requests depend on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from analysis.codebooks.model_requests import ModelRequest
from analysis.data import MonthData, PostData
from analysis.fetcher import Request
from analysis.missing_answers import missing_keys
from analysis.step import Rows, Step, StepResult
from core.enums import TextPart
from models.answers import read_answers
from models.database import Database
from models.documents import documents_by_id
from models.keyword_answers import read_sentences
from models.results import MentionSentence
from models.tables import Base, Mention
from producers.model_costs import ModelRequestSizes
from textapi import messages
from textapi.engine.summary import LANGUAGES, summarize
from textapi.messages import Operation
from textapi.requests import (
    AnswerKey,
    KeywordBatch,
    KeywordKey,
    TextRequest,
    requested_term,
)
from textapi.text.keywords import find_candidates, sentences_with

# Our own engine; those whose names begin with this match keywords as the dry run does.
OUR_ENGINE = messages.Engine("tidings", LANGUAGES)

# What stands for the answer of a language model, on which no other request depends.
_NO_ANSWER = {"text": "", "model": ""}

# Stored answers are looked up for this many requests at once.
READ_TOGETHER = 200


class DryRunFetcher:
    """Counts the calls of a run: each answer is needed once, however often it is requested."""

    def __init__(
        self,
        db: Database,
        engine: str,
        languages: frozenset[str] | None = None,
        *,
        service: str = messages.SERVICE,
    ) -> None:
        self.engine = engine
        self.languages = languages
        self.service = service
        self.calls_needed: Counter[str] = Counter()
        self.calls_to_make: Counter[str] = Counter()
        self.model_requests = ModelRequestSizes()
        self._db = db
        self._requested: set[bytes] = set()
        # It holds an estimate for each missing answer that is not empty.
        self._estimates: dict[AnswerKey, Any] = {}

    async def fetch(self, requests: Iterable[Request]) -> None:
        """Count the calls of *requests*."""
        remaining = iter(requests)
        while batch := list(islice(remaining, READ_TOGETHER)):
            missing = self._db.fetch(missing_keys, batch)
            for request, keys in zip(batch, missing, strict=True):
                self._count(request, keys)

    def _count(self, request: Request, missing: Collection[AnswerKey]) -> None:
        """Count the call of *request* unless an earlier job needed the same answers."""
        # No document belongs to two months, so no two jobs need the same batch.
        if not isinstance(request, KeywordBatch):
            new = [key for key in request.keys if key not in self._requested]
            # An earlier job needed the other answers too, but its estimates are forgotten.
            again = set(request.keys) - set(new) - self._estimates.keys()
            if again:
                self._estimates |= estimate_answers(request, again)
            if not new:
                return

            self._requested.update(new)
            missing = set(missing).intersection(new)

        self.calls_needed[request.operation] += 1
        if missing:
            self.calls_to_make[request.operation] += 1
            if isinstance(request, ModelRequest):
                self.model_requests.add(request)

            self._estimates |= estimate_answers(request, missing)

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Read the answers with *keys*: stored ones, else estimates, else an empty answer."""
        stored = self._db.fetch(read_answers, keys)
        answers = {}
        for key in keys:
            if key in stored:
                answers[key] = json.loads(stored[key])
            else:
                answers[key] = self._estimates.get(key, ())

        return answers

    async def read_sentences(
        self, terms: Sequence[str], document_ids: Sequence[int]
    ) -> dict[KeywordKey, list[str]]:
        """Read the sentences that were found in documents, or that we should find."""
        sentences = self._db.fetch(read_sentences, self.engine, terms, document_ids)
        for key, estimate in self._estimates.items():
            if not isinstance(key, bytes):
                sentences.setdefault(key, estimate)

        return sentences

    def forget_estimates(self) -> None:
        """Drop the estimates of a job that is counted."""
        self._estimates.clear()


def estimate_answers(request: Request, keys: Collection[AnswerKey]) -> dict[AnswerKey, Any]:
    """Return our own engine's answers to *keys* on which other requests depend."""
    if isinstance(request, ModelRequest):
        return dict.fromkeys(keys, _NO_ANSWER)
    if isinstance(request, KeywordBatch):
        return _estimate_keywords(request, keys)
    if request.operation == Operation.SUMMARIZE and isinstance(request, TextRequest):
        return {request.key: summarize(request.text, request.parameters["proportion"])}
    if request.operation in (Operation.TEXT_POLARITY, Operation.POLARITY_BY_SENTENCE):
        return dict.fromkeys(keys, 0.0)

    return {}


def _estimate_keywords(
    request: KeywordBatch, keys: Collection[AnswerKey]
) -> dict[AnswerKey, list[str]]:
    missing = set(keys)
    ledger_terms = {requested_term(term): term for term in request.terms}
    candidates = find_candidates(request.texts, ledger_terms)
    estimates: dict[AnswerKey, list[str]] = {}

    for index, terms in sorted(candidates.items()):
        document_id = request.document_ids[index]
        missing_terms = [term for term in terms if (ledger_terms[term], document_id) in missing]
        if not missing_terms:
            continue

        for term, sentences in sentences_with(request.texts[index], missing_terms).items():
            if sentences:
                estimates[ledger_terms[term], document_id] = sentences

    return estimates


class ResultBuffer:
    """The rows of a job's steps in memory, in the order in which a worker reads them."""

    def __init__(self, db: Database, text_part: TextPart = TextPart.HEADLINE) -> None:
        self._db = db
        self._text_part = text_part
        self._rows: dict[type[Base], list[Mapping[str, Any]]] = {}
        self._rows_of_document: dict[int, list[Mapping[str, Any]]] = {}

    def keep(self, step: Step, table_rows: Rows) -> None:
        """Keep the rows of a step for later steps; mentions come by day and identity."""
        for table in step.tables:
            self._rows[table] = list(table_rows.get(table, ()))
            for mention in self._rows[table] if table is Mention else ():
                self._rows_of_document.setdefault(mention["document_id"], []).append(mention)

    async def rows(self, table: type[Base]) -> list[Mapping[str, Any]]:
        """Return what earlier steps have found for *table*."""
        return self._rows.get(table, [])

    async def mentions(self) -> list[MentionSentence]:
        """Return the mentions, those of several terms once, by day, document and position."""
        sentences: dict[MentionSentence, None] = {}

        for document_id, mentions in self._rows_of_document.items():
            for mention in sorted(mentions, key=itemgetter("position", "keyword")):
                sentence = MentionSentence(document_id, mention["keyword"], mention["sentence"])
                sentences[sentence] = None

        return list(sentences)

    async def documents(self, keyword: str) -> list[tuple[int, str]]:
        """Return the documents that mention *keyword*, by day and identity."""
        document_ids = []
        for document_id, mentions in self._rows_of_document.items():
            if any(mention["keyword"] == keyword for mention in mentions):
                document_ids.append(document_id)

        documents = self._db.fetch(documents_by_id, document_ids, self._text_part)
        texts = {document.id: document.text for document in documents}
        return [(document_id, texts[document_id]) for document_id in document_ids]


async def run_dry(
    fetchers: Mapping[str, DryRunFetcher],
    steps: Sequence[Step],
    data: MonthData | PostData,
    buffer: ResultBuffer,
) -> None:
    """Run the *steps* over *data* that make calls or that another step needs; keep their rows.

    *fetchers* are those of each service.
    """
    needed = {step_name for step in steps for step_name in step.needs}
    for step in steps:
        service = step.service(data)
        if service is not None or step.name in needed:
            result = await step.run(data, fetchers[service or messages.SERVICE])
            if isinstance(result, StepResult):
                buffer.keep(step, result.rows)

    for fetcher in fetchers.values():
        fetcher.forget_estimates()
