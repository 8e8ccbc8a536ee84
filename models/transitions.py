"""The state transitions of jobs and runs, one function for each.

The rules are those of docs/architecture.md, "Life of a run". `_due` and `_ended` state what the
columns of a claimable job and of an ended job are. A queued job is due whatever the clock was when
it was queued.
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
    case,
    delete,
    func,
    or_,
    select,
    true,
    update,
)

from core.enums import ENDED, QUEUE_OF, JobKind, State, StepState
from core.errors import NotFound, RunCapReached, RunEnded, UsageError
from core.quantities import quantity
from models.database import CLOCK_SLACK_SECONDS, Database, batched, clock
from models.jobs import (
    NO_SETBACKS,
    Claim,
    DrawingSlots,
    count_drawing_slots,
    fence,
    has_unfrozen_job,
    newest_document_of,
    update_claimed,
    update_held,
)
from models.runs import IS_OPEN, REPORT_JOB, UNENDED, NewJob, add_jobs, get_run
from models.scheduling import MAY_DRAW, drawing_values, others_wait
from models.tables import Job, JobStep, MaintenanceLock, Run

# A job fails after so many crashes in a row without any progress.
CRASHES_ALLOWED = 3
# Operators, power cuts and machines without memory cost workers more often than jobs do.
# A job that takes the whole machine with it each time fails after so many losses, too.
LOSSES_ALLOWED = 30
# A process that is free has its message sooner.
MESSAGE_SECONDS = 0.1

Columns = dict[str, Any]


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


def _due(state: State, *, seconds: float = 0.0, reason: str | None = None) -> Columns:
    """Return the columns of a job that no worker holds and that is due in *seconds*."""
    return {
        "state": state,
        "result": None,
        "reason": reason,
        "owner": None,
        "lease_until": None,
        "dispatched_at": None,
        "due_at": clock() + seconds,
        "wait_seconds": seconds,
        "ended_at": None,
    }


def _held(owner: Any, lease_seconds: Any) -> Columns:
    """Return the columns of a job that *owner* works on, without the number of the claim."""
    return {
        "state": State.RUNNING,
        "reason": None,
        "owner": owner,
        "lease_until": clock() + lease_seconds,
        "dispatched_at": None,
        "started_at": func.coalesce(Job.started_at, clock()),
    }


def _ended(state: State, *, result: str | None = None, reason: str | None = None) -> Columns:
    """Return the columns of a job that has ended; one that never froze its documents has none."""
    return {
        "state": state,
        "result": result,
        "reason": reason,
        "owner": None,
        "lease_until": None,
        "ended_at": clock(),
        "newest_document": func.coalesce(Job.newest_document, 0),
    }


# --- a job and its worker ---

# Built once: an account's job is claimed as another ends, and building takes longer than that.
_OPEN_RUN = select(Run.id).where(Run.id == bindparam("run"), IS_OPEN)
_SETBACKS = select(Job.crashes + Job.losses).where(Job.id == bindparam("job"))
_QUEUED = (
    select(Job.id)
    .where(
        # The index that has the jobs in order begins with this column.
        Job.queue == bindparam("queue"),
        Job.run_id == bindparam("run"),
        Job.state == State.QUEUED,
        Job.kind == bindparam("kind"),
        Job.crashes == 0,
        Job.losses == 0,
        Job.waits == 0,
    )
    .order_by(Job.due_at, Job.id)
    .limit(bindparam("most", type_=Integer))
)
_NOT_DISPATCHED = _QUEUED.where(Job.dispatched_at.is_(None))
_WAITING_MESSAGES = _QUEUED.where(Job.dispatched_at < clock() - MESSAGE_SECONDS)
_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_HOLD = (
    update(Job)
    .where(Job.id.in_(_IDS))
    .values(_held(bindparam("new_owner"), bindparam("lease_seconds", type_=Float)))
    .values(claims=Job.claims + 1)
    .returning(Job.id, Job.name, Job.options, Job.claims)
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
    held = _held(owner, lease_seconds) | {
        "claims": claims,
        "losses": Job.losses + int(was_lost),
    }
    is_unchanged = and_(Job.id == job_id, Job.claims == job.claims, Job.state == job.state)
    if was_lost:
        is_unchanged &= _is_still_lost(job, has_exited)
    claim = update(Job).where(is_unchanged).values(held)
    if job.kind == JobKind.REPORT:
        drawing = count_drawing_slots(db, has_exited)
        if not _claim_report(db, claim, is_unchanged, drawing):
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
        kind=JobKind(job.kind),
        name=job.name,
        owner=owner,
        number=claims,
        options=job.options,
        parameters=job.parameters,
        max_calls=job.max_calls,
        waits=job.waits,
    )


def _claim_report(
    db: Database, claim: Update, is_unchanged: ColumnElement[bool], drawing: DrawingSlots
) -> bool:
    """Claim a report job unless as many are at work as may be; it is dispatched later then."""
    with db.write() as connection:
        _lock_drawing(connection, db)
        if connection.execute(claim.where(MAY_DRAW), drawing_values(drawing)).rowcount:
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

    If another run waits, this process must become free soon. A job whose message waits for a free
    process may be claimed too, since only this process is free.
    """
    with db.read() as connection:
        if connection.scalar(_OPEN_RUN, {"run": claim.run_id}) is None:
            return None
        if others_wait(connection, claim.run_id, QUEUE_OF[claim.kind]):
            return None

    for free in (_NOT_DISPATCHED, _WAITING_MESSAGES):
        companions = _claim_beside(db, claim, free, most=1, lease_seconds=lease_seconds)
        if companions:
            return companions[0]
    return None


def _claim_beside(
    db: Database, claim: Claim, free: Select[int], *, most: int, lease_seconds: float
) -> list[Claim]:
    """Claim up to *most* of the *free* jobs for the owner of *claim*."""
    parameters: Columns = {
        "queue": QUEUE_OF[claim.kind],
        "run": claim.run_id,
        "kind": claim.kind,
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
                waits=0,
            )
        )
    return companions


def requeue_job(db: Database, claim: Claim, *, reason: str | None = None) -> None:
    """Give the job back to be claimed at once; do nothing once the claim is lost."""
    with db.write() as connection:
        connection.execute(update_claimed(claim).values(_due(State.QUEUED, reason=reason)))


def put_off_job(
    db: Database, claim: Claim, *, seconds: float, reason: str, is_away: bool = False
) -> None:
    """Give the job back to be claimed in *seconds*; do nothing once the claim is lost.

    *is_away* says that the job waits for a service that does not answer. `waiting_since` is the
    time of the first such wait in a row.
    """
    waiting = _due(State.WAITING, seconds=seconds, reason=reason)
    waiting["waits"] = Job.waits + 1
    waiting["waiting_since"] = func.coalesce(Job.waiting_since, clock()) if is_away else None
    with db.write() as connection:
        connection.execute(update_claimed(claim).values(waiting))


def finish_job(
    db: Database, claim: Claim, *, result: str | None = None, reason: str | None = None
) -> None:
    """End the job as done, and its run if it was the last. Raises `LeaseLost`."""
    _end_job(db, claim, _ended(State.DONE, result=result, reason=reason))


def fail_job(db: Database, claim: Claim, *, reason: str) -> None:
    """End the job as failed, and its run if it was the last. Raises `LeaseLost`."""
    _end_job(db, claim, _ended(State.FAILED, reason=reason))


def _end_job(db: Database, claim: Claim, ended: Columns) -> None:
    with db.write() as connection:
        lock_run(connection, claim.run_id)
        fence(connection, claim, **ended)
        close_run(connection, claim.run_id)


# --- jobs that are compared with the others of their run ---


def freeze_together(db: Database, claim: Claim, job_names: Collection[str], newest: int) -> int:
    """Let the documents of the claimed job, and of its run's jobs *job_names*, end with *newest*.

    Frozen documents stay as they are. Return the last document of the claimed job. Raises
    `LeaseLost`.
    """
    unfrozen = update(Job).where(Job.newest_document.is_(None)).values(newest_document=newest)
    unfrozen_in_run = unfrozen.where(Job.run_id == claim.run_id, Job.kind == claim.kind)
    with db.write() as connection:
        lock_run(connection, claim.run_id)
        fence(connection, claim)
        # Two statements: with "this job or one of these" each would look at all jobs of the run.
        connection.execute(unfrozen.where(Job.id == claim.job_id))
        for batch in batched(list(job_names)):
            connection.execute(unfrozen_in_run.where(Job.name.in_(batch)))
        frozen = newest_document_of(connection, claim.job_id)
    assert frozen is not None  # noqa: S101 - it was set
    return frozen


def wake_waiting_jobs(db: Database, run_id: int, reason: str) -> None:
    """Let the run's jobs that wait for *reason*, the documents of others, be due if none is left.

    Call it when a slice has ended, before the dispatch: the end of a wait dispatches nothing.
    """
    is_waiting = and_(Job.run_id == run_id, Job.state == State.WAITING, Job.reason == reason)
    with db.read() as connection:
        if connection.scalar(select(Job.id).where(is_waiting).limit(1)) is None:
            return
        if has_unfrozen_job(connection, run_id):
            return

    with db.write() as connection:
        connection.execute(update(Job).where(is_waiting).values(due_at=clock(), wait_seconds=0.0))


# --- after a crash ---


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
            connection.execute(lost.values(_due(State.QUEUED) | {setback.counter: counter + 1}))
        return

    failed = _ended(State.FAILED, reason=setback.reason) | {setback.counter: times}
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
        Run.state.label("run_state"),
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


# --- a run and all its jobs ---


def pause_run(db: Database, run_id: int) -> None:
    """Pause the run: no job starts, and jobs at work end their slice soon.

    Raises `NotFound` and `RunEnded`.
    """
    with db.write() as connection:
        _lock_unless(connection, run_id, ENDED)
        _pause(connection, Run.id == run_id)


def pause_at_cap(db: Database, run_id: int, reason: str) -> None:
    """Pause a run whose cap on calls is reached, unless the cap was raised in the meantime."""
    with db.write() as connection:
        is_at_cap = and_(Run.id == run_id, Run.calls_begun >= Run.max_calls)
        _pause(connection, is_at_cap, reason)


def _pause(connection: Connection, which: ColumnElement[bool], reason: str | None = None) -> None:
    paused = update(Run).where(which, IS_OPEN)
    connection.execute(paused.values(state=State.PAUSED, reason=reason))


def resume_run(db: Database, run_id: int, max_calls: int | None = None) -> int | None:
    """Continue a paused run; return how many calls its cap leaves it, None without a cap.

    *max_calls* is a new cap. Raises `NotFound`, `RunEnded`, `UsageError` where the run has made as
    many calls as the new cap allows, and `RunCapReached` where it is paused for its cap and would
    be paused again.
    """
    with db.write() as connection:
        _lock_unless(connection, run_id, ENDED)
        run = get_run(connection, run_id)
        cap = run.max_calls if max_calls is None else max_calls
        calls_left = None if cap is None else max(0, cap - run.calls_begun)
        if calls_left == 0:
            _refuse_used_cap(run, max_calls)
        if max_calls is not None:
            connection.execute(update(Run).where(Run.id == run_id).values(max_calls=max_calls))

        # their messages met a paused run
        waiting = update(Job).where(Job.state.in_((State.QUEUED, State.WAITING)))
        due = _due(State.QUEUED) | NO_SETBACKS
        connection.execute(waiting.where(Job.run_id == run_id).values(due))
        paused = update(Run).where(Run.id == run_id, Run.state == State.PAUSED)
        connection.execute(paused.values(state=State.RUNNING, reason=None))
    return calls_left


def _refuse_used_cap(run: Row[Any], max_calls: int | None) -> None:
    """Raise an error unless the run was paused by a person: what needs no call may go on."""
    calls = f"run {run.id} has made {quantity(run.calls_begun, 'call')}"
    if max_calls is not None:
        raise UsageError(
            f"--max-calls {max_calls:,}: {calls} already, and the cap is on all of them: give more"
        )
    if run.state == State.PAUSED and run.reason is not None:
        raise RunCapReached(
            f"{calls}, all that its cap allows, and stays paused: `tidings resume {run.id} "
            f"--max-calls N`, with N above {run.calls_begun:,}, raises the cap"
        )


def cancel_run(db: Database, run_id: int) -> None:
    """End a run for good; its answers stay. A job at work loses its claim and stops.

    Raises `NotFound`, and `RunEnded` where the run has ended otherwise.
    """
    reason = "cancelled"
    with db.write() as connection:
        ended = (State.DONE, State.FAILED)
        _lock_unless(connection, run_id, ended, "there is nothing left to cancel")
        open_run = update(Run).where(Run.id == run_id, Run.state.not_in(ENDED))
        connection.execute(open_run.values(state=State.CANCELLED, ended_at=clock(), reason=reason))
        open_jobs = update(Job).where(Job.run_id == run_id, Job.state.not_in(ENDED))
        connection.execute(open_jobs.values(_ended(State.CANCELLED, reason=reason)))


def retry_run(db: Database, run_id: int, job_names: Sequence[str] = ()) -> int:
    """Queue failed jobs again, those *job_names* or all; return their number.

    Raises `NotFound` where one of *job_names* is no failed job, and `RunEnded` where the run was
    cancelled.
    """
    with db.write() as connection:
        _lock_unless(connection, run_id, (State.CANCELLED,))
        failed = and_(Job.run_id == run_id, Job.state == State.FAILED)
        if job_names:
            failed_names = set(connection.scalars(select(Job.name).where(failed)))
            if missing := [job_name for job_name in job_names if job_name not in failed_names]:
                raise NotFound(f"run {run_id} has no failed job {', '.join(missing)}")
            failed = and_(failed, Job.name.in_(job_names))

        requeued = _due(State.QUEUED) | NO_SETBACKS
        # 0 stands for documents that were never frozen.
        requeued["newest_document"] = func.nullif(Job.newest_document, 0)
        queued = connection.execute(update(Job).where(failed).values(requeued)).rowcount
        reopen_run(connection, run_id)
        return queued


def close_run(connection: Connection, run_id: int) -> None:
    """End the run and queue its report if all its jobs have ended; otherwise do nothing.

    Call it with the run locked (`lock_run`) and after the job's change, which is a statement of its
    own.
    """
    if connection.execute(_CLOSE_RUN, {"closed_run": run_id}).rowcount:
        queue_report(connection, run_id)


def _close_run() -> Update:
    # By state, in the order of an index: otherwise each end would read all jobs that ended before.
    run_id: BindParameter[int] = bindparam("closed_run")
    first_job = (
        select(Job.id)
        .where(Job.run_id == run_id, Job.kind != JobKind.REPORT)
        .order_by(Job.state)
        .limit(1)
    )
    has_ended = first_job.where(Job.state.in_(UNENDED)).scalar_subquery().is_(None)
    failed = first_job.where(Job.state == State.FAILED).scalar_subquery()
    state = case((failed.is_not(None), State.FAILED), else_=State.DONE)

    open_run = update(Run).where(Run.id == run_id, Run.state.not_in(ENDED), has_ended)
    return open_run.values(state=state, ended_at=clock())


# The statement is built once: that costs more than what the database does with it.
_CLOSE_RUN = _close_run()


def close_ended_runs(db: Database) -> None:
    """Close the runs whose last job ended when its worker was killed before it could close them."""
    unended_job = select(Job.id).where(
        Job.run_id == Run.id, Job.kind != JobKind.REPORT, Job.state.in_(UNENDED)
    )
    with db.read() as connection:
        ended = select(Run.id).where(IS_OPEN, ~unended_job.exists())
        run_ids = connection.scalars(ended).all()

    for run_id in run_ids:
        with db.write() as connection:
            lock_run(connection, run_id)
            close_run(connection, run_id)


def queue_report(connection: Connection, run_id: int) -> None:
    """Queue the run's report, again if it was made before.

    A report that is being made has read older results; its worker loses the claim.
    """
    reports = update(Job).where(Job.run_id == run_id, Job.kind == JobKind.REPORT)
    begun = reports.where(Job.state.in_((*ENDED, State.RUNNING)))
    connection.execute(begun.values(_due(State.QUEUED) | NO_SETBACKS))
    add_jobs(connection, run_id, [NewJob(JobKind.REPORT, REPORT_JOB, {})])


def repeat_report_job(connection: Connection, run_id: int) -> bool:
    """Queue the job that makes the run's report again, if it has ended; return whether it had.

    Figures that are up to date are not drawn again, so figure jobs stay as they are.
    """
    ended = update(Job).where(Job.run_id == run_id, Job.name == REPORT_JOB, Job.state.in_(ENDED))
    due = _due(State.QUEUED) | NO_SETBACKS
    return connection.execute(ended.where(Job.kind == JobKind.REPORT).values(due)).rowcount > 0


# --- with new documents ---


def collect_again(
    connection: Connection, job_ids: Sequence[int], options: Mapping[str, Any]
) -> None:
    """Queue ended jobs with *options* to collect their documents again and to do every step.

    Call it with the run locked, then `reopen_run`. Stored answers are not requested again.
    """
    again = _due(State.QUEUED) | NO_SETBACKS | {"newest_document": None, "options": dict(options)}
    for batch in batched(job_ids):
        connection.execute(delete(JobStep).where(JobStep.job_id.in_(batch)))
        connection.execute(update(Job).where(Job.id.in_(batch)).values(again))


# --- after an erasure ---


def redo_job(connection: Connection, job_id: int) -> None:
    """Queue a job in any state, because documents of it were erased."""
    connection.execute(update(Job).where(Job.id == job_id).values(_due(State.QUEUED)))


def redo_reports(connection: Connection, run_id: int) -> None:
    """Queue the jobs that draw the run's report, because documents that they have read were erased.

    A worker at one of them loses its claim, so that it cannot end the job as failed.
    """
    drawing = update(Job).where(Job.run_id == run_id, Job.kind == JobKind.REPORT)
    connection.execute(drawing.where(Job.state == State.RUNNING).values(_due(State.QUEUED)))


def empty_job(connection: Connection, job_id: int, *, reason: str) -> None:
    """End a job as done without data, because all documents of it were erased."""
    ended = _ended(State.DONE, result=StepState.NO_DATA, reason=reason)
    ended |= {"dispatched_at": None, "newest_document": 0}
    connection.execute(update(Job).where(Job.id == job_id).values(ended))


def reopen_run(connection: Connection, run_id: int) -> bool:
    """Set an ended run to running if a job of it is queued; return whether it was."""
    queued = select(Job.id).where(
        Job.run_id == run_id, Job.kind != JobKind.REPORT, Job.state == State.QUEUED
    )
    ended = update(Run).where(Run.id == run_id, Run.state.in_((State.DONE, State.FAILED)))
    reopened = ended.where(queued.exists()).values(state=State.RUNNING, ended_at=None)
    return connection.execute(reopened).rowcount > 0


def lock_run(connection: Connection, run_id: int) -> None:
    """Lock the run's row. Always before any of its jobs' rows, or two ends would deadlock."""
    connection.execute(_LOCKED_RUN, {"run": run_id})


_LOCKED_RUN = select(Run.id).where(Run.id == bindparam("run")).with_for_update()


def _lock_unless(
    connection: Connection, run_id: int, states: Collection[State], remedy: str | None = None
) -> None:
    """Lock the run. Raises `NotFound`, and `RunEnded` with a *remedy* if it is in one of *states*.

    The default remedy says how to get the missing results.
    """
    lock_run(connection, run_id)
    run = get_run(connection, run_id)
    if run.state in states:
        if remedy is None and run.state == State.FAILED:
            remedy = f"`tidings retry {run.id}` queues its failed jobs again"
        raise RunEnded(f"run {run.id} has ended, it is {run.state}: {remedy or 'submit it again'}")
