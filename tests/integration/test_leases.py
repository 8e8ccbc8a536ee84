"""Claims, leases, the fence, crashes and fairness, on both databases; time passes by moving what is stored."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from core.enums import QUEUE_TEXT, JobKind, State, Step, StepState
from core.errors import LeaseLost
from models.database import Database, clock
from models.jobs import (
    Claim,
    claim_job,
    close_ended_runs,
    fence,
    finish_job,
    note_progress,
    release_job,
    renew_lease,
    requeue_lost_jobs,
    set_step,
    steps_done,
    try_acquire_maintenance,
)
from models.runs import NewJob, cancel_run, create_run, pause_run, resume_run, retry_run
from models.scheduling import reset_dispatch, select_due_jobs
from models.tables import Job, JobStep, Run


def alive(_owner: str) -> bool:
    return False


def gone(_owner: str) -> bool:
    return True


def new_run(db: Database, *names: str, **options: Any) -> int:
    jobs = [NewJob(JobKind.MONTH, name, {}) for name in names or ("2020-01",)]
    return create_run(db, kind="months", name=None, parameters={}, jobs=jobs, **options)


def row(db: Database, run: int, name: str = "2020-01") -> Any:
    with db.read() as connection:
        return connection.execute(
            select(Job.__table__).where(Job.run_id == run, Job.name == name)
        ).one()


def run_state(db: Database, run: int) -> str:
    with db.read() as connection:
        return str(connection.scalar(select(Run.state).where(Run.id == run)))


def claim(
    db: Database, run: int, owner: str = "a", *, has_exited: Any = alive, name: str = "2020-01"
) -> Claim | None:
    return claim_job(
        db, row(db, run, name).id, owner=owner, lease_seconds=20, has_exited=has_exited
    )


def must_claim(db: Database, run: int, owner: str = "a", **options: Any) -> Claim:
    claimed = claim(db, run, owner, **options)
    assert claimed is not None
    return claimed


def let_lease_run_out(db: Database, run: int) -> None:
    with db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(lease_until=clock() - 1))


def test_a_due_job_is_claimed_once(db: Database) -> None:
    run = new_run(db)
    claimed = must_claim(db, run)
    assert (claimed.number, claimed.crashes, claimed.name) == (1, 0, "2020-01")
    assert run_state(db, run) == State.RUNNING
    assert claim(db, run, "b") is None


def test_of_many_that_claim_at_once_one_wins(db: Database) -> None:
    run = new_run(db)
    job_id = row(db, run).id
    start, won = threading.Barrier(8), []

    def try_it(owner: str) -> None:
        start.wait()
        if claim_job(db, job_id, owner=owner, lease_seconds=20, has_exited=alive):
            won.append(owner)

    threads = [threading.Thread(target=try_it, args=(f"owner {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert row(db, run).claims == 1


def test_a_job_that_is_not_due_is_not_claimed(db: Database) -> None:
    run = new_run(db)
    release_job(db, must_claim(db, run), state=State.WAITING, due_in=60, reason="a limit")
    assert claim(db, run) is None
    assert row(db, run).reason == "a limit"


def test_a_dead_owner_on_this_host_is_replaced_at_once(db: Database) -> None:
    run = new_run(db)
    must_claim(db, run, "a")
    second = must_claim(db, run, "b", has_exited=gone)
    assert (second.number, second.crashes) == (2, 1)


def test_a_lease_that_ran_out_is_taken_over_and_the_stale_owner_writes_nothing_more(
    db: Database,
) -> None:
    run = new_run(db)
    stale = must_claim(db, run, "a")
    let_lease_run_out(db, run)
    fresh = must_claim(db, run, "b")
    assert renew_lease(db, stale, lease_seconds=20) is None
    with pytest.raises(LeaseLost, match="2020-01"), db.write() as connection:
        fence(connection, stale, progress=True)
    with pytest.raises(LeaseLost):
        finish_job(db, stale, state=State.DONE)
    release_job(db, stale, state=State.QUEUED)
    now = row(db, run)
    assert (now.state, now.owner, now.claims) == (State.RUNNING, "b", fresh.number)
    with db.read() as connection:
        assert steps_done(connection, now.id) == {}


def test_a_write_that_loses_the_fence_rolls_everything_back(db: Database) -> None:
    run = new_run(db)
    stale = must_claim(db, run, "a")
    let_lease_run_out(db, run)
    must_claim(db, run, "b")
    with pytest.raises(LeaseLost), db.write() as connection:  # noqa: PT012 - both statements are one transaction
        set_step(connection, db, stale, step=Step.KEYWORDS, state=StepState.COMPLETE, documents=1)
        fence(connection, stale)
    with db.read() as connection:
        assert connection.execute(select(JobStep.step)).all() == []


def test_the_same_owner_cannot_use_an_earlier_claim_of_its_own(db: Database) -> None:
    run = new_run(db)
    first = must_claim(db, run, "a")
    release_job(db, first, state=State.QUEUED)
    must_claim(db, run, "a")
    assert renew_lease(db, first, lease_seconds=20) is None


def test_a_renewal_prolongs_the_lease_and_tells_of_a_pause(db: Database) -> None:
    run = new_run(db)
    claimed = must_claim(db, run)
    let_lease_run_out(db, run)
    assert renew_lease(db, claimed, lease_seconds=20) == State.RUNNING
    with db.read() as connection:
        left = connection.scalar(select(Job.lease_until - clock()).where(Job.run_id == run))
    assert left is not None
    assert 15 < left <= 20
    pause_run(db, run)
    assert renew_lease(db, claimed, lease_seconds=20) == State.PAUSED
    release_job(db, claimed, state=State.QUEUED)
    assert claim(db, run) is None
    resume_run(db, run)
    assert claim(db, run) is not None


def test_three_deaths_without_progress_fail_the_job_with_the_reason(db: Database) -> None:
    run = new_run(db)
    for owner in ("a", "b", "c"):
        must_claim(db, run, owner, has_exited=gone)
    assert claim(db, run, "d", has_exited=gone) is None
    failed = row(db, run)
    assert failed.state == State.FAILED
    assert "killed its worker 3 times in a row without progress" in failed.reason
    assert run_state(db, run) == State.FAILED


def test_reconcile_counts_deaths_as_a_claimant_does(db: Database) -> None:
    run = new_run(db)
    for owner in ("a", "b", "c"):
        must_claim(db, run, owner)
        assert requeue_lost_jobs(db, gone) == 1
    assert row(db, run).state == State.FAILED
    assert run_state(db, run) == State.FAILED


@pytest.mark.parametrize("how", ["a step", "an answer"])
def test_a_job_that_moves_is_not_failed_however_often_it_is_killed(db: Database, how: str) -> None:
    run = new_run(db)
    for number in range(12):
        claimed = must_claim(db, run, f"owner {number}", has_exited=gone)
        if number % 2:
            with db.write() as connection:
                if how == "a step":
                    fence(connection, claimed, progress=True)
                else:
                    note_progress(connection, claimed)
    assert row(db, run).state == State.RUNNING


def test_a_retried_job_has_its_three_deaths_again(db: Database) -> None:
    run = new_run(db)
    for owner in ("a", "b", "c"):
        must_claim(db, run, owner, has_exited=gone)
    assert claim(db, run, has_exited=gone) is None
    assert retry_run(db, run) == 1
    assert must_claim(db, run).crashes == 0
    assert run_state(db, run) == State.RUNNING


def test_only_lost_jobs_are_taken_back(db: Database) -> None:
    run = new_run(db, "2020-01", "2020-02")
    must_claim(db, run, "dead")
    must_claim(db, run, "living", name="2020-02")
    assert requeue_lost_jobs(db, lambda owner: owner == "dead") == 1
    assert row(db, run).state == State.QUEUED
    assert row(db, run, "2020-02").state == State.RUNNING


def test_a_run_ends_with_its_last_job_and_gets_one_report(db: Database) -> None:
    run = new_run(db, "2020-01", "2020-02")
    finish_job(db, must_claim(db, run), state=State.DONE)
    assert run_state(db, run) == State.RUNNING
    finish_job(db, must_claim(db, run, name="2020-02"), state=State.FAILED, reason="why")
    assert run_state(db, run) == State.FAILED
    close_ended_runs(db)
    with db.read() as connection:
        kinds = connection.scalars(select(Job.kind).where(Job.run_id == run)).all()
    assert sorted(kinds) == ["month", "month", "report"]


def test_many_last_jobs_that_end_at_once_end_their_run(db: Database) -> None:
    names = [f"2020-{month:02}" for month in range(1, 9)]
    run = new_run(db, *names)
    claims = [must_claim(db, run, name=name) for name in names]
    start = threading.Barrier(len(claims))

    def end(claimed: Claim) -> None:
        start.wait()
        finish_job(db, claimed, state=State.DONE)

    threads = [threading.Thread(target=end, args=(claimed,)) for claimed in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run_state(db, run) == State.DONE


def test_a_run_whose_last_worker_died_before_closing_it_is_closed_by_reconcile(
    db: Database,
) -> None:
    run = new_run(db)
    must_claim(db, run)
    with db.write() as connection:
        connection.execute(
            update(Job).where(Job.run_id == run).values(state=State.DONE, owner=None)
        )
    close_ended_runs(db)
    assert run_state(db, run) == State.DONE


def test_a_cancelled_job_loses_its_claim(db: Database) -> None:
    run = new_run(db)
    claimed = must_claim(db, run)
    cancel_run(db, run)
    assert renew_lease(db, claimed, lease_seconds=20) is None
    assert claim(db, run, has_exited=gone) is None
    assert requeue_lost_jobs(db, gone) == 0


def picked(db: Database, wanted: int, **options: Any) -> list[tuple[int, str]]:
    return [(due.run_id, due.name) for due in select_due_jobs(db, QUEUE_TEXT, wanted, **options)]


def test_a_small_run_after_a_large_one_gets_the_next_place(db: Database) -> None:
    large = new_run(db, *[f"20{year}-{month:02}" for year in (18, 19) for month in range(1, 13)])
    assert [run for run, _ in picked(db, 4)] == [large] * 4
    small = new_run(db, "2020-01", "2020-02")
    assert picked(db, 3) == [(small, "2020-01"), (small, "2020-02"), (large, "2018-05")]


def test_runs_with_as_much_at_work_take_turns(db: Database) -> None:
    first, second = new_run(db, "2020-01", "2020-02"), new_run(db, "2020-01", "2020-02")
    assert [run for run, _ in picked(db, 4)] == [first, second, first, second]


def test_a_job_is_hinted_once_until_the_hint_is_late_or_could_not_be_sent(db: Database) -> None:
    run = new_run(db)
    due = select_due_jobs(db, QUEUE_TEXT, 5)
    assert picked(db, 5) == []
    reset_dispatch(db, due)
    assert picked(db, 5) == [(run, "2020-01")]
    with db.write() as connection:
        connection.execute(update(Job).values(dispatched_at=clock() - 10))
    assert picked(db, 5) == []
    assert picked(db, 5, lost_after=5) == [(run, "2020-01")]
    with db.write() as connection:
        connection.execute(update(Job).values(dispatched_at=clock() - 31))
    assert picked(db, 5) == [(run, "2020-01")]


def test_nothing_of_a_paused_run_is_hinted(db: Database) -> None:
    pause_run(db, new_run(db))
    assert picked(db, 5) == []


def test_a_duty_is_done_by_one_at_a_time(db: Database) -> None:
    assert try_acquire_maintenance(db, "reconcile", every_seconds=10)
    assert not try_acquire_maintenance(db, "reconcile", every_seconds=10)
    assert try_acquire_maintenance(db, "reconcile", every_seconds=-1)


def test_a_run_that_has_its_share_of_the_slots_is_told_of_in_reserve(db: Database) -> None:
    large = new_run(db, *(f"2020-{month:02}" for month in range(1, 7)))
    first = select_due_jobs(db, QUEUE_TEXT, 4, slots=2)
    assert [(due.run_id, due.in_turn) for due in first] == [
        (large, True),
        (large, True),
        (large, False),
        (large, False),
    ]
    must_claim(db, large, name="2020-01")
    must_claim(db, large, name="2020-02")
    small = new_run(db, "2021-01", "2021-02")
    told = select_due_jobs(db, QUEUE_TEXT, 2, slots=2)
    assert [(due.run_id, due.in_turn) for due in told] == [(small, True), (small, False)]


def test_a_run_with_nothing_running_comes_before_one_that_is_told_of_less(db: Database) -> None:
    large, small = (
        new_run(db, "2020-01", "2020-02", "2020-03"),
        new_run(db, "2021-01", "2021-02", "2021-03"),
    )
    select_due_jobs(db, QUEUE_TEXT, 2, slots=2)  # one of each
    must_claim(db, small, name="2021-01")
    (told,) = select_due_jobs(db, QUEUE_TEXT, 1, slots=2)
    assert (told.run_id, told.in_turn) == (large, True)
