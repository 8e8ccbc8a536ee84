"""The state transitions of jobs at a worker, after its loss, and beside the jobs of their run.

The rules are those of docs/architecture.md, "Life of a run". A queued job is due whatever the clock
was when it was queued.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)

from core.enums import QUEUE_REPORTS, State, WaitFor
from models.bulk import change_in
from models.database import (
    CLOCK_SLACK_SECONDS,
    Database,
    batched,
    clock,
    is_of_own_revision,
)
from models.documents import SCOPE_COLUMNS, DocumentScope
from models.job_columns import Columns, due_columns, ended_columns, held_columns
from models.jobs import (
    Claim,
    count_report_slots,
    fence,
    has_unended_job,
    has_unfrozen_job,
    newest_document_of,
    update_claimed,
    update_held,
)
from models.outages import forget_outages
from models.run_transitions import close_run, lock_run
from models.runs import IS_OPEN, UNENDED
from models.scheduling import MAY_DRAW, REPORT_SLOTS, others_wait
from models.shared_settings import ALL_ARE_PAUSED, RUN_STATE
from models.tables import IS_REPORT, Job, MaintenanceLock, Run

# A job fails after so many crashes in a row without any progress.
CRASHES_ALLOWED = 3
# Operators, power cuts and machines without memory cost workers more often than jobs do.
# A job that takes the whole machine with it each time fails after so many losses, too.
LOSSES_ALLOWED = 30
# A process that is free has its message sooner.
MESSAGE_SECONDS = 0.1


@dataclass(frozen=True)
class _Setback:
    """A way in which a job loses its worker: the counter, when the job fails, and why."""

    counter: str
    allowed: int
    reason: str

    def times(self, job: Row[Any]) -> int:
        """Return how often it has happened to *job* in a row, with this time."""
        return int(getattr(job, self.counter)) + 1


_LOSS = _Setback(
    "losses",
    LOSSES_ALLOWED,
    f"lost its worker {LOSSES_ALLOWED} times in a row without progress: see the workers' logs and "
    "the machine's memory, then `tidings retry`",
)

# A worker claims nothing more as soon as a program of another version has changed the tables.
_MAY_CLAIM = is_of_own_revision()

# Built once: an account's job is claimed as another ends, and building takes longer than that.
_OPEN_RUN = select(Run.id).where(Run.id == bindparam("run"), IS_OPEN, ~ALL_ARE_PAUSED)
_SETBACKS = select(Job.crashes + Job.losses).where(Job.id == bindparam("job"))
_WITHOUT_SETBACK = (
    select(Job.id)
    .where(
        # The index that has the jobs in order begins with this column.
        Job.queue == bindparam("queue"),
        Job.run_id == bindparam("run"),
        Job.crashes == 0,
        Job.losses == 0,
        _MAY_CLAIM,
    )
    .order_by(Job.due_at, Job.id)
    .limit(bindparam("most", type_=Integer))
)
_QUEUED = _WITHOUT_SETBACK.where(Job.state == State.QUEUED, Job.waits == 0)
_PUT_OFF = _WITHOUT_SETBACK.where(
    Job.state == State.WAITING,
    Job.due_at <= clock(),
    Job.waits_for.is_distinct_from(WaitFor.OTHER_JOBS),
)
_NOT_DISPATCHED = _QUEUED.where(Job.dispatched_at.is_(None))
_WAITING_MESSAGES = _QUEUED.where(Job.dispatched_at < clock() - MESSAGE_SECONDS)
_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_HOLD = (
    update(Job)
    .where(Job.id.in_(_IDS))
    .values(held_columns(bindparam("new_owner"), bindparam("lease_seconds", type_=Float)))
    .values(claims=Job.claims + 1)
    .returning(*SCOPE_COLUMNS, Job.name, Job.options, Job.claims, Job.waits)
)


def claim_job(
    db: Database,
    job_id: int,
    *,
    owner: str,
    lease_seconds: float,
    has_exited: Callable[[str], bool],
) -> Claim | None:
    """Claim the job if it is due, or if its owner has exited; return None if it is not to be had.

    A job that loses its worker for the last time allowed in a row is failed here instead.
    """
    job = _read_job(db, job_id)
    if job is None or job.run_state == State.PAUSED:
        return None

    was_lost = job.state == State.RUNNING and _is_lost(job, has_exited)
    is_free = job.state in (State.QUEUED, State.WAITING) and job.due
    if not was_lost and not is_free:
        return None
    if was_lost and _LOSS.times(job) >= LOSSES_ALLOWED:
        _set_back(db, job, _LOSS, _is_still_lost(job, has_exited))
        return None

    claims = job.claims + 1
    held = held_columns(owner, lease_seconds) | {
        "claims": claims,
        "losses": Job.losses + int(was_lost),
    }
    is_unchanged = and_(
        Job.id == job_id, Job.claims == job.claims, Job.state == job.state, _MAY_CLAIM
    )
    if was_lost:
        is_unchanged &= _is_still_lost(job, has_exited)

    claim = update(Job).where(is_unchanged).values(held)
    if job.queue == QUEUE_REPORTS:
        slots = count_report_slots(db, has_exited)
        if not _claim_report(db, claim, is_unchanged, slots):
            return None
    else:
        with db.write() as connection:
            if job.run_state == State.QUEUED:
                queued = update(Run).where(Run.id == job.run_id, Run.state == State.QUEUED)
                connection.execute(queued.values(state=State.RUNNING))

            if not connection.execute(claim).rowcount:
                return None

    return Claim(
        job_id=job_id,
        run_id=job.run_id,
        kind=job.kind,
        queue=job.queue,
        name=job.name,
        owner=owner,
        number=claims,
        options=job.options,
        parameters=job.parameters,
        max_calls=job.max_calls,
        scope=DocumentScope.of_job(job, job.parameters),
        waits=job.waits,
    )


def _claim_report(
    db: Database, claim: Update, is_unchanged: ColumnElement[bool], slots: int
) -> bool:
    """Claim a report job unless as many are at work as may be; it is dispatched later then."""
    with db.write() as connection:
        _lock_drawing(connection, db)
        if connection.execute(claim.where(MAY_DRAW), {REPORT_SLOTS: slots}).rowcount:
            return True

        connection.execute(update(Job).where(is_unchanged).values(dispatched_at=None))

    return False


def _lock_drawing(connection: Connection, db: Database) -> None:
    """Let claims of report jobs take turns: each counts those that are at work."""
    lock = db.upsert(MaintenanceLock).values(name="drawing", at=0.0)
    locked = lock.on_conflict_do_update(index_elements=["name"], set_={"at": MaintenanceLock.at})
    connection.execute(locked)


def claim_companions(db: Database, claim: Claim, *, most: int, lease_seconds: float) -> list[Claim]:
    """Claim up to *most* queued jobs of the claim's run and kind, to be worked on beside its job.

    Only jobs without a message are claimed: a dispatched job belongs to the process that gets the
    message. No companion and no claimed job may have lost its worker before: it must stay clear
    which job kills it.
    """
    return _claim_beside(db, claim, _NOT_DISPATCHED, most=most, lease_seconds=lease_seconds)


def claim_next(db: Database, claim: Claim, *, lease_seconds: float) -> Claim | None:
    """Claim another queued job of the claim's run as a companion, where no other run waits.

    If another run waits, this process must become free soon. A job that was put off keeps its
    place before those that nobody has begun. A job whose message waits for a free process may be
    claimed too, since only this process is free.
    """
    parameters: Columns = {"queue": claim.queue, "run": claim.run_id, "most": 1}
    with db.read() as connection:
        if connection.scalar(_OPEN_RUN, {"run": claim.run_id}) is None:
            return None
        if others_wait(connection, claim.run_id, claim.queue):
            return None

        was_put_off = connection.scalar(_PUT_OFF, parameters) is not None

    queued = (_NOT_DISPATCHED, _WAITING_MESSAGES)
    for free in (_PUT_OFF, *queued) if was_put_off else queued:
        companions = _claim_beside(db, claim, free, most=1, lease_seconds=lease_seconds)
        if companions:
            return companions[0]

    return None


def _claim_beside(
    db: Database, claim: Claim, free: Select[int], *, most: int, lease_seconds: float
) -> list[Claim]:
    """Claim up to *most* of the *free* jobs for the owner of *claim*."""
    parameters: Columns = {
        "queue": claim.queue,
        "run": claim.run_id,
        "most": most,
    }
    with db.read() as connection:
        if connection.scalar(free, parameters) is None:
            return []
        if connection.scalar(_SETBACKS, {"job": claim.job_id}):
            return []

    with db.write() as connection:
        ids = connection.scalars(free.with_for_update(skip_locked=True), parameters).all()
        held = {"ids": ids, "new_owner": claim.owner, "lease_seconds": lease_seconds}
        claimed_jobs = connection.execute(_HOLD, held).all()

    companions = []
    for job in sorted(claimed_jobs, key=attrgetter("id")):
        companions.append(
            replace(
                claim,
                job_id=job.id,
                name=job.name,
                options=job.options,
                number=job.claims,
                scope=DocumentScope.of_job(job, claim.parameters),
                waits=job.waits,
            )
        )

    return companions


def requeue_job(db: Database, claim: Claim, *, reason: str | None = None) -> None:
    """Give the job back to be claimed at once; do nothing once the claim is lost.

    It keeps its place: else all months of a run would be begun before the first is done, and
    nobody could tell how far the run is.
    """
    queued = due_columns(State.QUEUED, reason=reason) | {"due_at": Job.due_at}
    with db.write() as connection:
        connection.execute(update_claimed(claim).values(queued))


def put_off_job(
    db: Database,
    claim: Claim,
    *,
    seconds: float,
    reason: str,
    waits_for: WaitFor | None = None,
) -> None:
    """Give the job back to be claimed in *seconds*; do nothing once the claim is lost.

    `waiting_since` is the time of the first wait for a service in a row.
    """
    is_away = waits_for == WaitFor.SERVICE
    waiting = due_columns(State.WAITING, seconds=seconds, reason=reason)
    waiting["waits"] = Job.waits + 1
    waiting["waits_for"] = waits_for
    waiting["waiting_since"] = func.coalesce(Job.waiting_since, clock()) if is_away else None
    with db.write() as connection:
        connection.execute(update_claimed(claim).values(waiting))


def finish_job(
    db: Database, claim: Claim, *, result: str | None = None, reason: str | None = None
) -> None:
    """End the job as done, and its run if it was the last. Raises `LeaseLost`."""
    with db.write() as connection:
        _end_job(connection, claim, ended_columns(State.DONE, result=result, reason=reason))
        if claim.waits:
            # The answers that this job waited for may have come to another run.
            forget_outages(connection, claim.run_id)


def fail_job(db: Database, claim: Claim, *, reason: str) -> None:
    """End the job as failed, and its run if it was the last. Raises `LeaseLost`."""
    with db.write() as connection:
        _end_job(connection, claim, ended_columns(State.FAILED, reason=reason))


def fail_run(db: Database, claim: Claim, *, reason: str) -> None:
    """End the job and all others of its run as failed, since none may go on. Raises `LeaseLost`."""
    ended = ended_columns(State.FAILED, reason=reason)
    others = update(Job).where(Job.run_id == claim.run_id, ~IS_REPORT, Job.state.in_(UNENDED))
    with db.write() as connection:
        lock_run(connection, claim.run_id)
        fence(connection, claim, **ended)
        connection.execute(others.values(ended))
        close_run(connection, claim.run_id)


def _end_job(connection: Connection, claim: Claim, ended: Columns) -> None:
    lock_run(connection, claim.run_id)
    fence(connection, claim, **ended)
    close_run(connection, claim.run_id)


def freeze_together(db: Database, claim: Claim, job_names: Collection[str], newest: int) -> int:
    """Let the documents of the claimed job, and of its run's jobs *job_names*, end with *newest*.

    Frozen documents stay as they are. Return the last document of the claimed job. Raises
    `LeaseLost`.
    """
    unfrozen = update(Job).where(Job.newest_document.is_(None)).values(newest_document=newest)
    unfrozen_in_run = unfrozen.where(Job.run_id == claim.run_id, ~IS_REPORT)
    with db.write() as connection:
        lock_run(connection, claim.run_id)
        fence(connection, claim)
        # Two statements: with "this job or one of these" each would look at all jobs of the run.
        connection.execute(unfrozen.where(Job.id == claim.job_id))
        change_in(connection, unfrozen_in_run, Job.name, job_names)
        frozen = newest_document_of(connection, claim.job_id)

    assert frozen is not None  # noqa: S101 - it was set
    return frozen


def wake_waiting_jobs(db: Database, run_id: int) -> None:
    """Let the run's jobs that wait for others be due if there is nothing left to wait for.

    Some wait for the documents of others, one may wait for the end of all jobs over texts. Call it
    when a slice has ended, before the dispatch: the end of a wait dispatches nothing.
    """
    waiting = and_(Job.run_id == run_id, Job.state == State.WAITING)
    what_is_waited_for = select(Job.waits_for).where(waiting, Job.waits_for.in_(_KEEPS_WAITING))
    with db.read() as connection:
        over = [
            waits_for
            for waits_for in connection.scalars(what_is_waited_for.distinct())
            if not _KEEPS_WAITING[waits_for](connection, run_id)
        ]

    if not over:
        return

    with db.write() as connection:
        woken = update(Job).where(waiting, Job.waits_for.in_(over))
        connection.execute(woken.values(due_at=clock(), wait_seconds=0.0))


# What tells whether a job still has to wait.
_KEEPS_WAITING: Mapping[str | None, Callable[[Connection, int], bool]] = {
    WaitFor.OTHER_JOBS: has_unfrozen_job,
    WaitFor.END_OF_JOBS: has_unended_job,
}


def requeue_lost_jobs(db: Database, has_exited: Callable[[str], bool]) -> int:
    """Queue or fail the jobs whose owner exited or whose lease ran out; return their number.

    The cause of the loss is not known, so it takes many losses in a row to fail a job.
    """
    lost = [job for job in _running_jobs(db) if _is_lost(job, has_exited)]
    for job in lost:
        _set_back(db, job, _LOSS, _is_still_lost(job, has_exited))

    return len(lost)


def requeue_crashed_jobs(db: Database, is_owner: Callable[[str], bool], cause: str) -> int:
    """Queue or fail the jobs of a process that ended by their own doing; return their number.

    *is_owner* says whether a name is the process's, *cause* how it ended. Jobs that shared the
    process are worked on alone from then on, so that the innocent ones progress.
    """
    crash = _Setback(
        "crashes",
        CRASHES_ALLOWED,
        f"killed its worker {CRASHES_ALLOWED} times in a row without progress (at last: {cause}): "
        "see the log, then `tidings retry`",
    )
    crashed = [job for job in _running_jobs(db) if job.owner and is_owner(job.owner)]
    for job in crashed:
        _set_back(db, job, crash, true())

    return len(crashed)


def _running_jobs(db: Database) -> Sequence[Any]:
    is_expired = (Job.lease_until < clock()).label("expired")
    columns = (Job.id, Job.run_id, Job.owner, Job.claims, Job.crashes, Job.losses, is_expired)
    running = select(*columns).where(Job.state == State.RUNNING)
    with db.read() as connection:
        return connection.execute(running).all()


def correct_times(db: Database) -> None:
    """Correct times that a fast clock has set too far in the future."""
    is_due_too_late = and_(
        Job.state == State.WAITING,
        Job.due_at > clock() + Job.wait_seconds + CLOCK_SLACK_SECONDS,
    )
    is_dispatched_later = Job.dispatched_at > clock() + CLOCK_SLACK_SECONDS
    corrections: list[tuple[ColumnElement[bool], Columns]] = [
        (is_due_too_late, {"due_at": clock()}),
        (is_dispatched_later, {"dispatched_at": None}),
    ]
    for is_wrong, columns in corrections:
        with db.read() as connection:
            wrong = connection.scalars(select(Job.id).where(is_wrong)).all()

        for ids in batched(wrong):
            with db.write() as connection:
                connection.execute(update(Job).where(Job.id.in_(ids), is_wrong).values(columns))


def _set_back(
    db: Database, job: Row[Any], setback: _Setback, is_still_lost: ColumnElement[bool]
) -> None:
    """Queue the job if *is_still_lost* holds, or fail it after too many setbacks.

    A job that made progress since *job* was read does not fail.
    """
    counter = Job.__table__.c[setback.counter]
    lost = update_held(job.id, job.owner, job.claims).where(is_still_lost)
    times = setback.times(job)

    if times < setback.allowed:
        with db.write() as connection:
            connection.execute(
                lost.values(due_columns(State.QUEUED) | {setback.counter: counter + 1})
            )

        return

    failed = ended_columns(State.FAILED, reason=setback.reason) | {setback.counter: times}
    made_no_progress = counter == times - 1
    with db.write() as connection:
        lock_run(connection, job.run_id)
        if connection.execute(lost.where(made_no_progress).values(failed)).rowcount:
            close_run(connection, job.run_id)


def _read_job(db: Database, job_id: int) -> Row[Any] | None:
    with db.read() as connection:
        return connection.execute(_JOB_WITH_RUN, {"job": job_id}).one_or_none()


_JOB_WITH_RUN = (
    select(
        Job.__table__,
        or_(Job.state == State.QUEUED, Job.due_at <= clock()).label("due"),
        (Job.lease_until < clock()).label("expired"),
        RUN_STATE.label("run_state"),
        Run.parameters,
        Run.max_calls,
    )
    .join(Run, Run.id == Job.run_id)
    .where(Job.id == bindparam("job"))
)


def _is_lost(job: Row[Any], has_exited: Callable[[str], bool]) -> bool:
    return bool(job.expired or (job.owner and has_exited(job.owner)))


def _is_still_lost(job: Row[Any], has_exited: Callable[[str], bool]) -> ColumnElement[bool]:
    """Return the condition on `Job` of a job that was lost when it was read."""
    return true() if has_exited(job.owner or "") else Job.lease_until < clock()
