"""What is asked of the Text API about documents that are taken as one: the same chunks whoever asks or counts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.parameters import TextOptions
from textapi.packing import chunks
from textapi.requests import TextRequest, entities_of, phrases_of, summary_of


@dataclass(frozen=True)
class Body:
    """What is asked about as one: the documents, ``(id, text)`` by period, of a keyword ("" for an account)."""

    keyword: str
    documents: Mapping[str, Sequence[tuple[int, str]]]

    @property
    def all_documents(self) -> list[tuple[int, str]]:
        """Every document, in the order of the periods."""
        return [document for period in self.documents for document in self.documents[period]]

    def chunks(self, size: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """``(period, text, ids)``; a chunk ends with its period, so that what it says belongs to that month."""
        for period, documents in self.documents.items():
            for text, ids in chunks(documents, size):
                yield period, text, ids


def phrases_requests(engine: str, body: Body, options: TextOptions) -> list[TextRequest]:
    """For the phrases of each chunk."""
    return [
        phrases_of(engine, text, options.phrases, ids)
        for _, text, ids in body.chunks(options.text_size)
    ]


def entities_requests(engine: str, body: Body, options: TextOptions) -> list[TextRequest]:
    """For the entities of each chunk."""
    return [entities_of(engine, text, ids) for _, text, ids in body.chunks(options.text_size)]


def summary_requests(engine: str, body: Body, options: TextOptions) -> list[TextRequest]:
    """For the summary of each chunk; what is asked of these summaries follows from them."""
    return [
        summary_of(engine, text, options.proportion, ids)
        for _, text, ids in body.chunks(options.text_size)
    ]


def further_summary_requests(
    engine: str,
    summaries: Sequence[str],
    asked: int,
    options: TextOptions,
    quoted: Sequence[int] = (),
) -> list[TextRequest]:
    """For the summary of *summaries*, the answers to *asked* questions; none where they fit into one request.

    *quoted*: the documents that they quote.
    """
    if asked <= 1 or len("\n".join(summaries)) <= options.text_size:
        return []
    parts = chunks(enumerate(summaries), options.text_size)
    return [summary_of(engine, text, options.proportion, quoted) for text, _ in parts]
