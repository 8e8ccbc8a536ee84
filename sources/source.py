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
from sources.headlines import with_full_stop
from sources.jsonstream import Keys
from sources.post_cleaning import decode_entities, is_repost_by_text
from sources.table_rows import TableRow, identify_post

if TYPE_CHECKING:
    from core.service_client import ServiceClient
    from core.settings import Settings

_DAY = timedelta(days=1)
# A time further ahead than clocks and time zones differ is from the future.
_CLOCK_SKEW = _DAY


# --- services ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The names of the settings by which an HTTP service is reached."""

    #: None if each subject is an address of its own.
    url: str | None
    limits: str
    key: str | None = None

    #: True if the key is sent in the header ``Authorization``.
    bearer: bool = False
    price_per_post: str | None = None

    #: Returns the server of a handle, if each handle has its own server.
    server_of: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlRequest:
    """Which posts are read, and from which place on."""

    #: A handle or a search term.
    subject: str
    client: ServiceClient
    settings: Settings

    #: Returns the client, with its rate limit, of another subject of the service.
    client_of: Callable[[str], ServiceClient]

    #: The cursor of the last page that was stored.
    cursor: Cursor | None = None

    #: The most documents to read.
    limit: int | None = None

    #: The outlet as the user calls it.
    outlet: str | None = None


ReadPages: TypeAlias = Callable[[CrawlRequest], AsyncIterator[Page]]
FetchMonth: TypeAlias = Callable[..., AbstractAsyncContextManager[Path]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReader:
    """How posts are read from a service, page by page, the newest first."""

    #: The operation under which calls are counted.
    operation: str
    pages: ReadPages

    #: The form of the handles that the service has.
    handle_form: re.Pattern[str] = re.compile(".*")

    #: True if a post is stored under the handle that it names, not the requested one.
    posts_name_handle: bool = False

    #: The service has the newest posts of an account alone, about so many.
    most_posts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Documents that are read by month; *fetch* is None if they come from files alone."""

    #: Reads the file of a month that was fetched.
    read: Callable[[Path], Iterator[Item]] | None = None

    #: Fetches a month; called as ``fetch(month, client=client, key=key)``.
    fetch: FetchMonth | None = None
    #: Makes another archive's documents those of this archive, which the user named for the file.
    adopt: Callable[[Iterable[Item], str], Iterator[Item]] | None = None
    operation: str = "archive"

    #: Reads a month page by page, where it takes longer than a worker's time slice.
    pages: ReadPages | None = None

    #: The outlet of its documents, which do not name it.
    outlet: str = ""

    #: Whether months are added to it: a watched run follows the present then.
    grows: bool = True

    #: Whether its texts were read by machine from scanned pages.
    is_scanned: bool = False

    #: Whether all its texts are news in English.
    is_english_news: bool = False

    #: The time from a month's end until its last documents are in the archive.
    delay: timedelta = _DAY

    def is_to_be_fetched(
        self, period: str, *, stored: int, complete: bool, fetched_at: float | None, now: float
    ) -> bool:
        """Return whether to fetch a month: it is not stored whole, or it was not over when fetched.

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

    #: The host of the addresses of its texts.
    site: str
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

    #: The file's name in items.
    file: str
    now: datetime

    #: The handle of objects that name none.
    handle: str | None = None

    #: The outlet of objects that name none.
    outlet: str | None = None

    #: The cursor of the place at which to go on; None at the beginning.
    cursor: Cursor | None = None

    #: The handles by account id.
    authors: Mapping[str, str] = field(default_factory=dict)

    #: The first object of a file.
    first: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountArchive:
    """An account's archive as its service hands it out: scripts that assign one list each."""

    #: The names of the lists of posts.
    lists: frozenset[str]

    #: The end of the message on a file with another list.
    hint: str
    handle_beside: Callable[[Path], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat:
    """The objects of a service in JSON files."""

    #: Takes an object and the key under which its list stands.
    recognizes: Callable[[Mapping[str, Any], str], bool]
    read: Callable[[Any, int, ReadContext], Item]

    #: The paths of lists of objects, besides the root.
    lists: frozenset[Keys] = frozenset()

    #: Reads a whole file and checks it.
    read_file: Callable[[Path, ReadContext], Iterator[Item]] | None = None

    #: The key beside a list under which its authors stand.
    authors_key: str | None = None
    read_authors: Callable[[object], Mapping[str, str]] | None = None
    account_archive: AccountArchive | None = None
    has_handles: Callable[[ReadContext], bool] = _always


def _unchanged(table_row: TableRow, _context: ReadContext) -> TableRow:
    return table_row


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """What a source's rows in a table (CSV, or JSON objects of columns) mean."""

    clean_text: Callable[[str], str] = decode_entities

    #: True if a text gets a full stop where end punctuation is missing.
    adds_full_stop: bool = False
    complete: Callable[[TableRow, ReadContext], TableRow] = _unchanged

    #: Takes columns and an address.
    recognizes: Callable[[Mapping[str, str], str | None], bool] = never
    #: Returns the id of a row with this date and text, and then its ids where less of it is known.
    identify: Callable[[TableRow, str, str], list[str]] = identify_post

    #: These names of the text's column come before all others.
    text_columns: tuple[str, ...] = ()
    is_repost: Callable[[str], bool] = is_repost_by_text
    has_handles: bool = True

    #: True if its documents come from many outlets.
    has_outlets: bool = False
    address_has_handle: bool = False

    def prepare_text(self, raw_text: str) -> tuple[str, bool]:
        """Return a text as it is stored, and whether it got a full stop."""
        text = self.clean_text(raw_text).strip()
        if not text or not self.adds_full_stop:
            return text, False

        terminated = with_full_stop(text)
        return terminated, terminated != text


_PLAIN_ROWS = TableRules()


def _no_profile(_address: str) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A source of documents, by the name that its documents, settings and counts of calls have."""

    name: str

    #: The name of the source for readers.
    label: str

    #: No document of the source can be older.
    earliest: datetime

    #: Whether files of its documents can be imported.
    has_files: bool = True

    #: The code of the language of all its texts; None if each has its own.
    language: str | None = None
    service: Service | None = None
    archive: Archive | None = None
    account: PostReader | None = None
    search: PostReader | None = None
    feed: PostReader | None = None
    json_format: JsonFormat | None = None
    table_rules: TableRules = _PLAIN_ROWS
    credit: Credit | None = None
    #: Says whose the texts are, and the terms or licence of their use, as a sentence.
    terms: str = "No licence is declared for these texts."
    #: Returns the handle of the account whose profile is at an address, None for other addresses.
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

    def fetches_months(self, settings: Settings) -> bool:
        """Whether its months can be fetched from its service."""
        archive = self.archive
        can_fetch = archive is not None and (archive.fetch is not None or archive.pages is not None)
        return can_fetch and self.is_available(settings)

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
