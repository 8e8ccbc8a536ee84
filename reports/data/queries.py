"""Reading many rows a little at a time, each time in a short transaction."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice, repeat
from typing import Any, TypeVar

import polars as pl
from sqlalchemy import ARRAY, JSON, ColumnElement, Row, Select, bindparam, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import TidingsError
from core.progress import tell
from models.database import Database

# So many narrow rows are read in one transaction.
PAGE = 10_000

# The progress of documents is told after so many.
_TOLD = 1_000
# So many identities, which take 50 MB, are sorted in memory, in a third of the time.
_SORTED_IN_MEMORY = 250_000
# So many whole documents, or jobs, are read in one transaction.
BATCH = 500

# The types of a frame's columns that are no text.
_NUMBERS: dict[type, Any] = {int: pl.Int64(), float: pl.Float64()}

T = TypeVar("T")
Statement = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]


def fetch_all(db: Database, statement: Statement, **parameters: Any) -> Sequence[AnyRow]:
    """Return all rows of *statement*, read in a transaction of their own."""
    with db.read() as connection:
        return connection.execute(statement, parameters).all()


def fetch_scalars(db: Database, statement: Statement) -> Sequence[Any]:
    """Return the first column of all rows of *statement*."""
    with db.read() as connection:
        return connection.scalars(statement).all()


def fetch_columns(db: Database, statement: Statement, **parameters: Any) -> list[list[Any]]:
    """Return the columns of all rows of *statement*, read in a transaction of their own.

    They are those of `fetch_all`, without an object for each row: it would take a third of the
    time.
    """
    dialect = db.engine.dialect
    with db.read() as connection:
        cursor = connection.execute(statement, parameters).cursor
        assert cursor is not None  # noqa: S101 - a statement that selects has one
        driver_types = [description[1] for description in cursor.description]
        try:
            driver_rows = list(cursor.fetchall())
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error) from error

    columns = []
    driver_columns = (
        zip(*driver_rows, strict=True) if driver_rows else repeat((), len(driver_types))
    )
    for column, driver_type, cells in zip(
        statement.selected_columns, driver_types, driver_columns, strict=True
    ):
        convert = column.type.dialect_impl(dialect).result_processor(dialect, driver_type)
        columns.append(list(cells if convert is None else map(convert, cells)))

    return columns


def fetch_frame(db: Database, statement: Statement, **parameters: Any) -> pl.DataFrame:
    """Return all rows of *statement* as a frame with its columns; see `fetch_columns`."""
    return _make_frame(statement, fetch_columns(db, statement, **parameters))


def fetch_frame_pages(
    db: Database, statement: Statement, key: InstrumentedAttribute[int]
) -> Iterator[pl.DataFrame]:
    """Yield the pages of `fetch_column_pages` as frames; the rows of a single page in any order.

    To sort them by the key would cost a database as much as to read them.
    """
    columns = fetch_columns(db, statement.limit(PAGE + 1))
    if len(columns[0]) <= PAGE:
        yield _make_frame(statement, columns)
        return

    for page in fetch_column_pages(db, statement, key):
        yield _make_frame(statement, page)


def _make_frame(statement: Statement, columns: Sequence[Sequence[Any]]) -> pl.DataFrame:
    schema = {}
    for column in statement.selected_columns:
        schema[str(column.key)] = _NUMBERS.get(column.type.python_type, pl.String())

    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema)


def fetch_column_pages(
    db: Database, statement: Statement, key: InstrumentedAttribute[int]
) -> Iterator[list[list[Any]]]:
    """Yield the columns of the rows of *statement* in the order of *key*, a page at a time.

    *key* is the first column of the statement and differs in each row.
    """
    page = fetch_columns(db, statement.order_by(key).limit(PAGE))
    while page[0]:
        yield page
        if len(page[0]) < PAGE:
            return

        page = fetch_columns(db, statement.where(key > page[0][-1]).order_by(key).limit(PAGE))


def fetch_pages(
    db: Database, statement: Statement, key: InstrumentedAttribute[int]
) -> Iterator[AnyRow]:
    """Yield the rows of *statement* in the order of *key*, reading a page in each transaction.

    *key* is the first column of the statement and differs in each row.
    """
    page = fetch_all(db, statement.order_by(key).limit(PAGE))
    while page:
        yield from page
        if len(page) < PAGE:
            return

        page = fetch_all(db, statement.where(key > page[-1][0]).order_by(key).limit(PAGE))


def is_among(
    db: Database, column: InstrumentedAttribute[int], parameter: str
) -> ColumnElement[bool]:
    """Return the condition that *column* is one of the ids in *parameter*, a list.

    The list is one value: a parameter for each id would take as long as the query.
    """
    if not db.is_sqlite:
        return column == func.any(bindparam(parameter, type_=ARRAY(column.type)))

    ids = func.json_each(bindparam(parameter, type_=JSON)).table_valued("value")
    return column.in_(select(ids.c.value))


def in_batches(elements: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield *elements* in lists of *size*; the last one may be shorter."""
    iterator = iter(elements)
    while batch := list(islice(iterator, size)):
        yield batch


def in_slices(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of *frames* in frames of *size*; the last one may be shorter."""
    rest = pl.DataFrame()
    for frame in frames:
        rows = pl.concat([rest, frame]) if len(rest) else frame
        whole = len(rows) - len(rows) % size
        yield from rows[:whole].iter_slices(size) if whole else ()
        rest = rows[whole:]

    if len(rest):
        yield rest


def index_by(attribute: str, elements: Iterable[T]) -> dict[Any, T]:
    """Return *elements* by the value of an attribute, which differs in each."""
    return {getattr(element, attribute): element for element in elements}


def group_by(attribute: str, elements: Iterable[T]) -> dict[Any, list[T]]:
    """Return *elements* by the value of an attribute, in their order; nothing is an empty list."""
    groups: dict[Any, list[T]] = defaultdict(list)
    for element in elements:
        groups[getattr(element, attribute)].append(element)

    return groups


def sort_by_identity(documents: Iterable[Sequence[Any]]) -> Iterator[int]:
    """Yield the ids of (id, identity) pairs by the identities' code points, each id once.

    Each database collates text by its own rules. Of more than fit in memory, SQLite sorts them in a
    temporary file of its own.
    """
    remaining = iter(documents)
    first = list(islice(remaining, _SORTED_IN_MEMORY + 1))
    if len(first) <= _SORTED_IN_MEMORY:
        frame = pl.DataFrame(first, {"id": pl.Int64, "identity": pl.String}, orient="row")
        ids = frame.unique("id").sort("identity")["id"].to_list()
        yield from _count_done(ids, len(ids))
        return

    with closing(sqlite3.connect("")) as disk:
        try:
            disk.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY, identity TEXT)")
            rows = chain(first, remaining)
            disk.executemany("INSERT OR IGNORE INTO documents VALUES (?, ?)", rows)
            sorted_ids = disk.execute("SELECT id FROM documents ORDER BY identity")
            [(total,)] = disk.execute("SELECT count(*) FROM documents")
        except sqlite3.Error as error:
            raise TidingsError(
                f"documents cannot be sorted ({error}): make room for temporary files"
            ) from error

        yield from _count_done((document_id for (document_id,) in sorted_ids), total)


def _count_done(ids: Iterable[int], total: int) -> Iterator[int]:
    """Yield *ids*, and tell how many are done."""
    for done, document_id in enumerate(ids, 1):
        yield document_id
        if done % _TOLD == 0 or done == total:
            tell("writing the documents", done, total, "documents")
