"""Headlines of the New York Times: files in the shape of its Archive API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput
from sources.base import (
    NYT,
    Document,
    Empty,
    Item,
    LeftOut,
    clean,
    clean_address,
    clean_or_none,
    hashed_id,
    whole_second,
)
from sources.jsonstream import Element, elements_of_file
from sources.times import parse_time

LISTS = frozenset({(), ("docs",), ("response", "docs")})
OBJECTS = frozenset({(), ("response",)})
_METAS = frozenset({("meta",), ("metadata",), ("response", "meta"), ("response", "metadata")})

_KEYS = frozenset({"_id", "web_url", "headline", "pub_date"})  # one of them makes an object a document
_END_PUNCTUATION = (".", "!", "?", "…")
_CLOSING = "\"'\u201d\u2019»\u203a)]}"  # may stand behind end punctuation


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
        raise BadInput(f"{path} holds no NYT documents: neither a list of them nor `response.docs` is there")
    elif hits is not None and hits != count and not damaged:
        yield LeftOut(str(path), None, f"meta.hits says {hits} documents, the file holds {count}: fetch it again")


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
    return Document(
        source=NYT,
        native_id=clean_or_none(value.get("_id")) or (hashed_id(address) if address else hashed_id(date, text)),
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
    parts = (headline.get("main"), headline.get("print_headline")) if isinstance(headline, Mapping) else (headline,)
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
