"""No hot query scans a large table, on SQLite and PostgreSQL.

SQLite chooses its plans by the indexes alone, however many rows there are, since nothing counts
them for it (ANALYZE). PostgreSQL scans a small table, index or not: there it does so only where
there is no other way; and among 100,000 documents as it chooses.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import text

from models.database import Database
from tests.old_archive_kit import fill
from tests.query_plans_kit import scans_of_hot_queries

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def fill_and_analyze(db: Database, *, documents: int, jobs: int) -> None:
    """Fill a database by chance that is the same each time, and have its rows counted."""
    random.seed(8)
    fill(db, documents=documents, jobs=jobs)
    if not db.is_sqlite:
        # Autovacuum does so by itself, only later.
        with db.write() as connection:
            connection.execute(text("ANALYZE"))


@pytest.fixture
def filled(database_url: str) -> Iterator[Database]:
    if "postgresql" in database_url:
        name = database_url.rpartition("/")[2]
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET enable_seqscan = off".encode())

    with closing(Database(database_url)) as db:
        fill_and_analyze(db, documents=3000, jobs=3000)
        yield db


def test_no_hot_query_scans_a_large_table(filled: Database) -> None:
    assert scans_of_hot_queries(filled) == {}


def test_a_missing_index_is_detected(filled: Database) -> None:
    with filled.write() as connection:
        connection.execute(text("DROP INDEX ix_documents_handle_source"))
    assert "posts of a handle" in scans_of_hot_queries(filled)


@pytest.mark.thorough
@on_postgresql
def test_postgresql_chooses_the_indexes_of_large_tables(db: Database) -> None:
    fill_and_analyze(db, documents=100_000, jobs=30_000)
    assert scans_of_hot_queries(db) == {}
