"""The words of posts, and which of their sentences a summary is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from analysis.corpus import TextOfDocument
from models.documents import DocumentText
from sources.post_cleaning import words_of_post
from textapi.text.sentences import sentences

# A sentence has at least this many words. Calls ("Watch live:") and signatures are shorter, and
# often repeated.
SHORTEST_SENTENCE = 5

_WORD = re.compile(r"(?<![\w@#])[^\W_][\w'\u2019-]*")

TextsByMonth = Mapping[str, Sequence[TextOfDocument]]


def words_by_month(posts: Iterable[DocumentText]) -> dict[str, list[TextOfDocument]]:
    """Return the words of *posts* by month ("" if it is not known), without empty ones."""
    texts_by_month: dict[str, list[TextOfDocument]] = {}

    for post in posts:
        post_words = words_of_post(post.text)
        if post_words:
            texts_by_month.setdefault(post.period or "", []).append((post.id, post_words))

    return texts_by_month


def long_sentences_by_month(words: TextsByMonth) -> TextsByMonth:
    """Return the sentences of *words* that are long enough, a line each.

    If no sentence is long enough, *words* are returned as they are.
    """
    texts_by_month: dict[str, list[TextOfDocument]] = {}

    for month, texts in words.items():
        texts_by_month[month] = []
        for document_id, text in texts:
            lines = _long_sentences(text)
            if lines:
                texts_by_month[month].append((document_id, lines))

    return texts_by_month if any(texts_by_month.values()) else words


def _long_sentences(text: str) -> str:
    return "\n".join(
        sentence
        for sentence in sentences(text)
        if len(_WORD.findall(sentence)) >= SHORTEST_SENTENCE
    )
