"""Which sentences of a month's documents mention a keyword."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from analysis.data import MonthData
from analysis.fetcher import Fetcher
from analysis.step import Step, StepResult
from analysis.text.mentions import all_terms, mention_rows
from models.documents import DocumentText
from models.tables import Mention
from textapi.requests import KeywordBatch, keyword_batches, keyword_key

NAME = "keywords"


async def find_mentions(data: MonthData, fetcher: Fetcher) -> StepResult:
    """Ask for all texts of the month, then read the answers day by day."""
    await fetcher.fetch(batches_of_month(data, fetcher.engine))
    documents = 0
    rows: list[dict[str, Any]] = []

    for of_day in data.documents_by_day():
        documents += len(of_day)
        rows += await _mentions_of_day(data, fetcher, of_day)

    return StepResult(documents, {Mention: rows})


def batches_of_month(data: MonthData, engine: str) -> Iterator[KeywordBatch]:
    """Yield the requests for the month's texts, each different text once.

    A batch ends with its day, so that a document added elsewhere moves no other batch.
    """
    terms = all_terms(data.keywords)
    digests: set[bytes] = set()  # of the texts so far: a day's texts are not kept

    for of_day in data.documents_by_day():
        texts = []
        for document in of_day:
            digest = hashlib.blake2b(document.text.encode(), digest_size=16).digest()
            if digest not in digests:
                digests.add(digest)
                texts.append(document.text)

        yield from keyword_batches(engine, texts, terms, data.options.text_size)


async def _mentions_of_day(
    data: MonthData, fetcher: Fetcher, documents: list[DocumentText]
) -> list[dict[str, Any]]:
    keywords = data.keywords
    terms = all_terms(keywords)
    keys: dict[tuple[str, str], bytes] = {}
    for document in documents:
        for term in terms:
            keys[document.text, term] = keyword_key(fetcher.engine, term, document.text)

    answers = await fetcher.read(set(keys.values()))
    rows: list[dict[str, Any]] = []
    for document in documents:
        sentences_by_term = {term: answers[keys[document.text, term]] for term in terms}
        rows += mention_rows(document, keywords, sentences_by_term)

    return rows


STEP = Step(NAME, find_mentions, tables=(Mention,))
