"""What is asked of the Text API about posts: the same texts whoever asks, so that `plan` can count them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from models.documents import Text
from sources.posttexts import words_of_post
from textapi.engine.sentences import sentences

SHORT = 5  # words; calls ("Watch live:") and signatures are shorter, and win by being repeated
_WORD = re.compile(r"(?<![\w@#])[^\W_][\w'\u2019-]*")

Texts = Sequence[tuple[int, str]]  # a document's id and what it says


def own_posts(posts: Iterable[Text]) -> list[Text]:
    """Those that are not reposts: nobody is judged by somebody else's words."""
    return [post for post in posts if not post.repost]


def words_by_month(posts: Iterable[Text]) -> dict[str, list[tuple[int, str]]]:
    """The words of *posts*, ``(id, text)`` by month ("" where it is not known), without those that say nothing."""
    by_period: dict[str, list[tuple[int, str]]] = {}
    for post in posts:
        words = words_of_post(post.text)
        if words:
            by_period.setdefault(post.period or "", []).append((post.id, words))
    return by_period


def to_sum_up(words: Mapping[str, Texts]) -> dict[str, Texts]:
    """Of *words* the sentences that a summary may be made of, a line each; all of them where every one is short."""
    chosen = {period: [one for one in map(_long, texts) if one[1]] for period, texts in words.items()}
    return dict(chosen) if any(chosen.values()) else dict(words)


def _long(document: tuple[int, str]) -> tuple[int, str]:
    number, text = document
    return number, "\n".join(one for one in sentences(text) if len(_WORD.findall(one)) >= SHORT)
