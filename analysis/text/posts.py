"""The words of posts, which of their sentences a summary is made of, and how they are quoted."""

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

# A sentence that begins with one of these words says of what it speaks in the sentence before.
_REFERRING = frozenset(
    re.findall(
        r"\w+",
        """and but or nor so yet then also however instead meanwhile therefore thus otherwise
        because he she it they him her them his hers its their theirs this that these those such
        there""",
    )
)
_FIRST_WORD = re.compile(r"[^\w\u2014\u2013-]*([^\W\d_]+)")

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


def stands_alone(sentence: str) -> bool:
    """Return whether a reader needs no sentence before *sentence*: no "But", "He" or "— Ann"."""
    first_word = _FIRST_WORD.match(sentence)
    return first_word is not None and first_word[1].casefold() not in _REFERRING


def quote_in_context(post_sentences: Sequence[str], index: int) -> str:
    """Return a sentence of a post with those before it that it needs.

    If none of them stands alone, return the whole post.
    """
    for begin in range(index, -1, -1):
        if stands_alone(post_sentences[begin]):
            return " ".join(post_sentences[begin : index + 1])

    return " ".join(post_sentences)
