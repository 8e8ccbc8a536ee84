"""News sitemaps: the headlines of the last two days, and when; no page is fetched.

`sources.feeds` fetches them. The form is Google's, https://www.google.com/schemas/sitemap-news/0.9.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from core.errors import BadInput
from sources.base import LeftOut, clean_name
from sources.gzip_members import GzipMembers, TooLargeError
from sources.polite import LONGEST_BODY
from sources.source import Archive, Source
from sources.stories import Story, make_story
from sources.timestamps import parse_time

NAME = "sitemaps"

_GZIP = b"\x1f\x8b"
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
# A sitemap of an index that changed last before so long holds no news.
_NEWS_LAST = timedelta(days=2)
_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class ListedSitemap:
    """A sitemap that an index lists; *changed_at* is None where the index does not say it."""

    address: str
    changed_at: datetime | None


def unpack(body: bytes) -> bytes:
    """Return the bytes of a file that may be packed by gzip. Raises `BadInput`."""
    if not body.startswith(_GZIP):
        return body

    try:
        return GzipMembers(io.BytesIO(body), LONGEST_BODY).read()
    except TooLargeError:
        raise BadInput(f"it unpacks to more than {LONGEST_BODY:,} bytes") from None
    except (OSError, zlib.error):
        raise BadInput("it is packed, and damaged or cut short") from None


def read_entries(
    text: str, subject: str, now: datetime, outlet: str | None
) -> Iterator[Story | LeftOut | ListedSitemap]:
    """Yield the stories of a news sitemap, or the sitemaps of an index.

    Raises `BadInput` behind the last whole entry of a file that is broken or cut short.
    """
    elements = _read_elements(_DECLARATION.sub("", text, count=1))
    for index, element in enumerate(elements):
        fields = _read_fields(element)
        address = fields.get("loc", "")
        if _local_name(element) == "sitemap":
            yield ListedSitemap(address, parse_time(fields.get("lastmod")))
        elif not (title := " ".join(fields.get("title", "").split())):
            yield LeftOut(subject, index, "it is no news, or has no headline")
        else:
            yield make_story(
                SOURCE,
                title,
                address,
                parse_time(fields.get("publication_date")),
                now,
                base=subject,
                outlet=outlet or clean_name(fields.get("name")),
                language=clean_name(fields.get("language")),
            )


def choose_sitemaps(listed: list[ListedSitemap], now: datetime) -> list[str]:
    """Return the sitemaps that may hold news, each once, those that changed last first."""
    oldest = datetime.min.replace(tzinfo=UTC)
    recent = [
        sitemap
        for sitemap in listed
        if sitemap.changed_at is None or sitemap.changed_at >= now - _NEWS_LAST
    ]
    recent.sort(key=lambda sitemap: sitemap.changed_at or oldest, reverse=True)
    return list(dict.fromkeys(sitemap.address for sitemap in recent if sitemap.address))


def _read_elements(text: str) -> Iterator[Element]:
    """Yield the entries of a sitemap, each in bounded memory; entities of its own are not read."""
    if "<!DOCTYPE" in text[:_CHUNK]:
        raise BadInput("it declares a type of its own, as no sitemap does")

    parser: XMLPullParser[Element] = XMLPullParser(("end",))
    try:
        for start in range(0, len(text), _CHUNK):
            parser.feed(text[start : start + _CHUNK])
            for _, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                if _local_name(element) in ("url", "sitemap"):
                    yield element
                    element.clear()

        parser.close()
    except ParseError as error:
        raise BadInput(f"it is broken or cut short ({error}): what stands behind is lost") from None


def _read_fields(element: Element) -> dict[str, str]:
    fields: dict[str, str] = {}
    for inner in element.iter():
        if inner.text and inner.text.strip():
            fields.setdefault(_local_name(inner), inner.text.strip())

    return fields


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


SOURCE = Source(
    name=NAME,
    label="news sitemaps",
    earliest=datetime(1990, 1, 1, tzinfo=UTC),
    archive=Archive(),
    has_files=False,
    terms="The texts belong to the outlets that published them; the sitemaps name no licence.",
)
