"""News pages in WARC files, as CC-NEWS has them: title, date and outlet of each.

This module needs the extra `warc`: `sources.files` imports it when such a file is read.
"""

from __future__ import annotations

import logging
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from courlan import extract_domain
from lxml import etree
from trafilatura import load_html
from trafilatura.metadata import extract_metadata
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataException, DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from sources.archive import SOURCE
from sources.base import (
    Empty,
    Item,
    LeftOut,
    Remark,
    SourceDocument,
    clean,
    clean_abstract,
    clean_address,
    clean_name,
    clean_tags,
)
from sources.file_reading import open_file
from sources.source import ReadContext
from sources.table_rows import TableRow, date_of_row
from sources.timestamps import parse_time

LONGEST_PAGE = 2**21  #: bytes; real ones have a tenth
LONGEST_HEAD = 2**18  #: bytes of a record's headers
_PIECE = 2**16  # bytes
_HTML = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_NO_ENCODINGS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape")  # Python's own
_META_SIZE = 2048  # characters in which a page names its encoding
_KEPT = 20  # headings and times of a page
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"([^"]{4,40})"')
_BROKEN_FILE = (ArchiveLoadFailed, AttributeError, EOFError, OSError, ValueError, zlib.error)
_BROKEN_PAGE = (  # what the parsers of HTTP and HTML raise is not theirs alone
    *(*_BROKEN_FILE, ChunkedDataException, StatusAndHeadersParserException, etree.LxmlError),
    *(ArithmeticError, LookupError, RuntimeError, TypeError),
)
_HTTP = StatusAndHeadersParser(["HTTP/1.0", "HTTP/1.1"], verify=False)

for _library in ("trafilatura", "htmldate", "courlan", "warcio"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)  # what fails is counted here


class _LeftAsideError(Exception):
    """A record is no page to be read, for the reason that is the message."""


class _Pieces:
    """Reads a file as far as it can be: `read` of a damaged one discards what it has unpacked."""

    def __init__(self, file: BinaryIO) -> None:
        self._read = cast("Callable[[int], bytes]", getattr(file, "read1", file.read))
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        """Return up to *size* bytes, none at the end."""
        return self._read(size)


class _BoundedReader(DecompressingBufferedReader):  # type: ignore[misc] # warcio has no types
    """Reads lines up to `LONGEST_HEAD` bytes a record."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.line_bytes = 0  #: of the present record

    def readline(self, length: int | None = None) -> bytes:
        """Read a line. Raises `ArchiveLoadFailed` where a record's lines never end."""
        longest = LONGEST_HEAD if length is None else min(length, LONGEST_HEAD)
        line: bytes = super().readline(longest)
        self.line_bytes += len(line)
        if self.line_bytes > LONGEST_HEAD:
            raise ArchiveLoadFailed(f"headers of more than {LONGEST_HEAD:,} bytes")
        return line


class _Records(ArchiveIterator):  # type: ignore[misc] # warcio has no types
    """Iterates over the records, and leaves the parsing of their answers to `_page_of`."""

    def __init__(self, file: _Pieces) -> None:
        super().__init__(file, no_record_parse=True)
        self.reader = _BoundedReader(file)

    def _consume_blanklines(self) -> tuple[bytes | None, int]:
        """Step over the blank lines behind a record; warcio's own writes to standard error."""
        while line := self.reader.readline():
            if line.strip():
                return line, 0
        return None, 0


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it was crawled."""

    address: str
    html: str


def read_warc(path: Path, context: ReadContext) -> Iterator[Item]:
    """Read the pages of a WARC file, packed record by record or not, one at a time.

    Pages are the successful answers in HTML; a remark at the end counts all other records. What is
    damaged ends the file, with an item `LeftOut`.
    """
    damages: list[str] = []
    left_aside: Counter[str] = Counter()
    count = pages = without_date = 0

    for index, record in enumerate(_records(path, damages.append)):
        count += 1
        try:
            item = _read_page(_page_of(record), index, context)
        except _LeftAsideError as reason:
            left_aside[str(reason)] += 1
            continue
        except _BROKEN_PAGE:
            left_aside["cannot be read"] += 1
            continue
        pages += 1
        without_date += isinstance(item, SourceDocument) and item.published_at is None
        yield item

    if left_aside:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in left_aside.most_common())
        yield Remark(context.file, f"{pages:,} of {count:,} records are pages; others: {reasons}")
    if without_date:
        text = f"{without_date:,} of {pages:,} pages say no date, and are in no month"
        yield Remark(context.file, text)
    for damage in damages:
        yield LeftOut(context.file, None, damage)


def _records(path: Path, on_damage: Callable[[str], None]) -> Iterator[Any]:
    """Yield the records of a file; damage ends it, with the reason to *on_damage*."""
    with open_file(path) as file:
        records = _Records(_Pieces(file))
        try:
            for record in records:
                yield record
                records.reader.line_bytes = 0
                records.read_to_end()
                if getattr(record.raw_stream, "limit", 0):
                    on_damage("the file is cut short in its last record")
                    return
        except _BROKEN_FILE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            on_damage(f"the file is damaged, and was read no further ({reason[:200]})")


def _page_of(record: Any) -> _Page:
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
    return _Page(address, _decode(bytes(body), content_type))


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


def _read_page(page: _Page, index: int, context: ReadContext) -> Item:
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
        warnings.simplefilter("ignore")  # what libraries say of a page's dates helps nobody
        metadata = extract_metadata(tree, default_url=page.address, date_config=options)

    rules = SOURCE.table_rules
    text, replaced = clean(rules.clean_text(metadata.title or ""))
    if not metadata.title or not metadata.title.strip():
        return Empty(context.file, index)

    moment = published or parse_time(metadata.date)
    row = TableRow(
        native_id=None,
        address=clean_address(page.address),
        handle=None,
        outlet=context.outlet or _domain(urlsplit(page.address).hostname or ""),
        published_at=SOURCE.stored_time(moment, context.now),
    )
    native_id, *less_known_ids = rules.identify(row, date_of_row(moment, None), text)
    return SourceDocument(
        source=SOURCE.name,
        native_id=native_id,
        less_known_ids=tuple(less_known_ids),
        text=text,
        published_at=row.published_at,
        address=row.address,
        outlet=row.outlet,
        section=clean_name(next(iter(metadata.categories or ()), None)),
        language=clean_name(tree.get("lang")),
        abstract=clean_abstract(metadata.description),
        tags=clean_tags(metadata.tags),
        replaced=replaced,
        time_wrong=moment is not None and row.published_at is None,
    )


def _prune(tree: Any) -> None:
    """Leave a page's head, headings and times, of which title and date are.

    Who wrote it is sought in all of a body, which takes most of the time. Of 200 kB of JSON with
    too many quotation marks the search takes three minutes.
    """
    etree.strip_elements(tree, "script", "style", with_tail=False)
    body = tree.find("body")
    if body is None:
        return
    kept = body.xpath(".//h1 | .//h2 | .//time | .//*[@itemprop='datePublished']")[:_KEPT]
    for element in kept:
        element.tail = None
        element.getparent().remove(element)
    body.clear()
    body.extend(kept)


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
