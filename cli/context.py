"""What most commands begin with: the settings, and a database whose tables are there."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFound, StackError
from core.settings import Settings, load
from models.database import Database, migrate, revision_problem, stored_revision


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
    revision = stored_revision(db)
    if revision is None and (db.is_sqlite or make):
        migrate(address)
    elif revision is not None and (problem := revision_problem(revision)):
        db.close()
        raise StackError(problem)
    return db
