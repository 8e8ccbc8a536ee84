"""Documents from files: the format is found by looking inside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from sources import bluesky, mastodon, nyt, x
from sources.base import (
    BLUESKY,
    MASTODON,
    NYT,
    POSTS,
    SOURCES,
    Item,
    LeftOut,
    Remark,
    X,
    fold_handle,
)
from sources.file_reading import chunks_of, decoded, opened
from sources.jsonstream import ASSIGNMENT, Element, elements_of_file, loads_line
from sources.tables import (
    FIELDS,
    KNOWN,
    NO_HANDLE,
    TableReader,
    find_columns,
    fold_column,
    guess_source,
    lines_of,
    missing_remarks,
    read_csv,
)

ENDINGS = (
    ".json",
    ".jsonl",
    ".ndjson",
    ".csv",
    ".tsv",
    ".js",
)  #: what is read in a folder, ".gz" behind it or not
LISTS = nyt.LISTS | {("data",), ("feed",), ("statuses",), ("posts",)}
_PAGE_KEYS = ("data", "feed", "docs", "statuses")

_ARCHIVED_POSTS = re.compile(r"tweets?")  # older archives call the list "tweet"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the user said of a file, and the time against which dates are held."""

    source: str | None
    handle: str | None
    columns: Mapping[str, str]
    now: datetime


def read_path(
    path: Path,
    *,
    source: str | None = None,
    handle: str | None = None,
    columns: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Iterator[Item]:
    """The documents of a file or of every file below a folder, one at a time.

    *source* is one of `SOURCES`, or None to find it out; *handle* is whose posts these are where the file itself does
    not say; *columns* maps a field (`FIELDS`) to the name of the column that holds it. Documents without a handle are
    yielded all the same, with a remark.

    Raises `BadInput` where *path* itself cannot be read; inside a folder such a file is an item `LeftOut`. Raises
    `UsageError` where there is no such source or field.
    """
    given = dict(columns or {})
    if source is not None and source not in SOURCES:
        raise UsageError(f"{source!r} is no source: use one of {', '.join(SOURCES)}")
    if odd := sorted(given.keys() - set(FIELDS)):
        raise UsageError(
            f"{odd[0]!r} is no field that a column can hold: use one of {', '.join(FIELDS)}"
        )
    asked = _Asked(
        source=source, handle=fold_handle(handle), columns=given, now=now or datetime.now(UTC)
    )
    if path.is_dir():
        yield from _read_folder(path, asked)
    else:
        yield from _read_file(path, asked)


def _read_folder(folder: Path, asked: _Asked) -> Iterator[Item]:
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    readable = [path for path in found if _ending(path) in ENDINGS]
    if not readable:
        raise BadInput(
            f"{folder} holds no file that can be read: they end in {', '.join(ENDINGS)}, .gz behind it or not"
        )
    for path in found:
        if path not in readable:
            yield Remark(str(path), "it is left alone: nothing here reads files of that name")
            continue
        if _archive_part(path) not in (None, "tweet", "tweets"):
            continue  # an X archive has dozens of these: likes, followers, settings
        yield from or_left_out(path, _read_file(path, asked))


def or_left_out(path: Path, items: Iterable[Item]) -> Iterator[Item]:
    """*items* of the file *path*, and the file by its name where it cannot be read (on)."""
    try:
        yield from items
    except BadInput as error:
        yield LeftOut(
            str(path), None, str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
        )


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _read_file(path: Path, asked: _Asked) -> Iterator[Item]:
    head = _head(path)
    ending = _ending(path)
    begins = head.lstrip("\ufeff \t\r\n")[:1]
    if ending in (".csv", ".tsv") or (
        ending not in ENDINGS and begins and begins not in "{[<" and "," in head
    ):
        yield from read_csv(
            path, source=asked.source, handle=asked.handle, columns=asked.columns, now=asked.now
        )
    else:
        by_line = ending in (".jsonl", ".ndjson") or _is_jsonl(head)
        yield from _read_entries(path, asked, _line_entries if by_line else _json_entries)


def _head(path: Path) -> str:
    with opened(path) as file:
        return next(decoded(chunks_of(file, lambda _: None)), "")


def _archive_part(path: Path) -> str | None:
    """The name of the list in a file of an X archive (``tweets``, ``like``, …); None in any other file."""
    try:
        found = ASSIGNMENT.match(_head(path))
    except BadInput:
        return None
    return found[1] if found else None


def _is_jsonl(head: str) -> bool:
    """Whether the first line is a whole JSON object and more follows."""
    line, _, rest = head.lstrip("\ufeff \t\r\n").partition("\n")
    if not line.startswith("{") or not rest.strip():
        return False
    value, wrong = loads_line(line)
    return wrong is None and isinstance(value, dict)


# --- JSON and JSONL: both are a row of entries ---


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A document's object (its *index* counts them), or with no index something about the file."""

    index: int | None
    value: Any = None
    wrong: str | None = None
    key: str = ""  #: under which the list stands
    users: Mapping[str, str] = field(default_factory=dict)  #: handles of X by account id


@dataclass(frozen=True)
class _Look:
    """What a first look into a file found."""

    kind: str | None  #: a source's name; None where no document is of a known kind
    first: Mapping[str, Any] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    listed: bool = False  #: there is a list of documents, be it empty


def _read_entries(
    path: Path, asked: _Asked, entries: Callable[[Path], Iterator[_Entry]]
) -> Iterator[Item]:
    part = _archive_part(path)
    if part is not None and not _ARCHIVED_POSTS.fullmatch(part):
        raise BadInput(
            f"{path} is the list {part!r} of an X archive, not its posts: import tweets.js"
        )
    look = _look_into(entries(path))
    if look.kind is None:
        if not look.listed:
            raise BadInput(
                f"{path} holds no documents of a kind that is known here: is it the right file?"
            )
        look = _Look(asked.source or POSTS)
    if look.kind == NYT and not asked.columns and entries is _json_entries:
        _agree(NYT, asked, path)
        yield from nyt.read_archive(path, now=asked.now)
        return
    handle = asked.handle or (_account_beside(path) if part else None)
    read: Callable[[Any, int], Item] | None = None
    for entry in entries(path):
        if entry.index is None:
            if entry.wrong:
                yield LeftOut(str(path), None, entry.wrong)
        elif entry.wrong or not isinstance(entry.value, Mapping):
            yield LeftOut(str(path), entry.index, entry.wrong or "it is no object")
        else:
            if read is None:
                read, remarks = _reader(look, handle, asked, path)
                yield from remarks
            yield read(entry.value, entry.index)


def _json_entries(path: Path) -> Iterator[_Entry]:
    index, listed = 0, False
    loose: dict[str, Any] = {}
    for element in elements_of_file(path, lists=LISTS, objects=nyt.OBJECTS):
        if element.index is not None:
            key = element.path[-1] if element.path else ""
            for entry in _unfold(element.value, element.wrong, key):
                yield replace(entry, index=None if entry.index is None else index)
                index += entry.index is not None
        elif element.wrong:
            yield _Entry(index=None, wrong=element.wrong)
        elif element.path in LISTS and element.value == []:
            listed = True
            yield _Entry(index=None, value=[])
        elif element.path == ("includes",):
            yield _Entry(index=None, users=x.v2_users(element.value))
        else:
            loose[".".join(element.path)] = element.value
    if not listed and loose:
        only = loose["data"] if isinstance(loose.get("data"), Mapping) else loose
        yield _Entry(index=0, value=only)


def _line_entries(path: Path) -> Iterator[_Entry]:
    """Of a file with one JSON value a line: a document, or a whole page of a service."""
    index = 0
    damages: list[str] = []
    with opened(path) as file:
        for line in lines_of(decoded(chunks_of(file, damages.append))):
            if line.strip("\ufeff \t\r\n"):
                for entry in _unfold(*loads_line(line.lstrip("\ufeff")), ""):
                    yield replace(entry, index=None if entry.index is None else index)
                    index += entry.index is not None
    for damage in damages:
        yield _Entry(index=None, wrong=damage)


def _unfold(value: Any, wrong: str | None, key: str) -> Iterator[_Entry]:
    """A value as the documents in it: those of a page, of a list, or itself."""
    if isinstance(value, Mapping):
        found = next((name for name in _PAGE_KEYS if isinstance(value.get(name), list)), None)
        if found:
            yield _Entry(index=None, users=x.v2_users(value.get("includes")))
            yield from (_Entry(index=0, value=inner, key=found) for inner in value[found])
            return
    for inner in value if isinstance(value, list) else [value]:
        yield _Entry(index=0, value=inner, wrong=wrong, key=key)


def _look_into(entries: Iterator[_Entry]) -> _Look:
    """The kind of the first object that is of a known kind; of X everything is looked at, for the authors' handles."""
    look = _Look(None)
    users: dict[str, str] = {}
    for entry in entries:
        users.update(entry.users)
        if entry.index is None:
            look = replace(look, listed=look.listed or entry.value == [])
        elif (
            look.kind is None
            and isinstance(entry.value, Mapping)
            and (kind := _kind(entry.value, entry.key))
        ):
            look = replace(look, kind=kind, first=entry.value, listed=True)
        if look.kind not in (None, X):
            return look
    return replace(look, users=users)


def _kind(item: Mapping[str, Any], key: str) -> str | None:
    """Which service's shape an object has; ``posts`` where it is a row with its text in a column."""
    if isinstance(item.get("post"), Mapping):
        return BLUESKY
    of_x = (
        isinstance(item.get("tweet"), Mapping)
        or "id_str" in item
        or "edit_history_tweet_ids" in item
    )
    if of_x or (key == "data" and "id" in item):
        return X
    if isinstance(item.get("account"), Mapping) and "content" in item:
        return MASTODON
    if "headline" in item and not isinstance(item["headline"], str):
        return NYT
    if any(isinstance(value, str) for value in item.values()):
        has_text = any(fold_column(name) in KNOWN["text"] for name in item)
        return NYT if not has_text and item.keys() & {"web_url", "pub_date"} else POSTS
    return None


def _agree(kind: str, asked: _Asked, path: Path) -> None:
    if asked.source not in (None, POSTS, kind):
        raise BadInput(
            f"{path} holds documents of {kind}, not of {asked.source}: leave --source out"
        )


def _reader(
    look: _Look, handle: str | None, asked: _Asked, path: Path
) -> tuple[Callable[[Any, int], Item], Iterable[Remark]]:
    """What makes documents of a file's objects, and what is to be said of them beforehand."""
    file, now, kind = str(path), asked.now, look.kind
    if kind == POSTS or asked.columns:
        columns = find_columns(look.first, asked.columns, file)
        source = asked.source or guess_source(look.first, columns)
        table = TableReader(file=file, source=source, now=now, columns=columns, handle=handle)
        return table.item, missing_remarks(columns, source, handle, file)
    _agree(str(kind), asked, path)
    if kind == NYT:
        return lambda value, index: nyt.item_of(Element((), index, value), file, now), ()
    if kind == BLUESKY:
        return lambda value, index: bluesky.feed_item(value, file, index, now), ()
    if kind == MASTODON:
        return lambda value, index: mastodon.status_item(value, file, index, now), ()
    known = handle is not None or bool(look.users) or isinstance(look.first.get("user"), Mapping)
    remarks = () if known else (Remark(file, NO_HANDLE),)
    if "tweet" in look.first or "id_str" in look.first:
        return lambda value, index: x.archived_item(value, handle, file, index, now), remarks
    return lambda value, index: x.v2_item(
        value, look.users, file, index, now=now, handle=handle
    ), remarks


def _account_beside(path: Path) -> str | None:
    """The handle that ``account.js`` in the same folder of an X archive gives."""
    try:
        _, _, text = (path.parent / "account.js").read_text(encoding="utf-8").partition("=")
        return fold_handle(json.loads(text)[0]["account"]["username"])
    except (OSError, ValueError, LookupError, TypeError):
        return None  # it is an offer, not a promise: without it --handle says whose posts these are
