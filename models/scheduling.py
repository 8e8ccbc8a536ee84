"""Which due jobs are dispatched next: runs take turns, and so do their reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import aliased

from core.enums import QUEUE_REPORTS, JobKind, State, WaitFor
from models.database import Database, clock
from models.runs import IS_OPEN, REPORT_JOB
from models.shared_settings import ALL_ARE_PAUSED, RUN_STATE
from models.tables import Job, Run

# A job whose message is older and that nobody runs is dispatched again.
MESSAGE_LATE_SECONDS = 30.0
# The parameter of `MAY_DRAW`: how many reports may be made at once.
REPORT_SLOTS = "report_slots"
# The values of the parameters of the queries.
Values = Mapping[str, Any]


class Slots(NamedTuple):
    """The slots that a run has; jobs that a process works on at once share one."""

    running: int = 0

    # A job that was dispatched and not claimed will take a slot, too.
    running_or_dispatched: int = 0


SlotsByRun = Mapping[int, Slots]
IDLE = Slots()


@dataclass(frozen=True)
class DueJob:
    """A job to be dispatched."""

    job_id: int
    run_id: int
    kind: str
    name: str

    # False if the job is in reserve, beyond its run's share of the slots.
    in_turn: bool = True


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
    parameters = {"queue": queue, "lost_after": lost_after, "most": limit}
    return _select_due_jobs(db, parameters, slots)


def select_due_report(
    db: Database, report_slots: int, *, lost_after: float = MESSAGE_LATE_SECONDS
) -> list[DueJob]:
    """Mark a due report job as dispatched if no more than *report_slots* reports are at work.

    Those that were dispatched count as at work.
    """
    parameters = {"queue": QUEUE_REPORTS, "lost_after": lost_after, "most": 1}
    return _select_due_jobs(db, {**parameters, REPORT_SLOTS: report_slots}, report_slots)


def _select_due_jobs(db: Database, parameters: Values, slots: int) -> list[DueJob]:
    limit = parameters["most"]
    with db.read() as connection:
        if not _runs_with_due_jobs(connection, parameters):
            return []

    with db.write() as connection:
        busy = _count_busy(connection, parameters)
        runs = _runs_with_due_jobs(connection, parameters)
        if parameters["queue"] == QUEUE_REPORTS:
            sorted_runs = list(connection.scalars(_SORT_REPORTS, {"runs": list(runs)}))
        else:
            sorted_runs = sorted(runs, key=lambda run_id: (busy.get(run_id, IDLE), run_id))

        due = {}
        # The limit leaves no place for a job of another run.
        for run_id in sorted_runs[:limit]:
            due[run_id] = _due_jobs_of_run(connection, run_id, parameters)

        share = max(1, slots // max(1, len({*busy, *runs})))
        chosen = _take_turns(due, busy, limit, share)
        if chosen:
            _set_dispatched(connection, chosen, clock())

    return chosen


def others_wait(connection: Connection, run_id: int, queue: str) -> bool:
    """Return whether a job of another run than *run_id* could be begun, dispatched or not."""
    return connection.scalar(_OTHERS_WAIT, {"run": run_id, "queue": queue}) is not None


def _count_busy(connection: Connection, parameters: Values) -> SlotsByRun:
    busy = {}
    for run_id, queue, running, dispatched in connection.execute(_COUNT_BUSY, parameters):
        if queue == parameters["queue"]:
            busy[run_id] = Slots(running, running + int(dispatched))

    return busy


def _runs_with_due_jobs(connection: Connection, parameters: Values) -> Sequence[int]:
    statement = _REPORTABLE if parameters["queue"] == QUEUE_REPORTS else _STARTABLE
    return connection.scalars(statement, parameters).all()


def _due_jobs_of_run(connection: Connection, run_id: int, parameters: Values) -> list[Any]:
    jobs: list[Any] = []
    is_report = parameters["queue"] == QUEUE_REPORTS
    for statement in _DUE_REPORTS_OF_RUN if is_report else _DUE_OF_RUN:
        jobs += connection.execute(statement, {**parameters, "run": run_id})

    return sorted(jobs, key=_sort_key)


def _sort_key(job: Any) -> tuple[bool, float, int]:
    """Return the place of a due job in its run: one that was put off is before those not begun.

    Jobs that wait for other jobs would only hold these up.
    """
    is_behind = job.state == State.QUEUED or job.waits_for == WaitFor.OTHER_JOBS
    return (is_behind, job.due_at, job.id)


def _due_jobs(
    columns: Any, run_id: Any, state: State, most: Any, may_begin: ColumnElement[bool] | None = None
) -> Select[Any]:
    """Return a query that reads no more than *most* of a run's jobs, in an order of an index."""
    is_due = and_(Job.state == state, _IS_FREE, _IS_DUE[state])
    if may_begin is not None:
        is_due = and_(is_due, may_begin)

    jobs = select(columns).where(Job.run_id == run_id, is_due)
    return jobs.order_by(Job.due_at, Job.id).limit(most)


# Built once: each slice ends with them, and building costs more than what the database does.
# The clock is read once: an index cannot find what changes within a statement.
_NOW = select(clock()).scalar_subquery()
_LOST_AT = _NOW - bindparam("lost_after", type_=Float)
_IS_FREE = and_(
    Job.queue == bindparam("queue"),
    or_(Job.dispatched_at.is_(None), Job.dispatched_at < _LOST_AT),
)
# The condition by the state of a job that nobody has claimed.
_IS_DUE: Mapping[State, ColumnElement[bool]] = {
    # A queued job is due whatever the clock was when it was queued.
    State.QUEUED: true(),
    State.WAITING: Job.due_at <= _NOW,
}

_DUE_OF_RUN = [
    _due_jobs(
        Job.__table__, bindparam("run"), state, bindparam("most", type_=Integer)
    ).with_for_update(skip_locked=True)
    for state in _IS_DUE
]
_HAS_DUE = or_(
    *(_due_jobs(Job.id, Run.id, state, 1).scalar_subquery().is_not(None) for state in _IS_DUE)
)
_IS_DUE_IN_ANY_STATE = or_(*(and_(Job.state == state, is_due) for state, is_due in _IS_DUE.items()))
_NEEDS_PROCESS = select(Job.id).where(
    Job.queue == bindparam("queue"), Job.run_id == Run.id, _IS_DUE_IN_ANY_STATE
)
_OTHERS_WAIT = (
    select(Run.id).where(IS_OPEN, Run.id != bindparam("run"), _NEEDS_PROCESS.exists()).limit(1)
)
_STARTABLE = select(Run.id).where(IS_OPEN, ~ALL_ARE_PAUSED, _HAS_DUE)

# Reports of old runs must not hold every process while a new run waits. The look at a sample is no
# report: its run waits for it.
_Drawing = aliased(Job)


def _may_draw(is_at_work: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition on a report job that it may be at work beside those of `_Drawing`."""
    is_report = and_(_Drawing.kind == JobKind.REPORT, _Drawing.name == REPORT_JOB)
    at_work = select(func.count(_Drawing.id)).where(is_report, is_at_work).scalar_subquery()
    return or_(Job.name != REPORT_JOB, at_work < bindparam(REPORT_SLOTS, type_=Integer))


_IS_DRAWING = and_(_Drawing.state == State.RUNNING, _Drawing.lease_until >= _NOW)
# This holds of a report job that may be claimed.
MAY_DRAW = _may_draw(and_(_IS_DRAWING, _Drawing.id != Job.id))
_MAY_BE_DISPATCHED = _may_draw(
    or_(_Drawing.state == State.RUNNING, _Drawing.dispatched_at >= _LOST_AT),
)
_DUE_REPORTS_OF_RUN = [
    _due_jobs(
        Job.__table__, bindparam("run"), state, bindparam("most", type_=Integer), _MAY_BE_DISPATCHED
    ).with_for_update(skip_locked=True, of=Job)
    for state in _IS_DUE
]
_HAS_DUE_REPORT = or_(
    *(
        _due_jobs(Job.id, Run.id, state, 1, _MAY_BE_DISPATCHED).scalar_subquery().is_not(None)
        for state in _IS_DUE
    )
)
# The report of a run that has ended is still made.
_REPORTABLE = select(Run.id).where(RUN_STATE != State.PAUSED, _HAS_DUE_REPORT)

# The highest response ratio is next (P. Brinch Hansen, 1971): a small run does not wait for large
# ones that were there before, and a large one, whose ratio grows as it waits, gets its turn too.
_OTHER_JOB = aliased(Job)
_SIZE = select(func.count(_OTHER_JOB.id)).where(_OTHER_JOB.run_id == Job.run_id).scalar_subquery()
_WAITED = _NOW - func.min(Job.due_at) + 1.0
_SORT_REPORTS = (
    select(Job.run_id)
    .where(
        Job.run_id.in_(bindparam("runs", expanding=True)),
        Job.queue == QUEUE_REPORTS,
        Job.state.in_(list(_IS_DUE)),
    )
    .group_by(Job.run_id)
    .order_by((_WAITED / _SIZE).desc(), Job.run_id)
)

# By slots: the jobs that a process works on at once take one.
_OWNER = case((Job.state == State.RUNNING, Job.owner))
_IS_BUSY = or_(Job.state == State.RUNNING, Job.dispatched_at >= _LOST_AT)
_COUNT_BUSY = (
    select(
        *(Job.run_id, Job.queue),
        func.count(_OWNER.distinct()),
        func.sum(case((Job.state == State.RUNNING, 0), else_=1)),
    )
    .where(_IS_BUSY)
    .group_by(Job.run_id, Job.queue)
)


def _take_turns(
    due: dict[int, list[Any]], busy: SlotsByRun, limit: int, share: int
) -> list[DueJob]:
    """Take turns: next is the run with the fewest running, then dispatched, then the oldest."""
    counts = dict(busy)
    running_or_chosen: dict[int, int] = {}
    chosen: list[DueJob] = []
    while len(chosen) < limit and (runs := [run_id for run_id, jobs in due.items() if jobs]):
        run_id = min(runs, key=lambda run_id: (counts.get(run_id, IDLE), run_id))
        job = due[run_id].pop(0)
        slots = counts.get(run_id, IDLE)
        counts[run_id] = Slots(slots.running, slots.running_or_dispatched + 1)
        running_or_chosen[run_id] = running_or_chosen.get(run_id, slots.running) + 1
        is_in_share = running_or_chosen[run_id] <= share
        chosen.append(DueJob(job.id, job.run_id, job.kind, job.name, is_in_share))

    return chosen


def reset_dispatch(db: Database, jobs: Sequence[DueJob]) -> None:
    """Let jobs whose messages could not be sent be dispatched again at once."""
    with db.write() as connection:
        _set_dispatched(connection, jobs, None)


def _set_dispatched(connection: Connection, jobs: Sequence[DueJob], at: Any) -> None:
    ids = [due.job_id for due in jobs]
    connection.execute(update(Job).where(Job.id.in_(ids)).values(dispatched_at=at))
