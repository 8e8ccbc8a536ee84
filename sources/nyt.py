"""Headlines of the New York Times: files in the shape of its Archive API, and its months."""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import (
    BadInput,
    ServiceBadAnswer,
    ServiceRefused,
    ServiceUnavailable,
    StackError,
    TidingsError,
)
from sources.base import (
    Empty,
    Item,
    LeftOut,
    SourceDocument,
    clean,
    clean_abstract,
    clean_address,
    clean_name,
    clean_or_none,
    clean_tags,
    hash_id,
    mapping_or_empty,
)
from sources.columns import has_text_column
from sources.headlines import with_full_stop
from sources.jsonstream import Element, Root, read_elements
from sources.source import (
    Archive,
    Credit,
    JsonFormat,
    ReadContext,
    Service,
    Source,
    TableRules,
    never,
)
from sources.table_rows import TableRow, with_https
from sources.timestamps import parse_time

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from core.service_client import ServiceAnswer, ServiceClient

NAME = "nyt"

_LISTS = frozenset({(), ("docs",), ("response", "docs")})
_OBJECTS = frozenset({(), ("response",)})
_METAS = frozenset({("meta",), ("metadata",), ("response", "meta"), ("response", "metadata")})

# A document has at least one of these keys.
_KEYS = frozenset({"_id", "web_url", "headline", "pub_date"})

_FIRST_MONTH = "1851-09"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
# `read_archive` begins the reason for a document that is cut off with these words.
_CUT = "the file ends"
# So many bytes of an answer are stored.
_LONGEST_MONTH = 256 * 2**20
# A month that is fetched may have so many documents; real ones have up to 20,000.
_MAX_DOCUMENTS = 200_000
# NYT's status 429 names no time; its shorter limit is per minute, in seconds here.
_MINUTE = 60.0


def read_archive(path: Path, now: datetime | None = None) -> Iterator[Item]:
    """Read the documents of an archive file, as `read_file` does."""
    yield from read_file(path, ReadContext(file=str(path), now=now or datetime.now(UTC)))


def read_file(path: Path, context: ReadContext) -> Iterator[Item]:
    """Read the documents of an archive file: a bare list or ``response.docs``, packed or not.

    A fault of a document or of the file's end is an item `LeftOut`. Raises `BadInput` where the
    file is no JSON at all or holds no documents of this kind.
    """
    count, hits, is_listed, is_damaged = 0, None, False, False
    root = Root()

    for element in read_elements(path, lists=_LISTS, objects=_OBJECTS):
        if element.index is not None:
            count += 1
            yield read_element(element, context)
        elif element.wrong:
            is_damaged = True
            yield LeftOut(context.file, None, element.wrong)
        elif element.path in _METAS:
            hits = _hits(element.value)
        elif element.path in _LISTS and (element.value == [] or element.path):
            is_listed = True
        elif len(element.path) == 1:
            root.add(element)

    if not is_listed and _KEYS & root.values.keys():
        yield read_document(root.values, 0, context)
    elif not is_listed and not is_damaged:
        raise BadInput(
            f"{path} holds no NYT documents: neither a list of them nor `response.docs` is there"
        )
    elif hits is not None and hits != count and not is_damaged:
        reason = f"meta.hits says {hits} documents, the file holds {count}: fetch it again"
        yield LeftOut(context.file, None, reason)


def read_element(element: Element, context: ReadContext) -> Item:
    """Make an item of one element of an archive's list."""
    index = element.index or 0
    if element.wrong:
        return LeftOut(context.file, index, element.wrong)

    return read_document(element.value, index, context)


def read_document(article: Any, index: int, context: ReadContext) -> Item:
    """Make an item of one object of an archive's list."""
    if not isinstance(article, Mapping):
        return LeftOut(context.file, index, f"it is no object but {_type_name(article)}")
    if not _KEYS & article.keys():
        return LeftOut(context.file, index, f"none of {', '.join(sorted(_KEYS))} is in it")

    headline = article.get("headline")
    text, replaced = headline_text(headline)
    if not text:
        return Empty(context.file, index)

    written = article.get("pub_date")
    moment = parse_time(written)
    published = SOURCE.stored_time(moment, context.now)
    stated_address = clean_address(article.get("web_url"))
    address = stated_address and with_https(stated_address)
    native_id = clean_or_none(article.get("_id"))
    if native_id is None and address:
        native_id = hash_id(address)
    elif native_id is None:
        date = f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else clean_or_none(written) or ""
        native_id = hash_id(date, text)

    return SourceDocument(
        source=NAME,
        native_id=native_id,
        text=text,
        full_stop_added=_has_added_full_stop(headline),
        published_at=published,
        address=address,
        outlet=clean_name(article.get("source")) or context.outlet,
        section=clean_name(article.get("section_name")),
        desk=clean_name(article.get("news_desk")),
        material=clean_name(article.get("type_of_material")),
        abstract=clean_abstract(article.get("abstract")),
        tags=_keywords(article.get("keywords")),
        replaced=replaced,
        time_wrong=published is None and bool(written),
    )


def _keywords(keywords: object) -> tuple[str, ...] | None:
    """Return the values of an article's keywords: names of persons, places and subjects."""
    if not isinstance(keywords, list):
        return None

    return clean_tags([mapping_or_empty(entry).get("value") for entry in keywords])


def headline_text(headline: object) -> tuple[str, int]:
    """Return a document's text, "main, print." of its headline, and the characters replaced."""
    text = ", ".join(_list_headlines(headline))
    return clean(with_full_stop(text) if text else "")


def _has_added_full_stop(headline: object) -> bool:
    """Return whether a document's text is one headline with a full stop that it does not have.

    Two headlines are joined to a text that the source does not have either.
    """
    headlines = _list_headlines(headline)
    return len(headlines) == 1 and with_full_stop(headlines[0]) != headlines[0]


def _list_headlines(headline: object) -> list[str]:
    """Return the main and the print headline, each once.

    Old answers have an empty list in the place of a missing headline, other archives a string.
    """
    parts = [headline]
    if isinstance(headline, Mapping):
        parts = [headline.get("main"), headline.get("print_headline")]

    texts = [part.strip() for part in parts if isinstance(part, str) and part.strip()]
    return list(dict.fromkeys(texts))


def _complete_row(row: TableRow, _context: ReadContext) -> TableRow:
    return replace(row, address=row.address and with_https(row.address))


def _recognizes(candidate: Mapping[str, Any], _key: str) -> bool:
    headline = candidate.get("headline")
    if not isinstance(headline, str | None):
        return True

    has_strings = any(isinstance(field, str) for field in candidate.values())
    candidate_keys, keys = set(candidate), {"web_url", "pub_date"}
    if "headline" in candidate and headline is None:
        # A row of a table may have an empty headline, too.
        candidate_keys.remove("headline")
        keys.add("_id")

    return (
        has_strings and not keys.isdisjoint(candidate_keys) and not has_text_column(candidate_keys)
    )


def _hits(meta: object) -> int | None:
    """Return the documents that the file claims; None for a search's page, which counts all."""
    if not isinstance(meta, Mapping) or "offset" in meta:
        return None

    hits = meta.get("hits")
    return hits if isinstance(hits, int) and not isinstance(hits, bool) else None


def _type_name(json_value: object) -> str:
    if json_value is None:
        return "null"

    type_names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
    }
    return type_names.get(type(json_value), type(json_value).__name__)


# --- the Archive API ---


@asynccontextmanager
async def fetch_month(
    month: str, *, client: ServiceClient, key: str, now: datetime | None = None
) -> AsyncIterator[Path]:
    """Fetch the month ``YYYY-MM`` as a file for `read_archive`, there until the block is left.

    About 20 MB are streamed to disk. The file is given out only if its JSON is complete and holds
    as many documents as ``meta.hits`` says: the service does answer 200 with half a body.

    Raises `ServiceRefused` for a month that cannot exist (without a call) and for 401, 403, 404;
    `ServiceUnavailable` for 429 and passing faults; `ServiceBadAnswer` for an incomplete month;
    `StackError` where the disk is full. The key is part of the address, so no message holds it.
    """
    match = _MONTH.fullmatch(month)
    if match is None:
        raise ServiceRefused(f"{month!r} is no month: write it as YYYY-MM", service=NAME)

    this_month = f"{now or datetime.now(UTC):%Y-%m}"
    if not _FIRST_MONTH <= month <= this_month:
        problem = (
            f"the NYT archive has no {month}: "
            f"it goes from {_FIRST_MONTH} to this month, {this_month}"
        )
        raise ServiceRefused(problem, service=NAME)

    path = f"/svc/archive/v1/{int(match[1])}/{int(match[2])}.json"
    from aiohttp import ClientTimeout  # noqa: PLC0415 - 0.1 s that the command line's help saves

    # A month has some 20 MB.
    timeout = ClientTimeout(total=600, connect=5, sock_read=30)
    patient = replace(client, secrets=(*client.secrets, key), timeout=timeout)
    with tempfile.TemporaryDirectory(prefix="tidings-nyt-") as folder:
        file = Path(folder) / f"{month}.json"
        await _download(patient, path, key, file)
        fault = await asyncio.to_thread(_find_fault, file)
        if fault is not None:
            raise ServiceBadAnswer(
                f"nyt sent {month} incomplete ({fault}): it is fetched again", service=NAME
            )

        yield file


class _MonthFile(io.FileIO):
    """A file for a month's answer, which could be without an end."""

    def write(self, data: ReadableBuffer) -> int:
        """Write *data*. Raises `ServiceBadAnswer` where the file gets too long, and empties it."""
        length = memoryview(data).nbytes
        if self.tell() + length <= _LONGEST_MONTH:
            return super().write(data)

        self.truncate(0)
        raise ServiceBadAnswer(
            f"nyt answered with too much (more than {_LONGEST_MONTH:,} bytes): "
            "is TIDINGS_NYT_URL right?",
            service=NAME,
        )


async def _download(client: ServiceClient, path: str, key: str, file: Path) -> None:
    try:
        with _MonthFile(file, "wb") as body:
            await client.get(path, {"api-key": key}, explain=_explain, into=body)
    except OSError as error:
        raise StackError(
            f"{file.parent} cannot hold a month of the NYT ({error.strerror}): "
            "make room, or set TMPDIR"
        ) from None


def _find_fault(path: Path) -> str | None:
    """Say why a month's file is incomplete; single documents that cannot be read do not count."""
    try:
        for document_count, item in enumerate(read_archive(path)):
            if document_count >= _MAX_DOCUMENTS:
                return f"it has more than {_MAX_DOCUMENTS:,} documents"
            if isinstance(item, LeftOut) and (item.index is None or item.why.startswith(_CUT)):
                return item.why
    except BadInput:
        return "it is no archive JSON"

    return None


_REFUSALS = {
    401: "nyt does not accept the key: check TIDINGS_NYT_KEY, "
    "keys are made at developer.nytimes.com",
    403: "nyt does not give this to the key: "
    "enable the Archive API for it at developer.nytimes.com",
    404: "nyt has no such month (404): is TIDINGS_NYT_URL right?",
}


def _explain(refused: ServiceAnswer) -> TidingsError | None:
    """Say what a refusal of the Archive API means; its own words may hold the key."""
    if refused.status in _REFUSALS:
        return ServiceRefused(_REFUSALS[refused.status], service=NAME, status=refused.status)
    if refused.status == 429:
        from core.service_client import seconds_to_wait  # noqa: PLC0415 - as above

        return ServiceUnavailable(
            "nyt: the limit of calls (5 a minute, 500 a day) is reached: it is tried again later",
            service=NAME,
            retry_after=seconds_to_wait(refused, time.time()) or _MINUTE,
        )

    return None


SOURCE = Source(
    name=NAME,
    label="The New York Times",
    earliest=datetime(1851, 9, 18, tzinfo=UTC),
    language="en",
    service=Service(url="nyt_url", limits="nyt_limits", key="nyt_key"),
    archive=Archive(
        read=read_archive,
        fetch=fetch_month,
        outlet="The New York Times",
        is_english_news=True,
        # New York is behind UTC, and the archive is behind New York.
        delay=timedelta(days=1),
    ),
    json_format=JsonFormat(
        recognizes=_recognizes, read=read_document, read_file=read_file, lists=_LISTS
    ),
    table_rules=TableRules(
        clean_text=str.strip,
        adds_full_stop=True,
        complete=_complete_row,
        is_repost=never,
        has_handles=False,
    ),
    terms="The texts belong to The New York Times Company; what its APIs give is used under its "
    "terms for developers: https://developer.nytimes.com/terms",
    credit=Credit(
        site="nytimes.com",
        before="Headlines are those of The New York Times, by its Archive API:",
        link="https://developer.nytimes.com",
        link_text="Data provided by The New York Times",
        after="They belong to it; each links to its article where its address is known.",
    ),
)
