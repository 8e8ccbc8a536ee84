"""One database, SQLite or PostgreSQL: connections, short transactions, the clock, migrations."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    column,
    create_engine,
    event,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from core.addresses import sqlite_path, without_password
from core.errors import DatabaseAway, SettingsError, UsageError

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.dialects import postgresql

MIGRATIONS = Path(__file__).parent / "migrations"
# The first migration was replaced before the first release; it has created this table since.
TABLE_SINCE_RELEASE = "run_erasures"
_runs = table("runs", column("parameters", JSON))
# A time that lies further in the future was written by a wrong clock.
CLOCK_SLACK_SECONDS = 1.0
BEGIN_WRITING = "BEGIN IMMEDIATE"
# With fewer bytes SQLite cannot write its log and the index of the log.
LEAST_ROOM = 65_536
# SQLite's extended error codes have more bits.
PRIMARY_ERROR = 0xFF
SQLITE_POLL_SECONDS = 0.0005
# SQLite before 3.32 takes 999 variables.
VALUES_PER_STATEMENT = 900
IDLE_TRANSACTION_SECONDS = 15
# The parameter of an address behind a pooler that keeps no prepared statements.
PREPARE = "prepare"
# A pooler says so in its own words, where PostgreSQL has others.
POOLER_WORDS = re.compile(
    r"pgbouncer|pooler|startup parameter|query_wait_timeout|login (?:has been|attempt) failing"
    r"|server_login_retry|server conn crashed|server_lifetime|max_client_conn|bouncer config",
    re.IGNORECASE,
)

T = TypeVar("T")
Arguments = ParamSpec("Arguments")


class clock(FunctionElement[float]):  # noqa: N801 - it reads as the SQL function it is
    """The database's clock in Unix seconds: leases are written and compared on no other."""

    type = Float()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(_element: clock, _compiler: SQLCompiler, **_kw: Any) -> str:
    # SQLite has unixepoch('subsec') since 3.42 only.
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(clock, "postgresql")
def _postgresql_clock(_element: clock, _compiler: SQLCompiler, **_kw: Any) -> str:
    # now() stands still while a transaction waits
    return "extract(epoch from clock_timestamp())::float8"


class clock_minute(FunctionElement[int]):  # noqa: N801 - as `clock`
    """The minute of the database's clock, counted from the Unix epoch."""

    type = Integer()
    inherit_cache = True


@compiles(clock_minute, "sqlite")
def _sqlite_minute(_element: clock_minute, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(clock(), **kw)} / 60 AS INTEGER)"


@compiles(clock_minute, "postgresql")
def _postgresql_minute(_element: clock_minute, compiler: SQLCompiler, **kw: Any) -> str:
    # A cast without floor() would round.
    return f"floor({compiler.process(clock(), **kw)} / 60)::int"


class Database:
    """Short transactions on one database.

    *pooled* False opens and closes a connection for each transaction, for processes that fork.
    *connections* are kept open at most. *patience* is how long to wait for a lock or a connection,
    in seconds.
    """

    def __init__(
        self, url: str, *, pooled: bool = True, connections: int = 5, patience: float = 30.0
    ) -> None:
        self.url = url
        pool: dict[str, Any] = {"pool_size": connections} if pooled else {"poolclass": NullPool}
        self.engine = _engine(url, pool, patience=patience)
        self._writing = self.engine.execution_options(tidings_writes=True)
        # SQLite has one writer: the threads of a process take turns without asking the file.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads. Raises `DatabaseAway`."""
        with _translated(self.url), self.engine.connect() as connection:
            yield connection
            # A rollback would make the driver forget the statements that it has prepared.
            connection.commit()

    def fetch(
        self,
        query: Callable[Concatenate[Connection, Arguments], T],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> T:
        """Return what ``query(connection, *arguments, **options)`` reads in a transaction alone."""
        with self.read() as connection:
            return query(connection, *arguments, **options)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes, rolled back on any error. Raises `DatabaseAway`."""
        with _translated(self.url), self._turn, self._writing.begin() as connection:
            yield connection

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    def upsert(self, table: type) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT of this dialect, on which `on_conflict_do_…` can be called."""
        return upsert(table, is_sqlite=self.is_sqlite)

    def checkpoint_wal(self) -> None:
        """Truncate SQLite's write-ahead log if no connection uses it; do not wait.

        Raises `DatabaseAway`.
        """
        if self.is_sqlite:
            with _translated(self.url), self.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
                driver.execute("PRAGMA busy_timeout = 0")
                try:
                    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    driver.execute(f"PRAGMA busy_timeout = {patience}")

    def sync_commits(self) -> None:
        """Have each commit reach the disk before it returns, so that a power cut undoes none.

        PostgreSQL does so anyway. SQLite syncs its log in larger parts otherwise, which is quicker.
        """
        if self.is_sqlite:
            event.listen(self.engine, "connect", _sync_sqlite)
            self.engine.dispose()

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def upsert(table: type, *, is_sqlite: bool) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT on which `on_conflict_do_…` can be called.

    Keep the statement: building it again can take longer than executing it.
    """
    if is_sqlite:
        return sqlite.insert(table)

    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - time that SQLite alone saves

    return postgresql.insert(table)


@cache
def insert_new(table: type, *, is_sqlite: bool) -> sqlite.Insert | postgresql.Insert:
    """Return the INSERT of rows that skips those that are stored already."""
    return upsert(table, is_sqlite=is_sqlite).on_conflict_do_nothing()


def batched(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield *values* in parts that are small enough for the parameters of one statement."""
    for start in range(0, len(values), VALUES_PER_STATEMENT):
        yield values[start : start + VALUES_PER_STATEMENT]


def _engine(url: str, pool: Mapping[str, Any], *, patience: float) -> Engine:
    try:
        address = make_url(url)
    except SQLAlchemyError:
        raise SettingsError(
            "TIDINGS_DATABASE_URL is no database address: sqlite:///PATH or postgresql://…"
        ) from None

    is_sqlite = address.get_backend_name() == "sqlite"
    if is_sqlite:
        if address.database:
            _make_folder(Path(address.database).parent)

        engine = create_engine(
            address, connect_args={"timeout": patience, "check_same_thread": False}, **pool
        )
        event.listen(engine, "do_connect", _create_private_file)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", partial(_begin_sqlite, patience=patience))
        return engine

    if address.get_backend_name() == "postgresql":
        # `_begin_postgresql` begins the transactions, not the driver.
        connect_args: dict[str, Any] = {"autocommit": True}
        connect_args["connect_timeout"] = max(2, int(min(patience, 10)))
        if address.query.get(PREPARE) == "no":
            connect_args["prepare_threshold"] = None

        engine = create_engine(
            address.set(drivername="postgresql+psycopg").difference_update_query([PREPARE]),
            connect_args=connect_args,
            **pool,
        )
        event.listen(engine, "checkout", partial(_begin_postgresql, patience=patience))
        return engine

    raise SettingsError(
        f"TIDINGS_DATABASE_URL names {address.get_backend_name()}: use sqlite or postgresql"
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{folder} cannot be made for the database ({error.strerror}): set TIDINGS_HOME, or "
            "TIDINGS_DATABASE_URL, to a place that can be written to"
        ) from error


def _create_private_file(_dialect: Any, _record: Any, arguments: list[Any], _named: Any) -> None:
    """Create the file of a new database for this user alone; SQLite's other files get its mode."""
    with suppress(OSError):
        # SQLite itself says what is wrong.
        os.close(os.open(arguments[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # `_begin_sqlite` begins the transactions, not the driver.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
        # 32 MB: answers lie all over their index, so that each checkpoint writes most of it
        "wal_autocheckpoint=8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sync_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection, *, patience: float) -> None:
    # A deferred transaction that reads and then writes fails at once with "database is locked" when
    # another has written in between; an immediate one waits its turn.
    if connection.get_execution_options().get("tidings_writes"):
        _begin_writing(connection, patience)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection, patience: float) -> None:
    """Begin to write as soon as no other process does.

    SQLite itself would sleep up to 0.1 s at a time.
    """
    driver: Any = connection.connection.driver_connection
    gives_up_at = time.monotonic() + patience
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while not _has_begun(driver, gives_up_at):
            time.sleep(SQLITE_POLL_SECONDS)
    except sqlite3.OperationalError:
        # SQLAlchemy raises the same error as one of its own.
        connection.exec_driver_sql(BEGIN_WRITING)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")


def _has_begun(driver: sqlite3.Connection, gives_up_at: float) -> bool:
    try:
        driver.execute(BEGIN_WRITING)
    except sqlite3.OperationalError as error:
        is_busy = error.sqlite_errorcode & PRIMARY_ERROR == sqlite3.SQLITE_BUSY
        if not is_busy or time.monotonic() > gives_up_at:
            raise

        return False

    return True


def _begin_postgresql(
    connection: psycopg.Connection, record: Any, _proxy: Any, *, patience: float
) -> None:
    """Begin a transaction with its time-outs, in one message, which also shows a lost connection.

    A pooler gives each transaction another session of the server: nothing else may be set.
    """
    was_used = record.info.setdefault("was_used", False)
    try:
        connection.execute(
            f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = '{IDLE_TRANSACTION_SECONDS}s';"
            f" SET LOCAL lock_timeout = {int(patience * 1000)}".encode()
        )
    except Exception as error:
        if was_used and connection.closed:
            # The pool opens another one.
            raise DisconnectionError from error

        raise

    record.info["was_used"] = True


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        address = without_password(url)
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        if _is_full(reason, url):
            file = sqlite_path(url)
            raise DatabaseAway(
                f"the disk of {file or address} is full, so that the database took nothing more "
                f"({reason}): make room on it, then do this again; workers go on by themselves"
            ) from error

        if error.connection_invalidated or _is_away(error):
            raise DatabaseAway(
                f"the database at {address} does not answer ({reason}): {_remedy(reason)}"
            ) from error

        if "prepared statement" in reason:
            raise DatabaseAway(
                f"the pooler before the database at {address} keeps no prepared statements "
                f"({reason}): add ?{PREPARE}=no to TIDINGS_DATABASE_URL, or set PgBouncer's "
                "max_prepared_statements to 200"
            ) from error

        if "not a database" in reason or "malformed" in reason:
            raise SettingsError(
                f"{address} is no database of Tidings, or damaged ({reason}): move it away, "
                "restore a copy, or set TIDINGS_HOME"
            ) from error

        raise
    except PoolTimeout as error:
        address = without_password(url)
        raise DatabaseAway(
            f"the database at {address} does not answer (no connection is free): is it running?"
        ) from error


def _is_full(reason: str, url: str) -> bool:
    """Return whether *reason* or the disk says that the database has no room to write."""
    if "is full" in reason or "No space left" in reason:
        return True

    file = sqlite_path(url)
    if file is None or "I/O error" not in reason:
        return False

    try:
        return disk_usage(Path(file).parent).free < LEAST_ROOM
    except OSError:
        return False


def _remedy(reason: str) -> str:
    if POOLER_WORDS.search(reason):
        return "a pooler stands before it and says so: look at the pooler's log and settings"
    if "FATAL" in reason:
        return "look at TIDINGS_DATABASE_URL"
    if "readonly" in reason or "unable to open" in reason:
        return "can it and its folder be written to?"

    return "is it running?"


def _is_away(error: DBAPIError) -> bool:
    """Return whether a retry may help: locked, full, gone; not a broken or wrong statement."""
    is_operational = type(error).__name__ in {"OperationalError", "InterfaceError"}
    return is_operational and "no such" not in str(error.orig)


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database's tables to *revision*, creating them where there are none.

    Raises `SettingsError` if this program cannot migrate them, and `UsageError` if there is no such
    revision.
    """
    from alembic import command  # noqa: PLC0415 - 0.2 s that only this needs
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database = Database(url, pooled=False)

    try:
        with _translated(url):
            current = stored_revision(database) or ""
            if current > newest_revision():
                raise SettingsError(revision_problem(current))
            if current and _is_of_development(database, current):
                raise SettingsError(_refuse_development(current))
            if revision == "head" or (revision != "base" and revision > current):
                command.upgrade(config, revision)
            else:
                command.downgrade(config, revision)
    except CommandError as error:
        raise UsageError(
            f"{revision!r} is no revision of the tables ({error}): head is the newest"
        ) from None
    finally:
        database.close()


def stored_revision(db: Database) -> str | None:
    """Return the revision of the database's tables, None where it has none."""
    with db.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None

        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))

    return None if revision is None else str(revision)


def newest_revision() -> str:
    """Return this program's revision of the tables: the name of its last migration's file."""
    return max(_revisions())


def is_of_own_revision() -> ColumnElement[bool]:
    """Return the condition that the tables are of this program's revision."""
    stored = table("alembic_version", column("version_num"))
    return select(stored.c.version_num).scalar_subquery() == newest_revision()


def revision_problem(revision: str) -> str | None:
    """Return what to do before this program can work on tables of *revision*; None if it can."""
    newest = newest_revision()
    if revision == newest:
        return None

    if revision > newest:
        return f"{_name_revisions(revision)}: upgrade the program"
    if revision not in _revisions():
        return _refuse_development(revision)

    return (
        f"{_name_revisions(revision)}: run `tidings migrate`, once no older program works on them"
    )


def _revisions() -> set[str]:
    return {path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _is_of_development(database: Database, revision: str) -> bool:
    """Whether a program from before the first release made the tables: nothing upgrades them.

    Some of those programs gave their first tables the name that the first revision has now.
    """
    if revision not in _revisions():
        return True

    with database.read() as connection:
        if not inspect(connection).has_table(TABLE_SINCE_RELEASE):
            return True

        # Runs of months alone have keywords.
        return any(
            "keywords" in parameters and parameters.keys().isdisjoint(("source", "sources"))
            for parameters in connection.scalars(select(_runs.c.parameters))
        )


def _refuse_development(revision: str) -> str:
    return (
        f"{_name_revisions(revision)}, and a version from before the first release made them: "
        "nothing upgrades them. Point TIDINGS_DATABASE_URL at a new database (or remove this one), "
        "then run `tidings migrate`"
    )


def _name_revisions(revision: str) -> str:
    return (
        f"the database's tables are of revision {revision}, this program's of {newest_revision()}"
    )
