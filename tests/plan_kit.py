"""What a submitted run has asked, and what it would ask now."""

from __future__ import annotations

from sqlalchemy import func, select

from analysis.kinds import kind_named
from core.settings import Settings
from models.database import Database
from models.runs import get_run
from models.tables import IS_REPORT, Call, Job
from producers.plan import CallPlan, plan_run
from textapi.messages import Engine


def plan_submitted_run(
    db: Database, run_id: int, *, engine: Engine, settings: Settings
) -> CallPlan:
    """Count what a submitted run needs of the documents that are stored now."""
    with db.read() as connection:
        run = get_run(connection, run_id)
        jobs = connection.scalars(select(Job.name).where(Job.run_id == run_id, ~IS_REPORT)).all()

    kind = kind_named(run.kind)
    names = [kind.subject(job_name) for job_name in jobs]
    parameters = kind.read_parameters(run.parameters)
    return plan_run(db, parameters, names, engine=engine, settings=settings)


def call_counts(db: Database, run_id: int) -> dict[str, int]:
    """Return the calls that a run has made so far, by operation."""
    counts = select(Call.operation, func.sum(Call.calls)).where(Call.run_id == run_id)
    with db.read() as connection:
        rows = connection.execute(counts.group_by(Call.operation)).all()

    return {operation: int(calls) for operation, calls in rows}
