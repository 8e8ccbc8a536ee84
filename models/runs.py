"""Runs: written whole with their jobs, paused, resumed, cancelled, retried, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from core.enums import ENDED, QUEUE_OF, JobKind, State
from core.errors import NotFound, RunEnded
from models.database import Database, clock
from models.tables import Job, Run, RunEngine

REPORT_JOB = "report"
PAUSABLE = (State.QUEUED, State.RUNNING)
UNENDED = (State.QUEUED, State.RUNNING, State.WAITING)  # where a job stands that has not ended


@dataclass(frozen=True)
class NewJob:
    """A job to be written with its run."""

    kind: JobKind
    name: str
    options: Mapping[str, Any]


def create_run(
    db: Database,
    *,
    kind: str,
    name: str | None,
    parameters: Mapping[str, Any],
    jobs: Sequence[NewJob],
    max_calls: int | None = None,
    mask: bytes | None = None,
) -> int:
    """Write a run and its jobs in one transaction; the run's id."""
    with db.write() as connection:
        run_id = connection.execute(
            insert(Run)
            .values(
                name=name,
                kind=kind,
                state=State.QUEUED,
                parameters=dict(parameters),
                mask=mask,
                max_calls=max_calls,
                calls_begun=0,
                created_at=clock(),
            )
            .returning(Run.id)
        ).scalar_one()
        now = connection.execute(select(clock())).scalar_one()
        connection.execute(
            insert(Job),
            [
                {
                    "run_id": run_id,
                    "kind": job.kind,
                    "name": job.name,
                    "queue": QUEUE_OF[job.kind],
                    "options": dict(job.options),
                    "state": State.QUEUED,
                    "claims": 0,
                    "crashes": 0,
                    "waits": 0,
                    "done_units": 0,
                    "all_units": 0,
                    "due_at": now,
                }
                for job in jobs
            ],
        )
        return run_id


def get_run(connection: Connection, run_id: int) -> Row[Any]:
    """The run's row, without its mask. Raises `NotFound`."""
    columns = [column for column in Run.__table__.columns if column.name != "mask"]
    row = connection.execute(select(*columns).where(Run.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no run {run_id}: `tidings runs` lists them")
    return row


def pause_run(db: Database, run_id: int) -> None:
    """Let nothing new start; what is at work ends its slice soon. Raises `NotFound`, `RunEnded`."""
    with db.write() as connection:
        _not_ended(_lock(connection, run_id))
        connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.state.in_(PAUSABLE))
            .values(state=State.PAUSED, reason=None)
        )


def pause_at_cap(db: Database, run_id: int, reason: str) -> None:
    """Pause a run whose cap on calls is reached; not one whose cap was raised since its job ran into it."""
    with db.write() as connection:
        connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.state.in_(PAUSABLE), Run.calls_begun >= Run.max_calls)
            .values(state=State.PAUSED, reason=reason)
        )


def resume_run(db: Database, run_id: int, max_calls: int | None = None) -> None:
    """Go on with a paused run; *max_calls* raises its cap. Raises `NotFound`, `RunEnded`."""
    with db.write() as connection:
        _not_ended(_lock(connection, run_id))
        if max_calls is not None:
            connection.execute(update(Run).where(Run.id == run_id).values(max_calls=max_calls))
        connection.execute(
            update(Job)
            .where(Job.run_id == run_id, Job.state.in_((State.QUEUED, State.WAITING)))
            .values(
                state=State.QUEUED, due_at=clock(), dispatched_at=None, reason=None
            )  # hints met a paused run
        )
        connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.state == State.PAUSED)
            .values(state=State.RUNNING, reason=None)
        )


def cancel_run(db: Database, run_id: int) -> None:
    """End a run for good; its answers stay. A job at work loses its claim and stops.

    Raises `NotFound`, and `RunEnded` where it came to another end before.
    """
    with db.write() as connection:
        run = _lock(connection, run_id)
        if run.state != State.CANCELLED:
            _not_ended(run)
        connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.state.not_in(ENDED))
            .values(state=State.CANCELLED, ended_at=clock(), reason="cancelled")
        )
        connection.execute(
            update(Job)
            .where(Job.run_id == run_id, Job.state.not_in(ENDED))
            .values(
                state=State.CANCELLED,
                ended_at=clock(),
                owner=None,
                lease_until=None,
                reason="cancelled",
                newest_document=func.coalesce(Job.newest_document, 0),
            )
        )


def retry_run(db: Database, run_id: int, names: Sequence[str] = ()) -> int:
    """Queue failed jobs again (those *names*, or all); how many.

    Raises `NotFound` where a name is none of them, `RunEnded` where the run was cancelled.
    """
    with db.write() as connection:
        run = _lock(connection, run_id)
        if run.state == State.CANCELLED:
            _not_ended(run)
        failed = and_(Job.run_id == run_id, Job.state == State.FAILED)
        if names:
            there = set(connection.scalars(select(Job.name).where(failed, Job.name.in_(names))))
            if missing := [name for name in names if name not in there]:
                raise NotFound(f"run {run_id} has no failed job {', '.join(missing)}")
            failed = and_(failed, Job.name.in_(names))
        queued = connection.execute(
            update(Job)
            .where(failed)
            .values(
                state=State.QUEUED,
                due_at=clock(),
                dispatched_at=None,
                crashes=0,
                waits=0,
                waiting_since=None,
                reason=None,
                ended_at=None,
            )
        ).rowcount
        if queued:
            connection.execute(
                update(Run)
                .where(Run.id == run_id, Run.state != State.PAUSED)
                .values(state=State.RUNNING, reason=None, ended_at=None)
            )
        return queued


def note_engine(connection: Connection, db: Database, run_id: int, engine: str) -> None:
    """The run's results come from this engine, perhaps among others: for the methods section of its report."""
    connection.execute(
        db.upsert(RunEngine).values(run_id=run_id, engine=engine).on_conflict_do_nothing()
    )


def reserve_call(db: Database, run_id: int) -> bool:
    """Take one call from the run's cap, shared by all workers; False where the cap is reached."""
    with db.write() as connection:
        return (
            connection.execute(
                update(Run)
                .where(
                    Run.id == run_id, or_(Run.max_calls.is_(None), Run.calls_begun < Run.max_calls)
                )
                .values(calls_begun=Run.calls_begun + 1)
            ).rowcount
            == 1
        )


def close_run(connection: Connection, run_id: int) -> None:
    """Turn the run to its end where all its jobs have ended, and let its report be made; else do nothing.

    Call it with the run locked (`lock_run`): on its own in a statement, after the job's own change.
    """
    # by what a state may be and in an order that an index has: each end would look at all jobs that ended before
    first = (
        select(Job.id)
        .where(Job.run_id == run_id, Job.kind != JobKind.REPORT)
        .order_by(Job.state)
        .limit(1)
    )
    ended = first.where(Job.state.in_(UNENDED)).scalar_subquery().is_(None)
    failed = first.where(Job.state == State.FAILED).scalar_subquery()
    for state, condition in ((State.FAILED, failed.is_not(None)), (State.DONE, failed.is_(None))):
        closed = connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.state.not_in(ENDED), ended, condition)
            .values(state=state, ended_at=clock())
        ).rowcount
        if closed:
            queue_report(connection, run_id)


def queue_report(connection: Connection, run_id: int) -> None:
    """Let the run's report be made (again)."""
    queued = {
        "state": State.QUEUED,
        "due_at": clock(),
        "dispatched_at": None,
        "ended_at": None,
        "reason": None,
        "crashes": 0,
    }
    already = connection.execute(
        update(Job)
        .where(Job.run_id == run_id, Job.kind == JobKind.REPORT, Job.state.in_(ENDED))
        .values(**queued)
    ).rowcount
    there = connection.scalar(
        select(func.count()).where(Job.run_id == run_id, Job.kind == JobKind.REPORT)
    )
    if not already and not there:
        connection.execute(
            insert(Job).values(
                run_id=run_id,
                kind=JobKind.REPORT,
                name=REPORT_JOB,
                queue=QUEUE_OF[JobKind.REPORT],
                options={},
                claims=0,
                waits=0,
                done_units=0,
                all_units=0,
                **queued,
            )
        )


def lock_run(connection: Connection, run_id: int) -> None:
    """Take the run's row before any of its jobs': always in this order, or two ends wait for each other."""
    connection.execute(select(Run.id).where(Run.id == run_id).with_for_update())


def _lock(connection: Connection, run_id: int) -> Row[Any]:
    lock_run(connection, run_id)
    return get_run(connection, run_id)


def _not_ended(run: Row[Any]) -> None:
    if run.state in ENDED:
        todo = (
            f"`tidings retry {run.id}` does what failed again"
            if run.state == State.FAILED
            else "submit it again"
        )
        raise RunEnded(f"run {run.id} has ended, it is {run.state}: {todo}")
