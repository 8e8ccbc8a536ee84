"""Reach the parts of the stack that a command works with: its database and the Text API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotFound, SettingsError, StackError

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database
    from textapi.messages import Engine


def load_settings(**overrides: object) -> Settings:
    """Return the settings of this process; *overrides* come first. Raises `SettingsError`."""
    from core.settings import load

    return load(**overrides)


def open_database(settings: Settings | None = None, *, create: bool = False) -> Database:
    """Open the database that *settings* name, by default those of this process.

    With *create*, a missing database is created. Raises `SettingsError`, `NotFound` if there is no
    database, `DatabaseAway`, and `StackError` if its schema belongs to another version of Tidings.
    """
    from models.database import Database, migrate, revision_problem, stored_revision

    settings = settings or load_settings()
    url = settings.database
    file = sqlite_file(url)
    if file and not (create or file.exists()):
        raise NotFound(
            f"nothing has been imported or submitted here ({settings.home} has no database)"
        )

    db = Database(url)
    revision = stored_revision(db)
    if revision is None and (db.is_sqlite or create):
        migrate(url)
    elif revision is not None and (problem := revision_problem(revision)):
        db.close()
        raise StackError(problem)

    return db


def sqlite_file(url: str) -> Path | None:
    """Return the file of the database at *url*; None if it is no SQLite file."""
    from core.addresses import sqlite_path

    path = sqlite_path(url)
    return None if path is None else Path(path)


def find_engine(settings: Settings, polarity: str | None = None) -> Engine:
    """Return the Text API's engine for requests that prefer *polarity*.

    No call is counted for it.

    Raises `SettingsError`, `ServiceUnavailable`.
    """
    import asyncio

    import aiohttp

    from textapi.client import NO_ADDRESS, fetch_engine

    url = settings.textapi_url
    if not url:
        raise SettingsError(NO_ADDRESS)

    secrets = [settings.textapi_key.get_secret_value()] if settings.textapi_key else []

    async def ask() -> Engine:
        async with aiohttp.ClientSession() as session:
            return await fetch_engine(session, url, polarity, secrets=secrets)

    return asyncio.run(ask())
