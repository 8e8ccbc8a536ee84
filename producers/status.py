"""The state of a run, and the reason why it does not move."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from core.enums import ENDED, QUEUES, State
from core.errors import BrokerAway
from core.prices import MICRO
from core.process_identity import has_exited
from core.quantities import quantity
from core.settings import Settings
from models.codes import CodedTexts, count_texts_of_run
from models.database import Database, clock
from models.jobs import count_live_slots, job_counts, progress_of
from models.outages import read_longest_outage
from models.runs import REPORT_JOB, UNENDED, get_run
from models.shared_settings import are_all_paused
from models.tables import IS_REPORT, Call, Job, JobStep, Run
from producers.forecast import Forecast, describe_forecast
from producers.run_forecasts import forecast_run


@dataclass(frozen=True)
class RunCost:
    """What a run was charged for language models."""

    currency: Annotated[str, "As EUR."]
    charged: Annotated[float, "In the currency; a call without an answer at most."]
    max: Annotated[float | None, "Cap on it."]


@dataclass(kw_only=True)
class RunListing:
    """A run; the newest is the first."""

    run: Annotated[int, "Number of the run."]
    name: Annotated[str | None, "Name of the run."]
    kind: Annotated[str, "`months`, `handles`, `search` or `training`."]
    state: Annotated[
        str, "`queued`, `running`, `waiting`, `done`, `failed`, `cancelled` or `paused`."
    ]
    jobs: Annotated[dict[str, int], "Number of jobs by state, the job of the report included."]
    created_at: Annotated[float, "Seconds since 1970, UTC."]
    cost: Annotated[RunCost | None, "Null if the run asks no language model."]
    report: Annotated[
        str | None,
        "How far the report of an ended run is; null if it is finished or not to be made.",
    ]


@dataclass(frozen=True)
class StepStatus:
    """A step of a job that has ended."""

    step: Annotated[str, "Name of the step."]
    state: Annotated[str, "`complete`, `failed` or `no-data`."]
    reason: Annotated[str | None, "Why."]
    documents: Annotated[int, "Number of documents that it read."]


@dataclass(frozen=True)
class JobStatus:
    """A job."""

    job: Annotated[str, "Natural name: `2020-03`, `@nasa`, `search:TERM`, a training, `report`."]
    kind: Annotated[str, "The name of its Celery task."]
    state: Annotated[str, "As of a run."]
    result: Annotated[
        str | None, "`no-data` if there was nothing to work on, `no-codes` if no text got a code."
    ]
    reason: Annotated[str | None, "What it waits for, or why it failed."]
    steps: list[StepStatus] = field(default_factory=list)


@dataclass(kw_only=True)
class RunStatus(RunListing):
    """The state of a run; `--watch` prints one on a line each second."""

    reason: Annotated[str | None, "Why it is paused."]
    waiting_for: Annotated[str | None, "What keeps it from moving, or made it fail."]
    calls: Annotated[int, "Calls made so far."]
    max_calls: Annotated[int | None, "Cap on calls."]
    progress: Annotated[float, "Share that is done, 0 to 1; without its report."]
    details: list[JobStatus]
    codes: Annotated[CodedTexts | None, "Null if no language model codes its texts."]
    forecast: Annotated[
        Forecast | None, "Null if its end cannot be foretold, or it does not go on."
    ]
    outlook: Annotated[str | None, "The forecast in words, or why there is none."]
    slots: Annotated[
        int | None, "How many jobs the workers of its queues do at once; null if no job is left."
    ]
    person: Annotated[str | None, "Who submitted it; null for runs of before that was kept."]
    purse: Annotated[str | None, "The purse that pays for it."]


# A message that was sent so lately is about to be read.
JUST_SECONDS = 5.0
_MAKES_REPORT = and_(IS_REPORT, Job.name == REPORT_JOB)
NO_STACK = "a stack: start one with `tidings up`, or set TIDINGS_REDIS_URL"


def shown_state(state: str, counts: Mapping[str, int]) -> str:
    """Return a run's state as users see it: a run is waiting if all its open jobs are."""
    if state not in (State.QUEUED, State.RUNNING):
        return state
    if counts.get(State.RUNNING):
        return State.RUNNING
    if counts.get(State.WAITING) and not counts.get(State.QUEUED):
        return State.WAITING

    return state


def report_progress(connection: Connection, run_id: int) -> str | None:
    """Return how far the report of an ended run is; None if it is finished or not to be made."""
    making = connection.execute(
        select(Job.state, Job.reason).where(Job.run_id == run_id, _MAKES_REPORT)
    ).one_or_none()
    if making is None or making.state in ENDED:
        return None
    if making.state == State.RUNNING:
        return f"is being made: {making.reason}" if making.reason else "is being made"

    return "waits for a process"


def is_report_at_work(connection: Connection, run_id: int) -> bool:
    """Return whether a worker makes the run's report, or was just told to."""
    is_at_work = or_(
        and_(Job.state == State.RUNNING, Job.lease_until >= clock()),
        Job.state == State.WAITING,
        and_(Job.state == State.QUEUED, Job.dispatched_at >= clock() - JUST_SECONDS),
    )
    report = select(Job.id).where(Job.run_id == run_id, _MAKES_REPORT, is_at_work)
    return connection.scalar(report) is not None


def blocking_reason(db: Database, settings: Settings, run_id: int) -> str | None:
    """Return what keeps a run from moving, or made it fail; None if it moves or is done."""
    with db.read() as connection:
        run = get_run(connection, run_id)
        if run.state == State.FAILED:
            failed = job_counts(connection, run_id).get(State.FAILED, 0)
            return (
                f"{failed} failed: `tidings status {run_id} --failed` says why, "
                f"`tidings retry {run_id}` tries again"
            )

        if run.state in ENDED:
            return None
        if run.state == State.PAUSED:
            return str(run.reason or f"`tidings resume {run_id}`")
        if are_all_paused(connection):
            return "all runs are paused: `tidings resume --all`"

        outage = read_longest_outage(connection, run_id)
        running = select(func.count()).where(Job.state == State.RUNNING, Job.lease_until > clock())
        if connection.scalar(running.where(Job.run_id == run_id)):
            return None if outage is None else _describe_outage(outage)

        is_claimable = Job.state.in_((State.QUEUED, State.RUNNING))
        queues_of_run = select(Job.queue).where(Job.run_id == run_id, is_claimable)
        queues = connection.scalars(queues_of_run.distinct()).all()
        jobs_of_other_runs = connection.scalar(running.where(Job.queue.in_(queues)))
        wait = _most_frequent_wait(connection, run_id)

    if missing := _missing_part(db, settings, queues):
        return missing
    if outage is not None:
        return _describe_outage(outage, next_try=None if queues or wait is None else wait.due_at)
    if jobs_of_other_runs:
        jobs = "jobs" if jobs_of_other_runs > 1 else "job"
        return f"its turn: {jobs_of_other_runs} {jobs} of other runs at work"

    if queues or wait is None:
        return None

    return f"{wait.reason} (next try at {_time_of_day(wait.due_at)})"


def describe_unfinished(db: Database, run_id: int) -> str | None:
    """Return the state of a run and how many of its jobs are done; None if it is done.

    The job that makes its report does not count. Raises `NotFound`.
    """
    with db.read() as connection:
        run = get_run(connection, run_id)
        jobs = select(Job.state, func.count()).where(Job.run_id == run_id)
        jobs = jobs.where(~IS_REPORT).group_by(Job.state)
        counts: dict[str, int] = dict(connection.execute(jobs).all())

    if run.state == State.DONE:
        return None

    done = counts.get(State.DONE, 0)
    state = shown_state(run.state, counts)
    return f"run {run_id} is {state}: {done:,} of {quantity(sum(counts.values()), 'job')} done"


def _describe_outage(outage: Row[Any], next_try: float | None = None) -> str:
    """Return why a service does not answer, since when, and when it is asked again."""
    times = f"no answer since {_time_of_day(outage.since)}"
    if next_try is not None:
        times += f"; next try at {_time_of_day(next_try)}"

    return f"{outage.reason} ({times})"


def _time_of_day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S UTC}"


def _most_frequent_wait(connection: Connection, run_id: int) -> Row[str | None, float] | None:
    waits = (
        select(Job.reason, func.min(Job.due_at).label("due_at"))
        .where(Job.run_id == run_id, Job.state == State.WAITING)
        .group_by(Job.reason)
        .order_by(func.count().desc())
    )
    return connection.execute(waits).first()


def _missing_part(db: Database, settings: Settings, queues: Sequence[str]) -> str | None:
    """Return which part of the stack is missing that jobs on *queues* need."""
    if not settings.redis_url:
        return NO_STACK

    # The imports of Celery and Redis take half of the time of `tidings runs`.
    from core.broker import queue_length, redis_client  # noqa: PLC0415

    try:
        with redis_client(settings) as broker:
            for queue in queues or QUEUES[:1]:
                queue_length(broker, queue)
    except BrokerAway as error:
        return str(error)

    slots = count_live_slots(db, has_exited)
    for queue in queues:
        if not slots.get(queue):
            return f"a worker that listens to the queue {queue}: start one with `tidings up`"

    return None


def run_status(db: Database, settings: Settings, run_id: int) -> RunStatus:
    """Return what `tidings status RUN --json` shows."""
    reason = blocking_reason(db, settings, run_id)
    slots = count_live_slots(db, has_exited)
    foretold = forecast_run(db, settings, run_id)
    unended_jobs = select(Job.queue).where(Job.run_id == run_id, Job.state.in_(UNENDED))

    with db.read() as connection:
        run = get_run(connection, run_id)
        counts = job_counts(connection, run_id)
        queues = connection.scalars(unended_jobs.distinct()).all()
        calls = select(func.coalesce(func.sum(Call.calls), 0)).where(Call.run_id == run_id)
        return RunStatus(
            run=run_id,
            name=run.name,
            kind=run.kind,
            state=shown_state(run.state, counts),
            reason=run.reason,
            jobs={state.value: counts.get(state, 0) for state in State},
            created_at=run.created_at,
            waiting_for=reason,
            calls=int(connection.scalar(calls) or 0),
            max_calls=run.max_calls,
            cost=_describe_cost(run),
            progress=round(progress_of(connection, run_id), 4),
            details=_job_details(connection, run_id),
            report=report_progress(connection, run_id) if run.state in ENDED else None,
            codes=count_texts_of_run(connection, run_id),
            forecast=foretold if isinstance(foretold, Forecast) else None,
            outlook=None if foretold is None else describe_forecast(foretold, time.time()),
            slots=sum(slots.get(queue, 0) for queue in queues) if queues else None,
            person=run.person,
            purse=run.purse,
        )


def _describe_cost(run: Any) -> RunCost | None:
    """Return what a run was charged for language models, and its cap; None if it pays none.

    A call that was not answered is charged the most that it can have cost.
    """
    if run.currency is None:
        return None

    cap = None if run.max_cost is None else run.max_cost / MICRO
    return RunCost(run.currency, run.cost_charged / MICRO, cap)


def _job_details(connection: Connection, run_id: int) -> list[JobStatus]:
    columns = (Job.name, Job.kind, Job.state, Job.result, Job.reason)
    jobs = select(Job.id, *columns).where(Job.run_id == run_id).order_by(Job.id)
    details = {
        job.id: JobStatus(job.name, job.kind, job.state, job.result, job.reason)
        for job in connection.execute(jobs)
    }
    step_columns = (JobStep.step, JobStep.state, JobStep.reason, JobStep.documents)
    steps = select(JobStep.job_id, *step_columns).join(Job, Job.id == JobStep.job_id)
    steps = steps.where(Job.run_id == run_id).order_by(JobStep.at)
    for step in connection.execute(steps):
        step_status = StepStatus(step.step, step.state, step.reason, step.documents)
        details[step.job_id].steps.append(step_status)

    return list(details.values())


def list_runs(db: Database) -> list[RunListing]:
    """Return every run with the counts of its jobs, newest first."""
    columns = (Run.id, Run.name, Run.kind, Run.state, Run.created_at)
    costs = (Run.currency, Run.cost_charged, Run.max_cost)
    runs: list[RunListing] = []

    with db.read() as connection:
        for run in connection.execute(select(*columns, *costs).order_by(Run.id.desc())).all():
            counts = job_counts(connection, run.id)
            is_drawing = run.state in ENDED and any(map(counts.get, UNENDED))
            runs.append(
                RunListing(
                    run=run.id,
                    name=run.name,
                    kind=run.kind,
                    state=shown_state(run.state, counts),
                    jobs=counts,
                    created_at=run.created_at,
                    cost=_describe_cost(run),
                    report=report_progress(connection, run.id) if is_drawing else None,
                )
            )

    return runs
