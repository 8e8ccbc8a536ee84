"""The report of a run, as a job."""

from __future__ import annotations

from workers.jobs import Ended, Job


def make_report(job: Job) -> Ended:
    """Draw the run's report into its folder; what has not changed is not drawn again."""
    from reports.build import build  # noqa: PLC0415 - matplotlib is for who draws

    folder = job.runtime.settings.reports / str(job.claim.run_id)
    build(job.db, [job.claim.run_id], folder)
    return Ended()
