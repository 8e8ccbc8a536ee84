"""Tidings behind a real PgBouncer with its defaults, which pools transactions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text, update

from core.errors import DatabaseAway
from models.database import Database, migrate
from models.tables import Run
from tests.databases import Postgres, add_run_of_months
from tests.pgbouncer import PgBouncer, running_pgbouncer
from tests.ports import reserved_port

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: Postgres = request.getfixturevalue("_postgres")
    with server.new_database(server.template) as url:
        yield url


@pytest.fixture(scope="module")
def pooler(postgres_url: str) -> Iterator[PgBouncer]:
    with running_pgbouncer(postgres_url, default_pool_size=2) as running:
        yield running


def test_a_pooler_with_its_defaults_is_connected_to_and_its_tables_are_migrated(
    pooler: PgBouncer,
) -> None:
    migrate(pooler.url)
    with closing(Database(pooler.url)) as db, db.read() as connection:
        assert connection.scalar(select(1)) == 1


def test_a_pooler_takes_the_configuration_that_we_ship(postgres_url: str) -> None:
    shipped = ConfigParser(comment_prefixes=(";",))
    shipped.read(ROOT / "ops" / "pgbouncer" / "pgbouncer.ini")
    options = dict(shipped["pgbouncer"])
    for here in ("listen_addr", "listen_port", "auth_type", "auth_file"):
        del options[here]

    with running_pgbouncer(postgres_url, **options) as pooler, closing(Database(pooler.url)) as db:
        _run_often_in_threads(db, 8)


def test_time_outs_are_in_force_in_each_transaction_and_left_to_no_other_client(
    pooler: PgBouncer,
) -> None:
    names = ("lock_timeout", "idle_in_transaction_session_timeout")
    show = text("SELECT setting FROM pg_settings WHERE name = :name")
    with closing(Database(pooler.url, patience=2.0)) as db:
        for opened in (db.read, db.write, db.read):
            with opened() as connection:
                settings = [connection.scalar(show, {"name": name}) for name in names]

            assert settings == ["2000", "15000"]

    with closing(Database(pooler.url)) as other, other.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        assert [connection.scalar(show, {"name": name}) for name in names] == ["0", "0"]


def test_a_lock_that_hangs_ends_after_the_patience_through_a_pooler(pooler: PgBouncer) -> None:
    with closing(Database(pooler.url)) as holder, closing(Database(pooler.url, patience=1)) as db:
        run = add_run_of_months(holder, {})
        rename = update(Run).where(Run.id == run).values(name="x")
        with holder.write() as locked:
            locked.execute(rename)
            began = time.monotonic()
            with pytest.raises(DatabaseAway, match="lock timeout"), db.write() as connection:
                connection.execute(rename)

            assert 0.9 < time.monotonic() - began < 10

        with db.write() as connection:
            assert connection.execute(rename).rowcount == 1


def test_statements_that_are_prepared_go_through_a_pooler_that_keeps_them(
    pooler: PgBouncer,
) -> None:
    with closing(Database(pooler.url)) as db:
        _run_often_in_threads(db, 8)


def test_a_pooler_without_prepared_statements_is_named_with_what_to_do(
    postgres_url: str,
) -> None:
    options = {"default_pool_size": 2, "max_prepared_statements": 0}
    with running_pgbouncer(postgres_url, **options) as pooler:
        with (
            closing(Database(pooler.url)) as db,
            pytest.raises(DatabaseAway, match=r"pooler .* \?prepare=no"),
        ):
            _run_often_in_threads(db, 8)

        with closing(Database(f"{pooler.url}?prepare=no")) as db:
            _run_often_in_threads(db, 8)


def test_a_pooler_whose_server_is_away_is_named(postgres_url: str) -> None:
    port = urlsplit(postgres_url).port
    gone = postgres_url.replace(f":{port}/", f":{reserved_port()}/")
    with (
        running_pgbouncer(gone, query_wait_timeout=3) as pooler,
        closing(Database(pooler.url)) as db,
        pytest.raises(DatabaseAway, match="a pooler stands before it"),
        db.read() as connection,
    ):
        connection.scalar(select(1))


def test_a_pooler_that_was_started_again_costs_no_transaction(pooler: PgBouncer) -> None:
    with closing(Database(pooler.url)) as db:
        for _ in range(3):
            with db.read() as connection:
                assert connection.scalar(select(1)) == 1

            pooler.kill()
            pooler.start()


def _run_often_in_threads(db: Database, threads: int) -> None:
    """Run a statement so often on each connection that it is prepared; raise what a thread did."""
    errors: list[Exception] = []
    started = threading.Barrier(threads)

    def run() -> None:
        started.wait()
        try:
            for number in range(30):
                with db.read() as connection:
                    assert connection.scalar(text("SELECT :n + 0"), {"n": number}) == number
        except DatabaseAway as error:
            errors.append(error)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
