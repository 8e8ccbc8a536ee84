"""A clock that was two hours ahead for a moment: what was written then holds nothing up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from core.enums import QUEUE_TEXT, JobKind, State
from models.answers import claim_answers
from models.database import Database, clock
from models.job_transitions import claim_job, correct_times, put_off_job, requeue_job
from models.jobs import Claim, try_acquire_maintenance
from models.runs import NewJob, create_run
from models.scheduling import select_due_jobs
from models.tables import AnswerClaim, Job, MaintenanceLock

TWO_HOURS = 7200.0
KEYS = [bytes([number]) * 16 for number in range(3)]


@pytest.fixture
def jobs(db: Database) -> list[int]:
    """Two queued jobs."""
    new = [NewJob(JobKind.MONTH, f"2020-0{month}", {}) for month in (1, 2)]
    run = create_run(db, kind="months", name=None, parameters={}, jobs=new)
    with db.read() as connection:
        return list(connection.scalars(select(Job.id).where(Job.run_id == run).order_by(Job.id)))


def claim(db: Database, job_id: int) -> Claim | None:
    return claim_job(db, job_id, owner="a", lease_seconds=20, has_exited=lambda _: False)


def claimed(db: Database, job_id: int) -> Claim:
    found = claim(db, job_id)
    assert found is not None
    return found


def set_job(db: Database, job_id: int, **columns: Any) -> None:
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == job_id).values(**columns))


def due_jobs(db: Database) -> list[int]:
    return [job.job_id for job in select_due_jobs(db, QUEUE_TEXT, 10)]


def test_a_job_that_was_queued_then_is_due(db: Database, jobs: list[int]) -> None:
    for job_id in jobs:
        requeue_job(db, claimed(db, job_id))
        set_job(db, job_id, due_at=clock() + TWO_HOURS)

    assert sorted(due_jobs(db)) == jobs
    assert claim(db, jobs[0]) is not None


def test_a_job_that_was_put_off_then_is_due_after_the_next_reconcile(
    db: Database, jobs: list[int]
) -> None:
    for job_id, seconds in zip(jobs, (5.0, TWO_HOURS), strict=True):
        put_off_job(db, claimed(db, job_id), seconds=seconds, reason="away")

    set_job(db, jobs[0], due_at=clock() + TWO_HOURS)
    correct_times(db)
    assert due_jobs(db) == [jobs[0]]  # the other was put off for two hours
    with db.read() as connection:
        state = select(Job.state, Job.wait_seconds).where(Job.id == jobs[1])
        assert connection.execute(state).one() == (State.WAITING, TWO_HOURS)


def test_a_job_that_was_dispatched_then_is_dispatched_again(db: Database, jobs: list[int]) -> None:
    for job_id in jobs:
        set_job(db, job_id, dispatched_at=clock() + TWO_HOURS)
    correct_times(db)
    assert sorted(due_jobs(db)) == jobs


def test_maintenance_that_was_done_then_is_done_again(db: Database) -> None:
    assert try_acquire_maintenance(db, "reconcile", every_seconds=10)
    assert not try_acquire_maintenance(db, "reconcile", every_seconds=10)
    with db.write() as connection:
        connection.execute(update(MaintenanceLock).values(at=clock() + TWO_HOURS))

    assert try_acquire_maintenance(db, "reconcile", every_seconds=10)
    assert not try_acquire_maintenance(db, "reconcile", every_seconds=10)


def test_an_answer_that_was_claimed_then_can_be_claimed_by_others(
    db: Database, jobs: list[int]
) -> None:
    first, second = (claimed(db, job_id) for job_id in jobs)
    assert set(claim_answers(db, first, KEYS, seconds=35)) == set(KEYS)
    assert claim_answers(db, second, KEYS, seconds=35) == {}
    with db.write() as connection:
        connection.execute(update(AnswerClaim).values(until=clock() + TWO_HOURS))

    assert claim_answers(db, second, KEYS, seconds=35) == dict.fromkeys(KEYS, 1)
