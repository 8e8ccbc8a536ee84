"""A database whose tables another version of the program created."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from typer.testing import CliRunner

from cli.main import app
from core.errors import SettingsError, StackError
from models.database import Database, migrate, newest_revision, stored_revision
from tests.databases import add_run_of_months


def set_revision(url: str, revision: str) -> None:
    db = Database(url, pooled=False)
    with db.write() as connection:
        statement = text("UPDATE alembic_version SET version_num = :revision")
        connection.execute(statement, {"revision": revision})


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [
        ("0001", "Point TIDINGS_DATABASE_URL at a new database"),
        ("0007", "Point TIDINGS_DATABASE_URL at a new database"),
        ("0002_distinctive_words", "Point TIDINGS_DATABASE_URL at a new database"),
        ("0002_labels", "run `tidings migrate`"),
        ("9999_later", "upgrade the program"),
    ],
)
def test_tables_of_another_revision_are_named_with_what_to_do(
    empty_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    revision: str,
    remedy: str,
) -> None:
    migrate(empty_database_url)
    set_revision(empty_database_url, revision)
    monkeypatch.setenv("TIDINGS_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"id": "1", "handle": "ann", "text": "Hello", "date": "2021-01-01"}\n')
    for arguments in (["import", str(posts)], ["runs"]):
        error = CliRunner().invoke(app, arguments).exception
        assert isinstance(error, StackError)
        assert f"tables are of revision {revision}" in str(error)
        assert f"this program's of {newest_revision()}" in str(error)
        assert remedy in str(error)
        assert "`tidings migrate`" in str(error) or "upgrade" in str(error)


@pytest.mark.parametrize(
    ("stored", "remedy"),
    [
        ("0007", "a new database"),
        ("0003_forgotten_runs", "a new database"),
        ("9999_later", "upgrade the program"),
    ],
)
def test_tables_from_before_the_first_release_or_of_a_later_one_are_not_migrated(
    empty_database_url: str, stored: str, remedy: str
) -> None:
    migrate(empty_database_url)
    set_revision(empty_database_url, stored)
    for revision in ("head", "base", "0001_first_tables"):
        with pytest.raises(SettingsError, match=f"revision {stored}, .*{remedy}"):
            migrate(empty_database_url, revision)


def create_development_tables(url: str) -> None:
    """Create the tables that had the first revision's name until it was replaced."""
    migrate(url, "0001_first_tables")
    db = Database(url, pooled=False)
    with db.write() as connection:
        for statement in (
            "DROP TABLE run_erasures",
            "DROP TABLE distinctive_words",
            "DROP TABLE forgotten_runs",
            "ALTER TABLE jobs DROP COLUMN wait_seconds",
            "CREATE TABLE reports (run_id INTEGER PRIMARY KEY, path TEXT, stale TEXT)",
        ):
            connection.execute(text(statement))


def add_first_run(url: str) -> None:
    """Add a run as the first versions stored it, without the name of an archive."""
    db = Database(url, pooled=False)
    keywords = [{"name": "fever", "terms": ["fever"]}]
    months = {"first": "2020-03", "last": "2020-03", "keywords": keywords}
    parameters = {"kind": "months", "material": None, **months}
    run = add_run_of_months(db, parameters)
    with db.write() as connection:
        engine = text("INSERT INTO run_engines (run_id, engine) VALUES (:run, 'stub/1')")
        connection.execute(engine, {"run": run})


def test_tables_of_the_replaced_first_migration_are_refused_and_stay_as_they_are(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_development_tables(empty_database_url)
    monkeypatch.setenv("TIDINGS_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))

    error = CliRunner().invoke(app, ["migrate"]).exception

    assert isinstance(error, SettingsError)
    assert "from before the first release" in str(error)
    assert "Point TIDINGS_DATABASE_URL at a new database" in str(error)
    db = Database(empty_database_url, pooled=False)
    assert stored_revision(db) == "0001_first_tables"
    assert not inspect(db.engine).has_table("labels")


def test_a_run_that_names_no_archive_is_refused_before_its_answers_are_converted(
    empty_database_url: str,
) -> None:
    migrate(empty_database_url, "0001_first_tables")
    add_first_run(empty_database_url)
    with pytest.raises(SettingsError, match="from before the first release"):
        migrate(empty_database_url)

    assert stored_revision(Database(empty_database_url, pooled=False)) == "0001_first_tables"


def test_a_database_without_tables_is_brought_up_to_date_by_migrate(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database_url, "base")
    monkeypatch.setenv("TIDINGS_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"id": "1", "handle": "ann", "text": "Hello", "date": "2021-01-01"}\n')
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    assert CliRunner().invoke(app, ["import", str(posts)]).exit_code == 0
