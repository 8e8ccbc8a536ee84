"""SQLite has one writer: who waits for it, and for how long."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import DatabaseAway
from models.database import Database
from tests.databases import new_sqlite


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path / "tidings.db")


@pytest.fixture
def other_writer(url: str) -> Iterator[sqlite3.Connection]:
    path = url.removeprefix("sqlite:///")
    options = {"isolation_level": None, "check_same_thread": False}
    with closing(sqlite3.connect(path, **options)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_who_writes_waits_until_another_process_has_written(
    url: str, other_writer: sqlite3.Connection
) -> None:
    begun = threading.Event()

    def write() -> None:
        with closing(Database(url)) as db, db.write() as connection:
            connection.execute(text("SELECT 1"))
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert not begun.wait(0.3)
    other_writer.execute("COMMIT")
    assert begun.wait(10)
    writer.join()


def test_who_waits_too_long_is_told_that_the_database_does_not_answer(
    url: str, other_writer: sqlite3.Connection
) -> None:
    with (
        closing(Database(url, patience=0.2)) as db,
        pytest.raises(DatabaseAway, match="database is locked"),
        db.write(),
    ):
        pass

    other_writer.execute("COMMIT")


def test_a_connection_that_waited_in_vain_waits_as_long_for_what_it_reads(
    url: str, other_writer: sqlite3.Connection
) -> None:
    with closing(Database(url, patience=0.2)) as db:
        with pytest.raises(DatabaseAway), db.write():
            pass

        with db.read() as connection:
            assert connection.scalar(text("PRAGMA busy_timeout")) == 200

        other_writer.execute("COMMIT")
        with db.write() as connection:
            assert connection.scalar(text("PRAGMA busy_timeout")) == 200
