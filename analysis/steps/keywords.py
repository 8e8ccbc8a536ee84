"""Which sentences of a month's documents mention a keyword."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.data import MonthData
from analysis.fetcher import Fetcher
from analysis.options import Keyword
from analysis.query.forms import with_forms
from analysis.refusals import DOCUMENTS_NAMED, Refusals
from analysis.step import BadAnswers, Step, StepResult
from analysis.text.mentions import all_terms, mention_rows, place_sentences
from core.enums import TextPart
from models.documents import DocumentText, documents_by_id, list_texts
from models.tables import Mention
from textapi.messages import SERVICE
from textapi.placement import Placement
from textapi.requests import KeywordBatch, KeywordKey, is_refusal, keyword_batches
from textapi.text.normal_form import normal_form

NAME = "keywords"


ADVICE = "see that TIDINGS_TEXTAPI_URL answers with sentences of the texts, then `tidings retry`"


async def find_mentions(data: MonthData, fetcher: Fetcher) -> StepResult:
    """Request the sentences of all texts of the month, then read the mentions in them.

    First find the words that the terms with a star stand for.
    """
    data = replace(data, keywords=await asyncio.to_thread(find_forms_of_month, data))
    texts = MonthTexts()
    await fetcher.fetch(batches_of_month(data, fetcher.engine, texts))

    first_ids = list(texts.first_id_of_digest.values())
    sentences = await fetcher.read_sentences(_ledger_terms(data), first_ids)
    refusals = _take_refusals(sentences, texts)
    mentions, unplaced = _mentions_of_month(data, texts, sentences)

    remark = unplaced.remark()
    if unplaced.are_most:
        bad_answers = BadAnswers(f"{SERVICE}: {remark}: {ADVICE}", unplaced.keys)
        return StepResult(texts.documents, {Mention: []}, bad_answers=bad_answers)

    left_out = remark and f"left out: {remark}"
    result = StepResult(texts.documents, {Mention: mentions}, remark=left_out)
    return await refusals.complete(data, result)


def _take_refusals(sentences: dict[KeywordKey, Any], texts: MonthTexts) -> Refusals:
    """Remove the refusals from the answers, and return them."""
    refusals = Refusals()
    refused_keys = [key for key, answer in sentences.items() if is_refusal(answer)]
    for key in refused_keys:
        _, first_id = key
        document_ids = [first_id, *texts.repeated.get(first_id, ())]
        refusals.add(key, sentences.pop(key), document_ids)

    return refusals


def find_forms_of_month(data: MonthData) -> list[Keyword]:
    """Return the keywords with the forms that their terms with a star have in the month."""
    return with_forms(data.keywords, list_texts(data.db, data.scope))


@dataclass
class MonthTexts:
    """The different texts of a month, each by its first document; no text is kept."""

    documents: int = 0
    first_id_of_digest: dict[bytes, int] = field(default_factory=dict)

    # The later documents with the same text, by the id of the first.
    repeated: dict[int, list[int]] = field(default_factory=dict)

    # The first documents whose texts are not in normal form.
    encoded_otherwise: set[int] = field(default_factory=set)

    # The position of each document, sorted by day, then identity.
    place_of_id: dict[int, int] = field(default_factory=dict)

    def add(self, document: DocumentText) -> bool:
        """Add a document; return whether its text is a new one."""
        self.place_of_id[document.id] = self.documents
        self.documents += 1
        digest = hashlib.blake2b(document.text.encode(), digest_size=16).digest()
        first_id = self.first_id_of_digest.setdefault(digest, document.id)

        if first_id == document.id:
            if normal_form(document.text) is not document.text:
                self.encoded_otherwise.add(first_id)

            return True

        self.repeated.setdefault(first_id, []).append(document.id)
        return False


def batches_of_month(data: MonthData, engine: str, texts: MonthTexts) -> Iterator[KeywordBatch]:
    """Yield the requests for the month's texts, each different text once; add them to *texts*.

    A batch ends with its day, so that a document added elsewhere moves no other batch.
    """
    terms = _ledger_terms(data)

    for date, documents in data.documents_by_day():
        new_texts = []
        for document in documents:
            if texts.add(document):
                new_texts.append((document.id, document.text))

        # There is no term if all stars stand for nothing.
        if terms:
            yield from keyword_batches(engine, new_texts, terms, data.options.text_size, date)


def _ledger_terms(data: MonthData) -> list[str]:
    """Return the terms to request, as the ledger names them for the part of documents read."""
    return list(map(data.scope.text_part.ledger_term, all_terms(data.keywords)))


@dataclass
class UnplacedSentences:
    """Sentences of answers that do not stand in their documents, which are no mentions."""

    # What was searched of each document.
    text_part: TextPart = TextPart.HEADLINE

    # The number of documents in which the service found a sentence.
    documents_answered: int = 0

    identities: list[str] = field(default_factory=list)
    keys: set[KeywordKey] = field(default_factory=set)

    def add(
        self, document: DocumentText, first_id: int, placements: Mapping[str, Placement]
    ) -> None:
        """Count a document; its answers are those of the document with *first_id*."""
        self.documents_answered += 1
        keys = []
        for term, placement in placements.items():
            if placement.unplaced:
                keys.append((self.text_part.ledger_term(term), first_id))

        if keys:
            self.identities.append(document.identity)
            self.keys.update(keys)

    @property
    def are_most(self) -> bool:
        """Whether most of the documents with an answer have such: too few are left then."""
        return 2 * len(self.identities) > self.documents_answered

    def remark(self) -> str | None:
        """Return what a reader should know; None if all sentences stand in their documents."""
        count = len(self.identities)
        if not count:
            return None

        identities = ", ".join(self.identities[:DOCUMENTS_NAMED])
        if count > DOCUMENTS_NAMED:
            identities += f" and {count - DOCUMENTS_NAMED:,} more"

        return (
            f"sentences found in {count:,} of {self.documents_answered:,} documents do not stand "
            f"there ({identities})"
        )


def _mentions_of_month(
    data: MonthData, texts: MonthTexts, sentences: dict[KeywordKey, list[str]]
) -> tuple[list[dict[str, Any]], UnplacedSentences]:
    """Return the mentions by day, identity and position, from the *sentences* that were found."""
    text_part = data.scope.text_part
    first_id_of: dict[int, int] = {}
    for first_id in {document_id for _, document_id in sentences} | texts.encoded_otherwise:
        for document_id in (first_id, *texts.repeated.get(first_id, ())):
            first_id_of[document_id] = first_id

    documents = data.db.fetch(documents_by_id, sorted(first_id_of), text_part)
    terms = all_terms(data.keywords)
    mentions: list[dict[str, Any]] = []
    unplaced = UnplacedSentences(text_part)
    for document in sorted(documents, key=lambda document: texts.place_of_id[document.id]):
        first_id = first_id_of[document.id]
        sentences_by_term = {
            term: sentences.get((text_part.ledger_term(term), first_id), []) for term in terms
        }
        placements = place_sentences(document, sentences_by_term)
        if any(sentences_by_term.values()):
            unplaced.add(document, first_id, placements)

        mentions += mention_rows(document, data.keywords, placements)

    return mentions, unplaced


STEP = Step(NAME, find_mentions, tables=(Mention,))
