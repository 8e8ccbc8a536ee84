"""Jobs that keep their process busy: reports, looks at a sample or a search, and trainings."""

from __future__ import annotations

from core.enums import QUEUE_REPORTS
from models.runs import LOOK_JOB
from workers.context import JobContext
from workers.outcomes import Outcome
from workers.reporting import make_report


def draw_or_train(job: JobContext) -> Outcome:
    """Work on such a job until its slice ends."""
    if job.claim.name == LOOK_JOB:
        from workers.sample_look import look_at_sample  # noqa: PLC0415 - needs numpy
        from workers.search_look import look_at_search  # noqa: PLC0415

        return look_at_search(job) if job.claim.parameters.get("find") else look_at_sample(job)

    if job.claim.queue == QUEUE_REPORTS:
        return make_report(job)

    from workers.trainings import run_training  # noqa: PLC0415 - needs numpy

    return run_training(job)
