"""Empty databases with our tables on either engine, copied from a template."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache

from core.addresses import sqlite_path
from core.enums import QUEUE_TEXT, State
from models.database import Database, migrate
from models.runs import create_run
from models.tables import Job

T = TypeVar("T")

# For a test whose SQL statements other tests of its module send to PostgreSQL, each of them.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Statements:
    """The statements that a process has compiled for any of its databases, by the dialect's class.

    An engine keeps what it has compiled for itself, and a test has an engine of its own.
    """

    def __init__(self) -> None:
        self._compiled: LRUCache[Any, Any] = LRUCache(5000)

    def get(self, key: tuple[Dialect, *tuple[Any, ...]]) -> Any:
        return self._compiled.get(_with_class(key))

    def __setitem__(self, key: tuple[Dialect, *tuple[Any, ...]], compiled: Any) -> None:
        self._compiled[_with_class(key)] = compiled


def _with_class(key: tuple[Dialect, *tuple[Any, ...]]) -> tuple[Any, ...]:
    return type(key[0]), *key[1:]


@contextmanager
def statements_compiled_once() -> Iterator[None]:
    """Compile each statement once in a process, as a worker does, and not for each test."""
    statements = Statements()
    make_engine = Engine.__init__

    def make_engine_with_statements(engine: Any, *arguments: Any, **named: Any) -> None:
        make_engine(engine, *arguments, **named)
        engine._compiled_cache = statements

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", make_engine_with_statements)
        yield


@dataclass(frozen=True)
class Postgres:
    """A server: the address of one of its databases, and the name of a database with our tables."""

    url: str
    template: str

    def execute(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    @cached_property
    def _connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

    def close(self) -> None:
        self._connection.close()

    def at(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    @contextmanager
    def new_database(self, template: str) -> Iterator[str]:
        """Copy the database *template*; yield the address of the copy, drop it afterwards."""
        name = f"tidings_{secrets.token_hex(6)}"
        self.copy(template, name)
        try:
            yield self.at(name)
        finally:
            self.drop(name)

    def copy(self, template: str, name: str) -> None:
        """Copy the database *template*, to which nobody is connected."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


class FilledDatabases:
    """Databases that the first test fills and the others copy."""

    def __init__(self, folder: Path, find_postgres: Callable[[], Postgres]) -> None:
        self._folder = folder
        self._find_postgres = find_postgres
        # The name of each copy and what the function returned, by function, once for SQLite.
        self._copies: dict[tuple[bool, Callable[..., Any]], tuple[str, Any]] = {}

    def fill(self, url: str, fill: Callable[..., T], *arguments: Any) -> T:
        """Fill an empty database as *fill* does, which is called once for each kind of database.

        Return what *fill* returned. Nobody may be connected to the database.
        """
        path = sqlite_path(url)
        key = (path is not None, fill)
        if key in self._copies:
            name, outcome = self._copies[key]
            self._restore(name, url)
            return outcome  # type: ignore[no-any-return]

        outcome = fill(*arguments)
        name = f"tidings_filled_{secrets.token_hex(6)}"
        if path is None:
            self._find_postgres().copy(_database_name(url), name)
        else:
            with closing(Database(url)) as database:
                database.checkpoint_wal()

            shutil.copyfile(path, self._folder / name)

        self._copies[key] = (name, outcome)
        return outcome

    def _restore(self, name: str, url: str) -> None:
        path = sqlite_path(url)
        if path is None:
            server = self._find_postgres()
            server.drop(_database_name(url))
            server.copy(name, _database_name(url))
        else:
            shutil.copyfile(self._folder / name, path)

    def close(self) -> None:
        """Drop the copies on the server; those in the folder are the caller's."""
        for (is_sqlite, _fill), (name, _outcome) in self._copies.items():
            if not is_sqlite:
                self._find_postgres().drop(name)


def _database_name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def new_sqlite(path: Path) -> str:
    """Write a SQLite database with our tables and nothing in them; return its address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_read_sqlite_template())
    return f"sqlite:///{path}"


@cache
def _read_sqlite_template() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def migrate_by_copy(url: str, revision: str = "head") -> None:
    """Do what `migrate` does, to a SQLite file without tables by a copy: it takes 0.1 s less."""
    path = sqlite_path(url)
    if path is None or revision != "head":
        migrate(url, revision)
        return

    # A file in the mode of write-ahead logs cannot be opened in memory; the copy has its own mode.
    template = bytearray(_read_sqlite_template())
    template[18:20] = b"\x01\x01"
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=30)) as target:
        has_tables = target.execute("SELECT 1 FROM sqlite_schema").fetchone()
        if not has_tables:
            with closing(sqlite3.connect(":memory:")) as source:
                source.deserialize(bytes(template))
                source.backup(target)

    if has_tables:
        migrate(url, revision)


@contextmanager
def new_database(request: pytest.FixtureRequest, folder: Path, engine: str) -> Iterator[str]:
    """Yield the address of an empty database of *engine* with our tables."""
    if engine == "sqlite":
        yield new_sqlite(folder / "tidings.db")
    else:
        server: Postgres = request.getfixturevalue("_postgres")
        with server.new_database(server.template) as url:
            yield url


def add_run_of_months(db: Database, parameters: dict[str, Any]) -> int:
    """Add a run with the job 2020-03 to tables of any revision; return its number."""
    run = create_run(db, kind="months", name=None, parameters=parameters, jobs=[])
    job = {"kind": "month", "name": "2020-03", "queue": QUEUE_TEXT, "state": State.QUEUED}
    with db.write() as connection:
        connection.execute(insert(Job).values(run_id=run, options={}, due_at=0.0, **job))

    return run
