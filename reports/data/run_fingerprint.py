"""A hash of all that the report of a run shows."""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select

from models import tables
from models.database import Database
from reports.data.queries import fetch_all


def fingerprint_run(db: Database, run_id: int) -> str:
    """Return a hash that changes with anything that the run's report shows; cheap to compute."""
    run, job, step, engine = tables.Run, tables.Job, tables.JobStep, tables.RunEngine
    mention, code, watch, watch_report = (
        tables.Mention,
        tables.Code,
        tables.Watch,
        tables.WatchReport,
    )
    jobs = select(job.id).where(job.run_id == run_id)

    statements = (
        select(run.state, run.reason, run.name, run.ended_at).where(run.id == run_id),
        select(job.id, job.state, job.reason, job.ended_at, job.claims)
        .where(job.run_id == run_id, ~tables.IS_REPORT)
        .order_by(job.id),
        select(step.job_id, step.step, step.state, step.documents, step.at)
        .where(step.job_id.in_(jobs))
        .order_by(step.job_id, step.step),
        select(func.count(), func.count(mention.polarity)).where(mention.job_id.in_(jobs)),
        select(func.count(), func.count(code.code), func.max(code.at)).where(code.run_id == run_id),
        select(func.count()).where(tables.PostPolarity.job_id.in_(jobs)),
        select(func.max(tables.Document.id), func.count()).select_from(tables.Document),
        select(func.max(tables.Import.id), func.max(tables.Import.at)),
        select(func.max(tables.Crawl.at)),
        select(func.count(tables.Training.weights)).where(tables.Training.job_id.in_(jobs)),
        select(tables.RunErasure.reason).where(tables.RunErasure.run_id == run_id),
        select(func.count()).where(tables.Epoch.job_id.in_(jobs)),
        select(watch.every, watch.updates).where(watch.run_id == run_id),
        select(watch_report.at)
        .where(watch_report.run_id == run_id)
        .order_by(watch_report.number)
        .limit(1),
        select(engine.engine).where(engine.run_id == run_id).order_by(engine.engine),
    )

    digest = hashlib.sha256()
    for statement in statements:
        digest.update(repr(list(map(tuple, fetch_all(db, statement)))).encode())

    return digest.hexdigest()
