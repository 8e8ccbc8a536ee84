"""Runs: created with their jobs, read, and what is recorded of them while they are at work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from core.enums import QUEUE_TEXT, ActKind, State
from core.errors import NotFound
from models.acts import record_act
from models.bulk import store_row
from models.database import Database, clock
from models.documents import DocumentScope
from models.payers import add_payers
from models.tables import IS_REPORT, ForgottenRun, Job, Run, RunEngine

REPORT_JOB = "report"
# The job that looks at the codes of a sample; it is of the kind of report jobs.
LOOK_JOB = "look"
# This option of a job says how many engines its run had when it was queued.
ENGINES_BEFORE = "engines_before"
# A larger number fits into no column.
LARGEST_NUMBER = 2**63 - 1
# A job in one of these states has not ended.
UNENDED = (State.QUEUED, State.RUNNING, State.WAITING)
# Commands that look for an equal run before they write theirs hold this lock of PostgreSQL.
_SUBMIT_LOCK = 0x71D1465
#: Holds of the jobs that a run is submitted with: it ends with them, and its report follows.
IS_SUBMITTED = or_(~IS_REPORT, Job.name == LOOK_JOB)
# The run is neither paused nor ended.
IS_OPEN = Run.state.in_((State.QUEUED, State.RUNNING))


@dataclass(frozen=True)
class NewJob:
    """A job to be written with its run; its columns have the days or the handle of its *scope*."""

    kind: str
    name: str
    options: Mapping[str, Any]
    queue: str = QUEUE_TEXT
    scope: DocumentScope = field(default_factory=DocumentScope)


def create_run(
    db: Database,
    *,
    kind: str,
    name: str | None,
    parameters: Mapping[str, Any],
    jobs: Sequence[NewJob],
    max_calls: int | None = None,
    max_cost: int | None = None,
    currency: str | None = None,
    mask: bytes | None = None,
    with_report: bool = True,
    person: str | None = None,
    purse: str | None = None,
    on_equal: Callable[[int], None] | None = None,
) -> int:
    """Write a run and its jobs in one transaction; return the run's id.

    *max_cost* is in millionths of the *currency* in which a language model is paid. The *person*
    who submits the run and the *purse* are charged what it costs. With *on_equal*, a stored run of
    the same name, parameters, mask and jobs is taken instead: *on_equal* gets its id, and nothing
    is written. Raises `UsageError` if there is no such purse.
    """
    run = insert(Run).values(
        name=name,
        kind=kind,
        state=State.QUEUED,
        parameters=dict(parameters),
        mask=mask,
        max_calls=max_calls,
        created_at=clock(),
    )
    if currency is not None:
        run = run.values(max_cost=max_cost, currency=currency)
    if person is not None or purse is not None:
        run = run.values(person=person, purse=purse)

    if not with_report:
        run = run.values(with_report=False)

    with db.write() as connection:
        if on_equal is not None:
            equal_run = _find_equal_run(
                connection,
                db,
                kind=kind,
                name=name,
                parameters=parameters,
                mask=mask,
                job_names={job.name for job in jobs},
            )
            if equal_run is not None:
                on_equal(equal_run)
                return equal_run

        if db.is_sqlite:
            # SQLite gives the highest number again once its run was forgotten.
            run = run.values(id=_next_number(connection))

        add_payers(connection, db, person, purse, currency)
        run_id = connection.execute(run.returning(Run.id)).scalar_one()
        add_jobs(connection, run_id, jobs)
        details = None if purse is None else f"paid by the purse {purse}"
        record_act(connection, ActKind.SUBMIT, f"run {run_id}", person=person, details=details)

    return run_id


def _find_equal_run(
    connection: Connection,
    db: Database,
    *,
    kind: str,
    name: str | None,
    parameters: Mapping[str, Any],
    mask: bytes | None,
    job_names: Collection[str],
) -> int | None:
    """Return the first run that is equal and was not cancelled.

    Two commands that look for the same run take turns, so that one of them finds the other's.
    """
    if not db.is_sqlite:
        connection.execute(select(func.pg_advisory_xact_lock(_SUBMIT_LOCK)))

    candidates = select(Run.id, Run.parameters).where(
        Run.kind == kind,
        Run.name.is_not_distinct_from(name),
        Run.mask.is_not_distinct_from(mask),
        Run.state != State.CANCELLED,
    )
    for run_id, run_parameters in connection.execute(candidates.order_by(Run.id)).all():
        if run_parameters != dict(parameters):
            continue

        run_jobs = select(Job.name).where(Job.run_id == run_id, IS_SUBMITTED)
        if set(connection.scalars(run_jobs)) == set(job_names):
            return int(run_id)

    return None


def _next_number(connection: Connection) -> int:
    """Return a number that no run has or had, safe because SQLite's writers take turns."""
    highest = 0
    for run_number in (Run.id, ForgottenRun.number):
        highest = max(highest, connection.scalar(select(func.max(run_number))) or 0)

    return highest + 1


def add_jobs(connection: Connection, run_id: int, jobs: Sequence[NewJob]) -> None:
    """Add queued jobs to a run, except those that it has already."""
    kinds = {job.kind for job in jobs}
    stored = select(Job.kind, Job.name).where(Job.run_id == run_id, Job.kind.in_(kinds))
    stored_names = {(job_row.kind, job_row.name) for job_row in connection.execute(stored)}
    queued_at = connection.execute(select(clock())).scalar_one()

    job_rows: list[dict[str, Any]] = []
    for job in jobs:
        if (job.kind, job.name) not in stored_names:
            job_rows.append(
                {
                    "run_id": run_id,
                    "kind": job.kind,
                    "name": job.name,
                    "state": State.QUEUED,
                    "queue": job.queue,
                    "options": dict(job.options),
                    "due_at": queued_at,
                    **job.scope.job_columns,
                }
            )

    if job_rows:
        connection.execute(insert(Job), job_rows)


def get_run(connection: Connection, run_id: int) -> Row[Any]:
    """Return the run's row without its mask. Raises `NotFound`."""
    columns = [column for column in Run.__table__.columns if column.name != "mask"]
    run = None
    if run_id <= LARGEST_NUMBER:
        run = connection.execute(select(*columns).where(Run.id == run_id)).one_or_none()
    if run is None:
        raise NotFound(f"there is no run {run_id}: `tidings runs` lists them")

    return run


def engines_of(connection: Connection, run_id: int) -> dict[str, frozenset[str] | None]:
    """Return the engines that results of the run come from, with the languages that they read."""
    engines: dict[str, frozenset[str] | None] = {}
    for engine, languages in connection.execute(_ENGINES, {"run": run_id}):
        engines[engine] = None if languages is None else frozenset(languages.split(","))

    return engines


_ENGINES = select(RunEngine.engine, RunEngine.languages).where(RunEngine.run_id == bindparam("run"))


def note_engine(
    connection: Connection,
    db: Database,
    run_id: int,
    engine: str,
    languages: Collection[str] | None = None,
) -> None:
    """Record that results of the run come from *engine*, which reads *languages*.

    The methods section of its report names it, and a pack repeats the run with it.
    """
    written = None if languages is None else ",".join(sorted(languages))
    key = {"run_id": run_id, "engine": engine}
    store_row(connection, db, RunEngine, key, {"languages": written})


def reserve_call(db: Database, run_id: int) -> bool:
    """Take a call from the run's cap, which all workers share; return False at the cap."""
    is_below_cap = or_(Run.max_calls.is_(None), Run.calls_begun < Run.max_calls)
    reserve = update(Run).where(Run.id == run_id, is_below_cap)
    with db.write() as connection:
        return connection.execute(reserve.values(calls_begun=Run.calls_begun + 1)).rowcount == 1
