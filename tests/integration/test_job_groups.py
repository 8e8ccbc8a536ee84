"""`status` sums up long runs, and `status --failed` lists the failed jobs of all runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import update

from core.enums import State
from core.settings import Settings, environment
from models.database import Database
from models.documents import DocumentScope, days_of_month
from models.run_transitions import queue_report
from models.runs import NewJob, create_run
from models.tables import Job
from producers.job_groups import MOST_FAILURES, JobGroup, group_jobs, list_failures
from tests.command_kit import run_command
from tests.json_kit import differences
from tests.reference_pages import PRINTED_BY_OPTIONS


@pytest.fixture
def db(stub_settings: Settings) -> Iterator[Database]:
    with closing(Database(stub_settings.database)) as opened:
        yield opened


def add_run(db: Database, first_year: int, years: int, name: str | None = None) -> int:
    jobs = [
        _new_month(f"{year}-{month:02}")
        for year in range(first_year, first_year + years)
        for month in range(1, 13)
    ]
    return create_run(db, kind="months", name=name, parameters={}, jobs=jobs)


def _new_month(month: str) -> NewJob:
    return NewJob("month", month, {}, scope=DocumentScope(days_of_month(month)))


def change(db: Database, run: int, names: list[str], **columns: Any) -> None:
    jobs = update(Job).where(Job.run_id == run, Job.name.in_(names))
    with db.write() as connection:
        connection.execute(jobs.values(columns))


def test_a_run_of_fifty_years_has_a_line_for_each_state(
    db: Database, stub_settings: Settings
) -> None:
    run = add_run(db, 1950, 50)
    done = [f"{year}-{month:02}" for year in range(1950, 1990) for month in range(1, 13)]
    change(db, run, done, state=State.DONE)
    change(db, run, ["1963-11"], result="no-data", reason="nothing is stored")
    waiting = ["1990-01", "1990-02", "1990-05"]
    change(db, run, waiting, state=State.WAITING, reason="the service is away")
    with db.write() as connection:
        queue_report(connection, run)

    shown = run_command("status", run, variables=environment(stub_settings)).stdout
    assert [line.split() for line in shown.splitlines()[-4:]] == [
        ["done", "479", "1950-01..1963-10,", "1963-12..1989-12"],
        ["no-data", "1", "1963-11", "nothing", "is", "stored"],
        ["waiting", "3", "1990-01..1990-02,", "1990-05", "the", "service", "is", "away"],
        ["queued", "118", "1990-03..1990-04,", "1990-06..1999-12,", "report"],
    ]
    listed = run_command("status", run, "--jobs", variables=environment(stub_settings)).stdout
    assert len(listed.splitlines()) > 600
    variables = environment(stub_settings)
    printed = json.loads(run_command("status", run, "--json", variables=variables).stdout)
    assert len(printed["details"]) == 601


def test_failed_jobs_of_a_long_run_have_a_line_for_each_reason(db: Database) -> None:
    run = add_run(db, 2000, 3)
    failed = {"state": State.FAILED, "reason": "403"}
    change(db, run, ["2001-12", "2002-01", "2000-05"], **failed)
    change(db, run, ["2002-02"], **{**failed, "reason": "away"})
    with db.read() as connection:
        assert group_jobs(connection, run, only_failed=True) == [
            JobGroup("failed", 3, "2000-05, 2001-12..2002-01", "403"),
            JobGroup("failed", 1, "2002-02", "away"),
        ]
        (_, group) = group_jobs(connection, run, only_failed=False)

    assert group.reason == "403 (and 1 other reason)"


def test_failed_jobs_of_all_runs_are_grouped_by_run_and_reason_the_newest_first(
    db: Database, stub_settings: Settings
) -> None:
    variables = environment(stub_settings)
    assert run_command("status", "--failed", variables=variables).stderr == (
        "no job of any run has failed\n"
    )
    first, second = add_run(db, 2000, 1, name="Ferries"), add_run(db, 2000, 1)
    failed = {"state": State.FAILED, "reason": "403: look at the key"}
    change(db, first, ["2000-02", "2000-03"], ended_at=86_400.0, **failed)
    change(db, first, ["2000-04"], ended_at=90_000.0, state=State.FAILED, reason=None)
    change(db, second, ["2000-12"], ended_at=80_000.0, **failed)
    assert run_command("status", "--failed", variables=variables).stdout.splitlines() == [
        "run 1 (Ferries): 1 job failed, the last at 1970-01-02 01:00: 2000-04",
        "  no reason was stored",
        "run 1 (Ferries): 2 jobs failed, the last at 1970-01-02 00:00: 2000-02..2000-03",
        "  403: look at the key",
        "run 2: 1 job failed, the last at 1970-01-01 22:13: 2000-12",
        "  403: look at the key",
    ]
    printed = json.loads(run_command("status", "--failed", "--json", variables=variables).stdout)
    assert [(row["run"], row["jobs"]) for row in printed] == [(1, 1), (1, 2), (2, 1)]
    assert not list(differences(printed, PRINTED_BY_OPTIONS["status --failed"]))


def test_the_list_of_failures_and_the_names_in_it_are_bounded(db: Database) -> None:
    run = add_run(db, 2000, 6)
    for number in range(MOST_FAILURES + 1):
        month = f"{2000 + number // 12}-{number % 12 + 1:02}"
        change(db, run, [month], state=State.FAILED, reason=f"r{number}", ended_at=float(number))

    with db.read() as connection:
        failures = list_failures(connection)

    assert len(failures) == MOST_FAILURES
    assert failures[0].reason == f"r{MOST_FAILURES}"
    odd = [f"{year}-{month:02}" for year in range(2000, 2006) for month in range(1, 13, 2)]
    other = add_run(db, 2000, 6)
    change(db, other, odd, state=State.FAILED, reason="odd", ended_at=1e9)
    with db.read() as connection:
        newest = list_failures(connection)[0]

    assert newest.names.startswith("2000-01, 2000-03,")
    assert newest.names.endswith("2001-11 and 24 more")
