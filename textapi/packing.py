"""The packing of several texts into one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from textapi.text.sentences import split

T = TypeVar("T")


def pack(items: Iterable[T], size: int, length_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield *items* in order, in batches of up to *size* characters, or of one longer item.

    The items of a batch are joined by one character.
    """
    batch: list[T] = []
    length = 0
    for item in items:
        added = length_of(item)
        if batch and length + 1 + added > size:
            yield batch
            batch, length = [], 0

        length += added + (1 if batch else 0)
        batch.append(item)

    if batch:
        yield batch


def chunks(
    documents: Iterable[tuple[int, str]], size: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield texts of up to *size* characters, a document a line, with the documents' ids.

    A longer document is cut between its sentences, a longer sentence where *size* is reached.
    """
    for batch in pack(_cut_documents(documents, size), size, lambda line: len(line[1])):
        ids, lines = zip(*batch, strict=True)
        yield "\n".join(lines), tuple(dict.fromkeys(ids))


def _cut_documents(documents: Iterable[tuple[int, str]], size: int) -> Iterator[tuple[int, str]]:
    for document_id, text in documents:
        if len(text) <= size:
            yield document_id, text
            continue

        for sentences in pack(_cut_sentences(text, size), size, len):
            yield document_id, " ".join(sentences)


def _cut_sentences(text: str, size: int) -> Iterator[str]:
    for start, end in split(text):
        for cut in range(start, end, size):
            yield text[cut : min(end, cut + size)]
