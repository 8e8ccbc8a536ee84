"""Tables of posts: CSV and JSON objects whose columns are found by name, or named by the user."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput
from sources.base import (
    NYT,
    Empty,
    Item,
    LeftOut,
    Remark,
    SourceDocument,
    X,
    clean,
    clean_address,
    clean_or_none,
    fold_handle,
    hashed_id,
    whole_second,
)
from sources.file_reading import chunks_of, decoded, opened
from sources.nyt import nyt_address, with_full_stop
from sources.post_cleaning import decode_entities
from sources.timestamps import parse_time, says_day_first
from sources.x import from_status_address, is_retweet, status_address, time_of_id

KNOWN = {
    "text": ("full_text", "text", "content", "body", "tweet", "message", "headline", "title"),
    "published_at": (
        "published_at",
        "created_at",
        "pub_date",
        "publish_date",
        "datetime",
        "timestamp",
        "date",
        "time",
    ),
    "handle": ("handle", "screen_name", "username", "user_name", "user", "author", "account"),
    "id": ("tweet_id", "status_id", "post_id", "id_str", "id", "_id"),
    "address": ("url", "address", "link", "permalink", "web_url"),
    "material": ("type_of_material",),
}  #: names by which a field's column is known, the surest first; case ignored
FIELDS = ("text", "published_at", "handle", "id", "address")  #: what `--column FIELD=NAME` may name

NO_HANDLE = "nothing says whose posts these are, so no handle finds them: --handle HANDLE"
_DELIMITERS = ",;\t|"
_LONGEST_FIELD = 1024 * 1024
_ROUNDED = re.compile(
    r"[\d.,]+[eE]\+?\d+"
)  # an id that went through a spreadsheet: many rows share it now


@dataclass(frozen=True, kw_only=True)
class TableReader:
    """How the rows of one file become documents."""

    file: str
    source: str
    now: datetime
    columns: Mapping[str, str]  #: field to the name of its column, as written in the file
    handle: str | None = None  #: of rows that name none
    day_first: bool = False
    remarks: list[Remark] = field(default_factory=list)

    def item(self, row: Mapping[str, Any], index: int) -> Item:
        """One row as a document."""
        text, replaced = clean(self._text(row))
        if not text:
            return Empty(self.file, index)
        address = clean_address(self._field(row, "address"))
        status = from_status_address(address) if self.source == X else None
        if self.source == NYT:
            address = nyt_address(address)
        written = self._field(row, "published_at")
        moment = parse_time(written, day_first=self.day_first)
        published = whole_second(moment, self.source, self.now)
        handle = fold_handle(self._field(row, "handle")) or (status and status[1]) or self.handle
        number = self._id(row) or (status and status[0])
        if self.source == X and number:
            address = address or status_address(number, handle)
            published = published or whole_second(time_of_id(number), X, self.now)
        date = f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else str(written or "")
        return SourceDocument(
            source=self.source,
            native_id=number
            or (hashed_id(address) if address else hashed_id(date, clean(handle or "")[0], text)),
            text=text,
            published_at=published,
            address=address,
            handle=None if self.source == NYT else handle,
            material=clean_or_none(self._field(row, "material")),
            repost=self.source == X and is_retweet(text),
            replaced=replaced,
            time_wrong=published is None and bool(written),
        )

    def _field(self, row: Mapping[str, Any], name: str) -> Any:
        return row.get(self.columns[name]) if name in self.columns else None

    def _text(self, row: Mapping[str, Any]) -> str:
        found = self._field(row, "text")
        if not isinstance(found, str) or not found.strip():
            return ""
        return (
            with_full_stop(found.strip()) if self.source == NYT else decode_entities(found).strip()
        )

    def _id(self, row: Mapping[str, Any]) -> str | None:
        found = self._field(row, "id")
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        number = clean_or_none(found)
        return None if number is None or _ROUNDED.fullmatch(number) else number


def find_columns(names: Iterable[str], given: Mapping[str, str], file: str) -> dict[str, str]:
    """Which column holds which field: as *given* (field to name), else by the names in `KNOWN`.

    Raises `BadInput` where a given column is not there, or where no column holds the text.
    """
    there = [name for name in names if name]
    folded = {fold_column(name): name for name in reversed(there)}
    found: dict[str, str] = {}
    for wanted, known in KNOWN.items():
        if wanted in given:
            if fold_column(given[wanted]) not in folded:
                raise BadInput(f"{file} has no column {given[wanted]!r}: it has {_list(there)}")
            found[wanted] = (
                given[wanted] if given[wanted] in there else folded[fold_column(given[wanted])]
            )
        elif match := next((folded[name] for name in known if name in folded), None):
            found[wanted] = match
    if "text" not in found:
        raise BadInput(
            f"{file}: no column is known to hold the text; name it with --column text=NAME: {_list(there)}"
        )
    return found


def missing_remarks(
    columns: Mapping[str, str], source: str, handle: str | None, file: str
) -> list[Remark]:
    """What a person should know of fields that a table does not have."""
    remarks = []
    if "published_at" not in columns:
        remarks.append(
            Remark(
                file,
                "no column holds a time, so its documents are in no month: --column published_at=NAME",
            )
        )
    if (
        source != NYT
        and "handle" not in columns
        and handle is None
        and not (source == X and "address" in columns)
    ):
        remarks.append(Remark(file, NO_HANDLE))
    return remarks


def read_csv(
    path: Path, *, source: str | None, handle: str | None, columns: Mapping[str, str], now: datetime
) -> Iterator[Item]:
    """The rows of a CSV file (commas, semicolons, tabs or bars; the first line names the columns).

    The file is gone through once beforehand: to see whether it is UTF-8, and whether its dates begin with the day.
    """
    file = str(path)
    encoding, odd_bytes = _encoding(path)
    if encoding != "utf-8":
        rest = f", {odd_bytes} bytes that mean nothing there became U+FFFD" if odd_bytes else ""
        yield Remark(file, f"it is no UTF-8 and was read as Windows-1252{rest}")
    names = next((row for row in _rows(path, encoding) if isinstance(row, list)), [])
    if not names:
        raise BadInput(f"{file} is empty: a CSV file begins with the names of its columns")
    found = find_columns(names, columns, file)
    day_first, guess, first = _look_ahead(path, encoding, names, found)
    table = TableReader(
        file=file,
        source=source or guess,
        now=now,
        columns=found,
        handle=handle,
        day_first=day_first,
    )
    if first:
        yield from missing_remarks(found, table.source, handle, file)
    for index, row in enumerate(_rows(path, encoding), start=-1):
        if index < 0:
            continue
        if isinstance(row, str):
            yield LeftOut(file, index, row)
        elif len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
            yield LeftOut(
                file, index, f"it has {len(row)} fields where the first line names {len(names)}"
            )
        else:
            yield table.item(dict(zip(names, row, strict=False)), index)


def guess_source(row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """``x`` where a row's columns or its address say so, else ``posts``."""
    address = row.get(columns["address"]) if "address" in columns else None
    of_x = fold_column(columns.get("id", "")) == "tweet_id" or from_status_address(
        clean_address(address)
    )
    return X if of_x else "posts"


def _look_ahead(
    path: Path, encoding: str, names: list[str], columns: Mapping[str, str]
) -> tuple[bool, str, bool]:
    """Whether dates begin with the day, whose posts these are, and whether there are any."""
    at = names.index(columns["published_at"]) if "published_at" in columns else None
    guess, any_rows = "posts", False
    for number, row in enumerate(_rows(path, encoding)):
        if number == 0 or isinstance(row, str):
            continue
        if not any_rows:
            any_rows, guess = True, guess_source(dict(zip(names, row, strict=False)), columns)
        if at is None:
            break
        says = says_day_first(row[at]) if at < len(row) else None
        if says is not None:
            return says, guess, True
    return False, guess, any_rows


def _encoding(path: Path) -> tuple[str, int]:
    """``utf-8``, or ``cp1252`` and how many bytes mean nothing even there."""
    decoder, is_utf8, odd = codecs.getincrementaldecoder("utf-8")(), True, 0
    with opened(path) as file:
        for piece in chunks_of(file, lambda _: None):
            odd += sum(map(piece.count, (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")))
            if is_utf8:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    is_utf8 = False
    return ("utf-8", 0) if is_utf8 else ("cp1252", odd)


def _rows(path: Path, encoding: str) -> Iterator[list[str] | str]:
    """Rows, the first line's among them; a string says why one could not be read. Blank lines are none."""
    damages: list[str] = []
    csv.field_size_limit(_LONGEST_FIELD)
    with opened(path) as file:
        lines = lines_of(decoded(chunks_of(file, damages.append), encoding, "replace"))
        head = next(lines, "").removeprefix("\ufeff")
        delimiter = max(_DELIMITERS, key=head.count)
        reader = csv.reader(_chain(head, lines), delimiter=delimiter)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                yield f"it is no row of CSV ({error})"
                continue
            if row:
                yield row
    yield from damages


def lines_of(chunks: Iterator[str]) -> Iterator[str]:
    """Lines with their ends; nothing but a line feed ends one (U+2028 and its like stand inside texts)."""
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            yield line + "\n"
    if rest:
        yield rest


def _chain(head: str, lines: Iterator[str]) -> Iterator[str]:
    yield head
    yield from lines


def fold_column(name: str) -> str:
    """A column's name as it is compared."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:20])
    return f"{shown}, …" if len(names) > 20 else shown
