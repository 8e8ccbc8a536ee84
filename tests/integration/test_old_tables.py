"""A database whose tables another version of the program made."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from typer.testing import CliRunner

from cli.main import app
from core.enums import JobKind
from core.errors import StackError
from models.database import Database, migrate
from models.documents import add_documents
from models.runs import NewJob, create_run
from models.tables import Job, JobStep


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


def test_jobs_of_an_older_version_keep_the_documents_that_they_may_have_seen(
    empty_database_url: str,
) -> None:
    migrate(empty_database_url)
    db = Database(empty_database_url, pooled=False)
    columns = (
        "identity",
        "source",
        "handle",
        "author_id",
        "published_at",
        "period",
        "address",
        "text",
        "material",
    )
    add_documents(
        db,
        [dict.fromkeys(columns) | {"identity": "x:1", "source": "x", "text": "a", "repost": False}],
    )
    names = ("looked", "at work", "ended without", "waits")
    run = create_run(
        db,
        kind="months",
        name=None,
        parameters={},
        jobs=[NewJob(JobKind.MONTH, name, {}) for name in names],
    )
    with db.write() as connection:
        ids = dict(connection.execute(select(Job.name, Job.id).where(Job.run_id == run)).all())
        for name, state in (
            ("looked", "done"),
            ("at work", "running"),
            ("ended without", "cancelled"),
        ):
            connection.execute(update(Job).where(Job.id == ids[name]).values(state=state))
        for name in ("looked", "at work"):
            step = {
                "job_id": ids[name],
                "step": "documents",
                "state": "complete",
                "documents": 1,
                "at": 0.0,
            }
            connection.execute(insert(JobStep), step)
    migrate(empty_database_url, "0006")
    migrate(empty_database_url)
    with db.read() as connection:
        marks = dict(connection.execute(select(Job.name, Job.newest_document)).all())
    assert marks == {"looked": 1, "at work": 1, "ended without": 0, "waits": None}
