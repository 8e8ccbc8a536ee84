"""Posts of Mastodon, as ``/api/v1/accounts/:id/statuses`` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sources.base import (
    MASTODON,
    Document,
    Empty,
    Item,
    LeftOut,
    clean,
    clean_address,
    clean_or_none,
    fold_handle,
    whole_second,
)
from sources.posttexts import html_to_text
from sources.times import parse_time


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
    return Document(
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
