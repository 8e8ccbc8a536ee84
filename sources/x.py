"""Posts of X: what its API v2 answers, and what an account's own archive holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sources.base import Document, Empty, Item, LeftOut, X, clean, clean_or_none, fold_handle, whole_second
from sources.posttexts import decode_entities
from sources.times import parse_time

_STATUS = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:#!/)?([^/?#]+)/status(?:es)?/(\d+)", re.IGNORECASE
)
_FIRST_TIMED_ID = 29_700_859_247
_ID_EPOCH_MS = 1_288_834_974_657
_RETWEET = re.compile(r"RT @\w+:")


def v2_item(
    tweet: Any, users: Mapping[str, str], file: str, index: int, *, now: datetime, handle: str | None = None
) -> Item:
    """One post of an answer of the API v2; *users* are the handles of ``includes.users`` by id."""
    if not isinstance(tweet, Mapping) or not clean_or_none(tweet.get("id")):
        return LeftOut(file, index, "it is no post of X: it has no id")
    note = tweet.get("note_tweet")  # a long post, whose `text` is only its beginning
    author = clean_or_none(tweet.get("author_id"))
    referenced = tweet.get("referenced_tweets")
    return _post(
        tweet["id"],
        note.get("text") if isinstance(note, Mapping) else tweet.get("text"),
        place=(file, index, now),
        created=tweet.get("created_at"),
        handle=users.get(author or "") or handle,
        author=author,
        retweeted=isinstance(referenced, list)
        and any(isinstance(other, Mapping) and other.get("type") == "retweeted" for other in referenced),
    )


def v2_users(includes: object) -> dict[str, str]:
    """Handles by account id, of an answer's ``includes``."""
    found: dict[str, str] = {}
    users = includes.get("users") if isinstance(includes, Mapping) else None
    for user in users if isinstance(users, list) else []:
        if (
            isinstance(user, Mapping)
            and isinstance(user.get("id"), str)
            and (name := fold_handle(user.get("username")))
        ):
            found[user["id"]] = name
    return found


def archived_item(entry: Any, handle: str | None, file: str, index: int, now: datetime) -> Item:
    """One post of ``tweets.js``, or of any file with posts as the API v1.1 gave them."""
    tweet = entry.get("tweet", entry) if isinstance(entry, Mapping) else None
    number = clean_or_none(tweet.get("id_str") or str(tweet.get("id") or "")) if isinstance(tweet, Mapping) else None
    if tweet is None or number is None:
        return LeftOut(file, index, "it is no post of X: it has no id")
    user = tweet.get("user") if isinstance(tweet.get("user"), Mapping) else {}
    return _post(
        number,
        tweet.get("full_text") or tweet.get("text"),
        place=(file, index, now),
        created=tweet.get("created_at"),
        handle=fold_handle(user.get("screen_name")) or handle,
        author=clean_or_none(user.get("id_str")),
        retweeted="retweeted_status" in tweet,
    )


def _post(
    number: str,
    text: object,
    *,
    place: tuple[str, int, datetime],
    created: object,
    handle: str | None,
    author: str | None,
    retweeted: bool,
) -> Item:
    file, index, now = place
    if not isinstance(text, str) or not text.strip():
        return Empty(file, index)
    words, replaced = clean(decode_entities(text).strip())
    native_id = clean(number.strip())[0]
    published = whole_second(parse_time(created) or time_of_id(native_id), X, now)
    return Document(
        source=X,
        native_id=native_id,
        text=words,
        published_at=published,
        address=status_address(native_id, handle),
        handle=handle,
        author_id=author,
        repost=retweeted or is_retweet(words),
        replaced=replaced,
        time_wrong=published is None and bool(created),
    )


def time_of_id(number: str) -> datetime | None:
    """When a post was made, by its id: since November 2010 the upper bits count milliseconds; None for older ids.

    An answer with nothing but X's default fields holds no other time.
    """
    if not number.isascii() or not number.isdigit() or not _FIRST_TIMED_ID <= int(number) < 1 << 63:
        return None
    return datetime.fromtimestamp(((int(number) >> 22) + _ID_EPOCH_MS) / 1000, UTC)


def status_address(number: str, handle: str | None) -> str | None:
    """Where a post can be looked at; without its account's handle, X finds it by its id."""
    return f"https://x.com/{handle or 'i/web'}/status/{number}" if number.isascii() and number.isdigit() else None


def is_retweet(text: str) -> bool:
    """Whether a post of X only passes on another one: in files nothing but its beginning tells it."""
    return _RETWEET.match(text) is not None


def from_status_address(address: str | None) -> tuple[str, str | None] | None:
    """A post's id and its account's handle, where *address* is that of a post on X; else None."""
    found = _STATUS.match(address or "")
    if found is None:
        return None
    name = fold_handle(found[1])
    return found[2], None if name == "i" else name
