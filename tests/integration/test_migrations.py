"""The tables' history on both databases: up, down, up again with what is stored, and equal to what the code says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, select

import models
from core.enums import JobKind
from models.database import Database, migrate
from models.runs import NewJob, create_run
from models.tables import Base, Document, Job

OURS = {table.name for table in Base.metadata.sorted_tables}


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(models.__file__)).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    (head,) = script.get_heads()  # two heads are two histories
    return [step.revision for step in script.walk_revisions("base", head)][::-1]


@pytest.fixture
def db(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url, pooled=False)
    yield database
    database.close()


def tables(db: Database) -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_the_migrations_make_what_the_code_says(db: Database) -> None:
    migrate(db.url)
    assert tables(db) == OURS
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_partial_indexes_are_partial(db: Database) -> None:
    migrate(db.url)
    indexes = {index["name"]: index for index in inspect(db.engine).get_indexes("jobs")}
    wheres = [
        str(value)
        for name, value in indexes["ix_jobs_hinted_at"]["dialect_options"].items()
        if "where" in name
    ]
    assert [where.strip("()") for where in wheres] == ["dispatched_at IS NOT NULL"]


def test_down_to_nothing_and_up_again(db: Database) -> None:
    migrate(db.url)
    migrate(db.url, "base")
    assert tables(db) == set()
    migrate(db.url)
    assert tables(db) == OURS


def test_every_step_can_be_taken_back_and_keeps_what_is_stored(db: Database) -> None:
    migrate(db.url)
    job = NewJob(JobKind.MONTH, "2020-03", {})
    run = create_run(db, kind="months", name=None, parameters={"kept": True}, jobs=[job])
    with db.write() as connection:
        connection.execute(
            insert(Document).values(identity="nyt:1", source="nyt", text="Kept.", repost=False)
        )
    for revision in revisions()[-2::-1]:
        migrate(db.url, revision)
    migrate(db.url)
    with db.read() as connection:
        assert connection.execute(select(Job.run_id, Job.name)).all() == [(run, "2020-03")]
        assert connection.scalars(select(Document.text)).all() == ["Kept."]


def test_a_second_migration_changes_nothing(db: Database) -> None:
    migrate(db.url)
    with db.write() as connection:
        connection.execute(
            insert(Document).values(identity="nyt:1", source="nyt", text="Kept.", repost=False)
        )
    migrate(db.url)
    with db.read() as connection:
        assert connection.scalars(select(Document.text)).all() == ["Kept."]
