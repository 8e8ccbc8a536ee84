"""A database whose tables another version of the program made."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from core.errors import StackError
from models.database import migrate


def test_tables_of_an_older_version_are_said_and_can_be_brought_up(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database_url, "0001")
    monkeypatch.setenv("TIDINGS_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"id": "1", "handle": "ann", "text": "Hello", "date": "2021-01-01"}\n')
    for arguments in (["import", str(posts)], ["runs"]):
        error = CliRunner().invoke(app, arguments).exception
        assert isinstance(error, StackError)
        assert "tables are of version 0001" in str(error)
        assert "`tidings migrate`" in str(error)
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    assert CliRunner().invoke(app, ["import", str(posts)]).exit_code == 0
