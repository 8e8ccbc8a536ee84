"""The hot queries use an index: bench/queries.py on a small database.

PostgreSQL scans a small table, index or not: here it does so only where there is no other way.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from sqlalchemy import text

from models.database import Database

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("queries")


@pytest.fixture
def filled(database_url: str, queries: ModuleType) -> Iterator[Database]:
    random.seed(8)
    if "postgresql" in database_url:
        name = database_url.rpartition("/")[2]
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET enable_seqscan = off".encode())

    db = Database(database_url)
    queries.fill(db, documents=3000, jobs=3000)
    if not db.is_sqlite:
        with db.write() as connection:
            connection.execute(text("ANALYZE"))

    yield db
    db.close()


def test_no_hot_query_scans_a_large_table(filled: Database, queries: ModuleType) -> None:
    assert queries.explain(filled) == []


def test_a_missing_index_is_detected(filled: Database, queries: ModuleType) -> None:
    with filled.write() as connection:
        connection.execute(text("DROP INDEX ix_documents_handle_source"))
    assert "posts of a handle" in queries.explain(filled)
