"""Shared fixtures: a clean environment, real servers, a database per test on both engines."""

from __future__ import annotations

import gc
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from cli.stack.supervised_process import SupervisedProcess
from core.garbage import collect_seldom
from core.settings import Settings
from models.database import Database, migrate
from tests.databases import (
    FilledDatabases,
    Postgres,
    new_database,
    new_sqlite,
    statements_compiled_once,
)
from tests.e2e_kit import Stub, running_stub
from tests.memory_folder import find_memory_folder
from tests.services import (
    NoPostgresError,
    empty_valkey,
    running_postgres,
    running_valkey,
    running_worker,
)
from tests.warm_python import executed_processes, warm_processes

# No test fails of a busy machine. `make thorough` draws four times as many examples.
hypothesis_settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis_settings.register_profile("thorough", deadline=None, max_examples=100)
hypothesis_settings.load_profile("quick")

TEST_VARIABLES = {
    *("TIDINGS_TEST_MODEL_URL", "TIDINGS_TEST_POSTGRES_URL"),
    *("TIDINGS_REAL_DATA", "TIDINGS_CHAOS_MINUTES"),
}

for _name in [
    name for name in os.environ if name.startswith(("TIDINGS_", "CELERY_", "FLOWER_", "PG"))
]:
    if _name not in TEST_VARIABLES:
        del os.environ[_name]

# Where bytecode is forbidden, hundreds of processes would each compile the project, and pytest the
# tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A script's shell lets what it puts into the background ignore Ctrl-C, and so all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MEMORY_FOLDER = find_memory_folder()
if MEMORY_FOLDER is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_FOLDER))  # where `tmp_path` is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what runs on PostgreSQL to `make test-all`: SQLite has run the same."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and "postgresql" in callspec.id.split("-"):
            item.add_marker("thorough")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collect garbage as a command does, and never look at modules and tests."""
    collect_seldom()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _run_in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the `.env` and the stack of the developer out of tests."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _warm_processes() -> Iterator[None]:
    """Start commands and workers from a process that has done their imports."""
    with warm_processes():
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    with statements_compiled_once():
        yield


@pytest.fixture(scope="module")
def cold_processes() -> Iterator[None]:
    """Execute commands and workers as users do."""
    with executed_processes():
        yield


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def redis_url(_valkey: str) -> str:
    """The address of an empty Valkey, password included."""
    return empty_valkey(_valkey)


@pytest.fixture(scope="session")
def _stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stub]:
    with running_stub(tmp_path_factory.mktemp("stub")) as stub:
        yield stub


@pytest.fixture
def stub(_stub: Stub) -> Stub:
    """A stub of the Text API that has counted nothing, in a process."""
    _stub.clear()
    return _stub


@pytest.fixture
def stub_settings(settings: Settings, stub: Stub) -> Settings:
    """Settings of a stack with the stub for its Text API."""
    return settings.model_copy(update={"textapi_url": stub.url})


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    with ExitStack() as stack:
        url = os.environ.get("TIDINGS_TEST_POSTGRES_URL")
        if not url:
            try:
                url = stack.enter_context(running_postgres(MEMORY_FOLDER))
            except NoPostgresError as error:
                if os.environ.get("CI"):
                    pytest.fail(f"no PostgreSQL: {error}")

                pytest.skip(f"no PostgreSQL: {error}")

        server = Postgres(url, f"tidings_template_{secrets.token_hex(4)}")
        server.execute(f"CREATE DATABASE {server.template} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            migrate(server.at(server.template))
            yield server
        finally:
            server.execute(f"DROP DATABASE {server.template} WITH (FORCE)")
            server.close()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    new_sqlite(path)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with our tables for each test; the test runs once on each engine."""
    with new_database(request, tmp_path, request.param) as url:
        yield url


@pytest.fixture(scope="module")
def filled_databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FilledDatabases]:
    """Databases that tests of a module have filled, of which other tests get copies."""
    folder = tmp_path_factory.mktemp("filled")
    filled = FilledDatabases(folder, lambda: request.getfixturevalue("_postgres"))
    with closing(filled):
        yield filled


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """That database, open."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def command_db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A SQLite database, open, which ``tidings`` finds by its setting, with a home of its own.

    It pools no connections, so that nothing is left open which a test forgets to close.
    """
    url = new_sqlite(tmp_path / "tidings.db")
    with closing(Database(url, pooled=False)) as database:
        monkeypatch.setenv("TIDINGS_DATABASE_URL", url)
        monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same without any table, for the migrations themselves."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with request.getfixturevalue("_postgres").new_database("template0") as url:
            yield url


@pytest.fixture
def start_worker() -> Iterator[Callable[..., SupervisedProcess]]:
    """Start Celery workers as `running_worker` does; they end with the test."""
    with ExitStack() as stack:
        yield lambda settings, **options: stack.enter_context(running_worker(settings, **options))


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings with a home, a database and a broker of the test's own."""
    return Settings(home=tmp_path / "home", database_url=database_url, redis_url=redis_url)
