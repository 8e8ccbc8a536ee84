"""The report of a run, as a job; the figures of a large one as jobs of their own.

A figure job draws some figures into the report's folder and does nothing else. The report job
queues the figure jobs, waits until each has been begun, then draws what is still missing and
writes tables and pages. So a figure job that is lost, late or run twice changes nothing but time.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import TidingsError
from models.jobs import fence
from models.report_jobs import FIGURES_OPTION, queue_figure_jobs
from workers.context import JobContext
from workers.outcomes import Again, Done, Outcome, WaitUntil
from workers.watching import record_watched_run, send_events

POLL_SECONDS = 1.0


class _SliceIsOver(Exception):  # it ends drawing, which is deep in synchronous code
    """Raised before the next figure where the slice is over."""


def make_report(job: JobContext) -> Outcome:
    """Make the run's report, or draw a part of its figures; what has not changed is kept."""
    # matplotlib is loaded only by a process that draws
    from reports.build.report_folder import build, divide_figures, draw_part, is_up_to_date  # noqa: PLC0415

    run_id = job.claim.run_id
    folder = Path(job.runtime.settings.reports) / str(run_id)

    def check() -> None:
        if job.slice_is_over:
            raise _SliceIsOver

    try:
        if FIGURES_OPTION in job.claim.options:
            draw_part(job.db, run_id, folder, job.claim.options[FIGURES_OPTION], check=check)
            return Done()
        record_watched_run(job)
        if not is_up_to_date(job.db, [run_id], folder):
            if _queue_figures(job, divide_figures(job.db, run_id)):
                return WaitUntil(POLL_SECONDS, "its figures are being drawn")
            build(job.db, [run_id], folder, check=check)
        send_events(job, check)
    except _SliceIsOver:
        return Again()
    except (FileNotFoundError, TidingsError) as error:
        if isinstance(error, TidingsError) and not isinstance(error.__cause__, FileNotFoundError):
            raise
        return WaitUntil(POLL_SECONDS, "its folder was removed meanwhile, as `forget` does")
    return Done()


def _queue_figures(job: JobContext, groups: list[tuple[str, ...]]) -> int:
    """Queue a figure job for each group of job names; return how many nobody has begun."""
    with job.db.write() as connection:
        fence(connection, job.claim)
        return queue_figure_jobs(connection, job.claim.run_id, groups)
