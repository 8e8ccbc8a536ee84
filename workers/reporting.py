"""The report of a run, as a job; the pictures of a large one as jobs of their own, which any worker draws.

A part draws some pictures into the report's folder, and does nothing else. The report itself comes after its parts: it
hands them out, steps back until each has been begun, then draws what is still missing and writes tables and page. So a
part that is lost, late or drawn twice changes nothing but time, and no part has to tell anybody that it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from core.enums import JobKind, State
from models import tables
from models.jobs import fence
from models.runs import REPORT_JOB, NewJob, add_jobs
from models.transitions import put_off_job
from workers.context import Ended, JobContext, SliceEnded

LOOK_AGAIN_SECONDS = 1.0
PICTURES = "pictures"  # the option of a part's job: the names of the jobs whose pictures it draws


def make_report(job: JobContext) -> Ended:
    """Draw the run's report into its folder, or a part of it; what has not changed is not drawn again.

    Raises `SliceEnded` where the slice is over; what is drawn by then stays.
    """
    from reports.build import build, draw, is_made, parts  # noqa: PLC0415 - matplotlib is for who draws

    run, folder = job.claim.run_id, Path(job.runtime.settings.reports) / str(job.claim.run_id)
    if PICTURES in job.claim.options:
        draw(job.db, run, folder, job.claim.options[PICTURES], check=job.check)
        return Ended()
    if is_made(job.db, [run], folder):
        return Ended()
    if _hand_out(job, parts(job.db, run)):
        put_off_job(
            job.db, job.claim, seconds=LOOK_AGAIN_SECONDS, reason="its pictures are being drawn"
        )
        raise SliceEnded  # the job is given back already
    build(job.db, [run], folder, check=job.check)
    return Ended()


def _hand_out(job: JobContext, parts: Sequence[Sequence[str]]) -> int:
    """See that there is a job for each part; how many of them nobody has begun."""
    run = job.claim.run_id
    of_run = (
        tables.Job.run_id == run,
        tables.Job.kind == JobKind.REPORT,
        tables.Job.name != REPORT_JOB,
    )
    jobs = [
        NewJob(
            JobKind.REPORT,
            f"{REPORT_JOB}: {PICTURES} {number} of {len(parts)}",
            {PICTURES: list(names)},
        )
        for number, names in enumerate(parts, 1)
    ]
    with job.db.write() as connection:
        fence(connection, job.claim)
        add_jobs(connection, run, jobs)
        return (
            connection.scalar(
                select(func.count()).where(
                    *of_run, tables.Job.state.in_((State.QUEUED, State.WAITING))
                )
            )
            or 0
        )
