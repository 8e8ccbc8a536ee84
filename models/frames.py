"""The stored frames of jobs: what reports count, made once and kept until it changes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from models.database import Database, batched
from models.documents import DocumentScope
from models.tables import DocumentCount, Job, JobFrames, JobStep

# Frames that earlier versions made otherwise are made again, and so are those with other columns:
# see `reports.frames.frames.Frames.from_bytes`.
_VERSION = 2


class StoredFrames(NamedTuple):
    """The frames of a job as bytes: see `models.tables.JobFrames`."""

    documents: bytes
    mentions: bytes
    forms: bytes
    names: bytes


_COLUMNS = [getattr(JobFrames, column) for column in StoredFrames._fields]


def hash_origins_of_frames(connection: Connection, job_ids: Sequence[int]) -> dict[int, str]:
    """Return for each job a hash of what its frames are made of.

    It changes with the job's steps and claims, and with what is stored of its months: an import
    that completes documents, and an erasure, change the counts of a source, month and origin.
    """
    parts: dict[int, list[object]] = {job_id: [_VERSION] for job_id in job_ids}
    months_by_job: dict[int, list[str]] = {}
    columns = (Job.id, Job.first_day, Job.last_day, Job.sources, Job.claims, Job.newest_document)
    steps = select(JobStep.job_id, JobStep.step, JobStep.state, JobStep.at, JobStep.documents)
    for batch in batched(job_ids):
        for job in connection.execute(select(*columns).where(Job.id.in_(batch))):
            parts[job.id].append(tuple(job))
            if job.first_day is not None:
                scope = DocumentScope(days=(job.first_day, job.last_day))
                months_by_job[job.id] = scope.months

        is_of_batch = JobStep.job_id.in_(batch)
        for job_id, *step in connection.execute(steps.where(is_of_batch).order_by(JobStep.step)):
            parts[job_id].append(step)

    months = sorted({month for job_months in months_by_job.values() for month in job_months})
    counts = _count_origins(connection, months)
    for job_id, job_months in months_by_job.items():
        parts[job_id] += [counts[month] for month in job_months]

    return {
        job_id: hashlib.sha256(repr(job_parts).encode()).hexdigest()
        for job_id, job_parts in parts.items()
    }


def _count_origins(connection: Connection, months: Sequence[str]) -> dict[str, list[object]]:
    """Return how many documents of each source and origin are stored of each month."""
    counts: dict[str, list[object]] = defaultdict(list)
    columns = (DocumentCount.source, DocumentCount.origin_id, DocumentCount.documents)
    for batch in batched(months):
        statement = select(DocumentCount.period, *columns).where(DocumentCount.period.in_(batch))
        for period, *counted in connection.execute(statement.order_by(*columns)):
            counts[period].append(counted)

    return counts


def read_frames(connection: Connection, job_id: int, made_of: str) -> StoredFrames | None:
    """Return the stored frames of a job; None if there are none that were made of *made_of*."""
    statement = select(*_COLUMNS).where(JobFrames.job_id == job_id, JobFrames.made_of == made_of)
    stored = connection.execute(statement).one_or_none()
    return None if stored is None else StoredFrames(*stored)


def write_frames(db: Database, job_id: int, made_of: str, frames: StoredFrames) -> None:
    """Store the frames of a job; earlier ones go."""
    row = {"made_of": made_of, **frames._asdict()}
    with db.write() as connection:
        # The run may have been forgotten meanwhile.
        if connection.scalar(select(Job.id).where(Job.id == job_id)) is None:
            return

        insert = db.upsert(JobFrames).values(job_id=job_id, **row)
        connection.execute(insert.on_conflict_do_update(index_elements=["job_id"], set_=row))
