"""Inserting many rows by one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Table, bindparam, func, inspect, select

from models.database import upsert

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


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
    lists = []
    for column in columns:
        lists.append(bindparam(column, type_=ARRAY(stored_columns.c[column].type)))

    rows = func.unnest(*lists).table_valued(*columns).render_derived()
    return insert.from_select(columns, select(rows))


def many(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, is_sqlite: bool
) -> Sequence[Mapping[str, Any]] | Mapping[str, Any]:
    """Return the parameters of `insert_of_many` that insert *rows*."""
    if is_sqlite:
        return rows
    return {column: [row[column] for row in rows] for column in columns}
