"""Importing files: what a source reads is stored in batches, what it leaves out is counted and named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.database import Database
from models.documents import add_documents
from models.imports import NAMED, add_import
from sources.base import LeftOut, ReadCounts, SourceDocument
from sources.files import or_left_out, read_path

BATCH = 1000


@dataclass
class Imported:
    """What an import did."""

    tally: ReadCounts = field(default_factory=ReadCounts)
    added: int = 0
    forgotten: int = 0  # kept away: somebody asked to have them forgotten
    left_out: list[LeftOut] = field(default_factory=list)


def import_paths(
    db: Database,
    paths: Iterable[Path],
    *,
    source: str | None,
    handle: str | None,
    columns: Mapping[str, str],
    on_progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Read *paths* and store what is new. *on_progress* hears the number of documents read so far.

    A path of which nothing can be read is left out and named like a document; raises `BadInput` where it is the only
    one.
    """
    done = Imported()
    every = list(paths)

    def store(rows: list[dict[str, Any]]) -> None:
        stored = add_documents(db, rows)
        done.added += stored.added
        done.forgotten += stored.forgotten
        on_progress(done.tally.documents)

    for path in every:
        before = (done.tally.documents, done.added, done.tally.empty, done.tally.left_out)
        named: list[str] = []
        batch: list[dict[str, Any]] = []
        sources: set[str] = set()
        items = read_path(path, source=source, handle=handle, columns=columns)
        for item in items if len(every) == 1 else or_left_out(path, items):
            done.tally.add(item)
            if isinstance(item, SourceDocument):
                sources.add(item.source)
                batch.append(row_of(item))
            elif isinstance(item, LeftOut) and len(named) < NAMED:
                named.append(str(item).removeprefix(f"{path.parent}/"))
                done.left_out.append(item)
            if len(batch) >= BATCH:
                store(batch)
                batch = []
        store(batch)
        after = (done.tally.documents, done.added, done.tally.empty, done.tally.left_out)
        read, added, empty, left_out = (now - then for now, then in zip(after, before, strict=True))
        with db.write() as connection:
            add_import(
                connection,
                path=path.name,
                source=",".join(sorted(sources)) or source or "",
                read=read,
                added=added,
                empty=empty,
                left_out=left_out,
                named=named,
            )
    return done


def row_of(document: SourceDocument) -> dict[str, Any]:
    """The row of `models.tables.SourceDocument`."""
    at = document.published_at
    return {
        "identity": document.identity,
        "source": document.source,
        "handle": document.handle,
        "author_id": document.author_id,
        "published_at": at.replace(tzinfo=None) if at else None,
        "period": document.period,
        "address": document.address,
        "text": document.text,
        "material": document.material,
        "repost": document.repost,
    }
