"""What was read from each file, month and subject, for the methods section of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from models.database import clock
from models.tables import Import

NAMED = 1000  # omissions that are kept by name; all are counted
NAMED_IN_A_REMARK = 3


def add_import(
    connection: Connection,
    *,
    path: str,
    source: str,
    read: int,
    added: int,
    empty: int,
    left_out: int,
    named: Sequence[str],
) -> None:
    """Record what was read from *path*; of *named*, what was left out and why, keep the first."""
    counts = {"read": read, "added": added, "empty": empty, "left_out": left_out}
    row = {"path": path, "source": source, "named": list(named[:NAMED]), "at": clock(), **counts}
    connection.execute(insert(Import).values(row))


def count_import(
    connection: Connection,
    *,
    path: str,
    source: str,
    read: int,
    added: int,
    empty: int,
    named: Sequence[str],
) -> None:
    """Add a page to the last record of *path*, or begin its record."""
    left_out, all_named = len(named), list(named)
    last = _last_import(connection, path, source)
    if last is not None:
        connection.execute(delete(Import).where(Import.id == last.id))
        read, added, empty = read + last.read, added + last.added, empty + last.empty
        left_out, all_named = left_out + last.left_out, [*last.named, *named]

    counts = {"read": read, "added": added, "empty": empty, "left_out": left_out}
    add_import(connection, path=path, source=source, named=all_named, **counts)


def drop_import(connection: Connection, *, path: str, source: str) -> None:
    """Remove the records of *path* before it is read from its beginning again."""
    connection.execute(delete(Import).where(Import.path == path, Import.source == source))


def left_out_remark(connection: Connection, path: str, source: str) -> str | None:
    """Return what could not be used when *path* was read last; None where that is nothing."""
    last = _last_import(connection, path, source)
    if last is None or not last.left_out:
        return None

    names = ", ".join(last.named[:NAMED_IN_A_REMARK])
    more = ", …" if last.left_out > NAMED_IN_A_REMARK else ""
    return f"{last.left_out:,} of what was read could not be used ({names}{more})"


def _last_import(connection: Connection, path: str, source: str) -> Row[Any] | None:
    imports = select(Import.__table__).where(Import.path == path, Import.source == source)
    return connection.execute(imports.order_by(Import.id.desc()).limit(1)).one_or_none()
