"""Reading many rows a little at a time, each time in a short transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Row, Select
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import TidingsError
from models.database import Database

# So many narrow rows are read in one transaction.
PAGE = 10_000
# So many whole documents, or jobs, are read in one transaction.
BATCH = 500

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


def in_batches(elements: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield *elements* in lists of *size*; the last one may be shorter."""
    iterator = iter(elements)
    while batch := list(islice(iterator, size)):
        yield batch


def index_by(attribute: str, elements: Iterable[T]) -> dict[Any, T]:
    """Return *elements* by the value of an attribute, which differs in each."""
    return {getattr(element, attribute): element for element in elements}


def sort_by_identity(documents: Iterable[Sequence[Any]]) -> Iterator[int]:
    """Yield the ids of (id, identity) pairs by the identities' code points, each identity once.

    SQLite sorts them in a temporary file of its own: a million identities do not fit in memory,
    and each database collates text by its own rules.
    """
    with closing(sqlite3.connect("")) as disk:
        try:
            disk.execute("CREATE TABLE documents (id INTEGER, identity TEXT)")
            disk.executemany("INSERT INTO documents VALUES (?, ?)", documents)
            ids = disk.execute("SELECT id FROM documents GROUP BY identity ORDER BY identity")
        except sqlite3.Error as error:
            raise TidingsError(
                f"documents cannot be sorted ({error}): make room for temporary files"
            ) from error

        for (document_id,) in ids:
            yield document_id
