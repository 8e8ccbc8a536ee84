"""Headlines of the New York Times: files in the shape of its Archive API, and months fetched from it."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from core.errors import (
    BadInput,
    ServiceBadAnswer,
    ServiceRefused,
    ServiceUnavailable,
    StackError,
    TidingsError,
)
from core.service_client import Answer, ServiceClient, seconds_to_wait
from sources.base import (
    NYT,
    Empty,
    Item,
    LeftOut,
    SourceDocument,
    clean,
    clean_address,
    clean_or_none,
    hashed_id,
    whole_second,
)
from sources.jsonstream import Element, elements_of_file
from sources.timestamps import parse_time

LISTS = frozenset({(), ("docs",), ("response", "docs")})
OBJECTS = frozenset({(), ("response",)})
_METAS = frozenset({("meta",), ("metadata",), ("response", "meta"), ("response", "metadata")})

_KEYS = frozenset(
    {"_id", "web_url", "headline", "pub_date"}
)  # one of them makes an object a document
_END_PUNCTUATION = (".", "!", "?", "…")
_CLOSING = "\"'\u201d\u2019»\u203a)]}"  # may stand behind end punctuation

FIRST_MONTH = "1851-09"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_CUT = "the file ends"  # what `read_archive` says of a document in whose middle it stops
_TIMEOUT = aiohttp.ClientTimeout(total=600, connect=5, sock_read=30)  # some 20 MB
_A_MINUTE = 60.0  # NYT's 429 names no time; its shorter limit is one of a minute


def read_archive(path: Path, *, now: datetime | None = None) -> Iterator[Item]:
    """The documents of one archive file, one at a time: a bare list or ``response.docs``, packed or not.

    Whatever is wrong with one document or with the file's end is an item `LeftOut`. Raises `BadInput` where the file
    is no JSON at all or holds no documents of this kind.
    """
    moment = now or datetime.now(UTC)
    count, hits, listed, damaged = 0, None, False, False
    loose: dict[str, Any] = {}
    for element in elements_of_file(path, lists=LISTS, objects=OBJECTS):
        if element.index is not None:
            count += 1
            yield item_of(element, str(path), moment)
        elif element.wrong:
            damaged = True
            yield LeftOut(str(path), None, element.wrong)
        elif element.path in _METAS:
            hits = _hits(element.value)
        elif element.path in LISTS and (element.value == [] or element.path):
            listed = True
        elif len(element.path) == 1:
            loose[element.path[0]] = element.value
    if not listed and _KEYS & loose.keys():
        yield item_of(Element((), 0, loose), str(path), moment)
    elif not listed and not damaged:
        raise BadInput(
            f"{path} holds no NYT documents: neither a list of them nor `response.docs` is there"
        )
    elif hits is not None and hits != count and not damaged:
        yield LeftOut(
            str(path),
            None,
            f"meta.hits says {hits} documents, the file holds {count}: fetch it again",
        )


def item_of(element: Element, file: str, now: datetime) -> Item:
    """One element of an archive's list as a document, or what is to be said of it instead."""
    index, value = element.index or 0, element.value
    if element.wrong:
        return LeftOut(file, index, element.wrong)
    if not isinstance(value, Mapping):
        return LeftOut(file, index, f"it is no object but {_kind(value)}")
    if not _KEYS & value.keys():
        return LeftOut(file, index, f"none of {', '.join(sorted(_KEYS))} is in it")
    text, replaced = headline_text(value.get("headline"))
    if not text:
        return Empty(file, index)
    written = value.get("pub_date")
    moment = parse_time(written)
    published = whole_second(moment, NYT, now)
    address = nyt_address(value.get("web_url"))
    date = f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else clean_or_none(written) or ""
    return SourceDocument(
        source=NYT,
        native_id=clean_or_none(value.get("_id"))
        or (hashed_id(address) if address else hashed_id(date, text)),
        text=text,
        published_at=published,
        address=address,
        material=clean_or_none(value.get("type_of_material")),
        replaced=replaced,
        time_wrong=published is None and bool(written),
    )


def headline_text(headline: object) -> tuple[str, int]:
    """A document's text, "main, print." of its headline (CONTRACT, "Text of a document"), and characters replaced.

    Old answers have an empty list in the place of a missing headline, other archives a plain string.
    """
    parts = (
        (headline.get("main"), headline.get("print_headline"))
        if isinstance(headline, Mapping)
        else (headline,)
    )
    there = [part.strip() for part in parts if isinstance(part, str) and part.strip()]
    text = ", ".join(dict.fromkeys(there))
    return clean(with_full_stop(text) if text else "")


def with_full_stop(text: str) -> str:
    """*text* with a full stop unless it ends in punctuation that ends a sentence, quotes and brackets aside."""
    return text if text.rstrip(_CLOSING).endswith(_END_PUNCTUATION) else f"{text}."


def nyt_address(value: object) -> str | None:
    """An article's address; old ones begin with ``http:``, and are the same articles."""
    address = clean_address(value)
    if address and address[:7].lower() == "http://":
        return f"https://{address[7:]}"
    return address


def _hits(meta: object) -> int | None:
    """How many documents the file claims; None for a page of a search, where it counts the whole search's."""
    if not isinstance(meta, Mapping) or "offset" in meta:
        return None
    hits = meta.get("hits")
    return hits if isinstance(hits, int) and not isinstance(hits, bool) else None


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list"}
    return names.get(type(value), type(value).__name__)


# --- the Archive API ---


@asynccontextmanager
async def fetched_month(
    month: str, *, client: ServiceClient, key: str, now: datetime | None = None
) -> AsyncIterator[Path]:
    """The month ``YYYY-MM`` as a file for `read_archive`, there until the block is left.

    About 20 MB are streamed to disk. The file is given out only if its JSON is whole and holds as many documents as
    ``meta.hits`` says: the service does answer 200 with half a body.

    Raises `ServiceRefused` for a month that cannot be there (nothing is asked then) and for 401, 403, 404;
    `ServiceUnavailable` for 429 and what passes; `ServiceBadAnswer` for a month that is not whole; `StackError` where
    there is no room for it. The key stands in the address: no message holds it.
    """
    found = _MONTH.fullmatch(month)
    if found is None:
        raise ServiceRefused(f"{month!r} is no month: write it as YYYY-MM", service=NYT)
    this_month = f"{now or datetime.now(UTC):%Y-%m}"
    if not FIRST_MONTH <= month <= this_month:
        problem = f"the NYT archive has no {month}: it goes from {FIRST_MONTH} to this month, {this_month}"
        raise ServiceRefused(problem, service=NYT)
    path = f"/svc/archive/v1/{int(found[1])}/{int(found[2])}.json"
    with tempfile.TemporaryDirectory(prefix="tidings-nyt-") as folder:
        file = Path(folder) / f"{month}.json"
        await _download(
            replace(client, secrets=(*client.secrets, key), timeout=_TIMEOUT), path, key, file
        )
        missing = await asyncio.to_thread(_what_is_missing, file)
        if missing is not None:
            raise ServiceBadAnswer(
                f"nyt sent {month} incomplete ({missing}): it is fetched again", service=NYT
            )
        yield file


async def _download(client: ServiceClient, path: str, key: str, file: Path) -> None:
    try:
        with file.open("wb") as body:
            await client.get(path, {"api-key": key}, explain=_explain, into=body)
    except OSError as error:
        raise StackError(
            f"{file.parent} takes no month of the NYT ({error.strerror}): make room, or set TMPDIR"
        ) from None


def _what_is_missing(path: Path) -> str | None:
    """Why a month's file is not whole. Single documents that cannot be read are no reason: they stay so."""
    try:
        for item in read_archive(path):
            if isinstance(item, LeftOut) and (item.index is None or item.why.startswith(_CUT)):
                return item.why
    except BadInput:
        return "it is no archive JSON"
    return None


def _explain(refused: Answer) -> TidingsError | None:
    """What the Archive API's refusals mean; their own words are left out, for they hold the key."""
    match refused.status:
        case 401:
            return ServiceRefused(
                "nyt does not accept the key: check TIDINGS_NYT_KEY, keys are made at developer.nytimes.com",
                service=NYT,
                status=401,
            )
        case 403:
            return ServiceRefused(
                "nyt does not give this to the key: enable the Archive API for it at developer.nytimes.com",
                service=NYT,
                status=403,
            )
        case 404:
            return ServiceRefused(
                "nyt has no such month (404): is TIDINGS_NYT_URL right?", service=NYT, status=404
            )
        case 429:
            return ServiceUnavailable(
                "nyt: the limit of calls (5 a minute, 500 a day) is reached: it is tried again later",
                service=NYT,
                retry_after=seconds_to_wait(refused, time.time()) or _A_MINUTE,
            )
    return None
