"""Posts of Bluesky, as ``app.bsky.feed.getAuthorFeed`` gives them, from files and from its public host (no key)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from core.errors import ServiceBadAnswer
from core.service_client import Answer, ServiceClient
from sources.base import (
    BLUESKY,
    AccountGone,
    Cursor,
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    clean,
    clean_or_none,
    fold_handle,
    whole_second,
)
from sources.crawl import CrawlProgress
from sources.timestamps import parse_time

PATH = "/xrpc/app.bsky.feed.getAuthorFeed"
PAGE_SIZE = 100


async def pages(
    handle: str,
    *,
    client: ServiceClient,
    cursor: Cursor | None = None,
    limit: int | None = None,
    feed_filter: str = "posts_with_replies",
) -> AsyncIterator[Page]:
    """The posts of an account (a handle or a DID), newest first, 100 a page.

    Raises `AccountGone`, or what `ServiceClient.get` raises.
    """
    crawl = CrawlProgress.from_cursor(cursor, limit)
    while True:
        params = {"actor": handle, "filter": feed_filter, "limit": str(crawl.wanted(PAGE_SIZE))}
        if crawl.next is not None:
            params["cursor"] = crawl.next
        answer = await client.get(
            PATH, params, explain=lambda refused: _account_gone(handle, refused)
        )
        page = _page(handle, answer.value, crawl)
        yield page
        if page.end is not None:
            return


def _page(handle: str, value: Any, crawl: CrawlProgress) -> Page:
    feed = value.get("feed") if isinstance(value, Mapping) else None
    if not isinstance(feed, list):
        raise ServiceBadAnswer(
            "bluesky answered without a `feed`: is its address right?", service=BLUESKY
        )
    now = datetime.now(UTC)
    known = False
    for entry in feed:
        moment = None if not isinstance(entry, Mapping) or is_pinned(entry) else entry_time(entry)
        if moment is None:
            continue
        _keep_out_of_it(handle, entry)
        post_id, time = (
            str(_mapping(entry.get("post")).get("uri")),
            moment.isoformat(timespec="milliseconds"),
        )
        known = known or crawl.knows(post_id, time)
        if moment <= now:
            crawl.saw(post_id, time)
    items = tuple(
        feed_item(entry, f"bluesky @{handle}", index, now) for index, entry in enumerate(feed)
    )
    following = value.get("cursor")
    return crawl.page(
        items, following if isinstance(following, str) and following else None, known=known
    )


def _keep_out_of_it(handle: str, entry: Mapping[str, Any]) -> None:
    """An account can ask to be shown to nobody who is not logged in; its public posts come all the same."""
    author = _mapping(_mapping(entry.get("post")).get("author"))
    if repost_reason(entry) or not isinstance(author.get("labels"), list):
        return
    if any(_mapping(label).get("val") == "!no-unauthenticated" for label in author["labels"]):
        raise _gone(handle, "protected", "asks not to be shown to people who are not logged in")


def _account_gone(handle: str, refused: Answer) -> AccountGone | None:
    if refused.status not in (400, 404):
        return None
    error, message = (
        _mapping(refused.value).get("error"),
        str(_mapping(refused.value).get("message", "")).lower(),
    )
    if error == "AccountTakedown" or "suspended" in message or "taken down" in message:
        return _gone(handle, "suspended", "is suspended")
    if error == "AccountDeactivated":
        return _gone(handle, "not-found", "was switched off by its owner")
    if (
        refused.status == 404
        or "not found" in message
        or "resolve" in message
        or "valid did or a handle" in message
    ):
        return _gone(handle, "not-found", "does not exist")
    return None


def _gone(
    handle: str, state: Literal["not-found", "suspended", "protected"], what: str
) -> AccountGone:
    return AccountGone(f"the account @{handle} {what} on bluesky", service=BLUESKY, state=state)


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
    native_id = (
        (clean_or_none(reason.get("uri")) or f"{uri}#repost-by-{account}") if reason else uri
    )
    moment = entry_time(entry)
    published = whole_second(moment, BLUESKY, now)
    text, replaced = clean(record["text"].strip())
    return SourceDocument(
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
