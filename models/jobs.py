"""The life of a job in the database: due, claimed by lease, fenced, released, ended, taken back.

Every rule here is one of docs/architecture.md, "Life of a run"; lease times are compared on the database's clock alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, or_, select, true, update

from core.enums import JobKind, State, StepState
from core.errors import LeaseLost
from models.database import Database, clock
from models.runs import close_run, lock_run
from models.tables import Job, JobStep, MaintenanceLock, Run, Worker

CRASHES_ALLOWED = 3  # in a row, without any progress
WORKER_LOST_SECONDS = 60.0
IS_OPEN = Run.state.in_((State.QUEUED, State.RUNNING))


@dataclass(frozen=True)
class Claim:
    """The right to work on a job until the lease runs out or somebody else has it."""

    job_id: int
    run_id: int
    kind: JobKind
    name: str
    owner: str
    number: int  # of this claim: `Job.claims` when it was made
    crashes: int
    options: dict[str, Any]
    parameters: dict[str, Any]
    max_calls: int | None


def claim_job(
    db: Database,
    job_id: int,
    *,
    owner: str,
    lease_seconds: float,
    has_exited: Callable[[str], bool],
) -> Claim | None:
    """Claim the job if it is due, or if whoever had it is dead; None where there is nothing to do.

    A job whose owner died for the third time in a row without progress is failed here instead.
    """
    with db.read() as connection:
        job = connection.execute(
            select(
                Job.id, Job.run_id, Job.kind, Job.name, Job.state, Job.owner, Job.claims, Job.crashes, Job.options,
                (Job.due_at <= clock()).label("due"),
                (Job.lease_until < clock()).label("expired"),
                Run.state.label("run_state"), Run.parameters, Run.max_calls,
            )
            .join(Run, Run.id == Job.run_id)
            .where(Job.id == job_id)
        ).one_or_none()  # fmt: skip
    if job is None or job.run_state == State.PAUSED:
        return None
    if job.state in (State.QUEUED, State.WAITING):
        died = False
        if not job.due:
            return None
    elif job.state == State.RUNNING and (job.expired or (job.owner and has_exited(job.owner))):
        died = True
    else:
        return None
    if died and job.crashes + 1 >= CRASHES_ALLOWED:
        _fail_crashed_job(db, job.run_id, job_id, owner=job.owner, number=job.claims)
        return None
    crashes = job.crashes + died
    with db.write() as connection:
        if job.run_state == State.QUEUED:
            connection.execute(
                update(Run)
                .where(Run.id == job.run_id, Run.state == State.QUEUED)
                .values(state=State.RUNNING)
            )
        claimed = connection.execute(
            update(Job)
            .where(Job.id == job_id, Job.claims == job.claims, Job.state == job.state)
            .values(
                state=State.RUNNING,
                owner=owner,
                claims=job.claims + 1,
                crashes=crashes,
                lease_until=clock() + lease_seconds,
                started_at=func.coalesce(Job.started_at, clock()),
                dispatched_at=None,
                reason=None,
            )
        ).rowcount
    if not claimed:
        return None
    return Claim(
        job_id=job_id,
        run_id=job.run_id,
        kind=JobKind(job.kind),
        name=job.name,
        owner=owner,
        number=job.claims + 1,
        crashes=crashes,
        options=job.options,
        parameters=job.parameters,
        max_calls=job.max_calls,
    )


def renew_lease(db: Database, claim: Claim, *, lease_seconds: float) -> State | None:
    """Prolong the lease and tell the run's state, by which a pause is heard; None where the claim is lost."""
    with db.write() as connection:
        if not connection.execute(
            _fenced(claim).values(lease_until=clock() + lease_seconds)
        ).rowcount:
            return None
        return State(
            connection.execute(select(Run.state).where(Run.id == claim.run_id)).scalar_one()
        )


def fence(connection: Connection, claim: Claim, *, progress: bool = False, **values: Any) -> None:
    """First statement of every transaction in which a job writes: raises `LeaseLost` where another owns it.

    *progress* says that something new is stored, so that crashes before it do not count; *values* are columns of the job
    to set on the way.
    """
    if progress:
        values |= {"crashes": 0, "waits": 0, "waiting_since": None}
    if not connection.execute(_fenced(claim).values(claims=claim.number, **values)).rowcount:
        raise LeaseLost(f"job {claim.name} of run {claim.run_id} has another owner now")


def note_progress(connection: Connection, claim: Claim) -> None:
    """Answers were stored for the job, whoever owns it now: no death before this counts any more."""
    connection.execute(
        update(Job)
        .where(Job.id == claim.job_id, or_(Job.crashes > 0, Job.waits > 0))
        .values(crashes=0, waits=0, waiting_since=None)
    )


def set_step(
    connection: Connection,
    db: Database,
    claim: Claim,
    *,
    step: str,
    state: StepState,
    documents: int,
    reason: str | None = None,
) -> None:
    """Record what came of a step; call it after `fence` in the same transaction."""
    values = {"state": state, "reason": reason, "documents": documents, "at": clock()}
    connection.execute(
        db.upsert(JobStep)
        .values(job_id=claim.job_id, step=step, **values)
        .on_conflict_do_update(index_elements=["job_id", "step"], set_=values)
    )


def freeze_documents(connection: Connection, job_id: int, newest: int) -> None:
    """The job's documents end with this one, 0 for none at all: what is stored later changes none of its figures."""
    connection.execute(update(Job).where(Job.id == job_id).values(newest_document=newest))


def newest_document_of(connection: Connection, job_id: int) -> int | None:
    """The id of the job's newest document, as `freeze_documents` noted it; None before."""
    return connection.scalar(select(Job.newest_document).where(Job.id == job_id))


def steps_done(connection: Connection, job_id: int) -> dict[str, int]:
    """The complete steps of a job, each with its number of documents."""
    rows = connection.execute(
        select(JobStep.step, JobStep.documents).where(
            JobStep.job_id == job_id, JobStep.state == StepState.COMPLETE
        )
    )
    return {row.step: row.documents for row in rows}


def release_job(
    db: Database, claim: Claim, *, state: State, due_in: float = 0.0, reason: str | None = None
) -> None:
    """Give the job back: queued, or waiting until it is due again. A lost claim has nothing to give back."""
    waiting = state == State.WAITING
    with db.write() as connection:
        connection.execute(
            _fenced(claim).values(
                state=state,
                owner=None,
                lease_until=None,
                dispatched_at=None,
                due_at=clock() + due_in,
                reason=reason,
                waits=Job.waits + 1 if waiting else Job.waits,
                waiting_since=func.coalesce(Job.waiting_since, clock())
                if waiting
                else Job.waiting_since,
            )
        )


def finish_job(
    db: Database,
    claim: Claim,
    *,
    state: State,
    result: str | None = None,
    reason: str | None = None,
) -> None:
    """The job's end, and the run's where it was the last: run locked first, then job, then run, a statement each.

    Raises `LeaseLost`.
    """
    with db.write() as connection:
        lock_run(connection, claim.run_id)
        fence(
            connection,
            claim,
            state=state,
            result=result,
            reason=reason,
            owner=None,
            lease_until=None,
            ended_at=clock(),
            newest_document=func.coalesce(Job.newest_document, 0),
        )
        close_run(connection, claim.run_id)


def waited_seconds(db: Database, claim: Claim) -> tuple[int, float]:
    """How many times in a row, and for how long, the job has been put off without progress."""
    with db.read() as connection:
        row = connection.execute(
            select(
                Job.waits, func.coalesce(clock() - Job.waiting_since, 0.0).label("seconds")
            ).where(Job.id == claim.job_id)
        ).one()
        return row.waits, row.seconds


def requeue_lost_jobs(db: Database, has_exited: Callable[[str], bool]) -> int:
    """Queue the jobs whose owner is gone or whose lease ran out again, fail those that die and die; how many."""
    with db.read() as connection:
        running = connection.execute(
            select(
                Job.id,
                Job.run_id,
                Job.owner,
                Job.claims,
                Job.crashes,
                (Job.lease_until < clock()).label("expired"),
            ).where(Job.state == State.RUNNING)
        ).all()
    lost = [job for job in running if job.expired or (job.owner and has_exited(job.owner))]
    for job in lost:
        if job.crashes + 1 >= CRASHES_ALLOWED:
            _fail_crashed_job(db, job.run_id, job.id, owner=job.owner, number=job.claims)
            continue
        with db.write() as connection:
            connection.execute(
                update(Job)
                .where(
                    Job.id == job.id,
                    Job.claims == job.claims,
                    Job.state == State.RUNNING,
                    Job.owner == job.owner,
                )
                .where(true() if has_exited(job.owner or "") else Job.lease_until < clock())
                .values(
                    state=State.QUEUED,
                    owner=None,
                    lease_until=None,
                    dispatched_at=None,
                    due_at=clock(),
                    crashes=Job.crashes + 1,
                )
            )
    return len(lost)


def close_ended_runs(db: Database) -> None:
    """Close what should have been closed with its last job, were its worker not killed just then."""
    with db.read() as connection:
        open_runs = connection.scalars(
            select(Run.id)
            .where(IS_OPEN)
            .where(
                ~select(Job.id)
                .where(Job.run_id == Run.id, Job.kind != JobKind.REPORT)
                .where(Job.state.in_((State.QUEUED, State.RUNNING, State.WAITING)))
                .exists()
            )
        ).all()
    for run_id in open_runs:
        with db.write() as connection:
            lock_run(connection, run_id)
            close_run(connection, run_id)


def try_acquire_maintenance(db: Database, name: str, *, every_seconds: float) -> bool:
    """Whether this process is the one to do what is done every so often for all."""
    with db.write() as connection:
        connection.execute(
            db.upsert(MaintenanceLock).values(name=name, at=0.0).on_conflict_do_nothing()
        )
        return (
            connection.execute(
                update(MaintenanceLock)
                .where(MaintenanceLock.name == name, MaintenanceLock.at < clock() - every_seconds)
                .values(at=clock())
            ).rowcount
            == 1
        )


def record_worker(db: Database, name: str, *, queues: str, slots: int) -> None:
    """Say that this worker's parent process is alive and what it listens to."""
    values = {"queues": queues, "slots": slots, "seen_at": clock()}
    with db.write() as connection:
        connection.execute(
            db.upsert(Worker)
            .values(name=name, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )


def count_live_slots(db: Database, has_exited: Callable[[str], bool]) -> dict[str, int]:
    """Jobs that can be at work at once, by queue, over all workers seen lately."""
    with db.read() as connection:
        rows = connection.execute(
            select(Worker.name, Worker.queues, Worker.slots).where(
                Worker.seen_at > clock() - WORKER_LOST_SECONDS
            )
        ).all()
    slots: dict[str, int] = {}
    for row in rows:
        if not has_exited(row.name):
            for queue in row.queues.split(","):
                slots[queue] = slots.get(queue, 0) + row.slots
    return slots


def _fenced(claim: Claim) -> Any:
    return update(Job).where(
        Job.id == claim.job_id,
        Job.owner == claim.owner,
        Job.claims == claim.number,
        Job.state == State.RUNNING,
    )


def _fail_crashed_job(
    db: Database, run_id: int, job_id: int, *, owner: str | None, number: int
) -> None:
    reason = f"killed its worker {CRASHES_ALLOWED} times in a row without progress: see the log, then `tidings retry`"
    with db.write() as connection:
        lock_run(connection, run_id)
        failed = connection.execute(
            update(Job)
            .where(
                Job.id == job_id,
                Job.owner == owner,
                Job.claims == number,
                Job.state == State.RUNNING,
            )
            .values(
                state=State.FAILED,
                owner=None,
                lease_until=None,
                ended_at=clock(),
                crashes=CRASHES_ALLOWED,
                reason=reason,
                newest_document=func.coalesce(Job.newest_document, 0),
            )
        ).rowcount
        if failed:
            close_run(connection, run_id)


def job_counts(connection: Connection, run_id: int) -> dict[str, int]:
    """How many jobs of the run are in each state; states without any are left out."""
    rows = connection.execute(
        select(Job.state, func.count()).where(Job.run_id == run_id).group_by(Job.state)
    )
    return dict(rows.all())


def progress_of(connection: Connection, run_id: int) -> float:
    """The share of the run's work that is done, 0 to 1: ended jobs whole, others by their units."""
    share = case(
        (Job.state.in_((State.DONE, State.FAILED, State.CANCELLED)), 1.0),
        (Job.all_units > 0, 1.0 * Job.done_units / Job.all_units),
        else_=0.0,
    )
    return float(
        connection.scalar(select(func.coalesce(func.avg(share), 0.0)).where(Job.run_id == run_id))
        or 0.0
    )
