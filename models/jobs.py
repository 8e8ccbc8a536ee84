"""Jobs at work: their claims and leases, the fence on their writes, their steps and progress.

`models.job_transitions` moves jobs from one state to another. Lease times are compared on the
database's clock alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from core.enums import ENDED, QUEUE_REPORTS, QUEUE_TEXT, PayerKind, State, StepState
from core.errors import LeaseLost
from models.bulk import store_row
from models.database import CLOCK_SLACK_SECONDS, Database, clock, upsert
from models.documents import SCOPE_COLUMNS, DocumentScope
from models.runs import IS_SUBMITTED
from models.shared_settings import RUN_STATE
from models.tables import IS_REPORT, Job, JobStep, MaintenanceLock, Run, Worker

WORKER_LOST_SECONDS = 60.0
UNKNOWN_SLOTS = 1_000_000
# Workers that were not seen for so long are deleted, because each start of a worker adds a row.
WORKER_KEPT_SECONDS = 86_400.0
# A job's documents are compared with those of at most so many other jobs of its run.
MOST_COMPARED = 100
# A job that was put off so often waits no more for others that were put off.
MOST_WAITS_FOR_WAITING = 3

# The columns of a job that progresses.
NO_SETBACKS = {"crashes": 0, "losses": 0, "waits": 0, "waiting_since": None}


@dataclass(frozen=True)
class Claim:
    """The right to work on a job until its lease runs out or another claim replaces it."""

    job_id: int
    run_id: int
    kind: str
    queue: str
    name: str
    owner: str

    # The value of `Job.claims` when the claim was made.
    number: int
    options: dict[str, Any]
    parameters: dict[str, Any]
    max_calls: int | None

    # Which documents the job works on, whether or not they are frozen.
    scope: DocumentScope

    # How often the job was put off in a row without progress.
    waits: int = 0


def is_held(job_id: int, owner: str | None, claims: int) -> ColumnElement[bool]:
    """Return the condition on `Job` that holds until that claim of *owner* is lost."""
    is_claimed = and_(Job.owner == owner, Job.claims == claims, Job.state == State.RUNNING)
    return and_(Job.id == job_id, is_claimed)


def update_held(job_id: int, owner: str | None, claims: int) -> Update:
    """Return an UPDATE of a job that changes no row once that claim of *owner* is lost."""
    return update(Job).where(is_held(job_id, owner, claims))


def update_claimed(claim: Claim) -> Update:
    """Return an UPDATE of the claim's job that changes no row once the claim is lost."""
    return update_held(claim.job_id, claim.owner, claim.number)


# Built once: it costs more than what the database does with it.
#: Holds until the claim is lost whose `held_values` are given.
IS_HELD = and_(
    Job.id == bindparam("held_job"),
    Job.owner == bindparam("held_owner"),
    Job.claims == bindparam("answer_claims"),
    Job.state == State.RUNNING,
)
_FENCE = update(Job).where(IS_HELD).values(claims=Job.claims)
_FENCE_OF_PROGRESS = _FENCE.values(NO_SETBACKS)


def held_values(claim: Claim) -> dict[str, Any]:
    """Return the values of the parameters of `IS_HELD`."""
    return {"held_job": claim.job_id, "held_owner": claim.owner, "answer_claims": claim.number}


def fence(connection: Connection, claim: Claim, *, progress: bool = False, **values: Any) -> None:
    """Raise `LeaseLost` once the claim is lost; call it before each write of a job's results.

    *progress* says that something new is stored, so that earlier crashes do not count; *values* are
    columns of the job to set with it.
    """
    if values:
        changes = values | NO_SETBACKS if progress else values
        fenced = connection.execute(update_claimed(claim).values(changes))
    else:
        statement = _FENCE_OF_PROGRESS if progress else _FENCE
        fenced = connection.execute(statement, held_values(claim))

    if not fenced.rowcount:
        raise LeaseLost(f"job {claim.name} of run {claim.run_id} has another owner now")


def renew_lease(db: Database, claim: Claim, *, lease_seconds: float) -> State | None:
    """Extend the lease; return the run's state, or None once the claim is lost."""
    renewal = update_claimed(claim).values(lease_until=clock() + lease_seconds)
    with db.write() as connection:
        if not connection.execute(renewal).rowcount:
            return None

        state = connection.execute(_RUN_STATE, {"run": claim.run_id})
        return State(state.scalar_one())


_RUN_STATE = select(RUN_STATE).where(Run.id == bindparam("run"))


def get_run_state(connection: Connection, claim: Claim) -> State:
    """Return the state of the claim's run. Raises `LeaseLost` if the claim was lost."""
    state = connection.scalar(
        select(RUN_STATE)
        .join(Job, Job.run_id == Run.id)
        .where(is_held(claim.job_id, claim.owner, claim.number))
    )
    if state is None:
        raise LeaseLost(
            f"job {claim.name} of run {claim.run_id} was cancelled or has another owner now"
        )

    return State(state)


def note_progress(connection: Connection, claim: Claim) -> None:
    """Reset the setbacks of a job for which answers were stored, whoever owns the job now."""
    connection.execute(_RESET_SETBACKS, {"reset_job": claim.job_id})


_RESET_SETBACKS = (
    update(Job)
    .where(
        Job.id == bindparam("reset_job"),
        or_(Job.crashes > 0, Job.losses > 0, Job.waits > 0),
    )
    .values(NO_SETBACKS)
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
    fetch_remark: str | None = None,
    dictionary_share: float | None = None,
    refused: Sequence[bytes | tuple[str, int]] = (),
) -> None:
    """Record the outcome of a step; call it after `fence` in the same transaction."""
    step_row = {"job_id": claim.job_id, "step": step, "state": state, "reason": reason}
    refused_keys = [key.hex() if isinstance(key, bytes) else list(key) for key in refused]
    step_row |= {"documents": documents, "dictionary_share": dictionary_share}
    left_out = {"fetch_remark": fetch_remark, "refused": sorted(refused_keys, key=str) or None}
    connection.execute(_recording_step(db.is_sqlite), step_row | left_out)


@lru_cache(maxsize=2)
def _recording_step(is_sqlite: bool) -> Executable:
    """Return the statement that records a step."""
    insert = upsert(JobStep, is_sqlite=is_sqlite).values(at=clock())
    key = ["job_id", "step"]
    columns = {column.key for column in JobStep.__table__.columns}.difference(key)
    changes = {column: insert.excluded[column] for column in columns}
    return insert.on_conflict_do_update(index_elements=key, set_=changes)


def completed_steps(connection: Connection, job_id: int) -> dict[str, int]:
    """Return the complete steps of a job, each with its number of documents."""
    return dict(connection.execute(_COMPLETED_STEPS, {"job": job_id}).all())


_COMPLETED_STEPS = select(JobStep.step, JobStep.documents).where(
    JobStep.job_id == bindparam("job"), JobStep.state == StepState.COMPLETE
)


def remark_on_step(connection: Connection, job_id: int, step: str) -> str | None:
    """Return what a reader should know of a step of a job, if anything."""
    remark = select(JobStep.reason).where(JobStep.job_id == job_id, JobStep.step == step)
    return connection.scalar(remark)


def freeze_documents(connection: Connection, job_id: int, newest: int) -> None:
    """Let the job's documents end with the id *newest*, 0 for none: later ones change no figure."""
    connection.execute(update(Job).where(Job.id == job_id).values(newest_document=newest))


def newest_document_of(connection: Connection, job_id: int) -> int | None:
    """Return the id set by `freeze_documents`, None before."""
    return connection.scalar(_NEWEST_DOCUMENT, {"job": job_id})


_NEWEST_DOCUMENT = select(Job.newest_document).where(Job.id == bindparam("job"))


def unfrozen_names(connection: Connection, claim: Claim) -> list[str]:
    """Return the names of the claim's run's jobs that others are compared with, if not frozen."""
    jobs = _first_jobs(claim.run_id).subquery()
    unfrozen = select(jobs.c.name).where(
        jobs.c.newest_document.is_(None), jobs.c.id != claim.job_id
    )
    return list(connection.scalars(unfrozen))


def is_at_work_elsewhere(
    connection: Connection, claim: Claim, payer: tuple[str, str, str] | None = None
) -> bool:
    """Return whether another process works on a job of the claim's run, or of any run of a *payer*.

    A job that was put off and has stored no answer since counts for jobs that were put off a few
    times at most: two jobs would wait for each other without end. So do all jobs of other runs,
    which may work for weeks without asking a model.
    """
    runs = select(Run.id).where(Run.id == claim.run_id)
    if payer is not None and claim.waits < MOST_WAITS_FOR_WAITING:
        kind, name, currency = payer
        payer_name = Run.person if kind == PayerKind.PERSON else Run.purse
        runs = select(Run.id).where(payer_name == name, Run.currency == currency)

    is_other = and_(Job.run_id.in_(runs), ~IS_REPORT, Job.owner != claim.owner)
    is_at_work = and_(Job.state == State.RUNNING, Job.lease_until > clock())
    if claim.waits >= MOST_WAITS_FOR_WAITING:
        is_at_work = and_(is_at_work, Job.waits == 0)

    return _has_job(connection, is_other, is_at_work)


def _has_job(connection: Connection, *conditions: ColumnElement[bool]) -> bool:
    return connection.scalar(select(Job.id).where(*conditions).limit(1)) is not None


def has_job_without_step(connection: Connection, run_id: int, step: str) -> bool:
    """Return whether a job of the run that has not ended lacks a *step*."""
    has_step = select(JobStep.job_id).where(JobStep.job_id == Job.id, JobStep.step == step)
    return _has_job(connection, _is_unended(run_id), ~has_step.exists())


def has_unfrozen_job(connection: Connection, run_id: int) -> bool:
    """Return whether a job of the run that others are compared with has not frozen documents."""
    jobs = _first_jobs(run_id).subquery()
    unfrozen = select(jobs.c.id).where(jobs.c.newest_document.is_(None))
    return connection.scalar(unfrozen.limit(1)) is not None


def has_unended_job(connection: Connection, run_id: int) -> bool:
    """Return whether a job of the run has not ended, its report and its looks aside."""
    return _has_job(connection, _is_unended(run_id))


def _is_unended(run_id: int) -> ColumnElement[bool]:
    return and_(Job.run_id == run_id, ~IS_REPORT, Job.state.not_in(ENDED))


def list_job_names(connection: Connection, run_id: int) -> list[str]:
    """Return the names of the run's jobs, its report and its looks aside."""
    return list(connection.scalars(select(Job.name).where(Job.run_id == run_id, ~IS_REPORT)))


def count_failed_jobs(connection: Connection, run_id: int) -> int:
    """Return how many jobs of the run have failed, its report and its looks aside."""
    failed = select(func.count()).where(Job.run_id == run_id, ~IS_REPORT, Job.state == State.FAILED)
    return connection.scalar(failed) or 0


def _first_jobs(run_id: int) -> Select[int, str, int | None]:
    jobs = select(Job.id, Job.name, Job.newest_document).where(Job.run_id == run_id, ~IS_REPORT)
    return jobs.order_by(Job.id).limit(MOST_COMPARED + 1)


def waited_seconds(db: Database, claim: Claim) -> tuple[int, float]:
    """Return how often the job was put off without progress, and how long a service is away."""
    seconds = func.coalesce(clock() - Job.waiting_since, 0.0).label("seconds")
    with db.read() as connection:
        wait = connection.execute(select(Job.waits, seconds).where(Job.id == claim.job_id)).one()

    return wait.waits, wait.seconds


def job_counts(connection: Connection, run_id: int) -> dict[str, int]:
    """Return the number of the run's jobs by state; states without jobs are left out."""
    counts = select(Job.state, func.count()).where(Job.run_id == run_id).group_by(Job.state)
    return dict(connection.execute(counts).all())


def progress_of(connection: Connection, run_id: int) -> float:
    """Return the share of the run's work that is done, 0 to 1: of unended jobs by their units.

    The jobs of its report come when the others have ended, so they are not counted.
    """
    share = case(
        (Job.state.in_(ENDED), 1.0),
        (Job.all_units > 0, 1.0 * Job.done_units / Job.all_units),
        else_=0.0,
    )
    mean = select(func.coalesce(func.avg(share), 0.0)).where(Job.run_id == run_id, IS_SUBMITTED)
    return float(connection.scalar(mean) or 0.0)


def try_acquire_maintenance(db: Database, name: str, *, every_seconds: float) -> bool:
    """Return whether this process is the one to do a task that is due once in *every_seconds*."""
    lock = db.upsert(MaintenanceLock).values(name=name, at=0.0).on_conflict_do_nothing()
    is_due = or_(
        MaintenanceLock.at < clock() - every_seconds,
        MaintenanceLock.at > clock() + CLOCK_SLACK_SECONDS,
    )
    acquire = update(MaintenanceLock).where(MaintenanceLock.name == name, is_due)
    with db.write() as connection:
        connection.execute(lock)
        return connection.execute(acquire.values(at=clock())).rowcount == 1


def record_worker(db: Database, name: str, *, queues: str, slots: int) -> None:
    """Record that this worker's parent process is alive, and which queues it listens to."""
    worker_state = {"queues": queues, "slots": slots, "seen_at": clock()}
    long_gone = delete(Worker).where(Worker.seen_at < clock() - WORKER_KEPT_SECONDS)
    with db.write() as connection:
        store_row(connection, db, Worker, {"name": name}, worker_state)
        connection.execute(long_gone)


def count_live_slots(db: Database, has_exited: Callable[[str], bool]) -> dict[str, int]:
    """Return by queue how many jobs the workers seen lately can work on at once."""
    slots: dict[str, int] = {}
    for worker in _live_workers(db, has_exited):
        for queue in worker.queues.split(","):
            slots[queue] = slots.get(queue, 0) + worker.slots

    return slots


def count_report_slots(db: Database, has_exited: Callable[[str], bool]) -> int:
    """Return how many reports may be made at once, without a limit if no worker was seen.

    Workers that listen to both queues leave half of their slots to jobs over texts.
    """
    shared = reports_only = 0
    for worker in _live_workers(db, has_exited):
        queues = worker.queues.split(",")
        if QUEUE_REPORTS in queues and QUEUE_TEXT in queues:
            shared += worker.slots
        elif QUEUE_REPORTS in queues:
            reports_only += worker.slots

    if not shared and not reports_only:
        return UNKNOWN_SLOTS

    return max(1, reports_only + shared // 2)


def _live_workers(db: Database, has_exited: Callable[[str], bool]) -> list[Row[str, str, int]]:
    with db.read() as connection:
        workers = connection.execute(_LIVE_WORKERS).all()
    return [worker for worker in workers if not has_exited(worker.name)]


_LIVE_WORKERS = select(Worker.name, Worker.queues, Worker.slots).where(
    Worker.seen_at > clock() - WORKER_LOST_SECONDS
)


def first_job_ids(connection: Connection, run_id: int) -> set[int]:
    """Return the ids of the run's jobs that others of it may be compared with."""
    first_jobs = (
        select(Job.id).where(Job.run_id == run_id).order_by(Job.id).limit(MOST_COMPARED + 1)
    )
    return set(connection.scalars(first_jobs))


def other_scopes(connection: Connection, claim: Claim) -> list[DocumentScope]:
    """Return which documents the run's first `MOST_COMPARED` other jobs work on.

    A scope without `newest_document` is of a job that has not frozen its documents.
    """
    parameters = {"run": claim.run_id, "job": claim.job_id, "most": MOST_COMPARED}
    jobs = connection.execute(_OTHER_JOBS, parameters)
    return [DocumentScope.of_job(job, claim.parameters) for job in jobs]


_OTHER_JOBS = (
    select(*SCOPE_COLUMNS)
    .where(
        Job.run_id == bindparam("run"),
        ~IS_REPORT,
        Job.id != bindparam("job"),
    )
    .order_by(Job.id)
    .limit(bindparam("most", type_=Integer))
)
