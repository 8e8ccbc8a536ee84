"""The words of posts, and which of their sentences a summary may be made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from analysis.corpus import TextOfDocument
from models.documents import DocumentText
from sources.post_cleaning import words_of_post
from textapi.text.sentences import sentences

SHORTEST_SENTENCE = 5  # words; calls ("Watch live:") and signatures are shorter, and often repeated
_WORD = re.compile(r"(?<![\w@#])[^\W_][\w'\u2019-]*")

TextsByMonth = Mapping[str, Sequence[TextOfDocument]]


def words_by_month(posts: Iterable[DocumentText]) -> dict[str, list[TextOfDocument]]:
    """Return the words of *posts* by month ("" where it is not known), without empty ones."""
    by_month: dict[str, list[TextOfDocument]] = {}

    for post in posts:
        words = words_of_post(post.text)
        if words:
            by_month.setdefault(post.period or "", []).append((post.id, words))

    return by_month


def long_sentences_by_month(words: TextsByMonth) -> TextsByMonth:
    """Return the sentences of *words* that are long enough, a line each.

    Where no sentence is long enough, *words* are returned as they are.
    """
    by_month: dict[str, list[TextOfDocument]] = {}

    for month, texts in words.items():
        by_month[month] = []
        for document_id, text in texts:
            lines = _long_sentences(text)
            if lines:
                by_month[month].append((document_id, lines))

    return by_month if any(by_month.values()) else words


def _long_sentences(text: str) -> str:
    return "\n".join(
        sentence
        for sentence in sentences(text)
        if len(_WORD.findall(sentence)) >= SHORTEST_SENTENCE
    )
