"""The state transitions of runs with all their jobs and their report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from core.enums import ENDED, QUEUE_REPORTS, ActKind, JobKind, State
from core.errors import NotFound, RunCapReached, RunEnded, UsageError
from core.prices import Money, format_money
from core.quantities import quantity
from models.acts import record_act
from models.batches import has_open_batches
from models.database import Database, clock
from models.job_columns import due_columns, ended_columns
from models.jobs import NO_SETBACKS
from models.outages import forget_outages
from models.payers import payers_of, read_caps
from models.redo_transitions import ask_refused_again
from models.runs import (
    IS_OPEN,
    IS_SUBMITTED,
    REPORT_JOB,
    UNENDED,
    NewJob,
    add_jobs,
    get_run,
)
from models.tables import IS_REPORT, Job, Payer, Run


def pause_run(db: Database, run_id: int, *, person: str | None = None) -> None:
    """Pause the run: no job starts, and jobs at work end their slice soon.

    Here and below, a *person* whose act it is gets a row of `acts`. Raises `NotFound` and
    `RunEnded`.
    """
    with db.write() as connection:
        _lock_unless(connection, run_id, ENDED)
        _pause(connection, Run.id == run_id)
        record_act(connection, ActKind.PAUSE, f"run {run_id}", person=person)


def pause_at_cap(
    db: Database,
    run_id: int,
    reason: str,
    max_cost: int | None = None,
    payer: tuple[str, str, str] | None = None,
) -> None:
    """Pause a run whose cap is reached, unless the cap was raised in the meantime.

    A run whose jobs see to batches goes on until it has their answers, which are paid. *max_cost*
    is the cap on costs that was met, of the run or of a *payer*; None if it was the cap on calls.
    """
    is_at_cap = Run.calls_begun >= Run.max_calls if max_cost is None else Run.max_cost == max_cost
    if payer is not None:
        key = tuple_(Payer.kind, Payer.name, Payer.currency)
        is_at_cap = select(Payer.kind).where(key == payer, Payer.max_cost == max_cost).exists()

    with db.write() as connection:
        lock_run(connection, run_id)
        if not has_open_batches(connection, run_id):
            _pause(connection, and_(Run.id == run_id, is_at_cap), reason)


def _pause(connection: Connection, which: ColumnElement[bool], reason: str | None = None) -> None:
    paused = update(Run).where(which, IS_OPEN)
    connection.execute(paused.values(state=State.PAUSED, reason=reason))


def resume_run(
    db: Database,
    run_id: int,
    max_calls: int | None = None,
    max_cost: Money | None = None,
    *,
    person: str | None = None,
) -> int | None:
    """Continue a paused run; return how many calls its cap leaves it, None without a cap.

    *max_calls* and *max_cost* are new caps. Raises `NotFound`, `RunEnded`, `UsageError` where the
    run has made as many calls, or was charged as much, as the new cap allows, and `RunCapReached`
    where it is paused for its cap and would be paused again: it has no batch whose answers come,
    and no payer with a cap, which may be what it was paused for.
    """
    with db.write() as connection:
        _lock_unless(connection, run_id, ENDED)
        run = get_run(connection, run_id)
        cap = run.max_calls if max_calls is None else max_calls
        calls_left = None if cap is None else max(0, cap - run.calls_begun)
        may_go_on = has_open_batches(connection, run_id)
        if calls_left == 0 and not (may_go_on and max_calls is None):
            _refuse_used_cap(run, max_calls)
        if calls_left != 0 or max_cost is not None:
            payers = read_caps(connection, payers_of(run)).values()
            has_capped_payer = any(payer.max_cost is not None for payer in payers)
            is_raised = max_calls is not None or may_go_on or has_capped_payer
            _check_cost_cap(run, max_cost, is_raised=is_raised)
        if max_calls is not None:
            connection.execute(update(Run).where(Run.id == run_id).values(max_calls=max_calls))
        if max_cost is not None:
            raised = update(Run).where(Run.id == run_id)
            connection.execute(raised.values(max_cost=max_cost.micro))

        caps = [str(max_cost)] if max_cost is not None else []
        caps += [quantity(max_calls, "call")] if max_calls is not None else []
        for cap in caps:
            record_act(connection, ActKind.CAP, f"run {run_id}", person=person, details=cap)

        record_act(connection, ActKind.RESUME, f"run {run_id}", person=person)

        # The messages of its jobs met a paused run.
        waiting = update(Job).where(Job.state.in_((State.QUEUED, State.WAITING)))
        due = due_columns(State.QUEUED) | NO_SETBACKS
        connection.execute(waiting.where(Job.run_id == run_id).values(due))
        forget_outages(connection, run_id)
        paused = update(Run).where(Run.id == run_id, Run.state == State.PAUSED)
        connection.execute(paused.values(state=State.RUNNING, reason=None))

    return calls_left


def _check_cost_cap(run: Row[Any], max_cost: Money | None, *, is_raised: bool) -> None:
    """Raise an error if a new cap on costs is none, or if the run would be paused at the old one.

    *is_raised* says that its other cap is raised, or that answers are to come without a call.
    """
    charged = format_money(run.cost_charged, run.currency or "")
    if max_cost is not None:
        if max_cost.currency != run.currency:
            paid_in = f"pays in {run.currency}" if run.currency else "pays no language model"
            raise UsageError(f"--max-cost {max_cost}: run {run.id} {paid_in}")

        if max_cost.micro <= run.cost_charged:
            raise UsageError(
                f"--max-cost {max_cost}: run {run.id} was charged {charged} already, and the cap "
                "is on all of it: give more"
            )

        return

    if run.state == State.PAUSED and run.reason is not None and run.max_cost and not is_raised:
        raise RunCapReached(
            f"run {run.id} was charged {charged} of its cap, which leaves no call, and stays "
            f"paused: `tidings resume {run.id} --max-cost N{run.currency}` raises the cap"
        )


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


def cancel_run(db: Database, run_id: int, *, person: str | None = None) -> None:
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
        connection.execute(open_jobs.values(ended_columns(State.CANCELLED, reason=reason)))
        record_act(connection, ActKind.CANCEL, f"run {run_id}", person=person)


def retry_run(
    db: Database, run_id: int, job_names: Sequence[str] = (), *, person: str | None = None
) -> int:
    """Queue failed jobs again, and those that left out refused texts; return their number.

    *job_names* are those to queue, by default all. Raises `NotFound` where one of them is no such
    job, and `RunEnded` where the run was cancelled.
    """
    with db.write() as connection:
        _lock_unless(connection, run_id, (State.CANCELLED,))
        refused_names = ask_refused_again(connection, run_id, job_names)
        failed = and_(Job.run_id == run_id, Job.state == State.FAILED)
        if job_names:
            retried_names = refused_names.union(connection.scalars(select(Job.name).where(failed)))
            if missing := [job_name for job_name in job_names if job_name not in retried_names]:
                raise NotFound(f"run {run_id} has no failed job {', '.join(missing)}")

            failed = and_(failed, Job.name.in_(job_names))

        requeued = due_columns(State.QUEUED) | NO_SETBACKS
        # 0 stands for documents that were never frozen.
        requeued["newest_document"] = func.nullif(Job.newest_document, 0)
        queued = connection.execute(update(Job).where(failed).values(requeued)).rowcount
        reopen_run(connection, run_id)
        queued += len(refused_names)
        jobs = quantity(queued, "job")
        record_act(connection, ActKind.RETRY, f"run {run_id}", person=person, details=jobs)
        return queued


def close_run(connection: Connection, run_id: int) -> None:
    """End the run if all its jobs have ended, and queue its report if it is to have one.

    Call it with the run locked (`lock_run`) and after the job's change, which is a statement of its
    own.
    """
    with_report = connection.scalar(_CLOSE_RUN, {"closed_run": run_id})
    if with_report is None:
        return

    forget_outages(connection, run_id)
    if with_report:
        queue_report(connection, run_id)


def _close_run() -> ReturningUpdate[bool]:
    # By state, in the order of an index: otherwise each end would read all jobs that ended before.
    run_id: BindParameter[int] = bindparam("closed_run")
    first_job = (
        select(Job.id).where(Job.run_id == run_id, IS_SUBMITTED).order_by(Job.state).limit(1)
    )
    has_ended = first_job.where(Job.state.in_(UNENDED)).scalar_subquery().is_(None)
    failed = first_job.where(Job.state == State.FAILED).scalar_subquery()
    state = case((failed.is_not(None), State.FAILED), else_=State.DONE)

    open_run = update(Run).where(Run.id == run_id, Run.state.not_in(ENDED), has_ended)
    return open_run.values(state=state, ended_at=clock()).returning(Run.with_report)


# The statement is built once: that costs more than what the database does with it.
_CLOSE_RUN = _close_run()


def close_ended_runs(db: Database) -> None:
    """Close the runs whose last job ended when its worker was killed before it could close them."""
    unended_job = select(Job.id).where(Job.run_id == Run.id, IS_SUBMITTED, Job.state.in_(UNENDED))
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
    reports = update(Job).where(Job.run_id == run_id, IS_REPORT, Job.name == REPORT_JOB)
    begun = reports.where(Job.state.in_((*ENDED, State.RUNNING)))
    connection.execute(begun.values(due_columns(State.QUEUED) | NO_SETBACKS))
    add_jobs(connection, run_id, [NewJob(JobKind.REPORT, REPORT_JOB, {}, QUEUE_REPORTS)])


def repeat_report_job(connection: Connection, run_id: int) -> bool:
    """Queue the job that makes the run's report again, if it has ended; return whether it had."""
    ended = update(Job).where(Job.run_id == run_id, Job.name == REPORT_JOB, Job.state.in_(ENDED))
    due = due_columns(State.QUEUED) | NO_SETBACKS
    return connection.execute(ended.where(IS_REPORT).values(due)).rowcount > 0


def reopen_run(connection: Connection, run_id: int) -> bool:
    """Set an ended run to running if a job of it is queued; return whether it was."""
    queued = select(Job.id).where(Job.run_id == run_id, IS_SUBMITTED, Job.state == State.QUEUED)
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
