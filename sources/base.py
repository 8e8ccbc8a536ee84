"""What every source gives: documents, and what was left out of them; and what it needs to ask a service.

A source stores nothing. It yields items as it reads, in bounded memory, and whoever reads them keeps a `ReadCounts`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from core.errors import ServiceError

NYT, X, BLUESKY, MASTODON, POSTS = "nyt", "x", "bluesky", "mastodon", "posts"
SOURCES = (NYT, X, BLUESKY, MASTODON, POSTS)

_BEGINNING = {
    NYT: datetime(1851, 9, 18, tzinfo=UTC),
    X: datetime(2006, 3, 21, tzinfo=UTC),
    BLUESKY: datetime(2022, 11, 1, tzinfo=UTC),
    MASTODON: datetime(2016, 3, 1, tzinfo=UTC),
    POSTS: datetime(1800, 1, 1, tzinfo=UTC),
}
_AHEAD = timedelta(days=1)  # clocks and time zones differ; more than that is a date from the future

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ADDRESS = re.compile(r"(?:https?|at)://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """One text with where it comes from; what is None was not said, or could not have been meant."""

    source: str  #: one of `SOURCES`
    native_id: str  #: the service's own id, else a hash of address, or of date and text
    text: str
    published_at: datetime | None = None  #: UTC, whole seconds
    address: str | None = None
    handle: str | None = None  #: case-folded, without a leading "@"
    author_id: str | None = None  #: what stays when a handle changes: a DID, an account's number
    material: str | None = None  #: NYT's type_of_material
    repost: bool = False  #: somebody else's words, passed on by *handle*
    replaced: int = 0  #: characters that no database takes, replaced by U+FFFD
    time_wrong: bool = False  #: a time was given that its service cannot have meant

    @property
    def identity(self) -> str:
        """The document's name in exports and in the database: the same whenever and from wherever it is read."""
        return f"{self.source}:{self.native_id}"

    @property
    def period(self) -> str | None:
        """The UTC month as ``YYYY-MM``; None where the time is not known."""
        return None if self.published_at is None else f"{self.published_at:%Y-%m}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that could not be read; *index* counts a file's documents (or rows) from 0, None concerns the file."""

    file: str
    index: int | None
    why: str

    def __str__(self) -> str:
        place = self.file if self.index is None else f"{self.file}, document {self.index}"
        return f"{place}: {self.why}"


@dataclass(frozen=True, slots=True)
class Empty:
    """A document that has no text: no error, there is nothing to read in it."""

    file: str
    index: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a person should know of a file that was read all the same."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


Item: TypeAlias = SourceDocument | LeftOut | Empty | Remark


@dataclass(slots=True)
class ReadCounts:
    """Counts of what a reader yielded."""

    documents: int = 0
    empty: int = 0
    left_out: int = 0
    reposts: int = 0
    without_handle: int = 0
    without_time: int = 0
    wrong_times: int = 0
    replaced_characters: int = 0
    remarks: list[Remark] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Count one item."""
        match item:
            case SourceDocument():
                self.documents += 1
                self.reposts += item.repost
                self.without_handle += item.handle is None
                self.without_time += item.published_at is None
                self.wrong_times += item.time_wrong
                self.replaced_characters += item.replaced
            case LeftOut():
                self.left_out += 1
            case Empty():
                self.empty += 1
            case Remark():
                self.remarks.append(item)


def clean(text: str) -> tuple[str, int]:
    """*text* with NUL and lone surrogates as U+FFFD, since no database takes them, and how many there were."""
    return _UNSTORABLE.subn("\ufffd", text)


def clean_or_none(value: object) -> str | None:
    """A cleaned, stripped string, None where *value* is no string or only white space."""
    return clean(value.strip())[0] or None if isinstance(value, str) else None


def clean_address(value: object) -> str | None:
    """An address that may become a link: http, https or at; anything else is None."""
    address = clean_or_none(value)
    return address if address and _ADDRESS.fullmatch(address) else None


def fold_handle(handle: object) -> str | None:
    """A handle as it is compared and stored: without its leading "@", case ignored."""
    found = clean_or_none(handle)
    return found.removeprefix("@").strip().casefold() or None if found else None


def hashed_id(*parts: str) -> str:
    """128 bits of SHA-256 over *parts*, for documents that their source gave no id."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def whole_second(moment: datetime | None, source: str, now: datetime) -> datetime | None:
    """*moment* as it is stored; None where *source* cannot have meant it: from the future, or before it existed."""
    if moment is None or not _BEGINNING[source] <= moment <= now + _AHEAD:
        return None
    return moment.replace(microsecond=0)


# --- services -------------------------------------------------------------------------------------------------------

Cursor: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one answer of a service held.

    *cursor* is an absolute, JSON-able place: store it with the documents, and give it back to go on behind this page,
    or, after the crawl's *end*, to begin again at the newest post that is known.
    """

    items: tuple[Item, ...]
    cursor: Cursor
    end: str | None = None  #: why this is the crawl's last page; None where another one follows

    @property
    def documents(self) -> tuple[SourceDocument, ...]:
        """The page's documents, without what was left out."""
        return tuple(item for item in self.items if isinstance(item, SourceDocument))


class Limiter(Protocol):
    """A service's shared limit: every single attempt at a call passes through it."""

    def call(self) -> AbstractAsyncContextManager[None]:
        """Held while a request is in flight; waits for its turn, or raises what the limit has to say."""

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call for so long: the service said so."""


class AccountGone(ServiceError):
    """An account that cannot be read: no fault of the service nor of the key, and asking again does not help."""

    def __init__(
        self, message: str, *, service: str, state: Literal["not-found", "suspended", "protected"]
    ) -> None:
        super().__init__(message, service=service)
        self.state = state
