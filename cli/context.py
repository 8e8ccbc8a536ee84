"""What most commands begin with: the settings, and a database whose tables are there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

import models
from core.errors import NotFound, StackError
from core.settings import Settings, load
from models.database import Database, migrate


def settings() -> Settings:
    """The settings of this process. Raises `SettingsError`."""
    return load()


def database(settings: Settings, *, make: bool = False) -> Database:
    """The database, its tables made where there are none and *make* is wanted.

    Raises `NotFound`, `DatabaseAway`, or `StackError` where its tables are of another version than this program.
    """
    address = settings.database
    if (
        address.startswith("sqlite:///")
        and not make
        and not Path(address.removeprefix("sqlite:///")).exists()
    ):
        raise NotFound(
            f"nothing has been imported or submitted here ({settings.home} has no database)"
        )
    db = Database(address)
    with db.read() as connection:
        there = inspect(connection).has_table("alembic_version")
        version = (
            connection.scalar(text("SELECT version_num FROM alembic_version")) if there else None
        )
    if version is None and (db.is_sqlite or make):
        migrate(address)
    elif version not in (None, _newest_version()):
        db.close()
        raise StackError(
            f"the database's tables are of version {version}, this program's of {_newest_version()}: "
            "`tidings migrate` brings them there, once no older program works on them"
        )
    return db


def _newest_version() -> str:
    """The revision that the tables of this program have, by the names of the migrations: Alembic takes long to load."""
    return max(
        path.name[:4]
        for path in (Path(models.__file__).parent / "migrations" / "versions").glob("[0-9]*.py")
    )
