"""Which sentences of a month's documents mention a keyword."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.data import MonthData
from analysis.fetcher import Fetcher
from analysis.options import Keyword
from analysis.query.forms import with_forms
from analysis.step import Step, StepResult
from analysis.text.mentions import all_terms, mention_rows
from models.documents import DocumentText, documents_by_id, list_texts
from models.tables import Mention
from textapi.requests import KeywordBatch, KeywordKey, keyword_batches

NAME = "keywords"


async def find_mentions(data: MonthData, fetcher: Fetcher) -> StepResult:
    """Ask for all texts of the month, then read what was found.

    What the terms with a star stand for is looked up first.
    """
    data = replace(data, keywords=await asyncio.to_thread(find_forms_of_month, data))
    texts = MonthTexts()
    await fetcher.fetch(batches_of_month(data, fetcher.engine, texts))

    terms = all_terms(data.keywords)
    first_ids = list(texts.first_id_of_digest.values())
    sentences = await fetcher.read_sentences(terms, first_ids)
    rows = _mentions_of_month(data, texts, sentences)

    return StepResult(texts.documents, {Mention: rows})


def find_forms_of_month(data: MonthData) -> list[Keyword]:
    """Return the keywords with the forms that their terms with a star have in the month."""
    return with_forms(data.keywords, list_texts(data.db, data.scope))


@dataclass
class MonthTexts:
    """The different texts of a month, each by its first document; no text is kept."""

    documents: int = 0
    first_id_of_digest: dict[bytes, int] = field(default_factory=dict)
    repeated: dict[int, list[int]] = field(default_factory=dict)  # later documents, by the first
    place_of_id: dict[int, int] = field(default_factory=dict)  # by day, then identity

    def add(self, document: DocumentText) -> bool:
        """Add a document; return whether its text is a new one."""
        self.place_of_id[document.id] = self.documents
        self.documents += 1
        digest = hashlib.blake2b(document.text.encode(), digest_size=16).digest()
        first_id = self.first_id_of_digest.setdefault(digest, document.id)

        if first_id == document.id:
            return True
        self.repeated.setdefault(first_id, []).append(document.id)
        return False


def batches_of_month(data: MonthData, engine: str, texts: MonthTexts) -> Iterator[KeywordBatch]:
    """Yield the requests for the month's texts, each different text once; add them to *texts*.

    A batch ends with its day, so that a document added elsewhere moves no other batch.
    """
    terms = all_terms(data.keywords)

    for date, documents in data.documents_by_day():
        new_texts = []
        for document in documents:
            if texts.add(document):
                new_texts.append((document.id, document.text))

        if terms:  # a star may stand for nothing
            yield from keyword_batches(engine, new_texts, terms, data.options.text_size, date)


def _mentions_of_month(
    data: MonthData, texts: MonthTexts, sentences: dict[KeywordKey, list[str]]
) -> list[dict[str, Any]]:
    """Return the mentions by day, identity and position, from the *sentences* that were found."""
    first_id_of: dict[int, int] = {}
    for first_id in {document_id for _, document_id in sentences}:
        for document_id in (first_id, *texts.repeated.get(first_id, ())):
            first_id_of[document_id] = first_id

    with data.db.read() as connection:
        documents = documents_by_id(connection, sorted(first_id_of))

    terms = all_terms(data.keywords)
    rows: list[dict[str, Any]] = []
    for document in sorted(documents, key=lambda document: texts.place_of_id[document.id]):
        first_id = first_id_of[document.id]
        sentences_by_term = {term: sentences.get((term, first_id), []) for term in terms}
        rows += mention_rows(document, data.keywords, sentences_by_term)

    return rows


STEP = Step(NAME, find_mentions, tables=(Mention,))
