"""Reach the parts of the stack that a command works with: its database and the Text API."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.errors import NotFound, SettingsError, StackError
from core.settings import Settings, load
from models.database import Database, migrate, revision_problem, stored_revision


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
    revision = stored_revision(db)
    if revision is None and (db.is_sqlite or create):
        migrate(url)
    elif revision is not None and (problem := revision_problem(revision)):
        db.close()
        raise StackError(problem)
    return db


def sqlite_file(url: str) -> Path | None:
    """Return the file of the database at *url*, None if it is no SQLite file."""
    path = url.removeprefix("sqlite:///")
    return Path(path) if path not in {"", url} else None


def engine_name(settings: Settings) -> str:
    """Return name and version of the Text API's engine; no call is counted for it.

    Raises `SettingsError`, `ServiceUnavailable`.
    """
    import aiohttp

    from textapi.client import NO_ADDRESS, fetch_engine

    url = settings.textapi_url
    if not url:
        raise SettingsError(NO_ADDRESS)

    async def ask() -> str:
        async with aiohttp.ClientSession() as session:
            return await fetch_engine(session, url)

    return asyncio.run(ask())
