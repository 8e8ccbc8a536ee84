"""Reach the parts of the stack that a command works with: its database and the Text API."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import inspect, text

import models
from core.errors import NotFound, SettingsError, StackError
from core.settings import Settings, load
from models.database import Database, migrate


def open_database(settings: Settings | None = None, *, create: bool = False) -> Database:
    """Open the database that *settings* name, by default those of this process.

    With *create*, a missing database is created. Raises `SettingsError`, `NotFound` if there is no
    database, `DatabaseAway`, and `StackError` if its schema belongs to another version of Tidings.
    """
    settings = settings or load()
    url = settings.database
    file = sqlite_file(url)
    if file and not (create or file.exists()):
        raise NotFound(
            f"nothing has been imported or submitted here ({settings.home} has no database)"
        )

    db = Database(url)
    version, newest_version = _schema_version(db), _newest_schema_version()
    if version is None and (db.is_sqlite or create):
        migrate(url)
    elif version not in (None, newest_version):
        db.close()
        raise StackError(
            f"the database's tables are of version {version}, this program needs {newest_version}: "
            "run `tidings migrate` once no older program uses the database"
        )
    return db


def sqlite_file(url: str) -> Path | None:
    """Return the file of the database at *url*, None if it is no SQLite file."""
    path = url.removeprefix("sqlite:///")
    return Path(path) if path not in {"", url} else None


def _schema_version(db: Database) -> str | None:
    with db.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version


def _newest_schema_version() -> str:
    # Read from the names of the migrations, because importing Alembic takes long.
    versions = Path(models.__file__).parent / "migrations" / "versions"
    return max(path.name[:4] for path in versions.glob("[0-9]*.py"))


def engine_name(settings: Settings) -> str:
    """Return name and version of the Text API's engine; no call is counted for it.

    Raises `SettingsError`, `ServiceUnavailable`.
    """
    import aiohttp

    from textapi.client import NO_ADDRESS, engine_of

    url = settings.textapi_url
    if not url:
        raise SettingsError(NO_ADDRESS)

    async def ask() -> str:
        async with aiohttp.ClientSession() as session:
            return await engine_of(session, url)

    return asyncio.run(ask())
