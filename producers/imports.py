"""Importing files: documents are stored in batches, omissions are counted and named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.languages import code_languages
from models.completion import Stored
from models.database import VALUES_PER_STATEMENT, Database
from models.documents import insert_documents
from models.imports import (
    NAMED,
    begin_import,
    count_import,
    find_place,
    keeps_place,
)
from models.origins import ORIGIN_FIELDS
from sources.base import Cursor, Item, LeftOut, Place, ReadCounts, SourceDocument, clean
from sources.file_reading import fingerprint
from sources.files import leave_out_unreadable, read_path

BATCH = VALUES_PER_STATEMENT
# These columns have the names of the fields of a document.
_COLUMNS = (
    *("identity", "less_known_identities", "source", "handle", "author_id", "period", "address"),
    *("text", "full_stop_added", *ORIGIN_FIELDS, "abstract", "tags", "repost"),
)
_READ = ("documents", "empty", "left_out", "wrong_times", "replaced_characters")


@dataclass
class Imported:
    """The result of an import."""

    tally: ReadCounts = field(default_factory=ReadCounts)
    stored: Stored = field(default_factory=Stored)

    #: The first documents of each path that were left out.
    left_out: list[LeftOut] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return all counts by name."""
        read = {count_name: getattr(self.tally, count_name) for count_name in _READ}
        return read | asdict(self.stored)

    def add(self, stored: Stored, left_out: Sequence[LeftOut]) -> None:
        """Add the counts of what was stored, and what was left out."""
        self.stored += stored
        self.left_out += left_out[: NAMED - len(self.left_out)]

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Add the counts of an earlier import."""
        for count_name in _READ:
            setattr(self.tally, count_name, getattr(self.tally, count_name) + counts[count_name])

        self.stored += Stored(**{name: counts[name] for name in asdict(self.stored)})


def import_paths(
    db: Database,
    paths: Iterable[Path],
    *,
    source: str | None,
    handle: str | None,
    outlet: str | None = None,
    language: str | None = None,
    columns: Mapping[str, str],
    on_progress: Callable[[int], None] = lambda _: None,
    on_resume: Callable[[Path, int], None] = lambda *_: None,
) -> Imported:
    """Read *paths* and store what is new; *on_progress* gets the number of documents read so far.

    A file in which an earlier import stopped is read on from there, and its counts are part of the
    result; *on_resume* gets the file and the offset.

    A path that cannot be read is left out and named like a document. Raises `BadInput` if it is the
    only path.
    """
    imported = Imported()
    all_paths = list(paths)
    options = [source, handle, outlet, language, sorted(columns.items())]

    for path in all_paths:
        record = _Record(db, path, source or "", imported, _identify(path, options))
        cursor = record.resume()
        if cursor is not None:
            on_resume(path, cursor["offset"])

        items = read_path(
            path,
            source=source,
            handle=handle,
            outlet=outlet,
            language=language,
            columns=columns,
            cursor=cursor,
        )
        if len(all_paths) > 1:
            items = leave_out_unreadable(path, items)

        for batch in _batches(items):
            record.store(batch)
            on_progress(imported.tally.documents)

    return imported


def _identify(path: Path, options: Sequence[object]) -> str | None:
    """Hash a file, the *options* that it is read with and this version; None for a folder."""
    file = fingerprint(path)
    if file is None:
        return None

    reading = json.dumps([file, *options, version("tidings")])
    return hashlib.sha256(reading.encode()).hexdigest()


@dataclass
class _ImportBatch:
    """Items of a file that are stored together."""

    items: list[Item] = field(default_factory=list)

    #: The place behind the items, if the file has one.
    cursor: Cursor | None = None


def _batches(items: Iterable[Item]) -> Iterator[_ImportBatch]:
    """Yield the items of a file in batches; a file without items is one empty batch."""
    batch = _ImportBatch()
    for item in items:
        if isinstance(item, Place):
            batch.cursor = item.cursor
            continue

        if len(batch.items) == BATCH:
            yield batch
            batch = _ImportBatch()

        batch.items.append(item)
        batch.cursor = None

    yield batch


class _Record:
    """The record of one path, which grows with each batch, so that a kill leaves it true.

    Each batch is added to *imported* as well. *file* identifies the file whose place is kept; it is
    None if no place is kept.
    """

    def __init__(
        self, db: Database, path: Path, source: str, imported: Imported, file: str | None
    ) -> None:
        self._db, self._path, self._source = db, path, source
        self._imported, self._file = imported, file
        # The counts of the paths before this one.
        self._counts_before = imported.counts()
        self._sources: set[str] = set()
        self._number: int | None = None
        self._place: Mapping[str, Any] | None = None

    def resume(self) -> Cursor | None:
        """Continue the record of an import that stopped in this file; return where it stopped."""
        if self._file is None:
            return None

        stopped = self._db.fetch(find_place, path=self._name_of_path(), file=self._file)
        if stopped is None:
            return None

        self._number, self._place = stopped.id, stopped.place
        self._imported.add_counts(stopped.place["counts"])
        cursor: Cursor = stopped.place["cursor"]
        return cursor

    def store(self, batch: _ImportBatch) -> None:
        """Store a batch, count it, and move the place behind it."""
        counts = ReadCounts()
        documents: list[SourceDocument] = []
        left_out: list[LeftOut] = []
        for item in batch.items:
            counts.add(item)
            self._imported.tally.add(item)
            if isinstance(item, SourceDocument):
                self._sources.add(item.source)
                documents.append(item)
            elif isinstance(item, LeftOut):
                left_out.append(item)

        rows = document_rows(documents)
        with self._db.write() as connection:
            import_id = self._number or begin_import(
                connection, path=self._name_of_path(), source=self._source
            )
            if not keeps_place(connection, import_id, self._place):
                self._file = None

            stored = insert_documents(connection, self._db, rows, import_id=import_id)
            self._imported.add(stored, left_out)
            place = self._place_at(batch.cursor)
            count_import(
                connection,
                import_id,
                read=counts.documents,
                added=stored.added,
                empty=counts.empty,
                left_out=counts.left_out,
                named=[
                    clean(str(item).removeprefix(f"{self._path.parent}/"))[0]
                    for item in left_out[:NAMED]
                ],
                source=",".join(sorted(self._sources)) or None,
                place=place,
            )

        self._number, self._place = import_id, place

    def _place_at(self, cursor: Cursor | None) -> dict[str, Any] | None:
        if cursor is None or self._file is None:
            return None

        counts = self._imported.counts()
        path_counts = {
            count_name: counts[count_name] - earlier_count
            for count_name, earlier_count in self._counts_before.items()
        }
        return {"file": self._file, "cursor": dict(cursor), "counts": path_counts}

    def _name_of_path(self) -> str:
        return clean(self._path.name)[0]


def document_rows(documents: Sequence[SourceDocument]) -> list[dict[str, Any]]:
    """Return what `models.documents.add_documents` stores of documents."""
    stated = [(document.language, document.source) for document in documents]
    codes = code_languages(stated, [document.text for document in documents])
    rows = []
    for document, language_code in zip(documents, codes, strict=True):
        row = {column: getattr(document, column) for column in _COLUMNS}
        published_at = document.published_at and document.published_at.replace(tzinfo=None)
        rows.append(row | {"published_at": published_at, "language_code": language_code})

    return rows
