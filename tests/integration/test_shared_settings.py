"""Limits and the pause of all runs, which all workers share by the database."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from core.enums import QUEUE_REPORTS, QUEUE_TEXT, JobKind, State
from core.ratelimit import SharedLimits
from core.ratelimit.notation import parse_limits
from core.settings import Settings
from models.database import Database
from models.job_transitions import claim_job, claim_next, requeue_job
from models.jobs import Claim, get_run_state, renew_lease
from models.queue_stats import read_queue_stats
from models.run_transitions import pause_run
from models.runs import NewJob, create_run
from models.scheduling import select_due_jobs, select_due_report
from models.shared_settings import (
    pause_all,
    read_limits,
    resume_all,
    share_limits,
    with_shared_limits,
)
from models.tables import Job, Run
from producers.status import blocking_reason
from tests.command_kit import run_command


def new_run(db: Database, jobs: int = 3) -> int:
    new_jobs = [NewJob(JobKind.MONTH, f"2020-{month:02}", {}) for month in range(1, jobs + 1)]
    return create_run(db, kind="months", name=None, parameters={}, jobs=new_jobs)


def try_claim(db: Database, run: int) -> Claim | None:
    with db.read() as connection:
        job = connection.scalars(select(Job.id).where(Job.run_id == run).order_by(Job.id)).first()

    assert job is not None
    return claim_job(db, job, owner="a", lease_seconds=20, has_exited=lambda _owner: False)


def test_no_job_is_dispatched_or_claimed_while_all_runs_are_paused(db: Database) -> None:
    run = new_run(db)
    pause_all(db)
    assert select_due_jobs(db, QUEUE_TEXT, 5) == []
    assert try_claim(db, run) is None

    later = new_run(db)
    assert try_claim(db, later) is None

    resume_all(db)
    assert len(select_due_jobs(db, QUEUE_TEXT, 5)) == 5
    assert try_claim(db, run) is not None


def test_a_slice_at_work_hears_of_the_pause_at_its_next_renewal_and_takes_no_companion(
    db: Database,
) -> None:
    claim = try_claim(db, new_run(db))
    assert claim is not None
    assert renew_lease(db, claim, lease_seconds=20) == State.RUNNING
    pause_all(db)
    assert renew_lease(db, claim, lease_seconds=20) == State.PAUSED
    with db.read() as connection:
        assert get_run_state(connection, claim) == State.PAUSED

    assert claim_next(db, claim, lease_seconds=20) is None
    requeue_job(db, claim)
    resume_all(db)
    assert try_claim(db, claim.run_id) is not None


def test_a_report_is_not_dispatched_while_all_runs_are_paused(db: Database) -> None:
    report = NewJob(JobKind.REPORT, "report", {}, QUEUE_REPORTS)
    create_run(db, kind="months", name=None, parameters={}, jobs=[report])
    pause_all(db)
    assert select_due_report(db, 1) == []
    resume_all(db)
    assert len(select_due_report(db, 1)) == 1


def test_a_run_that_was_paused_by_itself_stays_paused_when_all_go_on(db: Database) -> None:
    run, other = new_run(db), new_run(db)
    pause_run(db, run)
    pause_all(db)
    resume_all(db)
    assert try_claim(db, run) is None
    assert try_claim(db, other) is not None


def test_nothing_is_due_while_all_runs_are_paused_and_status_says_why(
    db: Database, settings: Settings
) -> None:
    run = new_run(db)
    assert read_queue_stats(db).oldest_due.keys() == {QUEUE_TEXT}
    pause_all(db)
    assert read_queue_stats(db).oldest_due == {}
    assert blocking_reason(db, settings, run) == "all runs are paused: `tidings resume --all`"


def test_shared_limits_come_before_those_of_the_environment_each_with_a_higher_version(
    db: Database, settings: Settings
) -> None:
    default = SharedLimits(parse_limits("10/s"))
    assert read_limits(db, "textapi", "10/s") == default

    share_limits(db, "textapi", "5/s,100/d")
    assert read_limits(db, "textapi", "10/s") == SharedLimits(parse_limits("5/s,100/d"), 1)
    assert read_limits(db, "nyt", "10/s") == default
    assert with_shared_limits(db, settings).textapi_limits == "5/s,100/d"

    share_limits(db, "textapi", "")
    assert read_limits(db, "textapi", "10/s") == SharedLimits((), 2)
    share_limits(db, "textapi", None)
    assert read_limits(db, "textapi", "10/s") == SharedLimits(default.windows, 3)


def test_limits_are_set_and_shown_by_a_command(command_db: Database) -> None:
    new_run(command_db)
    done = run_command("limits", "textapi", "10/s, 50000/d")
    assert done.returncode == 0
    assert "textapi    10/s,50000/d             set for all workers" in done.stdout

    listed = {
        entry["service"]: entry for entry in json.loads(run_command("limits", "--json").stdout)
    }
    assert listed["textapi"] == {"service": "textapi", "limits": "10/s,50000/d", "shared": True}
    assert listed["nyt"] == {"service": "nyt", "limits": "5/min,500/d", "shared": False}
    assert "limit of textapi, set for all workers: 10/s,50000/d" in run_command("status").stdout

    acts = [act.split() for act in run_command("acts").stdout.splitlines()]
    assert acts[0][-3:] == ["limits", "textapi:", "10/s,50000/d"]
    assert "none" in run_command("limits", "nyt", "none").stdout
    assert "5/min,500/d" in run_command("limits", "nyt", "default").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("limits", "nty", "5/s"), "'nty' is no service: "),
        (("limits", "nyt", "5 a second"), "is no limit"),
        (("limits", "nyt", "5k tokens/s"), "counts calls alone"),
        (("limits", "model", "5 USD/d"), "TIDINGS_MODEL_PRICE is not in USD"),
        (("pause",), "--all"),
        (("pause", "1", "--all"), "--all"),
        (("resume", "--all", "--max-calls", "5"), "a cap is of one run"),
    ],
)
def test_wrong_limits_and_pauses_are_refused(
    command_db: Database,  # noqa: ARG001 - the commands find it
    arguments: tuple[str, ...],
    message: str,
) -> None:
    done = run_command(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_all_runs_are_paused_and_resumed_by_commands(command_db: Database) -> None:
    run = new_run(command_db)
    assert run_command("pause", "--all").returncode == 0
    assert try_claim(command_db, run) is None
    assert json.loads(run_command("status", "--json").stdout)["waiting_for"].startswith("all runs")
    assert run_command("resume", "--all").returncode == 0
    with command_db.read() as connection:
        assert connection.scalar(select(Run.state).where(Run.id == run)) == State.QUEUED

    assert try_claim(command_db, run) is not None
