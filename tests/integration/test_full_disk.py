"""A full disk is told as such, with the place and what to do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from core.atomic_files import write_atomically
from core.errors import BrokerAway, DatabaseAway, TidingsError
from models.database import Database, migrate


def test_a_database_without_room_is_told_as_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "tidings.db"
    migrate(f"sqlite:///{path}")
    with closing(Database(f"sqlite:///{path}")) as db:
        with db.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

        with pytest.raises(DatabaseAway) as told:
            fill(db, pages)

    assert str(told.value) == (
        f"the disk of {path} is full, so that the database took nothing more (database or disk is "
        "full): make room on it, then do this again; workers go on by themselves"
    )


def fill(db: Database, pages: int) -> None:
    """Write more than the database's file may hold."""
    with db.write() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(text("CREATE TABLE large (content)"))
        connection.execute(text("INSERT INTO large VALUES (zeroblob(1000000))"))


def test_a_file_on_a_full_disk_is_named_with_what_to_do() -> None:
    with pytest.raises(TidingsError) as told:
        write_atomically(Path("/dev/full"), b"text")

    assert str(told.value) == (
        "/dev/full cannot be written (No space left on device): make room on its disk, or choose "
        "another place for it"
    )


def test_a_broker_on_a_full_disk_does_not_ask_whether_it_is_up() -> None:
    refusal = redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device")
    assert "the disk that it writes to is full: make room on it" in str(
        BrokerAway.caused_by(refusal)
    )
    assert "is the stack up?" in str(BrokerAway.caused_by(redis.ConnectionError("refused")))
