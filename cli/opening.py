"""What most commands begin with: the settings, and a database whose tables are there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect

from core.errors import NotFound
from core.settings import Settings, load
from models.database import Database, migrate


def settings() -> Settings:
    """The settings of this process. Raises `SettingsError`."""
    return load()


def database(known: Settings, *, make: bool = False) -> Database:
    """The database, its tables made where there are none and *make* is wanted. Raises `NotFound`, `DatabaseAway`."""
    address = known.database
    if address.startswith("sqlite:///") and not make and not Path(address.removeprefix("sqlite:///")).exists():
        raise NotFound(f"nothing has been imported or submitted here ({known.home} has no database)")
    db = Database(address)
    if db.is_sqlite or make:
        with db.read() as connection:
            there = inspect(connection).has_table("alembic_version")
        if not there:
            migrate(address)
    return db
