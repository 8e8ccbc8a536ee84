"""Empty databases with our tables on either engine, copied from a template."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest


@dataclass(frozen=True)
class Postgres:
    """A server: the address of one of its databases, and the name of a database with our tables."""

    url: str
    template: str

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

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


@contextmanager
def new_database(request: pytest.FixtureRequest, folder: Path, engine: str) -> Iterator[str]:
    """Yield the address of an empty database of *engine* with our tables."""
    if engine == "sqlite":
        path = folder / "tidings.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        server: Postgres = request.getfixturevalue("_postgres")
        with server.new_database(server.template) as url:
            yield url
