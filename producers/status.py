"""Where a run stands, and what it waits for where it does not move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from core.broker import queue_length, redis_client
from core.enums import ENDED, QUEUES, State
from core.errors import BrokerAway, SettingsError
from core.process_identity import has_exited
from core.settings import Settings
from models.database import Database, clock
from models.jobs import count_live_slots, job_counts, progress_of
from models.runs import get_run
from models.tables import Call, Job, JobStep, Run


def shown_state(state: str, counts: dict[str, int]) -> str:
    """A run whose jobs all wait is waiting, whatever it was when it was written."""
    if state not in (State.QUEUED, State.RUNNING):
        return state
    if counts.get(State.RUNNING):
        return State.RUNNING
    if counts.get(State.WAITING) and not counts.get(State.QUEUED):
        return State.WAITING
    return state


def blocking_reason(db: Database, settings: Settings, run_id: int) -> str | None:
    """What keeps a run from moving, or from having ended well; None where it moves or is done."""
    with db.read() as connection:
        run = get_run(connection, run_id)
        if run.state == State.FAILED:
            failed = job_counts(connection, run_id).get(State.FAILED, 0)
            return f"{failed} failed: `tidings status {run_id} --failed` says why, `tidings retry {run_id}` tries again"
        if run.state in ENDED:
            return None
        if run.state == State.PAUSED:
            return f"`tidings resume {run_id}`" + (f" ({run.reason})" if run.reason else "")
        at_work = select(func.count()).where(Job.state == State.RUNNING, Job.lease_until > clock())
        if connection.scalar(at_work.where(Job.run_id == run_id)):
            return None
        queues = connection.scalars(
            select(Job.queue)
            .where(Job.run_id == run_id, Job.state.in_((State.QUEUED, State.RUNNING)))
            .distinct()
        ).all()
        others = connection.scalar(at_work.where(Job.queue.in_(queues)))
        waits = connection.execute(
            select(Job.reason, func.min(Job.due_at))
            .where(Job.run_id == run_id, Job.state == State.WAITING)
            .group_by(Job.reason)
            .order_by(func.count().desc())
        ).first()
    if missing := _missing_part(db, settings, queues):
        return missing
    if others:
        return f"its turn: {others} {'jobs' if others > 1 else 'job'} of other runs at work"
    if not queues and waits:
        at = datetime.fromtimestamp(waits[1], UTC).strftime("%H:%M:%S UTC")
        return f"{waits[0]} (next try at {at})"
    return None


def _missing_part(db: Database, settings: Settings, queues: Sequence[str]) -> str | None:
    """What of the stack is not there that jobs on *queues* need."""
    try:
        with redis_client(settings) as broker:
            for queue in queues or QUEUES[:1]:
                queue_length(broker, queue)
    except SettingsError:
        return "a stack: start one with `tidings up`, or set TIDINGS_REDIS_URL"
    except BrokerAway as error:
        return str(error)
    slots = count_live_slots(db, has_exited)
    unheard = [queue for queue in queues if not slots.get(queue)]
    return (
        f"a worker that listens to the queue {unheard[0]}: start one with `tidings up`"
        if unheard
        else None
    )


def run_status(db: Database, settings: Settings, run_id: int) -> dict[str, Any]:
    """Everything `tidings status RUN --json` says."""
    reason = blocking_reason(db, settings, run_id)
    with db.read() as connection:
        run = get_run(connection, run_id)
        counts = job_counts(connection, run_id)
        calls = connection.scalar(
            select(func.coalesce(func.sum(Call.calls), 0)).where(Call.run_id == run_id)
        )
        jobs = connection.execute(
            select(
                Job.id,
                Job.name,
                Job.kind,
                Job.state,
                Job.result,
                Job.reason,
                Job.claims,
                Job.crashes,
            )
            .where(Job.run_id == run_id)
            .order_by(Job.id)
        ).all()
        steps = connection.execute(
            select(JobStep.job_id, JobStep.step, JobStep.state, JobStep.reason, JobStep.documents)
            .join(Job, Job.id == JobStep.job_id)
            .where(Job.run_id == run_id)
            .order_by(JobStep.at)
        ).all()
        share = progress_of(connection, run_id)
    by_job: dict[int, list[dict[str, Any]]] = {job.id: [] for job in jobs}
    for step in steps:
        by_job[step.job_id].append(
            {
                "step": step.step,
                "state": step.state,
                "reason": step.reason,
                "documents": step.documents,
            }
        )
    return {
        "run": run_id,
        "name": run.name,
        "kind": run.kind,
        "state": shown_state(run.state, counts),
        "reason": run.reason,
        "jobs": {state.value: counts.get(state, 0) for state in State},
        "waiting_for": reason,
        "calls": int(calls or 0),
        "max_calls": run.max_calls,
        "progress": round(share, 4),
        "details": [
            {
                "job": job.name,
                "kind": job.kind,
                "state": job.state,
                "result": job.result,
                "reason": job.reason,
                "steps": by_job[job.id],
            }
            for job in jobs
        ],
    }


def list_runs(db: Database) -> list[dict[str, Any]]:
    """Every run with its counts, newest first."""
    with db.read() as connection:
        runs = connection.execute(
            select(Run.id, Run.name, Run.kind, Run.state, Run.created_at).order_by(Run.id.desc())
        )
        return [
            {
                "run": run.id,
                "name": run.name,
                "kind": run.kind,
                "state": shown_state(run.state, counts := job_counts(connection, run.id)),
                "jobs": counts,
                "created_at": run.created_at,
            }
            for run in runs.all()
        ]
