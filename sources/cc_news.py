"""News pages in WARC files, as CC-NEWS has them: title, date and outlet of each.

This module needs the extra `warc`: `sources.files` imports it when such a file is read.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from courlan import extract_domain
from lxml import etree
from trafilatura import load_html
from trafilatura.metadata import extract_metadata
from warcio.bufferedreaders import ChunkedDataException
from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from sources.archive import SOURCE
from sources.base import (
    Cursor,
    Empty,
    Item,
    LeftOut,
    Place,
    Remark,
    SourceDocument,
    clean,
    clean_abstract,
    clean_address,
    clean_name,
    clean_tags,
)
from sources.source import ReadContext
from sources.table_rows import TableRow, date_of_row
from sources.timestamps import parse_time
from sources.warc_records import BROKEN_FILE, read_records

#: A longer page is left aside; real pages have a tenth of these bytes.
LONGEST_PAGE = 2**21
# A body is read in pieces of so many bytes.
_PIECE = 2**16
_HTML = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# These encodings are Python's own; no page is written in them.
_NO_ENCODINGS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape")
# A page names its encoding in its first characters.
_META_SIZE = 2048
# So many headings and times of a page are kept.
_KEPT = 20
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"([^"]{4,40})"')
# Parsers of HTTP and HTML raise more than their own errors.
_BROKEN_PAGE = (
    *(*BROKEN_FILE, ChunkedDataException, StatusAndHeadersParserException, etree.LxmlError),
    *(ArithmeticError, LookupError, RuntimeError, TypeError),
)
_HTTP = StatusAndHeadersParser(["HTTP/1.0", "HTTP/1.1"], verify=False)

for _library in ("trafilatura", "htmldate", "courlan", "warcio"):
    # What fails is counted here and need not be logged.
    logging.getLogger(_library).setLevel(logging.CRITICAL)


class _LeftAsideError(Exception):
    """A record is no page to be read, for the reason that is the message."""


@dataclass(frozen=True, slots=True)
class _WarcPage:
    """A page as it was crawled."""

    address: str
    html: str


@dataclass(slots=True)
class _ReadingProgress:
    """The counts of what was read of a file."""

    records: int = 0
    pages: int = 0
    without_date: int = 0

    # The number of records by the reason why they were left aside.
    left_aside: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, cursor: Cursor) -> _ReadingProgress:
        """Return the counts up to the place of a *cursor*."""
        left_aside = dict(cursor["left_aside"])
        return cls(cursor["records"], cursor["pages"], cursor["without_date"], left_aside)

    def cursor(self, offset: int) -> Cursor:
        """Return the cursor of the record at *offset* in the file."""
        return {"offset": offset} | asdict(self)

    def remarks(self) -> Iterator[str]:
        """Yield what is said of the whole file."""
        if self.left_aside:
            most_first = Counter(self.left_aside).most_common()
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in most_first)
            yield f"{self.pages:,} of {self.records:,} records are pages; others: {reasons}"

        if self.without_date:
            yield f"{self.without_date:,} of {self.pages:,} pages say no date, and are in no month"


def read_warc(path: Path, context: ReadContext) -> Iterator[Item]:
    """Read the pages of a WARC file, packed record by record or not, one at a time.

    Pages are the successful answers in HTML; a remark at the end counts all other records. Damage
    ends the file with an item `LeftOut`. After each page comes the `Place` of the next record,
    unless the file was packed as a whole.
    """
    begin = context.cursor["offset"] if context.cursor else 0
    progress = _ReadingProgress.at(context.cursor) if context.cursor else _ReadingProgress()
    is_behind_page = False
    damages: list[str] = []

    for record, offset in read_records(path, begin, damages.append):
        if is_behind_page and offset is not None:
            yield Place(progress.cursor(offset))

        item = _item_of(record, progress, context)
        is_behind_page = item is not None
        if item is not None:
            yield item

    yield from (Remark(context.file, text) for text in progress.remarks())
    yield from (LeftOut(context.file, None, damage) for damage in damages)


def _item_of(record: Any, progress: _ReadingProgress, context: ReadContext) -> Item | None:
    """Return the item that a record is, None where it is no page, and count it in *progress*."""
    index = progress.records
    progress.records += 1
    try:
        item = _read_page(_page_of(record), index, context)
    except (_LeftAsideError, *_BROKEN_PAGE) as error:
        reason = str(error) if isinstance(error, _LeftAsideError) else "cannot be read"
        progress.left_aside[reason] = progress.left_aside.get(reason, 0) + 1
        return None

    progress.pages += 1
    progress.without_date += isinstance(item, SourceDocument) and item.published_at is None
    return item


def _page_of(record: Any) -> _WarcPage:
    """Return the page in a record. Raises `_LeftAsideError` where there is none."""
    if record.rec_type != "response":
        raise _LeftAsideError("no answers")

    address = record.rec_headers.get_header("WARC-Target-URI") or ""
    if not address.startswith(("http:", "https:")):
        raise _LeftAsideError("no pages of the web")

    record.http_headers = _HTTP.parse(record.raw_stream)
    if record.http_headers.get_statuscode() != "200":
        raise _LeftAsideError("with another status than 200")

    content_type = record.http_headers.get_header("Content-Type") or ""
    if content_type.partition(";")[0].strip().lower() not in _HTML:
        raise _LeftAsideError("no HTML")

    body = bytearray()
    stream = record.content_stream()
    while piece := stream.read(_PIECE):
        body += piece
        if len(body) > LONGEST_PAGE:
            raise _LeftAsideError(f"longer than {LONGEST_PAGE:,} bytes")

    return _WarcPage(address, _decode(bytes(body), content_type))


def _decode(body: bytes, content_type: str) -> str:
    """Decode a page by the encoding that its answer or itself names, else as UTF-8 or Windows's."""
    head = body[:_META_SIZE].decode("ascii", "replace")
    named = [match[1] for match in map(_CHARSET.search, (content_type, head)) if match]
    for encoding in (*named, "utf-8"):
        if encoding.lower().replace("_", "-") in _NO_ENCODINGS:
            continue

        try:
            return body.decode(encoding)
        except (LookupError, UnicodeError):
            continue

    return body.decode("cp1252", "replace")


def _read_page(page: _WarcPage, index: int, context: ReadContext) -> Item:
    """Make an item of a page. Raises `_LeftAsideError` where it is no HTML after all."""
    tree = load_html(page.html)
    if tree is None:
        raise _LeftAsideError("no HTML")

    published = _time_in(tree)
    _prune(tree)
    options = {
        "original_date": True,
        "extensive_search": False,
        "max_date": f"{context.now:%Y-%m-%d}",
    }
    with warnings.catch_warnings():
        # Warnings of libraries about a page's dates help nobody.
        warnings.simplefilter("ignore")
        metadata = extract_metadata(tree, default_url=page.address, date_config=options)

    rules = SOURCE.table_rules
    prepared_text, full_stop_added = rules.prepare_text(metadata.title or "")
    text, replaced = clean(prepared_text)
    if not text:
        return Empty(context.file, index)

    moment = published or parse_time(metadata.date)
    table_row = TableRow(
        native_id=None,
        address=clean_address(page.address),
        handle=None,
        outlet=context.outlet or _domain(urlsplit(page.address).hostname or ""),
        published_at=SOURCE.stored_time(moment, context.now),
    )
    native_id, *less_known_ids = rules.identify(table_row, date_of_row(moment, None), text)
    return SourceDocument(
        source=SOURCE.name,
        native_id=native_id,
        less_known_ids=tuple(less_known_ids),
        text=text,
        full_stop_added=full_stop_added,
        published_at=table_row.published_at,
        address=table_row.address,
        outlet=table_row.outlet,
        section=clean_name(next(iter(metadata.categories or ()), None)),
        language=clean_name(tree.get("lang")),
        abstract=clean_abstract(metadata.description),
        tags=clean_tags(metadata.tags),
        replaced=replaced,
        time_wrong=moment is not None and table_row.published_at is None,
    )


def _prune(tree: Any) -> None:
    """Leave only a page's head, headings and times, which hold its title and date.

    The search for an author in a whole body takes most of the time: three minutes for 200 kB of
    JSON with too many quotation marks.
    """
    etree.strip_elements(tree, "script", "style", with_tail=False)
    body = tree.find("body")
    if body is None:
        return

    dated_elements = body.xpath(".//h1 | .//h2 | .//time | .//*[@itemprop='datePublished']")[:_KEPT]
    for element in dated_elements:
        element.tail = None
        element.getparent().remove(element)

    body.clear()
    body.extend(dated_elements)


def _time_in(tree: Any) -> datetime | None:
    """Return the time of publication that a page gives to machines, to the second."""
    written = list(tree.xpath("//meta[@property='article:published_time']/@content"))
    for script in tree.xpath("//script[@type='application/ld+json']/text()"):
        written += _PUBLISHED.findall(script)

    moments = map(parse_time, map(str, written))
    return next(filter(None, moments), None)


@lru_cache(10_000)
def _domain(host: str) -> str | None:
    """Return the registered domain of a host: ``bbc.co.uk`` for ``news.bbc.co.uk``."""
    domain = extract_domain(f"https://{host}/") or host.removeprefix("www.")
    return clean_name(domain)
