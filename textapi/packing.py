"""Several texts in one request: how they are packed, and whose sentence of the reply is whose."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from textapi.text.sentences import Span, split

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
    for batch in pack(_cut_documents(documents, size), size, _length_of_line):
        ids, lines = zip(*batch, strict=True)
        yield "\n".join(lines), tuple(dict.fromkeys(ids))


def _cut_documents(documents: Iterable[tuple[int, str]], size: int) -> Iterator[tuple[int, str]]:
    for number, text in documents:
        if len(text) <= size:
            yield number, text
            continue
        for sentences in pack(_cut_sentences(text, size), size, len):
            yield number, " ".join(sentences)


def _cut_sentences(text: str, size: int) -> Iterator[str]:
    for start, end in split(text):
        for cut in range(start, end, size):
            yield text[cut : min(end, cut + size)]


def _length_of_line(line: tuple[int, str]) -> int:
    return len(line[1])


def assign_sentences(sentences: Sequence[str], texts: Sequence[str]) -> list[list[str]] | None:
    """Return for each of *texts* those of *sentences* that stand in it, which are in its order.

    None if one stands in no text, or runs over two.
    """
    if len(texts) == 1:
        return [list(sentences)]

    split_once = lru_cache(maxsize=None)(split)  # for this reply alone, and only where needed
    sentences_of: list[list[str]] = [[] for _ in texts]
    number, cursor = 0, 0
    for sentence in sentences:
        place = _find(sentence, texts, number, cursor, split_once)
        if not sentence or place is None:
            return None
        number, cursor = place[0], place[1] + len(sentence)
        sentences_of[number].append(sentence)
    return sentences_of


def _find(
    sentence: str,
    texts: Sequence[str],
    number: int,
    cursor: int,
    split_once: Callable[[str], list[Span]],
) -> tuple[int, int] | None:
    """Return text and offset of *sentence*, at or after *cursor* of text *number*.

    A place where our own splitter finds the sentence too goes before its first occurrence, which
    may be inside a longer sentence.
    """
    first = None
    for later in range(number, len(texts)):
        text, begin = texts[later], cursor if later == number else 0
        offset = text.find(sentence, begin)
        if offset < 0:
            continue

        first = first or (later, offset)
        spans = split_once(text)
        for start, end in islice(spans, bisect_left(spans, (begin, 0)), None):
            if end - start == len(sentence) and text.startswith(sentence, start):
                return later, start
    return first
