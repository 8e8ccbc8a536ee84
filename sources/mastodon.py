"""Posts of Mastodon, as ``/api/v1/accounts/:id/statuses`` gives them: from files, and from an account's home server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from core.errors import ServiceBadAnswer, UsageError
from core.service_client import Answer, ServiceClient
from sources.base import (
    MASTODON,
    AccountGone,
    Cursor,
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    clean,
    clean_address,
    clean_or_none,
    fold_handle,
    whole_second,
)
from sources.crawl import CrawlProgress
from sources.post_cleaning import html_to_text
from sources.timestamps import parse_time

LOOKUP = "/api/v1/accounts/lookup"
STATUSES = "/api/v1/accounts/{account}/statuses"
PAGE_SIZE = 40

_HANDLE = re.compile(r"([\w.-]+)@([\w-]+(?:\.[\w-]+)*(?::\d{1,5})?)")
_NEXT = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\"?")


def home_server(handle: str) -> str:
    """The server in ``user@server``. Raises `UsageError` where *handle* is of another form."""
    found = _HANDLE.fullmatch(handle)
    if found is None:
        raise UsageError(f"{handle!r} is no account of Mastodon: write it as user@server")
    return found[2]


async def pages(
    handle: str, *, client: ServiceClient, cursor: Cursor | None = None, limit: int | None = None
) -> AsyncIterator[Page]:
    """The public statuses of ``user@server``, newest first, 40 a page; *client* asks the home server.

    Raises `UsageError`, `AccountGone`, or what `ServiceClient.get` raises.
    """
    home_server(handle)
    crawl = CrawlProgress.from_cursor(cursor, limit)

    def explain(refused: Answer) -> AccountGone | None:
        return _account_gone(handle, refused)

    if crawl.account is None:
        answer = await client.get(LOOKUP, {"acct": handle.partition("@")[0]}, explain=explain)
        crawl.account = _account_id(handle, answer.value)
    while True:
        params = {"limit": str(crawl.wanted(PAGE_SIZE))}
        if crawl.next is not None:
            params["max_id"] = crawl.next
        if crawl.since is not None:
            params["since_id"] = crawl.since["id"]
        answer = await client.get(STATUSES.format(account=crawl.account), params, explain=explain)
        page = _page(handle, answer, crawl)
        yield page
        if page.end is not None:
            return


def _account_id(handle: str, account: Any) -> str:
    number = clean_or_none(account.get("id")) if isinstance(account, Mapping) else None
    if number is None or not re.fullmatch(r"\w+", number):
        raise ServiceBadAnswer(
            "mastodon answered without the account's id: is it a Mastodon server?", service=MASTODON
        )
    if account.get("suspended"):
        raise _gone(handle, "suspended", "is suspended")
    return number


def _page(handle: str, answer: Answer, crawl: CrawlProgress) -> Page:
    if not isinstance(answer.value, list):
        raise ServiceBadAnswer(
            "mastodon answered without a list of statuses: try again later", service=MASTODON
        )
    now = datetime.now(UTC)
    known = False
    for status in answer.value:
        moment = parse_time(status.get("created_at")) if isinstance(status, Mapping) else None
        if moment is not None:
            post_id, time = str(status.get("id")), moment.isoformat(timespec="milliseconds")
            known = known or crawl.knows(post_id, time)
            crawl.saw(post_id, time)
    items = tuple(
        status_item(status, f"mastodon @{handle}", index, now)
        for index, status in enumerate(answer.value)
    )
    return crawl.page(items, _next_max_id(answer.headers.get("link", "")), known=known)


def _next_max_id(link: str) -> str | None:
    """``max_id`` of the ``Link`` header's next page; nothing else of that address, which could lead anywhere."""
    found = _NEXT.search(link)
    return parse_qs(urlsplit(found[1]).query).get("max_id", [None])[0] if found else None


def _account_gone(handle: str, refused: Answer) -> AccountGone | None:
    if refused.status == 404:
        return _gone(handle, "not-found", "does not exist")
    if refused.status == 410 or (refused.status == 403 and "suspended" in refused.message.lower()):
        return _gone(handle, "suspended", "is suspended")
    if refused.status in (401, 403) or (
        refused.status == 422 and "authenticated" in refused.message.lower()
    ):
        return _gone(handle, "protected", "is shown to people who are logged in there alone")
    return None


def _gone(
    handle: str, state: Literal["not-found", "suspended", "protected"], what: str
) -> AccountGone:
    return AccountGone(f"the account @{handle} {what} (mastodon)", service=MASTODON, state=state)


def status_item(status: Any, file: str, index: int, now: datetime) -> Item:
    """One status. Ids are a server's own, so the server is part of the document's id; a boost keeps the booster's."""
    number = clean_or_none(status.get("id")) if isinstance(status, Mapping) else None
    if number is None or not isinstance(status.get("account"), Mapping):
        return LeftOut(file, index, "it is no status of Mastodon: it has no id or no account")
    boosted = status["reblog"] if isinstance(status.get("reblog"), Mapping) else None
    content = (boosted or status).get("content")
    text, replaced = clean(html_to_text(content) if isinstance(content, str) else "")
    if not text:
        return Empty(file, index)
    account = status["account"]
    server = _server(account.get("url")) or _server(status.get("url")) or _server(status.get("uri"))
    written = status.get("created_at")
    published = whole_second(parse_time(written), MASTODON, now)
    return SourceDocument(
        source=MASTODON,
        native_id=f"{server}/{number}" if server else number,
        text=text,
        published_at=published,
        address=clean_address((boosted or status).get("url")) or clean_address(status.get("uri")),
        handle=_handle(account, server),
        author_id=clean_address(account.get("uri")) or clean_address(account.get("url")),
        repost=boosted is not None,
        replaced=replaced,
        time_wrong=published is None and bool(written),
    )


def _server(address: object) -> str | None:
    found = clean_address(address)
    return urlsplit(found).netloc.rpartition("@")[2].lower() or None if found else None


def _handle(account: Mapping[str, Any], server: str | None) -> str | None:
    name = fold_handle(account.get("acct")) or fold_handle(account.get("username"))
    return f"{name}@{server}" if name and server and "@" not in name else name
