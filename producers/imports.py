"""Importing files: documents are stored in batches, what is left out is counted and named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.database import Database
from models.documents import add_documents
from models.imports import NAMED, add_import
from sources.base import Item, LeftOut, ReadCounts, SourceDocument, clean
from sources.files import leave_out_unreadable, read_path

BATCH = 1000


@dataclass
class Imported:
    """The result of an import."""

    tally: ReadCounts = field(default_factory=ReadCounts)
    added: int = 0
    completed: int = 0  #: stored documents that lacked something, a handle say
    kept: int = 0  #: stored documents that lack something, and stay as runs have read them
    conflicts: int = 0  #: documents whose identity is stored with another text; they are not
    forgotten: int = 0  #: kept away by the suppression list
    left_out: list[LeftOut] = field(default_factory=list)


def import_paths(
    db: Database,
    paths: Iterable[Path],
    *,
    source: str | None,
    handle: str | None,
    columns: Mapping[str, str],
    outlet: str | None = None,
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
        _import_items(db, path, items, imported, source=source, on_progress=on_progress)
    return imported


def _import_items(
    db: Database,
    path: Path,
    items: Iterable[Item],
    imported: Imported,
    *,
    source: str | None,
    on_progress: Callable[[int], None],
) -> None:
    """Store the items of one path, and a record of them for the methods section of reports."""
    counts, added = ReadCounts(), 0
    named: list[str] = []
    batch: list[dict[str, Any]] = []
    sources: set[str] = set()

    def store_batch() -> None:
        nonlocal added
        stored = add_documents(db, batch)
        batch.clear()
        added += stored.added
        imported.added += stored.added
        imported.completed += stored.completed
        imported.kept += stored.kept
        imported.conflicts += stored.conflicts
        imported.forgotten += stored.forgotten
        on_progress(imported.tally.documents)

    for item in items:
        counts.add(item)
        imported.tally.add(item)
        if isinstance(item, SourceDocument):
            sources.add(item.source)
            batch.append(document_row(item))
        elif isinstance(item, LeftOut) and len(named) < NAMED:
            named.append(clean(str(item).removeprefix(f"{path.parent}/"))[0])
            imported.left_out.append(item)
        if len(batch) >= BATCH:
            store_batch()
    store_batch()

    with db.write() as connection:
        add_import(
            connection,
            path=clean(path.name)[0],
            source=",".join(sorted(sources)) or source or "",
            read=counts.documents,
            added=added,
            empty=counts.empty,
            left_out=counts.left_out,
            named=named,
        )


def document_row(document: SourceDocument) -> dict[str, Any]:
    """Return the row of `models.tables.Document`, and its names where less is known of it."""
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
        "material": document.material,
        "repost": document.repost,
    }
