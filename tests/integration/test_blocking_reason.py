"""What a run without progress waits for, in one line, on both databases and a real Valkey."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from core.enums import QUEUE_REPORTS, QUEUE_TEXT, JobKind, State, WaitFor
from core.process_identity import own_process_name
from core.settings import Settings
from models.database import Database
from models.job_transitions import claim_job, fail_job, finish_job, put_off_job
from models.jobs import WORKER_LOST_SECONDS, Claim, record_worker
from models.outages import end_outage, note_outage
from models.run_transitions import pause_at_cap, pause_run, resume_run, retry_run
from models.runs import NewJob, create_run, get_run
from models.tables import Outage, Run, Worker
from producers.status import blocking_reason, run_status


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url)


def new_run(db: Database, *names: str, **options: Any) -> int:
    jobs = [NewJob(JobKind.MONTH, name, {}) for name in names or ("2020-01",)]
    return create_run(db, kind="months", name=None, parameters={}, jobs=jobs, **options)


def claim_first(db: Database, settings: Settings, run: int) -> Claim:
    job = run_status(db, settings, run).details[0].job
    claims = (
        claim_job(
            db, number, owner=own_process_name(), lease_seconds=20, has_exited=lambda _: False
        )
        for number in range(1, 99)
    )
    return next(
        claim for claim in claims if claim is not None and claim.run_id == run and claim.name == job
    )


def record_listening_worker(db: Database) -> None:
    record_worker(db, own_process_name(), queues=QUEUE_TEXT, slots=2)


def test_without_a_stack_the_way_to_start_one_is_given(db: Database) -> None:
    assert "tidings up" in (blocking_reason(db, Settings(), new_run(db)) or "")


def test_a_redis_that_does_not_answer_is_named_without_its_password(db: Database) -> None:
    reason = blocking_reason(db, Settings(redis_url="redis://:geheim@127.0.0.1:1/0"), new_run(db))
    assert reason is not None
    assert reason.startswith("Redis does not answer")
    assert "geheim" not in reason


def test_a_queue_that_no_worker_listens_to_is_named(db: Database, settings: Settings) -> None:
    record_worker(db, own_process_name(), queues="training", slots=2)
    assert (blocking_reason(db, settings, new_run(db)) or "").startswith(
        "a worker that listens to the queue text"
    )


def test_the_slots_of_a_run_are_those_of_workers_that_listen_to_its_jobs_busy_or_not(
    db: Database, settings: Settings
) -> None:
    run = new_run(db)
    record_worker(db, own_process_name(), queues="training", slots=2)
    assert run_status(db, settings, run).slots == 0
    record_worker(db, own_process_name(), queues=f"{QUEUE_REPORTS},{QUEUE_TEXT}", slots=3)
    claim_first(db, settings, new_run(db))
    assert run_status(db, settings, run).slots == 3
    with db.write() as connection:
        connection.execute(update(Worker).values(seen_at=time.time() - WORKER_LOST_SECONDS - 10))

    assert run_status(db, settings, run).slots == 0


def test_neither_a_run_at_work_nor_a_finished_run_waits(db: Database, settings: Settings) -> None:
    record_listening_worker(db)
    run = new_run(db)
    claim = claim_first(db, settings, run)
    assert blocking_reason(db, settings, run) is None
    finish_job(db, claim)
    assert blocking_reason(db, settings, run) is None


def test_a_run_behind_another_waits_for_its_turn(db: Database, settings: Settings) -> None:
    record_listening_worker(db)
    first = new_run(db)
    claim_first(db, settings, first)
    assert blocking_reason(db, settings, new_run(db)) == "its turn: 1 job of other runs at work"


def test_a_reached_limit_is_named_with_the_time_of_the_next_try(
    db: Database, settings: Settings
) -> None:
    record_listening_worker(db)
    run = new_run(db)
    reason = "nyt: limit of 500/d is reached until 2026-01-02 14:05 UTC"
    put_off_job(db, claim_first(db, settings, run), seconds=600, reason=reason)
    shown = blocking_reason(db, settings, run)
    assert shown is not None
    assert shown.startswith(f"{reason} (next try at ")
    assert run_status(db, settings, run).state == State.WAITING


def note_first_failures(db: Database, run: int) -> None:
    with db.write() as connection:
        note_outage(connection, db, run, "nyt", "nyt does not answer", seconds=90)
        note_outage(connection, db, run, "textapi", "textapi does not answer", seconds=60)
        note_outage(connection, db, run, "nyt", "nyt cannot answer now (503)", seconds=5)


def test_the_service_without_an_answer_for_longest_is_named_whatever_the_jobs_do(
    db: Database, settings: Settings
) -> None:
    def shown() -> str:
        return blocking_reason(db, settings, run) or ""

    record_listening_worker(db)
    claim_first(db, settings, new_run(db))
    run = new_run(db)
    note_first_failures(db, run)
    with db.read() as connection:
        outage = select(Outage.since).where(Outage.service == "nyt")
        since = connection.execute(outage).scalar_one()

    words = f"no answer since {datetime.fromtimestamp(since, UTC):%H:%M:%S UTC}"
    assert 85 < time.time() - since < 120
    assert shown() == f"nyt cannot answer now (503) ({words})"
    claim = claim_first(db, settings, run)
    assert shown() == f"nyt cannot answer now (503) ({words})"
    put_off_job(db, claim, seconds=30, reason="away", waits_for=WaitFor.SERVICE)
    assert shown().startswith(f"nyt cannot answer now (503) ({words}; next try at ")

    with db.write() as connection:
        end_outage(connection, run, "nyt")

    assert shown().startswith("textapi does not answer (no answer since ")
    resume_run(db, run)
    assert "no answer since" not in shown()


def test_a_run_that_is_tried_again_after_its_end_knows_no_service_that_was_away(
    db: Database, settings: Settings
) -> None:
    record_worker(db, own_process_name(), queues=f"{QUEUE_TEXT},{QUEUE_REPORTS}", slots=2)
    run = new_run(db)
    note_first_failures(db, run)
    fail_job(db, claim_first(db, settings, run), reason="nyt does not answer")
    retry_run(db, run)
    assert blocking_reason(db, settings, run) is None


def test_a_paused_run_names_the_command_that_resumes_it_and_the_reason(
    db: Database, settings: Settings
) -> None:
    by_hand, capped = new_run(db), new_run(db, max_calls=1)
    pause_run(db, by_hand)
    with db.write() as connection:
        connection.execute(update(Run).where(Run.id == capped).values(calls_begun=1))

    pause_at_cap(db, capped, "cap of 1 calls is reached")
    assert blocking_reason(db, settings, by_hand) == f"`tidings resume {by_hand}`"
    assert blocking_reason(db, settings, capped) == "cap of 1 calls is reached"


def test_failed_jobs_are_counted_with_the_command_that_retries_them(
    db: Database, settings: Settings
) -> None:
    run = new_run(db)
    fail_job(db, claim_first(db, settings, run), reason="no")
    with db.read() as connection:
        assert get_run(connection, run).state == State.FAILED

    shown = blocking_reason(db, settings, run)
    assert shown is not None
    assert shown.startswith("1 failed: ")
    assert f"tidings retry {run}" in shown
