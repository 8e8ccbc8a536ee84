"""One database, SQLite or PostgreSQL: connections, short transactions, the clock, migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Float, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from core.errors import DatabaseAway, SettingsError, UsageError

MIGRATIONS = str(Path(__file__).parent / "migrations")


class clock(FunctionElement[float]):  # noqa: N801 - it reads as the SQL function it is
    """The database's clock in Unix seconds: the only one that leases are written and compared on."""

    type = Float()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(_element: clock, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"  # unixepoch('subsec') wants SQLite 3.42


@compiles(clock, "postgresql")
def _postgresql_clock(_element: clock, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"  # now() stands still while a transaction waits


class Database:
    """Short transactions on one database.

    *pooled* False opens and closes a connection for each transaction: for a process that forks, and for threads.
    *patience* is how long to wait for a lock or a connection, in seconds.
    """

    def __init__(self, url: str, *, pooled: bool = True, patience: float = 30.0) -> None:
        self.url = url
        self.engine = _engine(url, pooled=pooled, patience=patience)
        self._writing = self.engine.execution_options(tidings_writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads. Raises `DatabaseAway`."""
        with _translated(self.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, rolled back on any error. Raises `DatabaseAway`."""
        with _translated(self.url), self._writing.begin() as connection:
            yield connection

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, for the few things that only it needs."""
        return self.engine.dialect.name == "sqlite"

    def upsert(self, table: type) -> sqlite.Insert | postgresql.Insert:
        """An INSERT of this database's kind, on which `on_conflict_do_…` can be called."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def checkpoint_wal(self) -> None:
        """Let SQLite's write-ahead log shrink; nobody waits for it."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _engine(url: str, *, pooled: bool, patience: float) -> Engine:
    try:
        address = make_url(url)
    except SQLAlchemyError:
        raise SettingsError(
            "TIDINGS_DATABASE_URL is no database address: sqlite:///PATH or postgresql://…"
        ) from None
    pool: dict[str, Any] = {"pool_pre_ping": True} if pooled else {"poolclass": NullPool}
    if address.get_backend_name() == "sqlite":
        if address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            address, connect_args={"timeout": patience, "check_same_thread": False}, **pool
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if address.get_backend_name() == "postgresql":
        options = (
            f"-c idle_in_transaction_session_timeout=15s -c lock_timeout={int(patience * 1000)}"
        )
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": max(2, int(min(patience, 10))), "options": options},
            **pool,
        )
    raise SettingsError(
        f"TIDINGS_DATABASE_URL names {address.get_backend_name()}: use sqlite or postgresql"
    )


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we begin our own transactions, below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
        "wal_autocheckpoint=8000",  # 32 MB: answers lie all over their index, so that each checkpoint writes most of it
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once with "database is locked" when another has
    # written in between; an immediate one waits its turn.
    writes = connection.get_execution_options().get("tidings_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        if error.connection_invalidated or _is_away(error):
            todo = "look at TIDINGS_DATABASE_URL" if "FATAL" in reason else "is it running?"
            raise DatabaseAway(
                f"the database at {shown} does not answer ({reason}): {todo}"
            ) from error
        raise


def _is_away(error: DBAPIError) -> bool:
    """Whether trying again later may help: locked, full, gone; not a broken constraint or a wrong statement."""
    return type(error).__name__ in {"OperationalError", "InterfaceError"} and "no such" not in str(
        error.orig
    )


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database's tables to *revision*, making them where there are none."""
    from alembic import command  # noqa: PLC0415 - 0.2 s that only this needs
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes["database"] = database = Database(url, pooled=False)
    try:
        with _translated(url):
            current = _revision(database)
            if _order(revision, current):
                command.upgrade(config, revision)
            else:
                command.downgrade(config, revision)
    except CommandError as error:
        if revision == "head":
            raise SettingsError(
                f"the tables are newer than this program ({error}): upgrade the program"
            ) from None
        raise UsageError(
            f"{revision!r} is no revision of the tables ({error}): head is the newest"
        ) from None
    finally:
        database.close()


def revisions(url: str) -> tuple[str | None, str]:
    """The revision of the database's tables, None where it has none, and the newest there is. Raises `DatabaseAway`."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - the same

    newest = ScriptDirectory(MIGRATIONS).get_current_head()
    return _revision(Database(url, pooled=False)), str(newest)


def _revision(database: Database) -> str | None:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _order(revision: str, current: str | None) -> bool:
    """Whether *revision* lies ahead of *current*."""
    return revision == "head" or (revision != "base" and revision > (current or ""))
