"""How far runs are and what they took so far: sums over jobs, calls and counts of documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    text,
)

from core.enums import ENDED, State
from models.answers import BATCH_OPERATION
from models.database import Database, clock
from models.runs import IS_OPEN, IS_SUBMITTED, UNENDED
from models.shared_settings import RUN_STATE
from models.tables import Call, DocumentCount, Job, Run

MINUTE = 60


def sum_jobs_by_days(connection: Connection, run_id: int) -> Sequence[Any]:
    """Return for each range of days of a run's jobs how many have ended, are at work and left.

    Of those that have ended it has the seconds that they took and the sum of their squares, of
    those at work their ages. Jobs without days are one row.
    """
    took = Job.ended_at - Job.started_at
    has_ended, is_begun = Job.state.in_(ENDED), Job.started_at.is_not(None)
    is_at_work = ~has_ended & is_begun
    sums = select(
        *(Job.first_day, Job.last_day),
        _count(has_ended).label("ended"),
        _count(is_at_work).label("at_work"),
        _count(~has_ended & ~is_begun).label("left"),
        _sum(has_ended & is_begun, took).label("seconds"),
        _sum(has_ended & is_begun, took * took).label("squares"),
        _sum(is_at_work, clock() - Job.started_at).label("ages"),
    )
    days = (Job.first_day, Job.last_day)
    rows = sums.where(Job.run_id == run_id, IS_SUBMITTED).group_by(*days)
    return connection.execute(rows.order_by(func.min(Job.id))).all()


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _sum(condition: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[float]:
    return func.coalesce(func.sum(case((condition, value), else_=0.0)), 0.0)


def count_ended_by_minute(connection: Connection, run_id: int, since: float) -> dict[int, int]:
    """Return how many jobs of a run ended in each minute, `time // 60`, from *since* on."""
    minute = cast(func.floor(Job.ended_at / MINUTE), Integer)
    ended = select(minute, func.count()).where(Job.run_id == run_id, IS_SUBMITTED)
    ended = ended.where(Job.state.in_(ENDED), Job.ended_at >= since)
    return dict(connection.execute(ended.group_by(minute)).all())


def count_by_month(
    connection: Connection, first: str, last: str, sources: Collection[str]
) -> dict[str, int]:
    """Return the number of documents of each month, of *sources* or of all if there is none."""
    counts = select(DocumentCount.period, func.sum(DocumentCount.documents))
    counts = counts.where(DocumentCount.period.between(first, last))
    if sources:
        counts = counts.where(DocumentCount.source.in_(sources))

    counted = connection.execute(counts.group_by(DocumentCount.period))
    return {period: int(documents) for period, documents in counted}


def sum_calls(connection: Connection, run_ids: Collection[int]) -> Sequence[Row[Any]]:
    """Return what each run's calls took in all, by service and credential."""
    calls = _summed_calls("calls", "seconds", "charged_tokens", "charged_cost")
    return connection.execute(calls.where(Call.run_id.in_(run_ids))).all()


def _summed_calls(*columns: str) -> Select[*tuple[Any, ...]]:
    """Return the sums of these columns by run, service and credential, batches aside."""
    key = (Call.run_id, Call.service, Call.credential)
    sums = [func.coalesce(func.sum(getattr(Call, column)), 0).label(column) for column in columns]
    return select(*key, *sums).where(Call.operation != BATCH_OPERATION).group_by(*key)


def list_called(connection: Connection, since: float) -> list[tuple[str, str]]:
    """Return the services, each with the credential, that were called from *since* on."""
    called = select(Call.service, Call.credential).where(Call.minute >= int(since // MINUTE))
    return [(service, credential) for service, credential in connection.execute(called.distinct())]


def sum_recent_calls(
    connection: Connection, called: Iterable[tuple[str, str]], since: float
) -> list[Any]:
    """Return the calls of whole minutes from *since* on, of services and credentials, by run.

    *seconds* are those in flight, *waited* those for a limit.
    """
    this_minute = cast(func.floor(clock() / MINUTE), Integer)
    is_recent = (Call.minute >= int(since // MINUTE)) & (Call.minute < this_minute)
    calls = _summed_calls("calls", "seconds", "waited", "charged_tokens", "charged_cost")
    calls = calls.where(is_recent)
    rows: list[Any] = []
    # Each of these has its own range of an index.
    for service, credential in called:
        of_key = calls.where(Call.service == service, Call.credential == credential)
        rows += connection.execute(of_key)

    return rows


def list_sharing_runs(connection: Connection, run_id: int, most: int) -> list[int]:
    """Return up to *most* other open runs with jobs in the queues of a run."""
    queues = select(Job.queue).where(Job.run_id == run_id, IS_SUBMITTED, Job.state.in_(UNENDED))
    shares = select(Job.id).where(
        Job.run_id == Run.id, IS_SUBMITTED, Job.state.in_(UNENDED), Job.queue.in_(queues)
    )
    runs = select(Run.id).where(IS_OPEN, Run.id != run_id, shares.exists())
    return list(connection.scalars(runs.order_by(Run.id).limit(most)))


def list_open_runs(connection: Connection, most: int) -> list[int]:
    """Return up to *most* open runs, the newest first."""
    runs = select(Run.id).where(IS_OPEN).order_by(Run.id.desc()).limit(most)
    return list(connection.scalars(runs))


class RunJobs(NamedTuple):
    """A run's jobs in a queue: how many may be worked on now, and how many slots do so."""

    run_id: int
    queue: str
    due: int
    busy: int


def count_due_jobs(connection: Connection) -> list[RunJobs]:
    """Return the jobs of open runs that are due or at work, by run and queue.

    Jobs that a process works on at once are at work in one slot.
    """
    is_running = Job.state == State.RUNNING
    is_due = or_(
        is_running,
        Job.state == State.QUEUED,
        and_(Job.state == State.WAITING, Job.due_at <= clock()),
    )
    jobs = select(
        *(Job.run_id, Job.queue),
        func.count().label("due"),
        func.count(case((is_running, Job.owner)).distinct()).label("busy"),
    ).join(Run, Run.id == Job.run_id)
    jobs = jobs.where(RUN_STATE != State.PAUSED, is_due).group_by(Job.run_id, Job.queue)
    return [RunJobs(*row) for row in connection.execute(jobs)]


def connection_share(connection: Connection, db: Database) -> float | None:
    """Return the share of PostgreSQL's connections that is in use; None of SQLite."""
    if db.is_sqlite:
        return None

    share = text(
        "SELECT count(*)::float"
        " / (current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int)"
        " FROM pg_stat_activity WHERE backend_type = 'client backend'"
    )
    return float(connection.execute(share).scalar_one())
