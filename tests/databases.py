"""Empty databases with our tables on either engine, copied from a template."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache

from core.addresses import sqlite_path
from models.database import migrate


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
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.at(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
