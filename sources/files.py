"""Documents from files: the format is found by looking inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from core.progress import track
from sources.base import (
    ColumnsRead,
    Cursor,
    Item,
    LeftOut,
    Remark,
    SourceDocument,
    clean_name,
    fold_handle,
)
from sources.columns import FIELDS
from sources.file_reading import BLANK, WARC, decode_chunks, open_file, read_chunks
from sources.json_entries import Entry, read_json_entries, read_line_entries
from sources.jsonstream import ASSIGNMENT, LONGEST, parse_line
from sources.registry import FALLBACK_SOURCE, HEADLINES_SOURCE, SOURCES, source_named
from sources.source import JsonFormat, ReadContext, Source
from sources.table_sample import TableSample
from sources.tables import NO_HANDLE, TableReader, read_csv

#: Files with these endings are read in a folder.
ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".js", ".warc")
# A folder that a report was written to has these files.
_REPORT_FILES = ("report.json", "dictionary.md")
#: A file is read no further after so many parts that cannot be read.
MAX_LEFT_OUT = 100_000

_FORMATS = [source.json_format for source in SOURCES if source.json_format is not None]
_ARCHIVES = [
    json_format.account_archive
    for json_format in _FORMATS
    if json_format.account_archive is not None
]
_POST_LISTS = frozenset[str]().union(*(archive.lists for archive in _ARCHIVES))


@dataclass(frozen=True, kw_only=True)
class _ReadingOptions:
    """What the user said of a file, and the time against which dates are held."""

    source: Source | None
    handle: str | None
    outlet: str | None
    columns: Mapping[str, str]
    now: datetime
    cursor: Cursor | None


def read_path(
    path: Path,
    *,
    source: str | None = None,
    handle: str | None = None,
    outlet: str | None = None,
    language: str | None = None,
    columns: Mapping[str, str] | None = None,
    now: datetime | None = None,
    cursor: Cursor | None = None,
) -> Iterator[Item]:
    """Read the documents of a file, or of every file below a folder, one at a time.

    *source* is a source's name, or None to find it out; *handle* is the account of posts that name
    none; *outlet* is who published the headlines that name no outlet; *language* is that of all
    texts, whatever they state; *columns* maps a field
    (`FIELDS`) to the name of the column that holds it. Documents without a handle are yielded all
    the same, with a remark. A *cursor* of an item `Place` says where to go on in the file that
    yielded it.

    Raises `BadInput` where *path* itself cannot be read; inside a folder such a file is an item
    `LeftOut`. Raises `UsageError` where there is no such source or field.
    """
    given_columns = dict(columns or {})
    if unknown := sorted(given_columns.keys() - set(FIELDS)):
        raise UsageError(
            f"{unknown[0]!r} is no field that a column can hold: use one of {', '.join(FIELDS)}"
        )

    options = _ReadingOptions(
        source=None if source is None else source_named(source),
        handle=fold_handle(handle),
        outlet=clean_name(outlet),
        columns=given_columns,
        now=now or datetime.now(UTC),
        cursor=cursor,
    )
    items = _read_folder(path, options) if path.is_dir() else _read_file(path, options)
    for item in items:
        if language is not None and isinstance(item, SourceDocument):
            yield replace(item, language=language)
        else:
            yield item


def _read_folder(folder: Path, options: _ReadingOptions) -> Iterator[Item]:
    unlisted: list[Item] = []

    def leave_out_folder(error: OSError) -> None:
        reason = f"it cannot be listed ({error.strerror}): look at its permissions and its disk"
        unlisted.append(LeftOut(str(error.filename), None, reason))

    visible = sorted(_visible_files(folder, leave_out_folder))
    yield from unlisted
    if not any(_ending(path) in ENDINGS for path in visible):
        raise BadInput(
            f"{folder} holds no file that can be read: they end in {', '.join(ENDINGS)}, "
            ".gz behind it or not"
        )

    for path in track("reading", visible, "files"):
        if _ending(path) not in ENDINGS:
            yield Remark(str(path), "it is left alone: nothing here reads files of that name")
        elif _is_other_script(path):
            yield Remark(str(path), "it is left alone: it is a script without a list of posts")
        elif _assigned_list(path) in (None, *_POST_LISTS):
            # an account's archive has dozens of other lists: likes, followers, settings
            yield from leave_out_unreadable(path, _read_file(path, options))


def _is_other_script(path: Path) -> bool:
    """Return whether a script holds neither JSON nor a list, as the viewer of an archive does."""
    if _ending(path) != ".js":
        return False

    try:
        head = _head(path)
    except BadInput:
        return False

    return not ASSIGNMENT.match(head) and head.lstrip(BLANK)[:1] not in ("", "{", "[")


def leave_out_unreadable(path: Path, items: Iterable[Item]) -> Iterator[Item]:
    """Yield the *items* of a file, and an item `LeftOut` where the file cannot be read (on)."""
    try:
        yield from items
    except BadInput as error:
        reason = str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
        yield LeftOut(str(path), None, reason)


def _visible_files(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the files below *folder* that are neither hidden nor part of a report of ours."""
    for parent, folders, file_names in os.walk(folder, onerror=on_error):
        folders[:] = [entry_name for entry_name in folders if not entry_name.startswith(".")]
        if not set(_REPORT_FILES) <= set(file_names):
            yield from (
                Path(parent, entry_name)
                for entry_name in file_names
                if not entry_name.startswith(".")
            )


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _read_file(path: Path, options: _ReadingOptions) -> Iterator[Item]:
    left_out = 0
    for item in _read_whole_file(path, options):
        yield item
        left_out += isinstance(item, LeftOut)
        if left_out > MAX_LEFT_OUT:
            reason = (
                f"more than {MAX_LEFT_OUT:,} parts of it cannot be read: it was read no further"
            )
            yield LeftOut(str(path), None, reason)
            return


def _read_whole_file(path: Path, options: _ReadingOptions) -> Iterator[Item]:
    head = _head(path)
    ending = _ending(path)
    first_character = head.lstrip(BLANK)[:1]
    like_csv = bool(first_character) and first_character not in "{[<" and "," in head

    if ending == ".warc" or head.startswith(WARC.decode()):
        yield from _read_warc(path, options)
    elif ending in (".csv", ".tsv") or (ending not in ENDINGS and like_csv):
        context = ReadContext(
            file=str(path), now=options.now, handle=options.handle, outlet=options.outlet
        )
        yield from read_csv(path, source=options.source, columns=options.columns, context=context)
    else:
        is_jsonl = ending in (".jsonl", ".ndjson") or _is_jsonl(path)
        items = _read_json(path, options, by_line=is_jsonl)
        archive = options.source.archive if options.source else None
        yield from archive.adopt(items, str(path)) if archive and archive.adopt else items


def _read_warc(path: Path, options: _ReadingOptions) -> Iterator[Item]:
    if options.source not in (None, HEADLINES_SOURCE):
        raise BadInput(f"{path} holds pages of news, {HEADLINES_SOURCE.name}: leave --source out")

    try:
        from sources.cc_news import read_warc  # noqa: PLC0415 - it is in an extra, and loads slowly
    except ModuleNotFoundError as error:
        raise BadInput(
            f"{path} is a WARC file, and {error.name} to read it is not installed: "
            "pip install 'tidings[warc]'"
        ) from None

    context = ReadContext(
        file=str(path), now=options.now, outlet=options.outlet, cursor=options.cursor
    )
    yield from read_warc(path, context)


def _head(path: Path) -> str:
    with open_file(path) as file:
        return next(decode_chunks(read_chunks(file, lambda _: None)), "")


def _assigned_list(path: Path) -> str | None:
    """Return the name of the list in a script of an account's archive; None for other files."""
    try:
        assignment = ASSIGNMENT.match(_head(path))
    except BadInput:
        return None

    return assignment[1] if assignment else None


def _is_jsonl(path: Path) -> bool:
    """Return whether the first line is a JSON object, up to `LONGEST`, and more lines follow."""
    text = line = remainder = ""
    with open_file(path) as file:
        for chunk in decode_chunks(read_chunks(file, lambda _: None)):
            text = (text + chunk).lstrip(BLANK)
            line, _, remainder = text.partition("\n")
            if remainder.strip() or len(text) > LONGEST or text[:1] not in ("", "{"):
                break

    if not line.startswith("{") or not remainder.strip():
        return False

    first_value, wrong = parse_line(line)
    return wrong is None and isinstance(first_value, dict)


# --- JSON and JSONL: both are a row of entries ---


@dataclass(frozen=True)
class _Content:
    """The result of a first pass over a file."""

    #: None if no document is recognized.
    source: Source | None
    first: Mapping[str, Any] = field(default_factory=dict)
    authors: Mapping[str, str] = field(default_factory=dict)

    #: True if there is a list of documents, even an empty one.
    has_list: bool = False

    #: The first reason why a part cannot be read.
    wrong: str | None = None


def _read_json(path: Path, options: _ReadingOptions, *, by_line: bool) -> Iterator[Item]:
    part = _assigned_list(path)
    if part is not None and part not in _POST_LISTS:
        hints = "; or of ".join(archive.hint for archive in _ARCHIVES)
        raise BadInput(f"{path} is the list {part!r} of {hints}")

    read_entries = read_line_entries if by_line else read_json_entries
    content = _scan(read_entries(path))
    if content.source is None and not content.has_list:
        reason = f" ({content.wrong})" if content.wrong else ""
        raise BadInput(
            f"{path} holds no documents of a known format{reason}: is it the right file? JSON is a "
            "list of objects, JSONL an object on each line"
        )

    source = content.source or options.source or FALLBACK_SOURCE
    json_format = source.json_format
    context = ReadContext(
        file=str(path),
        now=options.now,
        handle=options.handle or (_handle_beside(path) if part else None),
        outlet=options.outlet,
        authors=content.authors,
        first=content.first,
    )
    if json_format and json_format.read_file and not by_line and not options.columns:
        _check_source(source, options, path)
        yield from json_format.read_file(path, context)
        return

    read: Callable[[Any, int], Item] | None = None
    for entry in read_entries(path):
        if entry.index is None and entry.wrong:
            yield LeftOut(context.file, None, entry.wrong)
        elif entry.index is None:
            continue
        elif entry.wrong or not isinstance(entry.value, Mapping):
            yield LeftOut(context.file, entry.index, entry.wrong or "it is no object")
        else:
            if read is None:
                read, remarks = _reader(source, context, options, path, read_entries)
                yield from remarks

            yield read(entry.value, entry.index)


def _scan(entries: Iterator[Entry]) -> _Content:
    """Find the first object that a source recognizes, and the authors of all where it has them."""
    content = _Content(None)
    authors: dict[str, str] = {}
    unknown = 0
    for entry in _until_given_up(entries):
        authors.update(entry.authors)
        if entry.wrong and content.wrong is None:
            content = replace(content, wrong=entry.wrong)
        if entry.index is None:
            content = replace(content, has_list=content.has_list or entry.value == [])
        elif content.source is None and isinstance(entry.value, Mapping):
            source = _recognize(entry.value, entry.key)
            if source is not None:
                content = _Content(source, first=entry.value, has_list=True)

        if content.source is None and entry.index is not None:
            unknown += 1
            if unknown > MAX_LEFT_OUT:
                return _Content(None, wrong=content.wrong)

        if content.source is not None and not _has_authors(content.source.json_format):
            return content

    return replace(content, authors=authors)


def _until_given_up(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the entries of a file up to where it has too many that cannot be read."""
    left_out = 0
    for entry in entries:
        yield entry
        left_out += entry.wrong is not None
        if left_out > MAX_LEFT_OUT:
            return


def _has_authors(json_format: JsonFormat | None) -> bool:
    return json_format is not None and json_format.read_authors is not None


def _recognize(json_object: Mapping[str, Any], key: str) -> Source | None:
    """Return the source of an object: by its shape, else that of tables where it is a row."""
    for source in SOURCES:
        if source.json_format is not None and source.json_format.recognizes(json_object, key):
            return source

    return FALLBACK_SOURCE if any(isinstance(cell, str) for cell in json_object.values()) else None


def _check_source(source: Source, options: _ReadingOptions, path: Path) -> None:
    """Raise `BadInput` where the user named another source than the file's."""
    named_archive = options.source.archive if options.source else None
    is_adopted = source.archive and named_archive and named_archive.adopt
    if options.source not in (None, FALLBACK_SOURCE, source) and not is_adopted:
        named = options.source.name if options.source else ""
        raise BadInput(
            f"{path} holds documents of {source.name}, not of {named}: leave --source out"
        )


def _reader(
    source: Source,
    context: ReadContext,
    options: _ReadingOptions,
    path: Path,
    read_entries: Callable[[Path], Iterator[Entry]],
) -> tuple[Callable[[Any, int], Item], Iterable[Remark | ColumnsRead]]:
    """Return what makes items of a file's objects, and the remarks that come before them."""
    json_format = source.json_format
    if json_format is None or options.columns:
        table = _table_reader(context, options, read_entries(path))
        return table.read_row, table.remarks()

    _check_source(source, options, path)
    read = json_format.read
    remarks = [] if json_format.has_handles(context) else [Remark(context.file, NO_HANDLE)]
    if context.outlet is not None and source.archive is None:
        text = f"posts of {source.label} are of no outlet: --outlet is not stored with them"
        remarks.append(Remark(context.file, text))

    return lambda json_object, index: read(json_object, index, context), remarks


def _table_reader(
    context: ReadContext, options: _ReadingOptions, entries: Iterator[Entry]
) -> TableReader:
    """Return the reader of a table's rows, after a pass over all of them for its columns."""
    sample = TableSample(options.columns)
    for entry in _until_given_up(entries):
        if entry.index is not None and not entry.wrong and isinstance(entry.value, Mapping):
            sample.add(entry.value)

    return TableReader.of_sample(sample, sample.names, options.source, options.columns, context)


def _handle_beside(path: Path) -> str | None:
    """Return the account's handle that is stored beside a list of its archive, if any."""
    handles = (archive.handle_beside(path) for archive in _ARCHIVES)
    return next(filter(None, handles), None)
