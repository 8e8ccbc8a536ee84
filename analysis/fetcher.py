"""The interface through which a step gets answers of a service."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from analysis.codebooks.model_requests import ModelRequest
from textapi.requests import ApiRequest, KeywordKey, TextRequest

#: What a fetcher gets answers to, of the Text API or of a language model.
Request: TypeAlias = ApiRequest | ModelRequest
SingleRequest = TypeVar("SingleRequest", TextRequest, ModelRequest)


class Fetcher(Protocol):
    """Gets answers: `workers.ledger_fetcher` requests them, `producers.dry_run` only counts."""

    @property
    def engine(self) -> str:
        """Name and version of the engine whose answers are fetched."""

    @property
    def languages(self) -> frozenset[str] | None:
        """The codes of the languages that the engine reads; None if it declares none."""

    async def fetch(self, requests: Iterable[Request]) -> None:
        """See that every answer of *requests* is in the ledger."""

    async def read(self, keys: Collection[bytes]) -> dict[bytes, Any]:
        """Read the answers with *keys*, all of them fetched before."""

    async def read_sentences(
        self, terms: Sequence[str], document_ids: Sequence[int]
    ) -> dict[KeywordKey, list[str]]:
        """Read the sentences that were found in documents, by term and document id."""


async def fetch_answers(fetcher: Fetcher, requests: Sequence[SingleRequest]) -> list[Any]:
    """Fetch one answer for each of *requests*, in their order; equal requests are made once."""
    unique = {request.key: request for request in requests}
    await fetcher.fetch(unique.values())
    answers = await fetcher.read(list(unique))
    return [answers[request.key] for request in requests]
