"""The declaration of a source: what it is called, what it reads, and by which settings.

Each source's module makes one `Source`; `sources.registry` lists them. A part that is None is
something the source does not have. Names of settings are fields of `core.settings.Settings`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sources.base import Cursor, Item, Page
from sources.jsonstream import Keys
from sources.post_cleaning import decode_entities, is_repost_by_text
from sources.table_rows import TableRow, identify_post

if TYPE_CHECKING:
    from core.service_client import ServiceClient
    from core.settings import Settings

_DAY = timedelta(days=1)
_CLOCK_SKEW = _DAY  # a time further ahead than clocks and time zones differ is from the future


# --- services ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The names of the settings by which an HTTP service is reached."""

    url: str
    limits: str
    key: str | None = None
    bearer: bool = False  #: whether the key is sent in the header ``Authorization``
    price_per_post: str | None = None
    server_of: Callable[[str], str] | None = None  #: of a handle, where each has its own server


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlRequest:
    """Which posts are read, and from which place on."""

    subject: str  #: a handle or a search term
    client: ServiceClient
    settings: Settings
    cursor: Cursor | None = None  #: of the last page that was stored
    limit: int | None = None  #: how many documents at most


ReadPages: TypeAlias = Callable[[CrawlRequest], AsyncIterator[Page]]
FetchMonth: TypeAlias = Callable[..., AbstractAsyncContextManager[Path]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReader:
    """How posts are read from a service, page by page, the newest first."""

    operation: str  #: under which calls are counted
    pages: ReadPages
    handle_form: re.Pattern[str] = re.compile(".*")  #: of the accounts that it has
    posts_name_handle: bool = False  #: store each under the handle it names, not the one asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Documents that are read by month; *fetch* is None where they come from files alone."""

    read: Callable[[Path], Iterator[Item]] | None = None  #: of a month that was fetched
    fetch: FetchMonth | None = None  #: called as ``fetch(month, client=client, key=key)``
    #: makes another archive's documents those of this, whose name the user gave for that file
    adopt: Callable[[Iterable[Item], str], Iterator[Item]] | None = None
    operation: str = "archive"
    delay: timedelta = _DAY  #: after a month's end, until its last documents are in the archive

    def is_to_be_fetched(
        self, period: str, *, stored: int, complete: bool, fetched_at: float | None, now: float
    ) -> bool:
        """Whether to fetch a month: none or a part of it is stored, or it was not over then.

        A month that is not over is fetched again after a day. Times are Unix seconds, *fetched_at*
        is None where the month was never fetched. One more than a day after *now* was written by a
        clock that was ahead: nobody knows whether the month was over then.
        """
        year, month = int(period[:4]), int(period[5:])
        last_day = datetime(year, month, calendar.monthrange(year, month)[1], tzinfo=UTC)
        final_from = (last_day + _DAY + self.delay).timestamp()

        if fetched_at is None:
            return not stored or now < final_from
        if not complete or fetched_at > now + _DAY.total_seconds():
            return True
        return fetched_at < final_from and now >= fetched_at + _DAY.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """The attribution that a report on a source's texts must show."""

    site: str  #: host of the addresses of its texts
    before: str
    link: str
    link_text: str
    after: str


# --- files ---


def _always(*_: object) -> bool:
    return True


def never(*_: object) -> bool:
    """Say no, whatever is asked."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """Where objects are read from, and what holds for all of them."""

    file: str  #: as items name it
    now: datetime
    handle: str | None = None  #: of objects that name none
    outlet: str | None = None  #: of objects that name none
    cursor: Cursor | None = None  #: of the place at which to go on; None at the beginning
    authors: Mapping[str, str] = field(default_factory=dict)  #: handles by account id
    first: Mapping[str, Any] = field(default_factory=dict)  #: a file's first object


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountArchive:
    """An account's archive as its service hands it out: scripts that assign one list each."""

    lists: frozenset[str]  #: those of posts
    hint: str  #: the end of the message on a file with another list
    handle_beside: Callable[[Path], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat:
    """The objects of a service in JSON files."""

    recognizes: Callable[[Mapping[str, Any], str], bool]  #: an object, the key its list is under
    read: Callable[[Any, int, ReadContext], Item]
    lists: frozenset[Keys] = frozenset()  #: where lists of objects are, besides the root
    read_file: Callable[[Path, ReadContext], Iterator[Item]] | None = None  #: checks a whole file
    authors_key: str | None = None  #: the key beside a list under which its authors are
    read_authors: Callable[[object], Mapping[str, str]] | None = None
    account_archive: AccountArchive | None = None
    has_handles: Callable[[ReadContext], bool] = _always


def _unchanged(row: TableRow, _context: ReadContext) -> TableRow:
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """What a source's rows in a table (CSV, or JSON objects of columns) mean."""

    clean_text: Callable[[str], str] = decode_entities
    complete: Callable[[TableRow, ReadContext], TableRow] = _unchanged
    recognizes: Callable[[Mapping[str, str], str | None], bool] = never  #: columns, an address
    #: the id of a row with this date and text, then those that it has where less is known of it
    identify: Callable[[TableRow, str, str], list[str]] = identify_post
    text_columns: tuple[str, ...] = ()  #: names of the text's column that come before all others
    is_repost: Callable[[str], bool] = is_repost_by_text
    has_handles: bool = True
    has_outlets: bool = False  #: whether its documents are of many outlets
    address_has_handle: bool = False


_PLAIN_ROWS = TableRules()


def _no_profile(_address: str) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A source of documents, by the name that its documents, settings and counts of calls have."""

    name: str
    label: str  #: its name for readers
    earliest: datetime  #: no document of it can be older
    service: Service | None = None
    archive: Archive | None = None
    account: PostReader | None = None
    search: PostReader | None = None
    json_format: JsonFormat | None = None
    table_rules: TableRules = _PLAIN_ROWS
    credit: Credit | None = None
    #: whose the texts are, and the terms or licence of their use, as a sentence
    terms: str = "No licence is declared for these texts."
    #: the handle of the account whose profile is at an address, None for any other address
    handle_in_address: Callable[[str], str | None] = _no_profile

    def stored_time(self, moment: datetime | None, now: datetime) -> datetime | None:
        """Return *moment* in whole seconds; None where it is impossible for this source."""
        if moment is None or not self.earliest <= moment <= now + _CLOCK_SKEW:
            return None
        return moment.replace(microsecond=0)

    def is_available(self, settings: Settings) -> bool:
        """Whether the source's service can be asked: it needs no key, or the key is set."""
        if self.service is None:
            return False
        return self.service.key is None or self.key(settings) is not None

    def key(self, settings: Settings) -> str | None:
        """Return the service's key, if it is set."""
        setting = self.service.key if self.service else None
        secret = getattr(settings, setting) if setting else None
        return secret.get_secret_value() if secret is not None else None

    def price_per_post(self, settings: Settings) -> float:
        """Return what reading a post from the service costs, 0 where it is free or unknown."""
        setting = self.service.price_per_post if self.service else None
        return getattr(settings, setting) if setting else 0.0

    @property
    def key_variable(self) -> str | None:
        """The environment variable that holds the service's key; None where it needs none."""
        key = self.service.key if self.service else None
        return f"TIDINGS_{key}".upper() if key else None
