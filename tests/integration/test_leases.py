"""Claims, leases, the fence, crashes and fairness on both databases; stored times are moved."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from core.enums import QUEUE_TEXT, JobKind, State, StepState, WaitFor
from core.errors import LeaseLost
from models.database import Database, clock
from models.job_transitions import (
    claim_companions,
    claim_job,
    fail_job,
    finish_job,
    put_off_job,
    requeue_crashed_jobs,
    requeue_job,
    requeue_lost_jobs,
)
from models.jobs import (
    Claim,
    completed_steps,
    fence,
    note_progress,
    renew_lease,
    set_step,
    try_acquire_maintenance,
    waited_seconds,
)
from models.run_transitions import cancel_run, close_ended_runs, pause_run, resume_run, retry_run
from models.runs import NewJob, create_run
from models.scheduling import reset_dispatch, select_due_jobs
from models.tables import Job, JobStep, Run


def is_alive(_owner: str) -> bool:
    return False


def has_gone(_owner: str) -> bool:
    return True


def new_run(db: Database, *names: str, **options: Any) -> int:
    jobs = [NewJob(JobKind.MONTH, name, {}) for name in names or ("2020-01",)]
    return create_run(db, kind="months", name=None, parameters={}, jobs=jobs, **options)


def read_job(db: Database, run: int, name: str = "2020-01") -> Any:
    with db.read() as connection:
        return connection.execute(
            select(Job.__table__).where(Job.run_id == run, Job.name == name)
        ).one()


def run_state(db: Database, run: int) -> str:
    with db.read() as connection:
        return str(connection.scalar(select(Run.state).where(Run.id == run)))


def try_claim(
    db: Database, run: int, owner: str = "a", *, has_exited: Any = is_alive, name: str = "2020-01"
) -> Claim | None:
    return claim_job(
        db, read_job(db, run, name).id, owner=owner, lease_seconds=20, has_exited=has_exited
    )


def must_claim(db: Database, run: int, owner: str = "a", **options: Any) -> Claim:
    claimed = try_claim(db, run, owner, **options)
    assert claimed is not None
    return claimed


def expire_lease(db: Database, run: int) -> None:
    with db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(lease_until=clock() - 1))


def test_a_due_job_is_claimed_once(db: Database) -> None:
    run = new_run(db)
    claimed = must_claim(db, run)
    assert (claimed.number, claimed.name) == (1, "2020-01")
    assert run_state(db, run) == State.RUNNING
    assert try_claim(db, run, "b") is None


def test_of_many_claims_at_once_one_wins(db: Database) -> None:
    run = new_run(db)
    job_id = read_job(db, run).id
    start, won = threading.Barrier(8), []

    def claim_as(owner: str) -> None:
        start.wait()
        if claim_job(db, job_id, owner=owner, lease_seconds=20, has_exited=is_alive):
            won.append(owner)

    threads = [threading.Thread(target=claim_as, args=(f"owner {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert read_job(db, run).claims == 1


def test_a_job_that_is_not_due_is_not_claimed(db: Database) -> None:
    run = new_run(db)
    put_off_job(db, must_claim(db, run), seconds=60, reason="a limit")
    assert try_claim(db, run) is None
    assert read_job(db, run).reason == "a limit"


def test_a_dead_owner_on_this_host_is_replaced_at_once(db: Database) -> None:
    run = new_run(db)
    must_claim(db, run, "a")
    second = must_claim(db, run, "b", has_exited=has_gone)
    assert (second.number, read_job(db, run).losses) == (2, 1)


def test_an_expired_lease_is_taken_over_and_the_stale_owner_writes_nothing_more(
    db: Database,
) -> None:
    run = new_run(db)
    stale = must_claim(db, run, "a")
    expire_lease(db, run)
    fresh = must_claim(db, run, "b")
    assert renew_lease(db, stale, lease_seconds=20) is None
    with pytest.raises(LeaseLost, match="2020-01"), db.write() as connection:
        fence(connection, stale, progress=True)

    with pytest.raises(LeaseLost):
        finish_job(db, stale)

    requeue_job(db, stale)
    now = read_job(db, run)
    assert (now.state, now.owner, now.claims) == (State.RUNNING, "b", fresh.number)
    with db.read() as connection:
        assert completed_steps(connection, now.id) == {}


def test_a_write_that_loses_the_fence_rolls_everything_back(db: Database) -> None:
    run = new_run(db)
    stale = must_claim(db, run, "a")
    expire_lease(db, run)
    must_claim(db, run, "b")
    with pytest.raises(LeaseLost), db.write() as connection:  # noqa: PT012 - both statements are one transaction
        set_step(connection, db, stale, step="keywords", state=StepState.COMPLETE, documents=1)
        fence(connection, stale)

    with db.read() as connection:
        assert connection.execute(select(JobStep.step)).all() == []


def test_an_owner_cannot_use_its_earlier_claim(db: Database) -> None:
    run = new_run(db)
    first = must_claim(db, run, "a")
    requeue_job(db, first)
    must_claim(db, run, "a")
    assert renew_lease(db, first, lease_seconds=20) is None


def test_a_renewal_extends_the_lease_and_returns_a_pause(db: Database) -> None:
    run = new_run(db)
    claimed = must_claim(db, run)
    expire_lease(db, run)
    assert renew_lease(db, claimed, lease_seconds=20) == State.RUNNING
    with db.read() as connection:
        seconds = connection.scalar(select(Job.lease_until - clock()).where(Job.run_id == run))

    assert seconds is not None
    assert 15 < seconds <= 20
    pause_run(db, run)
    assert renew_lease(db, claimed, lease_seconds=20) == State.PAUSED
    requeue_job(db, claimed)
    assert try_claim(db, run) is None
    resume_run(db, run)
    assert try_claim(db, run) is not None


def crash(db: Database, owner: str) -> int:
    return requeue_crashed_jobs(db, lambda name: name == owner, "SIGSEGV")


def test_three_crashes_without_progress_fail_the_job_with_the_reason(db: Database) -> None:
    run = new_run(db)
    for owner in ("a", "b", "c"):
        must_claim(db, run, owner)
        assert crash(db, owner) == 1

    failed = read_job(db, run)
    assert (failed.state, failed.crashes, failed.losses) == (State.FAILED, 3, 0)
    assert failed.reason == (
        "killed its worker 3 times in a row without progress (at last: SIGSEGV): see the log, then "
        "`tidings retry`"
    )
    assert run_state(db, run) == State.FAILED


def test_a_worker_that_is_lost_for_an_unknown_reason_is_no_crash_of_its_job(db: Database) -> None:
    run = new_run(db)
    for number in range(10):
        must_claim(db, run, "a", has_exited=has_gone)
        expire_lease(db, run)
        must_claim(db, run, f"b{number}")
        requeue_lost_jobs(db, has_gone)

    job = read_job(db, run)
    assert (job.state, job.crashes, job.losses) == (State.QUEUED, 0, 20)

    must_claim(db, run, "c")
    crash(db, "c")
    assert read_job(db, run).state == State.QUEUED


@pytest.mark.parametrize("noticed_by", ["a claimant", "reconcile"])
def test_a_job_that_loses_its_worker_thirty_times_in_a_row_fails(
    db: Database, noticed_by: str
) -> None:
    run = new_run(db)
    for number in range(30):
        must_claim(db, run, f"owner {number}", has_exited=has_gone)
        if noticed_by == "reconcile":
            assert requeue_lost_jobs(db, has_gone) == 1

    assert try_claim(db, run, has_exited=has_gone) is None
    failed = read_job(db, run)
    assert (failed.state, failed.losses) == (State.FAILED, 30)
    assert failed.reason.startswith("lost its worker 30 times in a row without progress")
    assert run_state(db, run) == State.FAILED


def test_of_jobs_that_shared_a_process_only_the_one_that_kills_it_fails(db: Database) -> None:
    run = new_run(db, "guilty", "innocent")
    must_claim(db, run, "both", name="guilty")
    innocent = must_claim(db, run, "both", name="innocent")
    assert crash(db, "both") == 2
    assert claim_companions(db, innocent, most=4, lease_seconds=20) == []

    for owner in ("c", "d"):
        must_claim(db, run, owner, name="guilty")
        alone = must_claim(db, run, f"not {owner}", name="innocent")
        assert claim_companions(db, alone, most=4, lease_seconds=20) == []
        crash(db, owner)
        with db.write() as connection:
            fence(connection, alone, progress=True)

        crash(db, f"not {owner}")

    assert read_job(db, run, "guilty").state == State.FAILED
    assert read_job(db, run, "innocent").state == State.QUEUED


@pytest.mark.parametrize("progress", ["step", "answer"])
def test_a_job_with_progress_is_not_failed_however_often_it_crashes(
    db: Database, progress: str
) -> None:
    run = new_run(db)
    for number in range(12):
        claimed = must_claim(db, run, f"owner {number}", has_exited=has_gone)
        crash(db, f"owner {number}")
        claimed = must_claim(db, run, f"next owner {number}")
        if number % 2:
            with db.write() as connection:
                if progress == "step":
                    fence(connection, claimed, progress=True)
                else:
                    note_progress(connection, claimed)

    assert read_job(db, run).state == State.RUNNING


def test_only_waits_for_a_service_that_is_away_use_up_the_patience_for_it(db: Database) -> None:
    run = new_run(db)
    claimed = must_claim(db, run)
    put_off_job(db, claimed, seconds=0, reason="it does not answer", waits_for=WaitFor.SERVICE)
    assert waited_seconds(db, claimed)[0] == 1
    assert read_job(db, run).waiting_since is not None

    put_off_job(db, must_claim(db, run), seconds=0, reason="a cap of calls")
    assert read_job(db, run).waiting_since is None


def test_a_pause_does_not_use_up_the_patience_for_a_service(db: Database) -> None:
    run = new_run(db)
    put_off_job(
        db, must_claim(db, run), seconds=60, reason="it does not answer", waits_for=WaitFor.SERVICE
    )
    pause_run(db, run)
    resume_run(db, run)
    assert (read_job(db, run).waits, read_job(db, run).waiting_since) == (0, None)


def test_a_job_that_made_progress_since_it_was_read_is_not_failed_for_its_crashes(
    db: Database,
) -> None:
    run = new_run(db)
    for owner in ("a", "b"):
        must_claim(db, run, owner)
        crash(db, owner)

    last = must_claim(db, run, "c")

    def is_owner_after_progress(_owner: str) -> bool:
        with db.write() as connection:
            note_progress(connection, last)

        return True

    requeue_crashed_jobs(db, is_owner_after_progress, "SIGSEGV")
    assert read_job(db, run).state == State.RUNNING


def test_a_report_in_work_is_made_again_when_its_run_ends_again(db: Database) -> None:
    run = new_run(db)
    fail_job(db, must_claim(db, run), reason="refused")
    drawing = must_claim(db, run, name="report")
    retry_run(db, run)
    assert run_state(db, run) == State.RUNNING
    finish_job(db, must_claim(db, run))

    assert read_job(db, run, "report").state == State.QUEUED
    with pytest.raises(LeaseLost):
        finish_job(db, drawing)


def test_a_retry_of_a_report_alone_does_not_reopen_its_run(db: Database) -> None:
    run = new_run(db)
    finish_job(db, must_claim(db, run))
    fail_job(db, must_claim(db, run, name="report"), reason="no space is left")
    assert retry_run(db, run) == 1
    assert run_state(db, run) == State.DONE


def test_a_job_that_failed_before_its_documents_were_fixed_is_as_new_when_retried(
    db: Database,
) -> None:
    run = new_run(db)
    fail_job(db, must_claim(db, run), reason="refused")
    assert read_job(db, run).newest_document == 0
    retry_run(db, run)
    assert read_job(db, run).newest_document is None


def test_a_retry_resets_the_crashes(db: Database) -> None:
    run = new_run(db)
    for owner in ("a", "b", "c"):
        must_claim(db, run, owner)
        crash(db, owner)

    assert try_claim(db, run) is None
    assert retry_run(db, run) == 1
    must_claim(db, run)
    assert read_job(db, run).crashes == 0
    assert run_state(db, run) == State.RUNNING


def test_only_lost_jobs_are_requeued(db: Database) -> None:
    run = new_run(db, "2020-01", "2020-02")
    must_claim(db, run, "dead")
    must_claim(db, run, "living", name="2020-02")
    assert requeue_lost_jobs(db, lambda owner: owner == "dead") == 1
    assert read_job(db, run).state == State.QUEUED
    assert read_job(db, run, "2020-02").state == State.RUNNING


def test_a_job_is_requeued_when_its_lease_runs_out_though_nobody_saw_its_owner_end(
    db: Database,
) -> None:
    run = new_run(db)
    must_claim(db, run, "on another machine")
    assert requeue_lost_jobs(db, is_alive) == 0
    expire_lease(db, run)
    assert requeue_lost_jobs(db, is_alive) == 1
    job = read_job(db, run)
    assert (job.state, job.owner, job.losses) == (State.QUEUED, None, 1)


def test_a_run_ends_with_its_last_job_and_gets_one_report(db: Database) -> None:
    run = new_run(db, "2020-01", "2020-02")
    finish_job(db, must_claim(db, run))
    assert run_state(db, run) == State.RUNNING
    fail_job(db, must_claim(db, run, name="2020-02"), reason="why")
    assert run_state(db, run) == State.FAILED
    close_ended_runs(db)
    with db.read() as connection:
        kinds = connection.scalars(select(Job.kind).where(Job.run_id == run)).all()

    assert sorted(kinds) == ["month", "month", "report"]


def test_last_jobs_that_end_at_once_end_their_run(db: Database) -> None:
    names = [f"2020-{month:02}" for month in range(1, 9)]
    run = new_run(db, *names)
    claims = [must_claim(db, run, name=name) for name in names]
    start = threading.Barrier(len(claims))

    def end(claimed: Claim) -> None:
        start.wait()
        finish_job(db, claimed)

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
    assert try_claim(db, run, has_exited=has_gone) is None
    assert requeue_lost_jobs(db, has_gone) == 0


def dispatched(db: Database, limit: int, **options: Any) -> list[tuple[int, str]]:
    return [(due.run_id, due.name) for due in select_due_jobs(db, QUEUE_TEXT, limit, **options)]


def test_a_small_run_after_a_large_one_gets_the_next_place(db: Database) -> None:
    large = new_run(db, *[f"20{year}-{month:02}" for year in (18, 19) for month in range(1, 13)])
    assert [run for run, _ in dispatched(db, 4)] == [large] * 4
    small = new_run(db, "2020-01", "2020-02")
    assert dispatched(db, 3) == [(small, "2020-01"), (small, "2020-02"), (large, "2018-05")]


def test_a_job_that_was_put_off_keeps_its_place_before_those_that_nobody_has_begun(
    db: Database,
) -> None:
    run = new_run(db, "2020-01", "2020-02", "2020-03")
    put_off_job(db, must_claim(db, run), seconds=0, reason="away", waits_for=WaitFor.SERVICE)
    assert dispatched(db, 2) == [(run, "2020-01"), (run, "2020-02")]


def test_a_job_that_waits_for_other_jobs_is_behind_them(db: Database) -> None:
    run = new_run(db, "2020-01", "2020-02", "2020-03")
    put_off_job(db, must_claim(db, run), seconds=0, reason="others", waits_for=WaitFor.OTHER_JOBS)
    assert dispatched(db, 3)[-1] == (run, "2020-01")


def test_runs_with_as_much_at_work_take_turns(db: Database) -> None:
    first, second = new_run(db, "2020-01", "2020-02"), new_run(db, "2020-01", "2020-02")
    assert [run for run, _ in dispatched(db, 4)] == [first, second, first, second]


def test_a_job_is_dispatched_once_until_its_message_is_late_or_could_not_be_sent(
    db: Database,
) -> None:
    run = new_run(db)
    due = select_due_jobs(db, QUEUE_TEXT, 5)
    assert dispatched(db, 5) == []
    reset_dispatch(db, due)
    assert dispatched(db, 5) == [(run, "2020-01")]
    with db.write() as connection:
        connection.execute(update(Job).values(dispatched_at=clock() - 10))

    assert dispatched(db, 5) == []
    assert dispatched(db, 5, lost_after=5) == [(run, "2020-01")]
    with db.write() as connection:
        connection.execute(update(Job).values(dispatched_at=clock() - 31))

    assert dispatched(db, 5) == [(run, "2020-01")]


def test_no_job_of_a_paused_run_is_dispatched(db: Database) -> None:
    pause_run(db, new_run(db))
    assert dispatched(db, 5) == []


def test_maintenance_is_done_by_one_process_at_a_time(db: Database) -> None:
    assert try_acquire_maintenance(db, "reconcile", every_seconds=10)
    assert not try_acquire_maintenance(db, "reconcile", every_seconds=10)
    assert try_acquire_maintenance(db, "reconcile", every_seconds=-1)


def test_jobs_beyond_a_runs_share_of_the_slots_are_in_reserve(db: Database) -> None:
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
    second = select_due_jobs(db, QUEUE_TEXT, 2, slots=2)
    assert [(due.run_id, due.in_turn) for due in second] == [(small, True), (small, False)]


def test_a_run_with_nothing_running_comes_before_one_with_fewer_dispatched_jobs(
    db: Database,
) -> None:
    large, small = (
        new_run(db, "2020-01", "2020-02", "2020-03"),
        new_run(db, "2021-01", "2021-02", "2021-03"),
    )
    select_due_jobs(db, QUEUE_TEXT, 2, slots=2)  # one of each
    must_claim(db, small, name="2021-01")
    (due,) = select_due_jobs(db, QUEUE_TEXT, 1, slots=2)
    assert (due.run_id, due.in_turn) == (large, True)
