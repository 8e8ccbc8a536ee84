"""Posts of Bluesky, as ``app.bsky.feed.getAuthorFeed`` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sources.base import BLUESKY, Document, Empty, Item, LeftOut, clean, clean_or_none, fold_handle, whole_second
from sources.times import parse_time


def feed_item(entry: Any, file: str, index: int, now: datetime) -> Item:
    """One entry of a feed. A repost is the act of who passed it on: its own id, its own time, their handle."""
    post = entry.get("post") if isinstance(entry, Mapping) else None
    record = post.get("record") if isinstance(post, Mapping) else None
    uri = clean_or_none(post.get("uri")) if isinstance(post, Mapping) else None
    if not isinstance(post, Mapping) or not isinstance(record, Mapping) or uri is None:
        return LeftOut(file, index, "it is no post of Bluesky: it has no uri or no record")
    if not isinstance(record.get("text"), str) or not record["text"].strip():
        return Empty(file, index)
    reason = repost_reason(entry)
    author = _mapping(reason.get("by")) if reason else _mapping(post.get("author"))
    account, handle = clean_or_none(author.get("did")), fold_handle(author.get("handle"))
    native_id = (clean_or_none(reason.get("uri")) or f"{uri}#repost-by-{account}") if reason else uri
    moment = entry_time(entry)
    published = whole_second(moment, BLUESKY, now)
    text, replaced = clean(record["text"].strip())
    return Document(
        source=BLUESKY,
        native_id=native_id,
        text=text,
        published_at=published,
        address=_web_address(uri, _mapping(post.get("author"))),
        handle=handle,
        author_id=account,
        repost=bool(reason),
        replaced=replaced,
        time_wrong=published is None,
    )


def entry_time(entry: Mapping[str, Any]) -> datetime | None:
    """The time by which a feed is ordered: when the post was passed on, else the earlier of its two times.

    ``createdAt`` is what the author's clock said, and can be any time at all; ``indexedAt`` is when Bluesky saw it.
    """
    reason = repost_reason(entry)
    if reason:
        return parse_time(reason.get("indexedAt"))
    post = _mapping(entry.get("post"))
    written = (_mapping(post.get("record")).get("createdAt"), post.get("indexedAt"))
    moments = [moment for moment in map(parse_time, written) if moment is not None]
    return min(moments, default=None)


def repost_reason(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who passed an entry's post on and when; empty where it is the account's own post."""
    reason = _mapping(entry.get("reason"))
    return reason if str(reason.get("$type", "")).endswith("#reasonRepost") else {}


def is_pinned(entry: Mapping[str, Any]) -> bool:
    """Whether an entry stands at the head of its feed by the account's wish, out of the order of time."""
    return str(_mapping(entry.get("reason")).get("$type", "")).endswith("#reasonPin")


def _web_address(uri: str, author: Mapping[str, Any]) -> str:
    repository, _, key = uri.removeprefix("at://").partition("/app.bsky.feed.post/")
    if not key:
        return uri
    return f"https://bsky.app/profile/{fold_handle(author.get('handle')) or repository}/post/{key}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
