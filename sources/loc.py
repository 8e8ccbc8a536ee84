"""Pages of American newspapers, 1756 to 1963: the Library of Congress's Chronicling America.

A month is a search of loc.gov, read page by page, and a call for the text of each page that it
finds. The text was read by machine (OCR).
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable, TidingsError
from sources.base import (
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    clean,
    clean_address,
    clean_name,
    mapping_or_empty,
    text_or_empty,
)
from sources.crawl import NO_MORE, check_page_size
from sources.source import Archive, CrawlRequest, Credit, Service, Source
from sources.timestamps import parse_time

if TYPE_CHECKING:
    from core.service_client import ServiceAnswer, ServiceClient

NAME = "loc"

#: The operation of the calls for texts, which another host answers.
TEXT = "text"
_FIRST_MONTH, _LAST_MONTH = "1756-10", "1963-12"
_SEARCH_PATH = "/collections/chronicling-america/"
_TEXT_PATH = "/text-services/word-coordinates-service"
# The library's own examples ask for so many; a page of results is some 800 kB.
_PAGE_SIZE = 100
# It serves no search with more results.
_MOST_RESULTS = 100_000
# It blocks for five minutes who asks for more than 20 searches a minute, and names no time:
# https://www.loc.gov/apis/json-and-yaml/working-within-limits/
_BLOCKED_SECONDS = 300.0

_PAGE_ID = re.compile(
    r"https?://www\.loc\.gov/resource/([\w.-]+)/(\d{4}-\d\d-\d\d)/(ed-\d+)/\?sp=(\d+)"
)
# Titles are as: Image 6 of Imperial Valley press (El Centro, Calif.), November 20, 1924.
_TITLE = re.compile(r"Image \d+ of (.+), \w+ \d{1,2}, \d{4}")
_SEGMENT = re.compile(r"/iiif/(service:[\w:.-]+)/")


async def month_pages(request: CrawlRequest) -> AsyncIterator[Page]:
    """Read the newspaper pages of a month, one at a time, so that it can be gone on anywhere.

    Raises `ServiceRefused` for a month that the collection cannot have (without a call), and what
    the client raises.
    """
    month = request.subject
    if not _FIRST_MONTH <= month <= _LAST_MONTH:
        problem = (
            f"Chronicling America has no {month}: it goes from {_FIRST_MONTH} to {_LAST_MONTH}"
        )
        raise ServiceRefused(problem, service=NAME)

    texts = request.client_of(TEXT)
    texts = replace(texts, base_url=request.settings.loc_text_url)
    cursor = request.cursor or {}
    number, waiting = cursor.get("page", 0), list(cursor.get("waiting", ()))
    is_last = bool(cursor.get("is_last"))

    while waiting or not is_last:
        if not waiting:
            number += 1
            results, is_last = await _search(request.client, request, number)
            waiting = [_describe(result) for result in results]

        found = waiting.pop(0) if waiting else None
        items = () if found is None else (await _read_page(texts, found),)
        end = NO_MORE if is_last and not waiting else None
        state = {"page": number, "waiting": waiting, "is_last": is_last}
        yield Page(items=items, cursor={} if end else state, end=end)


async def _search(
    client: ServiceClient, request: CrawlRequest, number: int
) -> tuple[list[Mapping[str, Any]], bool]:
    """Return one page of a month's results, and whether it is the last."""
    year, month = int(request.subject[:4]), int(request.subject[5:])
    parameters = {
        **dict(parse_qsl(request.settings.loc_query)),
        "dl": "page",
        "start_date": f"{request.subject}-01",
        "end_date": f"{request.subject}-{calendar.monthrange(year, month)[1]}",
        "fo": "json",
        "at": "results,pagination",
        "c": str(_PAGE_SIZE),
        "sp": str(number),
    }
    answer = await client.get(_SEARCH_PATH, parameters, explain=_explain)
    value = mapping_or_empty(answer.value)
    results, pagination = value.get("results"), mapping_or_empty(value.get("pagination"))
    if not isinstance(results, list) or not isinstance(pagination.get("of"), int):
        raise ServiceBadAnswer(
            "loc answered without results: is TIDINGS_LOC_URL right?", service=NAME
        )

    check_page_size(results, _PAGE_SIZE, NAME)
    if pagination["of"] > _MOST_RESULTS:
        raise ServiceRefused(
            f"{request.subject} has {pagination['of']:,} pages, more than loc.gov lists: narrow "
            "TIDINGS_LOC_QUERY, by location_state=ohio",
            service=NAME,
        )

    return list(map(mapping_or_empty, results)), not pagination.get("next")


def _describe(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a result until its text is read."""
    images = result.get("image_url")
    addresses = map(text_or_empty, images if isinstance(images, list) else [])
    segment = next(filter(None, map(_SEGMENT.search, addresses)), None)
    title = _TITLE.fullmatch(text_or_empty(result.get("title")))
    return {
        "id": text_or_empty(result.get("id")),
        "segment": segment[1] if segment else None,
        "outlet": title[1] if title else _first(result.get("partof_title")),
        "language": _first(result.get("language")),
    }


def _first(names: object) -> str | None:
    return text_or_empty(names[0]) if isinstance(names, Sequence) and names else None


async def _read_page(client: ServiceClient, found: Mapping[str, Any]) -> Item:
    """Return a newspaper page with its text."""
    page_id = _PAGE_ID.match(found["id"])
    if page_id is None or found["segment"] is None:
        return LeftOut(found["id"] or NAME, None, "it is no page of a newspaper with a text")

    segment = f"/{found['segment'].replace(':', '/')}.xml"
    parameters = {"segment": segment, "format": "alto_xml", "full_text": "1"}
    try:
        answer = await client.get(_TEXT_PATH, parameters, explain=_explain)
    except ServiceRefused as refused:
        return LeftOut(found["id"], None, f"its text cannot be had ({refused.status})")

    texts = [mapping_or_empty(part) for part in mapping_or_empty(answer.value).values()]
    raw_text = " ".join(" ".join(text_or_empty(part.get("full_text")).split()) for part in texts)
    text, replaced = clean(raw_text.strip())
    if not text:
        return Empty(found["id"], 0)

    newspaper, day, edition, number = page_id.groups()
    return SourceDocument(
        source=NAME,
        native_id=f"{newspaper}/{day}/{edition}/{number}",
        text=text,
        published_at=SOURCE.stored_time(parse_time(day), datetime.now(UTC)),
        address=clean_address(found["id"].replace("http:", "https:", 1)),
        outlet=clean_name(found["outlet"]),
        section="front page" if number == "1" else "inside",
        language=clean_name(found["language"]),
        replaced=replaced,
    )


def _explain(refused: ServiceAnswer) -> TidingsError | None:
    if refused.status != 429:
        return None

    from core.service_client import seconds_to_wait  # noqa: PLC0415 - it loads aiohttp

    return ServiceUnavailable(
        "loc: the limit of calls (20 a minute) is reached: it is tried again later",
        service=NAME,
        retry_after=seconds_to_wait(refused, time.time()) or _BLOCKED_SECONDS,
    )


def _server_of(subject: str) -> str:
    return TEXT if subject == TEXT else "search"


SOURCE = Source(
    name=NAME,
    label="Chronicling America",
    earliest=datetime(1756, 10, 1, tzinfo=UTC),
    service=Service(url="loc_url", limits="loc_limits", server_of=_server_of),
    archive=Archive(pages=month_pages, operation="search", grows=False, is_scanned=True),
    has_files=False,
    terms="The newspapers are in the public domain, or have no known restriction, as the Library "
    "of Congress says: https://www.loc.gov/collections/chronicling-america/about-this-collection/",
    credit=Credit(
        site="loc.gov",
        before="Pages are those of ",
        link="https://www.loc.gov/collections/chronicling-america/",
        link_text="Chronicling America, Library of Congress",
        after="Their texts were read by machine.",
    ),
)
