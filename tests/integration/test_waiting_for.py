"""What a run that does not move waits for, in one line, on both databases and a real Valkey."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from core.enums import QUEUE_TEXT, JobKind, State
from core.process_identity import own_process_name
from core.settings import Settings
from models.database import Database
from models.jobs import Claim, claim_job, finish_job, record_worker, release_job
from models.runs import NewJob, create_run, get_run, pause_at_cap, pause_run
from models.tables import Run
from producers.status import blocking_reason, run_status


@pytest.fixture
def stub_settings(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url)


def new_run(db: Database, *names: str, **options: Any) -> int:
    jobs = [NewJob(JobKind.MONTH, name, {}) for name in names or ("2020-01",)]
    return create_run(db, kind="months", name=None, parameters={}, jobs=jobs, **options)


def claimed(db: Database, stub_settings: Settings, run: int) -> Claim:
    job = run_status(db, stub_settings, run)["details"][0]["job"]
    claims = (
        claim_job(
            db, number, owner=own_process_name(), lease_seconds=20, has_exited=lambda _: False
        )
        for number in range(1, 99)
    )
    return next(
        claim for claim in claims if claim is not None and claim.run_id == run and claim.name == job
    )


def a_worker_listens(db: Database) -> None:
    record_worker(db, own_process_name(), queues=QUEUE_TEXT, slots=2)


def test_without_a_stack_it_says_how_to_start_one(db: Database) -> None:
    assert "tidings up" in (blocking_reason(db, Settings(), new_run(db)) or "")


def test_a_redis_that_does_not_answer_is_named_and_its_password_is_not(db: Database) -> None:
    reason = blocking_reason(db, Settings(redis_url="redis://:geheim@127.0.0.1:1/0"), new_run(db))
    assert reason is not None
    assert reason.startswith("Redis does not answer")
    assert "geheim" not in reason


def test_a_queue_that_no_worker_listens_to_is_named(db: Database, stub_settings: Settings) -> None:
    record_worker(db, own_process_name(), queues="training", slots=2)
    assert (blocking_reason(db, stub_settings, new_run(db)) or "").startswith(
        "a worker that listens to the queue text"
    )


def test_a_run_at_work_and_a_run_that_is_done_wait_for_nothing(
    db: Database, stub_settings: Settings
) -> None:
    a_worker_listens(db)
    run = new_run(db)
    claim = claimed(db, stub_settings, run)
    assert blocking_reason(db, stub_settings, run) is None
    finish_job(db, claim, state=State.DONE)
    assert blocking_reason(db, stub_settings, run) is None


def test_a_run_behind_another_waits_for_its_turn(db: Database, stub_settings: Settings) -> None:
    a_worker_listens(db)
    first = new_run(db)
    claimed(db, stub_settings, first)
    assert (
        blocking_reason(db, stub_settings, new_run(db)) == "its turn: 1 job of other runs at work"
    )


def test_a_limit_that_is_reached_is_named_with_the_time_of_the_next_try(
    db: Database, stub_settings: Settings
) -> None:
    a_worker_listens(db)
    run = new_run(db)
    reason = "nyt: limit of 500/d is reached until 2026-01-02 14:05 UTC"
    release_job(db, claimed(db, stub_settings, run), state=State.WAITING, due_in=600, reason=reason)
    said = blocking_reason(db, stub_settings, run)
    assert said is not None
    assert said.startswith(f"{reason} (next try at ")
    assert run_status(db, stub_settings, run)["state"] == State.WAITING


def test_a_paused_run_says_how_it_goes_on_and_why_it_does_not(
    db: Database, stub_settings: Settings
) -> None:
    by_hand, capped = new_run(db), new_run(db, max_calls=1)
    pause_run(db, by_hand)
    with db.write() as connection:
        connection.execute(update(Run).where(Run.id == capped).values(calls_begun=1))
    pause_at_cap(db, capped, "cap of 1 calls is reached")
    assert blocking_reason(db, stub_settings, by_hand) == f"`tidings resume {by_hand}`"
    assert (
        blocking_reason(db, stub_settings, capped)
        == f"`tidings resume {capped}` (cap of 1 calls is reached)"
    )


def test_failed_jobs_are_counted_with_the_way_to_try_them_again(
    db: Database, stub_settings: Settings
) -> None:
    run = new_run(db)
    finish_job(db, claimed(db, stub_settings, run), state=State.FAILED, reason="no")
    with db.read() as connection:
        assert get_run(connection, run).state == State.FAILED
    said = blocking_reason(db, stub_settings, run)
    assert said is not None
    assert said.startswith("1 failed: ")
    assert f"tidings retry {run}" in said
