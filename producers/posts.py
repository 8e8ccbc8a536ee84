"""What is asked of services about posts, and of the Text API: the same whoever asks, so that `plan` can count it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from core.enums import Step
from models.crawls import posts_after
from models.documents import Text
from models.parameters import TextOptions
from producers.bodies import Body, entities_requests, phrases_requests, summary_requests
from sources.post_cleaning import words_of_post
from sources.registry import archives
from textapi.requests import ApiRequest, polarity_requests
from textapi.text.keywords import pattern
from textapi.text.sentences import sentences

SCANNED_AT_ONCE = 5000
SHORT = 5  # words; calls ("Watch live:") and signatures are shorter, and win by being repeated
_WORD = re.compile(r"(?<![\w@#])[^\W_][\w'\u2019-]*")

Texts = Sequence[tuple[int, str]]  # a document's id and what it says


def stored_matches(
    connection: Connection, term: str, after: int, source: str | None
) -> tuple[int | None, list[int]]:
    """Of the next stored posts after the one numbered *after*: where they end (None: nowhere) and which hold *term*."""
    without = [archive.name for archive in archives()]
    posts = posts_after(connection, after, source=source, but=without, limit=SCANNED_AT_ONCE)
    rule = pattern(term)
    return posts[-1][0] if posts else None, [number for number, text in posts if rule.search(text)]


def own_posts(posts: Iterable[Text]) -> list[Text]:
    """Those that are not reposts: nobody is judged by somebody else's words."""
    return [post for post in posts if not post.repost]


def words_by_month(posts: Iterable[Text]) -> dict[str, list[tuple[int, str]]]:
    """The words of *posts*, ``(id, text)`` by month ("" where it is not settings), without those that say nothing."""
    by_period: dict[str, list[tuple[int, str]]] = {}
    for post in posts:
        words = words_of_post(post.text)
        if words:
            by_period.setdefault(post.period or "", []).append((post.id, words))
    return by_period


def to_sum_up(words: Mapping[str, Texts]) -> dict[str, Texts]:
    """Of *words* the sentences that a summary may be made of, a line each; all of them where every one is short."""
    chosen = {
        period: [one for one in map(_long, texts) if one[1]] for period, texts in words.items()
    }
    return dict(chosen) if any(chosen.values()) else dict(words)


def _long(document: tuple[int, str]) -> tuple[int, str]:
    number, text = document
    return number, "\n".join(one for one in sentences(text) if len(_WORD.findall(one)) >= SHORT)


@dataclass(frozen=True)
class OwnWords:
    """What a portrait is made of: an account's own posts, their words, and of these what a summary may be made of."""

    posts: Sequence[Text]
    said: Body
    told: Body

    @classmethod
    def of(cls, posts: Iterable[Text]) -> Self:
        """Those of *posts*, reposts left out."""
        own = own_posts(posts)
        words = words_by_month(own)
        return cls(own, Body("", words), Body("", to_sum_up(words)))

    @property
    def texts(self) -> list[str]:
        """Each different text once."""
        return list(dict.fromkeys(post.text for post in self.posts))

    def first_requests(self, step: Step, engine: str, options: TextOptions) -> Sequence[ApiRequest]:
        """What a step asks to begin with; only a summary leads to further questions."""
        match step:
            case Step.SUMMARY:
                return summary_requests(engine, self.told, options)
            case Step.PHRASES:
                return phrases_requests(engine, self.said, options)
            case Step.ENTITIES:
                return entities_requests(engine, self.said, options)
            case Step.POLARITY:
                return polarity_requests(engine, self.texts, options.text_size)
        return ()
