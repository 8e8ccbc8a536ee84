"""Several texts in one request: cut and put together up to a size, and each sentence of the reply given to its text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from textapi.text.sentences import Span, split


def chunks(
    documents: Iterable[tuple[int, str]], size: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Texts of up to *size* characters made of whole documents, a line each, with the documents' ids.

    A longer document is cut between its sentences, a longer sentence where *size* is reached.
    """
    lines: list[str] = []
    ids: list[int] = []
    length = 0
    for number, text in documents:
        for piece in _pieces(text, size):
            if lines and length + 1 + len(piece) > size:
                yield "\n".join(lines), tuple(dict.fromkeys(ids))
                lines, ids, length = [], [], 0
            length += len(piece) + (1 if lines else 0)
            lines.append(piece)
            ids.append(number)
    if lines:
        yield "\n".join(lines), tuple(dict.fromkeys(ids))


def _pieces(text: str, size: int) -> Iterator[str]:
    if len(text) <= size:
        yield text
        return
    piece = ""
    for start, end in split(text):
        for cut in range(start, end, size):
            sentence = text[cut : min(end, cut + size)]
            if piece and len(piece) + 1 + len(sentence) > size:
                yield piece
                piece = ""
            piece = f"{piece} {sentence}" if piece else sentence
    if piece:
        yield piece


def packed(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """*texts* in their order, in lists that hold up to *size* characters, a line each; a longer text stands alone."""
    pack: list[str] = []
    length = 0
    for text in texts:
        if pack and length + 1 + len(text) > size:
            yield pack
            pack, length = [], 0
        length += len(text) + (1 if pack else 0)
        pack.append(text)
    if pack:
        yield pack


def placed(found: Sequence[str], texts: Sequence[str]) -> list[list[str]] | None:
    """The sentences *found* in *texts*, by the text in which each stands; they keep the order of the texts.

    None where one stands in none of them, or runs over two.
    """
    if len(texts) == 1:
        return [list(found)]
    own = lru_cache(maxsize=None)(
        split
    )  # of this reply: a text is split when a sentence may stand in it, and once
    by_text: list[list[str]] = [[] for _ in texts]
    number, cursor = 0, 0
    for sentence in found:
        place = _place(sentence, texts, number, cursor, own)
        if not sentence or place is None:
            return None
        number, cursor = place[0], place[1] + len(sentence)
        by_text[number].append(sentence)
    return by_text


def _place(
    sentence: str, texts: Sequence[str], number: int, cursor: int, own: Callable[[str], list[Span]]
) -> tuple[int, int] | None:
    """Text and offset of *sentence*, at or after *cursor* of text *number*.

    Where it is one of our *own* sentences, else where it stands first: it may also stand inside an earlier, longer one.
    """
    first = None
    for later in range(number, len(texts)):
        text, begin = texts[later], cursor if later == number else 0
        at = text.find(sentence, begin)
        if at < 0:
            continue
        first = first or (later, at)
        for start, end in islice(own(text), bisect_left(own(text), (begin, 0)), None):
            if end - start == len(sentence) and text.startswith(sentence, start):
                return later, start
    return first
