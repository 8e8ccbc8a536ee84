"""Which due jobs are dispatched next: runs take turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, update

from core.enums import QUEUE_REPORTS, JobKind, State
from models.database import Database, clock
from models.runs import IS_OPEN
from models.tables import Job, Run

MESSAGE_LATE_SECONDS = 30.0  # a job whose message is older and that nobody runs is dispatched again
IDLE = (0, 0)  # a run's jobs: running, running or dispatched

Busy = Mapping[int, tuple[int, int]]  # by run: running, running or dispatched
IsDue = Mapping[State, ColumnElement[bool]]  # by the state of a job that nobody has claimed


@dataclass(frozen=True)
class DueJob:
    """A job to be dispatched."""

    job_id: int
    run_id: int
    kind: JobKind
    name: str
    in_turn: bool = True  # within its run's share of the slots; otherwise it is in reserve


def select_due_jobs(
    db: Database,
    queue: str,
    limit: int,
    *,
    lost_after: float = MESSAGE_LATE_SECONDS,
    slots: int = 0,
) -> list[DueJob]:
    """Mark up to *limit* due jobs of *queue* as dispatched, the run with the fewest running first.

    A job is due again when nobody claimed it in the *lost_after* seconds after its dispatch. Jobs
    beyond a run's share of the *slots* are in reserve: otherwise a run of long jobs would hold
    every slot for most of the time.
    """
    # read once: an index cannot find what changes within a statement
    now = select(clock()).scalar_subquery()
    is_free = and_(
        Job.queue == queue,
        or_(Job.dispatched_at.is_(None), Job.dispatched_at < now - lost_after),
    )
    is_due = {
        State.QUEUED: is_free,  # whatever the clock was when it was queued
        State.WAITING: and_(is_free, Job.due_at <= now),
    }
    is_busy = or_(Job.state == State.RUNNING, Job.dispatched_at >= now - lost_after)

    with db.write() as connection:
        busy = _count_busy(connection, queue, is_busy)
        runs = _runs_with_due_jobs(connection, queue, is_due)
        by_turn = sorted(runs, key=lambda run_id: (busy.get(run_id, IDLE), run_id))
        due = {}
        for run_id in by_turn[:limit]:  # no other run can get a place
            due[run_id] = _due_jobs_of_run(connection, run_id, is_due, limit)

        share = max(1, slots // max(1, len({*busy, *runs})))
        chosen = _take_turns(due, busy, limit, share)
        if chosen:
            _set_dispatched(connection, chosen, clock())
    return chosen


def _count_busy(connection: Connection, queue: str, is_busy: ColumnElement[bool]) -> Busy:
    running = func.sum(case((Job.state == State.RUNNING, 1), else_=0))
    counts = select(Job.run_id, Job.queue, running, func.count()).where(is_busy)
    busy = {}
    for run_id, its_queue, running_count, count in connection.execute(
        counts.group_by(Job.run_id, Job.queue)
    ):
        if its_queue == queue:
            busy[run_id] = (int(running_count), count)
    return busy


def _runs_with_due_jobs(connection: Connection, queue: str, is_due: IsDue) -> Sequence[int]:
    may_start = Run.state != State.PAUSED if queue == QUEUE_REPORTS else IS_OPEN
    first_due = [_due_jobs(Job.id, Run.id, state, is_due, 1) for state in is_due]
    has_due = or_(*(job.scalar_subquery().is_not(None) for job in first_due))
    return connection.scalars(select(Run.id).where(may_start, has_due)).all()


def _due_jobs_of_run(connection: Connection, run_id: int, is_due: IsDue, limit: int) -> list[Any]:
    jobs: list[Any] = []
    for state in is_due:
        statement = _due_jobs(Job.__table__, run_id, state, is_due, limit)
        jobs += connection.execute(statement.with_for_update(skip_locked=True))
    return sorted(jobs, key=attrgetter("due_at", "id"))


def _due_jobs(columns: Any, run_id: Any, state: State, is_due: IsDue, limit: int) -> Select[Any]:
    """Return a query that reads no more than *limit* of a run's jobs, in an order of an index."""
    jobs = select(columns).where(Job.run_id == run_id, Job.state == state, is_due[state])
    return jobs.order_by(Job.due_at, Job.id).limit(limit)


def _take_turns(due: dict[int, list[Any]], busy: Busy, limit: int, share: int) -> list[DueJob]:
    """Take turns: next is the run with the fewest running, then dispatched, then the oldest."""
    counts, running_or_chosen = dict(busy), dict[int, int]()
    chosen: list[DueJob] = []
    while len(chosen) < limit and (runs := [run_id for run_id, jobs in due.items() if jobs]):
        run_id = min(runs, key=lambda run_id: (counts.get(run_id, IDLE), run_id))
        job = due[run_id].pop(0)
        running, dispatched = counts.get(run_id, IDLE)
        counts[run_id] = (running, dispatched + 1)
        running_or_chosen[run_id] = running_or_chosen.get(run_id, running) + 1
        in_turn = running_or_chosen[run_id] <= share
        chosen.append(DueJob(job.id, job.run_id, JobKind(job.kind), job.name, in_turn))
    return chosen


def reset_dispatch(db: Database, jobs: Sequence[DueJob]) -> None:
    """Let jobs whose messages could not be sent be dispatched again at once."""
    with db.write() as connection:
        _set_dispatched(connection, jobs, None)


def _set_dispatched(connection: Connection, jobs: Sequence[DueJob], at: Any) -> None:
    ids = [due.job_id for due in jobs]
    connection.execute(update(Job).where(Job.id.in_(ids)).values(dispatched_at=at))
