"""Whose turn it is: the due jobs that workers are to be told of next, runs taking turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, update

from core.enums import QUEUE_REPORTS, JobKind, State
from models.database import Database, clock
from models.jobs import IS_OPEN
from models.tables import Job, Run

MESSAGE_LATE_SECONDS = 30.0  # a hint this old with nobody at work on its job is sent again
IDLE = (0, 0)  # running, running or told of
UNTAKEN = (State.QUEUED, State.WAITING)


@dataclass(frozen=True)
class Due:
    """A job that a worker should hear of."""

    job_id: int
    run_id: int
    kind: JobKind
    name: str
    in_turn: bool = (
        True  # its run has fewer jobs running than its share of the slots; else it is in reserve
    )


def select_due_jobs(
    db: Database,
    queue: str,
    wanted: int,
    *,
    lost_after: float = MESSAGE_LATE_SECONDS,
    slots: int = 0,
) -> list[Due]:
    """Up to *wanted* due jobs of *queue* that nobody was told of, the run with the fewest running first.

    They are marked as hinted; a hint that came to nothing is given again after so many seconds. A run that has its
    share of the *slots* already gets hints in reserve alone, or a run of long jobs would hold every slot for most of
    the time.
    """
    now = select(
        clock()
    ).scalar_subquery()  # read once: what changes within a statement cannot be found by an index
    told = or_(Job.state == State.RUNNING, Job.dispatched_at >= now - lost_after)
    is_due = and_(
        Job.queue == queue,
        Job.due_at <= now,
        or_(Job.dispatched_at.is_(None), Job.dispatched_at < now - lost_after),
    )
    wanting = (
        Run.state != State.PAUSED if queue == QUEUE_REPORTS else IS_OPEN
    )  # a report is of a run that ended
    with db.write() as connection:
        is_running = func.sum(case((Job.state == State.RUNNING, 1), else_=0))
        at_work = connection.execute(
            select(Job.run_id, Job.queue, is_running, func.count())
            .where(told)
            .group_by(Job.run_id, Job.queue)
        )
        busy = {
            run_id: (int(running), count)
            for run_id, its_queue, running, count in at_work
            if its_queue == queue
        }
        first_due = [
            _due_jobs(Job.id, Run.id, state, is_due, 1).scalar_subquery() for state in UNTAKEN
        ]
        has_due = or_(*(job.is_not(None) for job in first_due))
        runs = connection.scalars(select(Run.id).where(wanting, has_due)).all()
        first = sorted(runs, key=lambda run_id: (busy.get(run_id, IDLE), run_id))[
            :wanted
        ]  # no other can get one
        waiting = {run_id: _due_of_run(connection, run_id, is_due, wanted) for run_id in first}
        share = max(1, slots // max(1, len({*busy, *runs})))
        picked = _fairly(waiting, busy, wanted, share)
        if picked:
            connection.execute(
                update(Job)
                .where(Job.id.in_([due.job_id for due in picked]))
                .values(dispatched_at=clock())
            )
        return picked


def _due_jobs(
    columns: Any, run_id: Any, state: State, is_due: ColumnElement[bool], wanted: int
) -> Select[Any]:
    """The first jobs of a run in one state, in an order that an index has: of 100,000 no more than these are read."""
    return (
        select(columns)
        .where(Job.run_id == run_id, Job.state == state, is_due)
        .order_by(Job.due_at, Job.id)
        .limit(wanted)
    )


def _due_of_run(
    connection: Connection, run_id: int, is_due: ColumnElement[bool], wanted: int
) -> list[Any]:
    found: list[Any] = []
    for state in UNTAKEN:
        statement = _due_jobs(Job.__table__, run_id, state, is_due, wanted)
        found += connection.execute(statement.with_for_update(skip_locked=True))
    return sorted(found, key=lambda row: (row.due_at, row.id))


def _fairly(
    waiting: dict[int, list[Any]], busy: dict[int, tuple[int, int]], wanted: int, share: int
) -> list[Due]:
    """One job at a time from the run with the fewest running, then told of; the older run where they are equal."""
    busy, turns = dict(busy), dict[int, int]()
    picked: list[Due] = []
    while len(picked) < wanted and (left := [run_id for run_id, jobs in waiting.items() if jobs]):
        run_id = min(left, key=lambda run: (busy.get(run, IDLE), run))
        job = waiting[run_id].pop(0)
        running, told = busy.get(run_id, IDLE)
        busy[run_id] = (running, told + 1)
        turns[run_id] = turns.get(run_id, running) + 1
        picked.append(
            Due(job.id, job.run_id, JobKind(job.kind), job.name, in_turn=turns[run_id] <= share)
        )
    return picked


def reset_dispatch(db: Database, picked: Sequence[Due]) -> None:
    """These hints could not be sent: the jobs may be picked again at once."""
    with db.write() as connection:
        connection.execute(
            update(Job).where(Job.id.in_([due.job_id for due in picked])).values(dispatched_at=None)
        )
