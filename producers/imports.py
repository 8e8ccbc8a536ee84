"""Importing files: documents are stored in batches, what is left out is counted and named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from models.database import VALUES_PER_STATEMENT, Database
from models.documents import Stored, insert_documents
from models.imports import NAMED, ImportCounts, begin_import, count_import
from models.origins import ORIGIN_FIELDS
from sources.base import Item, LeftOut, ReadCounts, SourceDocument, clean
from sources.files import leave_out_unreadable, read_path

BATCH = VALUES_PER_STATEMENT


@dataclass
class Imported:
    """The result of an import."""

    tally: ReadCounts = field(default_factory=ReadCounts)
    added: int = 0
    completed: int = 0  #: stored documents that lacked something, a handle say
    kept: int = 0  #: stored documents that lack something, and stay as runs have read them
    conflicts: int = 0  #: documents whose identity is stored with another text; they are not
    redated: int = 0  #: documents that stand in two months: the first one counts
    forgotten: int = 0  #: kept away by the suppression list
    left_out: list[LeftOut] = field(default_factory=list)  #: the first of each path

    def add(self, stored: Stored, left_out: Sequence[LeftOut]) -> None:
        """Add what became of a batch."""
        self.added += stored.added
        self.completed += stored.completed
        self.kept += stored.kept
        self.conflicts += stored.conflicts
        self.redated += stored.redated
        self.forgotten += stored.forgotten
        self.left_out += left_out[: NAMED - len(self.left_out)]


def import_paths(
    db: Database,
    paths: Iterable[Path],
    *,
    source: str | None,
    handle: str | None,
    outlet: str | None = None,
    columns: Mapping[str, str],
    on_progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Read *paths* and store what is new; *on_progress* gets the number of documents read so far.

    A path of which nothing can be read is left out and named like a document; raises `BadInput`
    where it is the only one.
    """
    imported = Imported()
    all_paths = list(paths)

    for path in all_paths:
        items = read_path(path, source=source, handle=handle, outlet=outlet, columns=columns)
        if len(all_paths) > 1:
            items = leave_out_unreadable(path, items)
        record = _Record(db, path, source or "")
        for batch in _batches(items):
            record.store(batch, imported)
            on_progress(imported.tally.documents)
    return imported


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield the items of a file in batches; an empty one of a file without items."""
    iterator = iter(items)
    batch = list(islice(iterator, BATCH))
    yield batch
    while batch := list(islice(iterator, BATCH)):
        yield batch


class _Record:
    """The record of one path, which grows with each batch, so that a kill leaves it true."""

    def __init__(self, db: Database, path: Path, source: str) -> None:
        self._db, self._path, self._source = db, path, source
        self._sources: set[str] = set()
        self._number: int | None = None

    def store(self, items: Sequence[Item], imported: Imported) -> None:
        """Store a batch and count it in the record and in *imported*."""
        counts = ReadCounts()
        rows: list[dict[str, Any]] = []
        left_out: list[LeftOut] = []
        for item in items:
            counts.add(item)
            imported.tally.add(item)
            if isinstance(item, SourceDocument):
                self._sources.add(item.source)
                rows.append(document_row(item))
            elif isinstance(item, LeftOut):
                left_out.append(item)

        with self._db.write() as connection:
            number = self._number or self._begin(connection)
            stored = insert_documents(connection, self._db, rows, import_id=number)
            count_import(
                connection,
                number,
                ImportCounts(
                    read=counts.documents,
                    added=stored.added,
                    empty=counts.empty,
                    left_out=counts.left_out,
                ),
                named=list(map(self._name, left_out[:NAMED])),
                source=",".join(sorted(self._sources)) or self._source,
            )
        self._number = number
        imported.add(stored, left_out)

    def _begin(self, connection: Connection) -> int:
        return begin_import(connection, path=clean(self._path.name)[0], source=self._source)

    def _name(self, left_out: LeftOut) -> str:
        return clean(str(left_out).removeprefix(f"{self._path.parent}/"))[0]


def document_row(document: SourceDocument) -> dict[str, Any]:
    """Return what `models.documents.add_documents` stores of a document."""
    published_at = document.published_at
    return {
        "identity": document.identity,
        "less_known_identities": document.less_known_identities,
        "source": document.source,
        "handle": document.handle,
        "author_id": document.author_id,
        "published_at": published_at.replace(tzinfo=None) if published_at else None,
        "period": document.period,
        "address": document.address,
        "text": document.text,
        **{field: getattr(document, field) for field in ORIGIN_FIELDS},
        "abstract": document.abstract,
        "tags": document.tags,
        "repost": document.repost,
    }
