"""Posts of Bluesky, as ``app.bsky.feed.getAuthorFeed`` gives them, from files and from its host."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from core.errors import ServiceBadAnswer
from sources.base import (
    AccountGone,
    AccountState,
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    clean,
    clean_name,
    clean_or_none,
    fold_handle,
    mapping_or_empty,
    text_or_empty,
)
from sources.crawl import CrawlProgress, check_page_size
from sources.source import CrawlRequest, JsonFormat, PostReader, ReadContext, Service, Source
from sources.timestamps import parse_time

if TYPE_CHECKING:
    from core.service_client import ServiceAnswer

NAME = "bluesky"

_PATH = "/xrpc/app.bsky.feed.getAuthorFeed"
_PAGE_SIZE = 100
_HANDLE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+|did:[a-z]+:\S+")
_PROFILE = re.compile(
    rf"(?:https?://)?(?:www\.)?bsky\.app/profile/({_HANDLE.pattern})/?(?:[?#].*)?", re.IGNORECASE
)


async def account_pages(request: CrawlRequest) -> AsyncIterator[Page]:
    """Read the posts of an account (a handle or a DID), newest first, 100 a page.

    Raises `AccountGone`, or what the client raises.
    """
    handle = request.subject
    crawl = CrawlProgress.from_cursor(request.cursor, request.limit)
    explain = partial(_account_gone, handle)
    while not crawl.has_ended:
        page_parameters = crawl.page_parameters(_PAGE_SIZE, size="limit", following="cursor")
        params = {"actor": handle, "filter": "posts_with_replies", **page_parameters}
        answer = await request.client.get(_PATH, params, explain=explain)
        yield _page(handle, answer.value, crawl)


def _page(handle: str, json_answer: Any, crawl: CrawlProgress) -> Page:
    answer = mapping_or_empty(json_answer)
    feed = answer.get("feed")
    if not isinstance(feed, list):
        raise ServiceBadAnswer(
            "bluesky answered without a `feed`: is its address right?", service=NAME
        )

    check_page_size(feed, _PAGE_SIZE, NAME)

    now = datetime.now(UTC)
    for entry in map(mapping_or_empty, feed):
        moment = None if _has_reason(entry, "#reasonPin") else _entry_time(entry)
        if moment is None:
            # A pinned post heads its feed, out of the order of time.
            continue

        _raise_if_hidden(handle, entry)
        post_id = clean_or_none(mapping_or_empty(entry.get("post")).get("uri")) or ""
        time = moment.isoformat(timespec="milliseconds")
        crawl.note_post(post_id, time, is_future=moment > now)

    context = ReadContext(file=f"bluesky @{handle}", now=now)
    items = [read_entry(entry, index, context) for index, entry in enumerate(feed)]
    return crawl.finish_page(items, answer.get("cursor"))


def _raise_if_hidden(handle: str, entry: Mapping[str, Any]) -> None:
    """Respect an account's wish to be hidden from people who are not logged in."""
    labels = mapping_or_empty(mapping_or_empty(entry.get("post")).get("author")).get("labels")
    if _has_reason(entry, "#reasonRepost") or not isinstance(labels, list):
        return
    if any(mapping_or_empty(label).get("val") == "!no-unauthenticated" for label in labels):
        raise _gone(handle, "protected", "asks not to be shown to people who are not logged in")


def _account_gone(handle: str, refused: ServiceAnswer) -> AccountGone | None:
    if refused.status not in (400, 404):
        return None

    answer = mapping_or_empty(refused.value)
    error, message = answer.get("error"), text_or_empty(answer.get("message")).lower()

    if error == "AccountTakedown" or "suspended" in message or "taken down" in message:
        return _gone(handle, "suspended", "is suspended")
    if error == "AccountDeactivated":
        return _gone(handle, "not-found", "was switched off by its owner")

    unknown = ("not found", "resolve", "valid did or a handle")
    if refused.status == 404 or any(phrase in message for phrase in unknown):
        return _gone(handle, "not-found", "does not exist")

    return None


def _gone(handle: str, state: AccountState, reason: str) -> AccountGone:
    return AccountGone(f"the account @{handle} {reason} on bluesky", service=NAME, state=state)


def read_entry(entry: Any, index: int, context: ReadContext) -> Item:
    """Make an item of one entry of a feed.

    A repost is the act of the account that passed it on: it has its own id and time, and that
    account's handle.
    """
    post = mapping_or_empty(mapping_or_empty(entry).get("post"))
    record, uri = post.get("record"), clean_or_none(post.get("uri"))
    if not isinstance(record, Mapping) or uri is None:
        reason = "it is no post of Bluesky: it has no uri or no record"
        return LeftOut(context.file, index, reason)

    if not isinstance(record.get("text"), str) or not record["text"].strip():
        return Empty(context.file, index)

    author, native_id = mapping_or_empty(post.get("author")), uri
    address = _web_address(uri, author)
    is_repost = _has_reason(entry, "#reasonRepost")
    if is_repost:
        author = mapping_or_empty(entry["reason"].get("by"))
        repost_id = f"{uri}#repost-by-{clean_or_none(author.get('did'))}"
        native_id = clean_or_none(entry["reason"].get("uri")) or repost_id

    published = SOURCE.stored_time(_entry_time(entry), context.now)
    text, replaced = clean(record["text"].strip())
    return SourceDocument(
        source=NAME,
        native_id=native_id,
        text=text,
        published_at=published,
        address=address,
        handle=fold_handle(author.get("handle")),
        author_id=clean_or_none(author.get("did")),
        language=_language(record),
        repost=is_repost,
        replaced=replaced,
        time_wrong=published is None,
    )


def _language(record: Mapping[str, Any]) -> str | None:
    """Return the language of a post; one that names several does not say which it is in."""
    languages = record.get("langs")
    if not isinstance(languages, list) or len(languages) != 1:
        return None

    return clean_name(languages[0])


def _entry_time(entry: Mapping[str, Any]) -> datetime | None:
    """Return the time that orders a feed: that of the repost, or the earlier one of a post's two.

    ``createdAt`` is by the author's clock, and can be any time; ``indexedAt`` is by Bluesky's.
    """
    if _has_reason(entry, "#reasonRepost"):
        return parse_time(entry["reason"].get("indexedAt"))

    post = mapping_or_empty(entry.get("post"))
    created = parse_time(mapping_or_empty(post.get("record")).get("createdAt"))
    indexed = parse_time(post.get("indexedAt"))
    return min(filter(None, (created, indexed)), default=None)


def _has_reason(entry: Mapping[str, Any], kind: str) -> bool:
    """Return whether an entry is in the feed as a repost or a pinned post (*kind*)."""
    return text_or_empty(mapping_or_empty(entry.get("reason")).get("$type")).endswith(kind)


def _web_address(uri: str, author: Mapping[str, Any]) -> str:
    repository, _, key = uri.removeprefix("at://").partition("/app.bsky.feed.post/")
    if not key:
        return uri
    return f"https://bsky.app/profile/{fold_handle(author.get('handle')) or repository}/post/{key}"


def _recognizes(entry: Mapping[str, Any], _key: str) -> bool:
    return isinstance(entry.get("post"), Mapping)


def _handle_in_address(address: str) -> str | None:
    match = _PROFILE.fullmatch(address)
    return match[1] if match else None


SOURCE = Source(
    name=NAME,
    label="Bluesky",
    terms="The posts belong to their authors; Bluesky's terms of service hold: "
    "https://bsky.social/about/support/tos",
    earliest=datetime(2022, 11, 1, tzinfo=UTC),
    service=Service(url="bluesky_url", limits="bluesky_limits"),
    account=PostReader(operation="getAuthorFeed", handle_form=_HANDLE, pages=account_pages),
    json_format=JsonFormat(recognizes=_recognizes, read=read_entry, lists=frozenset({("feed",)})),
    handle_in_address=_handle_in_address,
)
