"""The jobs that draw the figures of a large report."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, or_, select

from core.enums import QUEUE_REPORTS, JobKind, State
from models.database import clock
from models.runs import LOOK_JOB, REPORT_JOB, NewJob, add_jobs
from models.tables import IS_REPORT, Job

JUST_SECONDS = 5.0
# This option of a figure job holds the names of the jobs whose figures it draws.
FIGURES_OPTION = "figures"


def queue_figure_jobs(connection: Connection, run_id: int, groups: Sequence[Sequence[str]]) -> int:
    """See that there is a figure job for each of *groups*; return how many nobody has begun."""
    jobs = []
    for group_number, job_names in enumerate(groups, start=1):
        figure_job_name = f"{REPORT_JOB}: {FIGURES_OPTION} {group_number} of {len(groups)}"
        options = {FIGURES_OPTION: list(job_names)}
        jobs.append(NewJob(JobKind.REPORT, figure_job_name, options, QUEUE_REPORTS))

    add_jobs(connection, run_id, jobs)

    waiting = select(func.count()).where(
        Job.run_id == run_id,
        IS_REPORT,
        Job.name.not_in((REPORT_JOB, LOOK_JOB)),
        Job.state.in_((State.QUEUED, State.WAITING)),
    )
    return connection.scalar(waiting) or 0


def is_report_at_work(connection: Connection, run_id: int) -> bool:
    """Return whether a worker makes the run's report, draws a part of it, or was just told to."""
    reports = select(Job.id).where(Job.run_id == run_id, IS_REPORT, Job.name != LOOK_JOB)
    is_at_work = or_(
        and_(Job.state == State.RUNNING, Job.lease_until >= clock()),
        and_(Job.state == State.WAITING, Job.name == REPORT_JOB),
        and_(Job.state == State.QUEUED, Job.dispatched_at >= clock() - JUST_SECONDS),
    )
    return connection.scalar(reports.where(is_at_work).limit(1)) is not None
