"""The items that every source yields, and the cleaning of text, addresses and handles.

A source stores nothing. It yields items as it reads, in bounded memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from core.errors import ServiceError
from core.languages import is_unknown_language
from core.storable import make_storable

_ADDRESS = re.compile(r"(?:https?|at)://\S+", re.IGNORECASE)

# Names are keys of the database, where PostgreSQL takes up to 2,700 bytes.
#: A longer id is hashed; the lengths here are in characters.
LONGEST_ID = 500
#: A longer handle counts as none.
LONGEST_HANDLE = 300
#: A longer address counts as none.
LONGEST_ADDRESS = 8000
#: A longer name of an outlet, a section or the like counts as none.
LONGEST_NAME = 200
#: A longer abstract is cut.
LONGEST_ABSTRACT = 2000
#: A document keeps only its first tags, up to this number.
MAX_TAGS = 100
# Programs write this word, in any case, where there is no name; the NYT does so for desks.
_NO_NAME = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """One text and where it comes from; a field is None where the source did not give it."""

    #: The name of a source in `sources.registry`.
    source: str

    #: The service's own id; otherwise a hash of the address, or of date and text.
    native_id: str

    #: The ids that the document has where less of it is known.
    less_known_ids: tuple[str, ...] = ()

    #: A headline ends in a full stop where end punctuation is missing, for the Text API's splitter.
    text: str

    #: True if the source has *text* without its full stop. It is quoted as the source has it.
    full_stop_added: bool = False

    #: The time in UTC and whole seconds.
    published_at: datetime | None = None
    address: str | None = None

    #: The handle is case-folded and has no leading "@".
    handle: str | None = None

    #: The id that stays when a handle changes: a DID, or an account's number.
    author_id: str | None = None

    #: The newspaper or site that published it.
    outlet: str | None = None

    #: The section of the outlet, such as "Opinion".
    section: str | None = None

    #: The part of the newsroom that wrote it.
    desk: str | None = None

    #: The archive's type of material, such as "News".
    material: str | None = None

    #: The language as the archive writes it, such as "en" or "German".
    language: str | None = None
    abstract: str | None = None

    #: The archive's own subject terms; empty where it gave none to this text.
    tags: tuple[str, ...] | None = None

    #: True if *handle* passed on another account's text.
    repost: bool = False

    #: The number of characters that no database stores and that became U+FFFD.
    replaced: int = 0

    #: True if the given time is impossible for the service.
    time_wrong: bool = False

    #: True if the row leaves the column of times empty.
    time_empty: bool = False

    #: The beginning of a wrong time in a table, as the table writes it.
    wrong_time: str = ""

    def __post_init__(self) -> None:
        if len(self.native_id) > LONGEST_ID:
            object.__setattr__(self, "native_id", hash_id(self.native_id))

    @property
    def identity(self) -> str:
        """The document's name in exports and in the database, wherever it was read from."""
        return f"{self.source}:{self.native_id}"

    @property
    def less_known_identities(self) -> tuple[str, ...]:
        """The names that it has where it was read without its handle or time."""
        return tuple(f"{self.source}:{native_id}" for native_id in self.less_known_ids)

    @property
    def period(self) -> str | None:
        """The UTC month as ``YYYY-MM``; None where the time is not known."""
        return None if self.published_at is None else f"{self.published_at:%Y-%m}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An unreadable document (*index* counts a file's documents from 0) or file (*index* None)."""

    file: str
    index: int | None
    why: str

    def __str__(self) -> str:
        location = self.file if self.index is None else f"{self.file}, document {self.index}"
        return f"{location}: {self.why}"


@dataclass(frozen=True, slots=True)
class Empty:
    """A document without text, which is no error."""

    file: str
    index: int


@dataclass(frozen=True, slots=True)
class Remark:
    """A note for the user on a file that was read all the same."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


@dataclass(frozen=True, slots=True)
class ColumnsRead:
    """The columns of a table by the field that was read from them, and the unread columns."""

    file: str
    columns: Mapping[str, str]
    unread: tuple[str, ...]


Cursor: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A place at which a file can be read on, after all items before it were yielded.

    Its *cursor*, which JSON can hold, has its `offset` in the file. It is never a file's last item:
    where no place follows an item, the file begins at its start again.
    """

    cursor: Cursor


Item: TypeAlias = SourceDocument | LeftOut | Empty | Remark | ColumnsRead | Place


@dataclass(slots=True)
class ReadCounts:
    """Counts of the items that a source yielded."""

    documents: int = 0
    empty: int = 0
    left_out: int = 0
    wrong_times: int = 0

    #: The time as a table writes it; empty if no table has a wrong one.
    first_wrong_time: str = ""
    empty_times: int = 0

    #: How many documents state a language that is not known here, and the first such language.
    unknown_languages: int = 0
    first_unknown_language: str = ""
    replaced_characters: int = 0
    remarks: list[Remark] = field(default_factory=list)
    tables: list[ColumnsRead] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Count one item."""
        match item:
            case SourceDocument():
                self.documents += 1
                self.wrong_times += item.time_wrong
                self.first_wrong_time = self.first_wrong_time or item.wrong_time
                self.empty_times += item.time_empty
                self._note_language(item.language)
                self.replaced_characters += item.replaced
            case LeftOut():
                self.left_out += 1
            case Empty():
                self.empty += 1
            case Remark():
                self.remarks.append(item)
            case ColumnsRead():
                self.tables.append(item)

    def _note_language(self, language: str | None) -> None:
        if is_unknown_language(language):
            self.unknown_languages += 1
            self.first_unknown_language = self.first_unknown_language or language or ""


def clean(text: str) -> tuple[str, int]:
    """Replace NUL and lone surrogates, which no database stores, by U+FFFD and count them."""
    return make_storable(text)


def clean_or_none(raw_text: object) -> str | None:
    """Clean and strip a string; None where *raw_text* is no string or only white space."""
    return clean(raw_text.strip())[0] or None if isinstance(raw_text, str) else None


def clean_name(raw_name: object) -> str | None:
    """Return the name of an outlet or its like on one line; None where *raw_name* is no name.

    A longer one than `LONGEST_NAME` is none either: two names that begin alike would become one.
    """
    if not isinstance(raw_name, str):
        return None

    cleaned, _ = clean(" ".join(raw_name.split()))
    return (
        None if len(cleaned) > LONGEST_NAME or cleaned.casefold() == _NO_NAME else cleaned or None
    )


def clean_abstract(raw_abstract: object) -> str | None:
    """Clean a summary and cut it to `LONGEST_ABSTRACT` characters; None where there is none."""
    abstract = clean_or_none(raw_abstract)
    if abstract is None or abstract.casefold() == _NO_NAME:
        return None

    return abstract[:LONGEST_ABSTRACT].rstrip()


def clean_tags(raw_tags: object) -> tuple[str, ...] | None:
    """Return the names in a list, each once, up to `MAX_TAGS`; None where *raw_tags* is no list."""
    if not isinstance(raw_tags, list | tuple):
        return None

    distinct = dict.fromkeys(filter(None, map(clean_name, raw_tags)))
    return tuple(distinct)[:MAX_TAGS]


def clean_address(raw_address: object) -> str | None:
    """Return an address that may become a link (http, https or at), else None."""
    address = clean_or_none(raw_address)
    if address is None or len(address) > LONGEST_ADDRESS:
        return None

    return address if _ADDRESS.fullmatch(address) else None


def fold_handle(handle: object) -> str | None:
    """Return a handle as it is compared and stored: without its leading "@", case ignored."""
    cleaned = clean_or_none(handle)
    if cleaned is None or len(cleaned) > LONGEST_HANDLE:
        return None

    return cleaned.removeprefix("@").strip().casefold() or None


def host_of(address: object) -> str | None:
    """Return the host (and port) in an address, None where it has none."""
    cleaned = clean_address(address)
    try:
        return urlsplit(cleaned).netloc.rpartition("@")[2].lower() or None if cleaned else None
    except ValueError:
        # "https://[" is no IPv6 address.
        return None


def mapping_or_empty(json_value: object) -> Mapping[str, Any]:
    """Return *json_value* where it is a JSON object, else an empty one."""
    return json_value if isinstance(json_value, Mapping) else {}


def text_or_empty(json_value: object) -> str:
    """Return *json_value* where it is a string, else an empty one."""
    return json_value if isinstance(json_value, str) else ""


def hash_id(*parts: str) -> str:
    """Return 128 bits of SHA-256 over *parts*, for documents that their source gave no id."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


# --- services ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a service.

    *cursor* is an absolute place that JSON can hold: store it with the documents, and give it back
    to go on behind this page, or, after the crawl's *end*, to read what is newer.
    """

    items: tuple[Item, ...]
    cursor: Cursor

    #: The reason why this is the crawl's last page; None if another page follows.
    end: str | None = None

    #: On a crawl's last page, what readers should know of it, besides how many documents are new.
    remark: str | None = None

    @property
    def documents(self) -> tuple[SourceDocument, ...]:
        """The page's documents."""
        return tuple(item for item in self.items if isinstance(item, SourceDocument))


AccountState: TypeAlias = Literal["not-found", "suspended", "protected"]


class AccountGone(ServiceError):
    """An account that cannot be read; asking again does not help."""

    def __init__(self, message: str, *, service: str, state: AccountState) -> None:
        super().__init__(message, service=service)
        self.state = state
