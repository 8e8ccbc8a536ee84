"""Posts of Mastodon, as ``/api/v1/accounts/:id/statuses`` gives them: from files and servers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from core.errors import ServiceBadAnswer, UsageError
from sources.base import (
    AccountGone,
    AccountState,
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    clean,
    clean_address,
    clean_name,
    clean_or_none,
    fold_handle,
    host_of,
    mapping_or_empty,
    text_or_empty,
)
from sources.crawl import CrawlProgress, check_page_size
from sources.post_cleaning import LONGEST_HTML, html_to_text
from sources.source import CrawlRequest, JsonFormat, PostReader, ReadContext, Service, Source
from sources.timestamps import parse_time

if TYPE_CHECKING:
    from core.service_client import ServiceAnswer

NAME = "mastodon"

_LOOKUP_PATH = "/api/v1/accounts/lookup"
_STATUSES_PATH = "/api/v1/accounts/{account}/statuses"
_PAGE_SIZE = 40

_HANDLE = re.compile(r"([\w.-]+)@([\w-]+(?:\.[\w-]+)*(?::\d{1,5})?)")
_ACCOUNT_ID = re.compile(r"\w{1,100}")
# This is enough to choose the service; `home_server` then refuses a wrong handle.
_LIKE_A_HANDLE = re.compile(r"[^@\s]+@[^@\s]+")
_PROFILE = re.compile(
    r"https?://(?:www\.)?([\w-]+(?:\.[\w-]+)*(?::\d{1,5})?)/"
    r"(?:@|users/)([\w.-]+)(?:@([\w-]+(?:\.[\w-]+)+))?/?(?:[?#].*)?",
    re.IGNORECASE,
)
_NEXT = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\"?")


def home_server(handle: str) -> str:
    """Return the server in ``user@server``. Raises `UsageError` for another form."""
    match = _HANDLE.fullmatch(handle)
    if match is None:
        raise UsageError(f"{handle!r} is no account of Mastodon: write it as user@server")

    return match[2]


async def account_pages(request: CrawlRequest) -> AsyncIterator[Page]:
    """Read the public statuses of ``user@server`` from that server, newest first, 40 a page.

    Raises `UsageError`, `AccountGone`, or what the client raises.
    """
    handle, client = request.subject, request.client
    home_server(handle)
    crawl = CrawlProgress.from_cursor(request.cursor, request.limit)
    explain = partial(_account_gone, handle)

    if crawl.account is None:
        params = {"acct": handle.partition("@")[0]}
        answer = await client.get(_LOOKUP_PATH, params, explain=explain)
        crawl.account = _account_id(handle, answer.value)

    while not crawl.has_ended:
        params = crawl.page_parameters(
            _PAGE_SIZE, size="limit", following="max_id", since="since_id"
        )
        path = _STATUSES_PATH.format(account=crawl.account)
        answer = await client.get(path, params, explain=explain)
        yield _page(handle, answer, crawl)


def _account_id(handle: str, account: Any) -> str:
    account_id = clean_or_none(mapping_or_empty(account).get("id"))
    if account_id is None or not _ACCOUNT_ID.fullmatch(account_id):
        raise ServiceBadAnswer(
            "mastodon answered without the account's id: is it a Mastodon server?", service=NAME
        )

    if account.get("suspended"):
        raise _gone(handle, "suspended", "is suspended")

    return account_id


def _page(handle: str, answer: ServiceAnswer, crawl: CrawlProgress) -> Page:
    if not isinstance(answer.value, list):
        raise ServiceBadAnswer(
            "mastodon answered without a list of statuses: try again later", service=NAME
        )

    check_page_size(answer.value, _PAGE_SIZE, NAME)

    now = datetime.now(UTC)
    for status in map(mapping_or_empty, answer.value):
        moment, post_id = parse_time(status.get("created_at")), clean_or_none(status.get("id"))
        if moment is not None and post_id is not None:
            time = moment.isoformat(timespec="milliseconds")
            crawl.note_post(post_id, time, is_future=moment > now)

    context = ReadContext(file=f"mastodon @{handle}", now=now)
    items = [read_status(status, index, context) for index, status in enumerate(answer.value)]
    return crawl.finish_page(items, _next_max_id(answer.headers.get("link", "")))


def _next_max_id(link: str) -> str | None:
    """Return ``max_id`` of the next page in a ``Link`` header, whose host could be any."""
    match = _NEXT.search(link)
    try:
        return parse_qs(urlsplit(match[1]).query).get("max_id", [None])[0] if match else None
    except ValueError:
        raise ServiceBadAnswer(
            "mastodon answered with a next page that has no address: try again later", service=NAME
        ) from None


def _account_gone(handle: str, refused: ServiceAnswer) -> AccountGone | None:
    message = refused.message.lower()
    if refused.status == 404:
        return _gone(handle, "not-found", "does not exist")
    if refused.status == 410 or (refused.status == 403 and "suspended" in message):
        return _gone(handle, "suspended", "is suspended")
    if refused.status in (401, 403) or (refused.status == 422 and "authenticated" in message):
        return _gone(handle, "protected", "is shown to people who are logged in there alone")

    return None


def _gone(handle: str, state: AccountState, reason: str) -> AccountGone:
    return AccountGone(f"the account @{handle} {reason} (mastodon)", service=NAME, state=state)


def read_status(status: Any, index: int, context: ReadContext) -> Item:
    """Make an item of one status.

    Ids are a server's own, so the server is part of the document's id; a boost keeps the id of the
    account that boosted.
    """
    status_id = clean_or_none(mapping_or_empty(status).get("id"))
    if status_id is None or not isinstance(status.get("account"), Mapping):
        reason = "it is no status of Mastodon: it has no id or no account"
        return LeftOut(context.file, index, reason)

    boosted = status["reblog"] if isinstance(status.get("reblog"), Mapping) else None
    content = text_or_empty((boosted or status).get("content"))
    if len(content) > LONGEST_HTML:
        reason = f"its text has more than {LONGEST_HTML:,} characters of HTML"
        return LeftOut(context.file, index, reason)

    text, replaced = clean(html_to_text(content))
    if not text:
        return Empty(context.file, index)

    account = status["account"]
    server = host_of(account.get("url")) or host_of(status.get("url")) or host_of(status.get("uri"))
    written = status.get("created_at")
    published = SOURCE.stored_time(parse_time(written), context.now)
    return SourceDocument(
        source=NAME,
        native_id=f"{server}/{status_id}" if server else status_id,
        text=text,
        published_at=published,
        address=clean_address((boosted or status).get("url")) or clean_address(status.get("uri")),
        handle=_author_handle(account, server),
        author_id=clean_address(account.get("uri")) or clean_address(account.get("url")),
        language=clean_name((boosted or status).get("language")),
        repost=boosted is not None,
        replaced=replaced,
        time_wrong=published is None and bool(written),
    )


def _author_handle(account: Mapping[str, Any], server: str | None) -> str | None:
    account_name = fold_handle(account.get("acct")) or fold_handle(account.get("username"))
    return (
        f"{account_name}@{server}"
        if account_name and server and "@" not in account_name
        else account_name
    )


def _recognizes(status: Mapping[str, Any], _key: str) -> bool:
    return isinstance(status.get("account"), Mapping) and "content" in status


def _handle_in_address(address: str) -> str | None:
    match = _PROFILE.fullmatch(address)
    return f"{match[2]}@{match[3] or match[1]}" if match else None


SOURCE = Source(
    name=NAME,
    label="Mastodon",
    terms="The posts belong to their authors; the terms of each account's server hold.",
    earliest=datetime(2016, 3, 1, tzinfo=UTC),
    service=Service(url="mastodon_url", limits="mastodon_limits", server_of=home_server),
    account=PostReader(operation="statuses", handle_form=_LIKE_A_HANDLE, pages=account_pages),
    json_format=JsonFormat(recognizes=_recognizes, read=read_status),
    handle_in_address=_handle_in_address,
)
