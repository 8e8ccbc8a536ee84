"""The report of a run, as a job; the pictures of a large one as jobs of their own, which any worker draws.

A part draws some pictures into the report's folder, and does nothing else. The report itself comes after its parts: it
hands them out, steps back until each has been begun, then draws what is still missing and writes tables and page. So a
part that is lost, late or drawn twice changes nothing but time, and no part has to tell anybody that it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from core.enums import QUEUE_OF, JobKind, State
from models import tables
from models.database import clock
from models.jobs import fence, release_job
from models.runs import REPORT_JOB
from workers.context import Ended, JobContext, SliceEnded

LOOK_AGAIN_SECONDS = 1.0
PICTURES = "pictures"  # the option of a part's job: the names of the jobs whose pictures it draws


def make_report(job: JobContext) -> Ended:
    """Draw the run's report into its folder, or a part of it; what has not changed is not drawn again.

    Raises `SliceEnded` where the slice is over; what is drawn by then stays.
    """
    from reports.build import build, divide_figures, draw_part, is_up_to_date  # noqa: PLC0415 - matplotlib is for who draws

    run, folder = job.claim.run_id, Path(job.runtime.settings.reports) / str(job.claim.run_id)
    if PICTURES in job.claim.options:
        draw_part(job.db, run, folder, job.claim.options[PICTURES], check=job.check)
        return Ended()
    if is_up_to_date(job.db, [run], folder):
        return Ended()
    if _hand_out(job, divide_figures(job.db, run)):
        release_job(
            job.db,
            job.claim,
            state=State.WAITING,
            due_in=LOOK_AGAIN_SECONDS,
            reason="its pictures are being drawn",
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
    with job.db.write() as connection:
        fence(connection, job.claim)
        for number, names in enumerate(parts, 1):
            connection.execute(
                job.db.upsert(tables.Job)
                .values(
                    run_id=run,
                    kind=JobKind.REPORT,
                    name=f"{REPORT_JOB}: {PICTURES} {number} of {len(parts)}",
                    queue=QUEUE_OF[JobKind.REPORT],
                    options={PICTURES: list(names)},
                    state=State.QUEUED,
                    due_at=clock(),
                    claims=0,
                    crashes=0,
                    waits=0,
                    done_units=0,
                    all_units=0,
                )
                .on_conflict_do_nothing()
            )
        return (
            connection.scalar(
                select(func.count()).where(
                    *of_run, tables.Job.state.in_((State.QUEUED, State.WAITING))
                )
            )
            or 0
        )
