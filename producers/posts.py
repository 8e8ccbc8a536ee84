"""What is asked of services about posts, and of the Text API: the same whoever asks, so that `plan` can count it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from core.enums import Step
from core.settings import Settings
from models.crawls import posts_after
from models.documents import DocumentText
from models.parameters import TextOptions
from producers.bodies import Body, entities_requests, phrases_requests, summary_requests
from sources.base import BLUESKY, MASTODON, NYT, X
from sources.post_cleaning import words_of_post
from textapi.requests import ApiRequest, polarity_requests
from textapi.text.keywords import pattern
from textapi.text.sentences import sentences

SCANNED_AT_ONCE = 5000
SHORT = 5  # words; calls ("Watch live:") and signatures are shorter, and win by being repeated
_WORD = re.compile(r"(?<![\w@#])[^\W_][\w'\u2019-]*")

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+|did:[a-z]+:\S+")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_NAME = re.compile(r"\w{1,15}", re.ASCII)

OPERATIONS = {MASTODON: "statuses", BLUESKY: "getAuthorFeed", X: "posts"}  # as calls are counted
SEARCH = "search"

Texts = Sequence[tuple[int, str]]  # a document's id and what it says


def service_of_handle(handle: str, source: str | None, settings: Settings) -> str | None:
    """The service that can be asked about a handle; None where the stored documents are all there is.

    One of the handle's form that needs no key, or whose key is set; *source* names another one.
    """
    if source == MASTODON or (source is None and _ADDRESS.fullmatch(handle)):
        return MASTODON
    if source == BLUESKY or (source is None and _DOMAIN.fullmatch(handle)):
        return BLUESKY
    if source == X or (source is None and _NAME.fullmatch(handle)):
        return X if settings.x_bearer is not None else None
    return None


def service_of_search(source: str | None, settings: Settings) -> str | None:
    """The service that can be searched: X, where its token is set."""
    return X if source in (None, X) and settings.x_bearer is not None else None


def stored_matches(
    connection: Connection, term: str, after: int, source: str | None
) -> tuple[int | None, list[int]]:
    """Of the next stored posts after the one numbered *after*: where they end (None: nowhere) and which hold *term*."""
    posts = posts_after(connection, after, source=source, but=NYT, limit=SCANNED_AT_ONCE)
    rule = pattern(term)
    return posts[-1][0] if posts else None, [number for number, text in posts if rule.search(text)]


def own_posts(posts: Iterable[DocumentText]) -> list[DocumentText]:
    """Those that are not reposts: nobody is judged by somebody else's words."""
    return [post for post in posts if not post.repost]


def words_by_month(posts: Iterable[DocumentText]) -> dict[str, list[tuple[int, str]]]:
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

    posts: Sequence[DocumentText]
    said: Body
    told: Body

    @classmethod
    def of(cls, posts: Iterable[DocumentText]) -> Self:
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
