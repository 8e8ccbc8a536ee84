"""A database whose tables another version of the program created."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from core.errors import SettingsError, StackError
from models.database import Database, migrate, newest_revision


def set_revision(url: str, revision: str) -> None:
    db = Database(url, pooled=False)
    with db.write() as connection:
        statement = text("UPDATE alembic_version SET version_num = :revision")
        connection.execute(statement, {"revision": revision})


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [
        ("0001", "point TIDINGS_DATABASE_URL at a new database"),
        ("0007", "point TIDINGS_DATABASE_URL at a new database"),
        ("0000_earlier", "run `tidings migrate`"),
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
    ("stored", "remedy"), [("0007", "a new database"), ("9999_later", "upgrade the program")]
)
def test_tables_from_before_the_first_release_or_of_a_later_one_are_not_migrated(
    empty_database_url: str, stored: str, remedy: str
) -> None:
    migrate(empty_database_url)
    set_revision(empty_database_url, stored)
    for revision in ("head", "base", "0001_first_tables"):
        with pytest.raises(SettingsError, match=f"revision {stored}, .*{remedy}"):
            migrate(empty_database_url, revision)


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
