"""News feeds (RSS, Atom, JSON Feed): each look reads what a feed has now.

News sitemaps are read at the same addresses (`sources.sitemaps`). Dates that no look can tell are
those of the look that saw the story first.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from core.errors import BadInput, ServiceError, ServiceRefused
from core.quantities import quantity
from sources import sitemaps
from sources.base import (
    Empty,
    Item,
    LeftOut,
    Page,
    clean_abstract,
    clean_name,
    clean_or_none,
    clean_tags,
    mapping_or_empty,
    text_or_empty,
)
from sources.crawl import AT_NEWEST
from sources.polite import SERVICE, Fetched, PoliteClient, decode_body, host_of_address
from sources.post_cleaning import LONGEST_HTML, html_to_text
from sources.source import Archive, CrawlRequest, PostReader, Service, Source
from sources.stories import SeenStories, Story, make_story
from sources.timestamps import parse_time

NAME = SERVICE

# A cursor stays short enough to be read and written with each look.
_LONGEST_VALIDATOR = 1000
# 10,000 items have some 200,000.
_MOST_TAGS = 500_000
_VALIDATORS = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
# Sitemaps of one look; those of the last two days are a handful.
_MOST_SITEMAPS = 50
_LOOKS_LIKE_A_SITEMAP = re.compile(r"sitemap", re.IGNORECASE)
_ROOT = re.compile(
    r"<(?:[\w-]+:)?(rss|feed|rdf|channel|urlset|sitemapindex|html|opml)\b", re.IGNORECASE
)
# The root begins within so many characters, and ends within so many.
_HEAD = 10_000
_TAIL = 1000
_END_OF_FEED = re.compile(r"</(?:[\w-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)


@dataclass(slots=True)
class _Progress:
    """What is kept of a feed between its looks, and within a look over several sitemaps."""

    #: The address to ask: what the user named, behind permanent redirects.
    address: str
    seen: SeenStories

    #: The headers by address that make an answer short if nothing has changed.
    validators: dict[str, dict[str, str]]
    is_sitemap: bool = False

    #: The sitemaps that this look has still to read.
    waiting: list[str] = field(default_factory=list)

    #: What this look has brought so far.
    counts: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def from_cursor(cls, request: CrawlRequest) -> _Progress:
        stored = request.cursor or {}
        return cls(
            stored.get("address", request.subject),
            SeenStories(dict(stored.get("seen", {}))),
            dict(stored.get("validators", {})),
            bool(stored.get("is_sitemap")),
            list(stored.get("waiting", ())),
            Counter(stored.get("counts", {})),
            list(stored.get("remarks", ())),
        )

    def page(self, items: tuple[Item, ...]) -> Page:
        """Return a page of the look, which ends if no sitemap waits."""
        kept: dict[str, Any] = {
            "address": self.address,
            "seen": self.seen.ids,
            "validators": self.validators,
            "is_sitemap": self.is_sitemap,
        }
        if self.waiting:
            at_work = {"waiting": self.waiting, "counts": self.counts, "remarks": self.remarks}
            return Page(items=items, cursor=kept | at_work)

        return Page(items=items, cursor=kept, end=AT_NEWEST, remark=self._describe())

    def _describe(self) -> str:
        """Return what the look brought, for `status` and reports; what was new is told before."""
        parts = []
        if (read := self.counts.get("read")) is not None:
            parts.append(f"{read:,} read")
        if undated := self.counts.get("undated"):
            parts.append(f"{undated:,} without a date, which get the time of the look")
        if unchanged := self.counts.get("unchanged"):
            what = f"{quantity(unchanged, 'sitemap')} " if unchanged > 1 or parts else ""
            parts.append(f"{what}unchanged since the last look")

        return "; ".join(filter(None, [", ".join(parts), *self.remarks]))

    def move_to(self, address: str) -> None:
        """Ask *address* from now on, to which the feed has moved for good."""
        if address != self.address:
            self.validators.pop(self.address, None)
            self.address = address
            self.remarks.append(f"it has moved for good, to {address}")

    def wait_for(self, addresses: Sequence[str]) -> None:
        """Let the look go on with the first of the sitemaps at *addresses*."""
        self.waiting += addresses[:_MOST_SITEMAPS]
        if len(addresses) > _MOST_SITEMAPS:
            self.remarks.append(f"only {_MOST_SITEMAPS} of its sitemaps are read")


async def read_pages(request: CrawlRequest) -> AsyncIterator[Page]:
    """Read what a feed or a news sitemap has now, in a page for each address that has some.

    An address that cannot be read ends its look with a remark and is looked at again the next time:
    others are not kept waiting by it, and nothing that was stored is lost.
    """
    progress = _Progress.from_cursor(request)
    client = PoliteClient(request.subject, request.client_of)
    is_first = not progress.waiting

    while True:
        address = progress.address if is_first else progress.waiting.pop(0)
        try:
            items = await _look(client, request, progress, address, is_first=is_first)
        except ServiceError as error:
            progress.remarks.append(f"{error}" if is_first else f"{address}: {error}")
            items = ()

        yield progress.page(items)
        is_first = False
        if not progress.waiting:
            return


async def _look(
    client: PoliteClient,
    request: CrawlRequest,
    progress: _Progress,
    address: str,
    *,
    is_first: bool,
) -> tuple[Item, ...]:
    """Return what one address has, with the ids of its documents; note the sitemaps it lists."""
    if progress.is_sitemap or _LOOKS_LIKE_A_SITEMAP.search(address):
        await client.check_robots(address)

    fetched = await client.fetch(address, progress.validators.get(address))
    if fetched.body is None:
        progress.counts.update(unchanged=1)
        return ()

    context = _Context(request.subject, fetched, datetime.now(UTC), request.outlet)
    read = await asyncio.to_thread(_read, context)
    if read.is_sitemap and not progress.is_sitemap:
        await client.check_robots(address)
        progress.is_sitemap = True

    progress.remarks += read.remarks
    if is_first:
        progress.move_to(fetched.permanent)
        progress.wait_for(read.sitemaps)
        address = progress.address
    elif read.sitemaps:
        progress.remarks.append(f"{address}: an index within an index is not followed")

    # An index need not change when its sitemaps do.
    is_known_by_head = read.is_whole and not read.sitemaps
    _note_validators(progress, address, fetched, is_known_by_head=is_known_by_head)
    native_ids = progress.seen.identify(read.stories, host_of_address(fetched.address) or "")
    documents = [
        replace(story.document, native_id=native_id)
        for story, native_id in zip(read.stories, native_ids, strict=True)
    ]
    undated = sum(story.is_undated for story in read.stories)
    if not (read.sitemaps and not documents):
        progress.counts.update(read=len(documents) + len(read.others), undated=undated)

    return (*documents, *read.others)


def _note_validators(
    progress: _Progress, address: str, fetched: Fetched, *, is_known_by_head: bool
) -> None:
    """Remember by what an unchanged answer is known; one that was cut is to be read again."""
    found = {name: fetched.headers.get(of, "") for name, of in _VALIDATORS.items()}
    validators = {name: text for name, text in found.items() if 0 < len(text) <= _LONGEST_VALIDATOR}
    progress.validators.pop(address, None)
    if is_known_by_head and validators:
        progress.validators[address] = {**validators, "address": fetched.address}
    for oldest in list(progress.validators)[: -2 * _MOST_SITEMAPS]:
        del progress.validators[oldest]


@dataclass(slots=True)
class _Context:
    """What a feed is read with."""

    subject: str
    fetched: Fetched
    now: datetime

    #: The outlet by the user's list; the feed's own title counts where there is none.
    outlet: str | None


@dataclass(slots=True)
class _Read:
    """What an answer holds."""

    stories: list[Story] = field(default_factory=list)

    #: What could not be read, and what has no text.
    others: list[Item] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    is_sitemap: bool = False
    is_whole: bool = True
    remarks: list[str] = field(default_factory=list)

    def add(self, item: Story | Item) -> None:
        """Sort an item in."""
        if isinstance(item, Story):
            self.stories.append(item)
        else:
            self.others.append(item)


def _read(context: _Context) -> _Read:
    """Read an answer by what it is, whatever type it declares. Raises `ServiceRefused`."""
    try:
        body = sitemaps.unpack(context.fetched.body or b"")
    except BadInput as error:
        raise ServiceRefused(str(error), service=NAME) from None

    content_type = context.fetched.headers.get("content-type", "")
    text, remark = decode_body(body, content_type)
    root = _ROOT.search(text, 0, _HEAD)
    kind = root[1].lower() if root else ""
    if text.lstrip()[:1] == "{":
        read = _read_json_feed(text, context)
    elif kind in ("urlset", "sitemapindex"):
        read = _read_sitemap(text, context)
    elif kind in ("rss", "feed", "rdf", "channel"):
        read = _read_xml_feed(text, context)
    else:
        what = {"html": "a web page", "opml": "a list of feeds"}.get(kind, "something else")
        declared = f", declared as {clean_name(content_type)}" if clean_name(content_type) else ""
        raise ServiceRefused(f"it is no feed but {what}{declared}", service=NAME)

    if remark:
        read.remarks.insert(0, remark)

    return read


def _read_sitemap(text: str, context: _Context) -> _Read:
    read = _Read(is_sitemap=True)
    listed: list[sitemaps.ListedSitemap] = []
    try:
        for entry in sitemaps.read_entries(text, context.subject, context.now, context.outlet):
            if isinstance(entry, sitemaps.ListedSitemap):
                listed.append(entry)
            else:
                read.add(entry)
    except BadInput as error:
        read.is_whole = False
        read.remarks.append(str(error))

    read.sitemaps = sitemaps.choose_sitemaps(listed, context.now)
    return read


# --- RSS and Atom ---


def _read_xml_feed(text: str, context: _Context) -> _Read:
    # A tag takes the parser up to a fifth of a millisecond, and nothing stops it on its way.
    if text.count("<") > _MOST_TAGS:
        raise ServiceRefused(f"it has more than {_MOST_TAGS:,} tags", service=NAME)

    import feedparser  # noqa: PLC0415 - only who looks at feeds needs it

    headers = {
        "content-type": "application/xml; charset=utf-8",
        "content-location": context.fetched.address,
    }
    try:
        parsed = feedparser.parse(
            # It takes anything but a file for an address or a name of a file.
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            # Markup is read as text alone.
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # noqa: BLE001 - hostile markup makes it raise whatever it meets
        reason = f"its markup cannot be read ({type(error).__name__})"
        raise ServiceRefused(reason, service=NAME) from None

    read = _Read()
    entries = list(parsed.entries)
    if parsed.bozo and not _END_OF_FEED.search(text, len(text) - _TAIL):
        # The last entry may end in the middle of its headline.
        entries = entries[:-1]
        read.is_whole = False
        read.remarks.append("it was cut short, and its last story is read when it is whole")

    channel = parsed.feed
    outlet = context.outlet or clean_name(_plain_text(channel.get("title")))
    for index, entry in enumerate(entries):
        published = entry.get("published") or entry.get("created") or entry.get("updated")
        fields = _Fields(
            title=_entry_title(entry, parsed.version),
            summary=_entry_summary(entry),
            address=entry.get("feedburner_origlink") or entry.get("link"),
            guid=clean_or_none(entry.get("id")),
            published=parse_time(published) or _parsed_time(entry),
            language=entry.get("language") or channel.get("language"),
            tags=[tag.get("term") for tag in entry.get("tags", ())],
        )
        read.add(_make_story(fields, index, context, outlet))

    return read


def _entry_title(entry: Mapping[str, Any], version: str) -> str:
    """Return a title as people read it; in Atom, a title that is declared as text is no markup."""
    title = text_or_empty(entry.get("title"))
    declared = mapping_or_empty(entry.get("title_detail")).get("type")
    is_text = version.startswith("atom") and declared == "text/plain"
    return title if is_text else _plain_text(title)


def _entry_summary(entry: Mapping[str, Any]) -> str:
    """Return the description of an entry, else the beginning of its content."""
    contents = [mapping_or_empty(content).get("value") for content in entry.get("content", ())]
    return next(filter(None, (_plain_text(part) for part in (entry.get("summary"), *contents))), "")


def _parsed_time(entry: Mapping[str, Any]) -> datetime | None:
    """Return the time that feedparser reads, which knows some languages more."""
    for name in ("published_parsed", "created_parsed", "updated_parsed"):
        parsed = entry.get(name)
        if parsed is not None:
            year, month, day, hour, minute, second = parsed[:6]
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)

    return None


# --- JSON Feed ---


def _read_json_feed(text: str, context: _Context) -> _Read:
    """Read a feed of jsonfeed.org, version 1.0 or 1.1. Raises `ServiceRefused` for other JSON."""
    try:
        feed = mapping_or_empty(json.loads(text))
    except (ValueError, RecursionError):
        raise ServiceRefused("it is JSON that cannot be read to its end", service=NAME) from None

    items = feed.get("items")
    if not isinstance(items, list) or "jsonfeed.org" not in text_or_empty(feed.get("version")):
        raise ServiceRefused("it is JSON, but no JSON Feed", service=NAME)

    read = _Read()
    outlet = context.outlet or clean_name(feed.get("title"))
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            read.add(LeftOut(context.subject, index, "it is no object"))
            continue

        guid = item.get("id")
        content = item.get("content_text") or _plain_text(item.get("content_html"))
        fields = _Fields(
            title=text_or_empty(item.get("title")),
            summary=text_or_empty(item.get("summary")) or text_or_empty(content),
            address=item.get("url") or item.get("external_url"),
            guid=clean_or_none(str(guid)) if isinstance(guid, str | int) else None,
            published=parse_time(item.get("date_published") or item.get("date_modified")),
            language=item.get("language") or feed.get("language"),
            tags=item.get("tags"),
        )
        read.add(_make_story(fields, index, context, outlet))

    return read


# --- stories ---


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fields:
    """What a feed says of a story, as it says it."""

    title: str
    summary: str
    address: object
    guid: str | None
    published: datetime | None
    language: object
    tags: object


def _make_story(
    fields: _Fields, index: int, context: _Context, outlet: str | None
) -> Story | Empty:
    """Make a story of an entry; one without a title is read by its description."""
    summary = clean_abstract(fields.summary)
    raw_text = " ".join((fields.title or summary or "").split())
    if not raw_text:
        return Empty(context.subject, index)

    return make_story(
        SOURCE,
        raw_text,
        fields.address,
        fields.published,
        context.now,
        base=context.fetched.address,
        guid=fields.guid,
        outlet=outlet or host_of_address(context.fetched.address),
        language=clean_name(fields.language),
        abstract=summary if fields.title else None,
        tags=clean_tags(fields.tags),
    )


def _plain_text(markup: object) -> str:
    """Return markup as people read it, on one line; of an endless one the beginning."""
    if not isinstance(markup, str):
        return ""

    return " ".join(html_to_text(markup[:LONGEST_HTML]).split())


def _server_of(address: str) -> str:
    return host_of_address(address) or address


SOURCE = Source(
    name=NAME,
    label="news feeds",
    # The web is no older; programs write 1970 where they know no date.
    earliest=datetime(1990, 1, 1, tzinfo=UTC),
    service=Service(url=None, limits="feeds_limits", server_of=_server_of),
    feed=PostReader(operation="look", pages=read_pages),
    archive=Archive(),
    has_files=False,
    terms="The texts belong to the outlets that published them; each feed's own terms hold.",
)
