"""Statements about many rows: inserted at once, or found by more values than one can take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Delete,
    Table,
    Update,
    bindparam,
    func,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from models.database import Database, batched, upsert
from models.tables import Base


def insert_of_many(
    table: type, columns: Sequence[str], *, is_sqlite: bool
) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT on which `on_conflict_do_…` can be called, to be executed with `many`.

    On PostgreSQL it takes a list for each column: a parameter for each value costs the driver more
    than the rows cost the database.
    """
    insert = upsert(table, is_sqlite=is_sqlite)
    if is_sqlite:
        return insert

    stored_columns: Table = inspect(table).local_table
    lists = [bindparam(column, type_=ARRAY(stored_columns.c[column].type)) for column in columns]
    rows = func.unnest(*lists).table_valued(*columns).render_derived()
    return insert.from_select(columns, select(rows))


def many(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, is_sqlite: bool
) -> Sequence[Mapping[str, Any]] | Mapping[str, Any]:
    """Return the parameters of `insert_of_many` that insert *rows*."""
    if is_sqlite:
        return rows
    return {column: [row[column] for row in rows] for column in columns}


def select_in(
    connection: Connection, statement: Any, column: Any, values: Iterable[Any]
) -> list[Any]:
    """Return the rows of *statement* whose *column* is one of *values*, read in their order.

    A statement gets some of the values at a time; it may also be a change that returns rows.
    """
    rows: list[Any] = []
    for batch in batched(sorted(set(values))):
        rows += connection.execute(statement.where(column.in_(batch)))

    return rows


def scalars_in(
    connection: Connection, statement: Any, column: Any, values: Iterable[Any]
) -> list[Any]:
    """Return the first columns of what `select_in` returns."""
    return [row[0] for row in select_in(connection, statement, column, values)]


def change_in(
    connection: Connection, change: Update | Delete, column: Any, values: Iterable[Any]
) -> int:
    """Make a *change* where *column* is one of *values*, and return how many rows it concerned."""
    changed = 0
    for batch in batched(sorted(set(values))):
        changed += connection.execute(change.where(column.in_(batch))).rowcount

    return changed


def store_row(
    connection: Connection,
    db: Database,
    table: type[Base],
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    **initial: Any,
) -> None:
    """Set the *values* of the row with that *key*; a new row gets *initial* columns besides."""
    row = db.upsert(table).values({**initial, **key, **values})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))
