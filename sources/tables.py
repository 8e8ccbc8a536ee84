"""Tables of documents: CSV files, and the rows of JSON files, by their columns."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import BadInput
from sources.base import (
    ColumnsRead,
    Empty,
    Item,
    LeftOut,
    Remark,
    SourceDocument,
    clean,
    clean_abstract,
    clean_address,
    clean_name,
    clean_or_none,
    fold_handle,
)
from sources.columns import (
    AUTHOR,
    find_columns,
    fold_column,
    list_columns,
    list_unread,
    number_columns,
    prefer_columns,
)
from sources.csv_rows import LONGEST_ROW, Row, read_rows
from sources.file_reading import (
    bound_blank_lines,
    decode_chunks,
    open_file,
    read_chunks,
    split_lines,
    unify_line_ends,
)
from sources.registry import FALLBACK_SOURCE, HEADLINES_SOURCE, SOURCES
from sources.source import ReadContext, Source
from sources.table_rows import NO_OUTLET, TableRow, date_of_row
from sources.table_sample import TableSample
from sources.timestamps import is_day_number, parse_time

NO_HANDLE = "nothing says whose posts these are, so no handle finds them: --handle HANDLE"
_NO_TIME = "no column holds a time, so its documents are in no month: --column published_at=NAME"
_POSTS_OF_OUTLETS = (
    "it has outlets and was read as posts, which have none: for headlines, --source archive"
)
_ORDER_UNCLEAR = (
    "{!r} may begin with the day or with the month, and no date in the file tells: it was read as "
    "{:%Y-%m-%d}, and all others likewise. Where that is wrong, take the import back (`tidings "
    "stored`, `tidings forget --import N`) and import the dates as YYYY-MM-DD"
)
_REPEATED = (
    "it has several columns named {}: the first of a name is read, and the second is called "
    "'NAME (2)' here, for --column"
)
# A remark shows so many characters of a time.
_LONGEST_TIME_SHOWN = 40
_UNDEFINED_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
# A spreadsheet rounded such an id, and so made it alike in many rows.
_ROUNDED = re.compile(r"[\d.,]+[eE]\+?\d+")


@dataclass(frozen=True, kw_only=True)
class TableReader:
    """Makes documents of the rows of one file."""

    source: Source

    #: The name of each field's column, as the file writes it.
    columns: Mapping[str, str]
    context: ReadContext

    #: The names of all columns.
    names: Sequence[str] = ()

    #: Whether a date shows that days come first; None if no date shows it.
    day_first: bool | None = None

    #: A date that may begin with the day or the month, if no date shows which.
    unclear_date: str = ""

    @classmethod
    def of_sample(
        cls,
        sample: TableSample,
        names: Sequence[str],
        source: Source | None,
        named_columns: Mapping[str, str],
        context: ReadContext,
    ) -> TableReader:
        """Return the reader of a table by a sample of its rows; *source* None is found out.

        *named_columns* are those that the user named. Raises `BadInput` for times that are none.
        """
        columns = find_columns(names, named_columns, context.file)
        time_column = columns.get("published_at", "")
        _check_is_date(context.file, time_column, sample.first_values.get(time_column))
        source = source or guess_source(sample.first_values, columns, context)
        is_clear = time_column in sample.day_first
        text_columns = source.table_rules.text_columns
        return cls(
            source=source,
            columns=prefer_columns(text_columns, names, named_columns, columns),
            context=context,
            names=names,
            day_first=sample.day_first.get(time_column),
            unclear_date="" if is_clear else sample.unclear_dates.get(time_column, ""),
        )

    def read_row(self, row: Mapping[str, Any], index: int) -> Item:
        """Make an item of one row."""
        rules = self.source.table_rules
        text, full_stop_added, replaced = self._text(row)
        if not text:
            return Empty(self.context.file, index)

        written = self._field(row, "published_at")
        moment = parse_time(written, day_first=self.day_first)
        fields = rules.complete(
            TableRow(
                native_id=self._id(row),
                address=clean_address(self._field(row, "address")),
                handle=fold_handle(self._field(row, "handle")),
                outlet=self._name(row, "outlet") or self.context.outlet,
                published_at=self.source.stored_time(moment, self.context.now),
            ),
            self.context,
        )
        fields = replace(fields, handle=fields.handle or self.context.handle)
        date = date_of_row(moment, written)
        native_id, *less_known_ids = rules.identify(fields, date, text)
        is_undated = fields.published_at is None

        return SourceDocument(
            source=self.source.name,
            native_id=native_id,
            less_known_ids=tuple(less_known_ids),
            text=text,
            full_stop_added=full_stop_added,
            published_at=fields.published_at,
            address=fields.address,
            handle=fields.handle if rules.has_handles else None,
            outlet=None if rules.has_handles else fields.outlet,
            section=self._name(row, "section"),
            desk=self._name(row, "desk"),
            material=self._name(row, "material"),
            language=self._name(row, "language"),
            abstract=clean_abstract(self._field(row, "abstract")),
            repost=rules.is_repost(text),
            replaced=replaced,
            time_wrong=is_undated and bool(written),
            time_empty=is_undated and not written and "published_at" in self.columns,
            wrong_time=clean(str(written)[:_LONGEST_TIME_SHOWN])[0] if is_undated else "",
        )

    def remarks(self) -> Iterator[Remark | ColumnsRead]:
        """Yield the table's columns, and what the user should know of them and of those absent."""
        rules = self.source.table_rules
        yield self._columns_read()
        if "published_at" not in self.columns:
            yield Remark(self.context.file, _NO_TIME)

        moment = parse_time(self.unclear_date)
        if moment is not None:
            text = _ORDER_UNCLEAR.format(self.unclear_date, moment)
            yield Remark(self.context.file, text)

        has_handle = "handle" in self.columns or self.context.handle is not None
        if not has_handle and rules.address_has_handle:
            has_handle = "address" in self.columns
        if rules.has_handles and not has_handle:
            yield Remark(self.context.file, NO_HANDLE)

        has_outlet = "outlet" in self.columns or self.context.outlet is not None
        if rules.has_outlets and not has_outlet:
            yield Remark(self.context.file, NO_OUTLET)
        elif rules.has_handles and has_outlet:
            yield Remark(self.context.file, _POSTS_OF_OUTLETS)

    def _columns_read(self) -> ColumnsRead:
        rules = self.source.table_rules
        absent = () if rules.has_handles else ("handle",)
        columns = {field: column for field, column in self.columns.items() if field not in absent}
        return ColumnsRead(self.context.file, columns, list_unread(self.names, columns))

    def _field(self, row: Mapping[str, Any], field: str) -> Any:
        return row.get(self.columns[field]) if field in self.columns else None

    def _name(self, row: Mapping[str, Any], field: str) -> str | None:
        return clean_name(self._field(row, field))

    def _text(self, row: Mapping[str, Any]) -> tuple[str, bool, int]:
        """Return a row's text, whether it got a full stop, and the characters replaced."""
        raw_text = self._field(row, "text")
        if not isinstance(raw_text, str) or not raw_text.strip():
            return "", False, 0

        prepared_text, full_stop_added = self.source.table_rules.prepare_text(raw_text)
        text, replaced = clean(prepared_text)
        return text, full_stop_added, replaced

    def _id(self, row: Mapping[str, Any]) -> str | None:
        raw_id = self._field(row, "id")
        if isinstance(raw_id, int) and not isinstance(raw_id, bool):
            return str(raw_id)

        native_id = clean_or_none(raw_id)
        return None if native_id is None or _ROUNDED.fullmatch(native_id) else native_id


def guess_source(
    row: Mapping[str, Any], columns: Mapping[str, str], context: ReadContext
) -> Source:
    """Return the source that recognizes a row by its columns or its address.

    Rows that have an outlet and no handle are headlines. If the user named the outlet, an
    author is the journalist and no handle.
    """
    address = clean_address(row.get(columns["address"])) if "address" in columns else None
    for source in SOURCES:
        if source.table_rules.recognizes(columns, address):
            return source

    has_outlet = "outlet" in columns or context.outlet is not None
    is_author = context.outlet is not None and fold_column(columns.get("handle", "")) == AUTHOR
    has_handle = ("handle" in columns and not is_author) or context.handle is not None
    return HEADLINES_SOURCE if has_outlet and not has_handle else FALLBACK_SOURCE


def _check_is_date(file: str, column: str, first_time: object) -> None:
    """Raise `BadInput` where a table's column of times has a spreadsheet's numbers of days."""
    if is_day_number(first_time):
        raise BadInput(
            f"{file}: the column {column!r} holds {str(first_time)!r}, which is "
            "a spreadsheet's number of a day, or a year, and no date: give the column the format "
            "YYYY-MM-DD and save it again"
        )


def read_csv(
    path: Path, *, source: Source | None, columns: Mapping[str, str], context: ReadContext
) -> Iterator[Item]:
    """Read the rows of a CSV file (commas, semicolons, tabs or bars); line 1 names the columns.

    A first pass finds out whether the file is UTF-8, a second one whether its dates begin with the
    day.
    """
    encoding, undefined_bytes = _detect_encoding(path)
    if encoding != "utf-8":
        replacement_remark = ""
        if undefined_bytes:
            replacement_remark = f", {undefined_bytes} bytes that mean nothing there became U+FFFD"

        yield Remark(
            context.file, f"it is no UTF-8 and was read as Windows-1252{replacement_remark}"
        )

    header = _read_header(path, encoding)
    repeated = sorted({name for name in header if name.strip() and header.count(name) > 1})
    if repeated:
        yield Remark(context.file, _REPEATED.format(list_columns(repeated)))
        header = number_columns(header)

    sample = _look_ahead(path, encoding, header, find_columns(header, columns, context.file))
    table = TableReader.of_sample(sample, header, source, columns, context)
    if sample.names:
        yield from table.remarks()

    for index, row in enumerate(_rows(path, encoding), start=-1):
        if index < 0:
            continue
        if isinstance(row, str):
            yield LeftOut(context.file, index, row)
        elif any(cell.strip() for cell in row[len(header) :]):
            reason = f"it has {len(row)} fields where the first line names {len(header)}"
            yield LeftOut(context.file, index, reason)
        else:
            yield table.read_row(dict(zip(header, row, strict=False)), index)


def _read_header(path: Path, encoding: str) -> list[str]:
    """Return the names of the columns. Raises `BadInput` if the file does not begin with them."""
    header = next(_rows(path, encoding), [])
    if not header:
        raise BadInput(f"{path} is empty: a CSV file begins with the names of its columns")
    if isinstance(header, str):
        raise BadInput(f"{path} does not begin with the names of its columns: {header}")

    return header


def _look_ahead(
    path: Path, encoding: str, header: list[str], columns: Mapping[str, str]
) -> TableSample:
    """Return a sample of rows: up to one whose date shows whether the day comes first."""
    sample = TableSample(columns)
    time_column = columns.get("published_at")
    for row in islice(_rows(path, encoding), 1, None):
        if isinstance(row, list):
            sample.add(dict(zip(header, row, strict=False)))
            if time_column is None or time_column in sample.day_first:
                break

    return sample


def _detect_encoding(path: Path) -> tuple[str, int]:
    """Return ``utf-8``, or ``cp1252`` and how many bytes are undefined even there."""
    decoder, is_utf8, undefined = codecs.getincrementaldecoder("utf-8")(), True, 0
    with open_file(path) as file:
        for piece in read_chunks(file, lambda _: None):
            undefined += sum(map(piece.count, _UNDEFINED_IN_CP1252))
            if is_utf8:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    is_utf8 = False

    return ("utf-8", 0) if is_utf8 else ("cp1252", undefined)


def _rows(path: Path, encoding: str) -> Iterator[Row]:
    """Yield rows, the first line's among them; a string says why one could not be read."""
    damages: list[str] = []
    with open_file(path) as file:
        chunks = decode_chunks(read_chunks(file, damages.append), encoding, "replace")
        file_lines = split_lines(unify_line_ends(chunks), LONGEST_ROW)
        lines = bound_blank_lines(file_lines, damages.append)
        yield from read_rows(lines, damages)

    yield from damages
