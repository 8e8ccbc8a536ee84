"""Which answers to requests the ledger lacks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from analysis.fetcher import Request
from models.answers import stored_keys
from models.keyword_answers import SearchedDocuments, read_searched
from textapi.requests import AnswerKey, KeywordBatch


def missing_keys(
    connection: Connection, requests: Sequence[Request]
) -> list[Collection[AnswerKey]]:
    """Return for each of *requests*, all to one engine, the keys without a stored answer."""
    batches: list[KeywordBatch] = []
    hashes: set[bytes] = set()
    for request in requests:
        if isinstance(request, KeywordBatch):
            batches.append(request)
        else:
            hashes.update(request.keys)

    stored = stored_keys(connection, hashes)
    searched = _read_searched_of(connection, batches)
    missing: list[Collection[AnswerKey]] = []
    for request in requests:
        if isinstance(request, KeywordBatch):
            missing.append(_missing_keywords(request, searched))
        else:
            missing.append([key for key in request.keys if key not in stored])

    return missing


def _read_searched_of(connection: Connection, batches: Sequence[KeywordBatch]) -> SearchedDocuments:
    terms: set[str] = set()
    document_ids: set[int] = set()
    for batch in batches:
        terms.update(batch.terms)
        document_ids.update(batch.document_ids)

    if not batches:
        return SearchedDocuments()

    return read_searched(connection, batches[0].engine, terms, document_ids)


def _missing_keywords(batch: KeywordBatch, searched: SearchedDocuments) -> list[AnswerKey]:
    missing: list[AnswerKey] = []
    for term in batch.terms:
        document_ids = searched.missing(term, batch.document_ids)
        missing += [(term, document_id) for document_id in document_ids]

    return missing
