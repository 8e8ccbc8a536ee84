"""The report of a run, as a job; the figures of a large one as jobs of their own.

A figure job draws some figures into the report's folder and does nothing else. The report job
queues the figure jobs, waits until each has been begun, then draws the figures that are still
missing and writes tables and pages. So a figure job that is lost, late or run twice only costs
time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DatabaseAway, TidingsError
from core.process_identity import has_exited
from models.jobs import count_drawing_slots, fence
from models.report_jobs import FIGURES_OPTION, queue_figure_jobs
from models.scheduling import draws_beyond_share
from workers.context import JobContext
from workers.outcomes import Again, Done, Outcome, WaitUntil
from workers.watching import record_watched_run, send_events

if TYPE_CHECKING:
    from reports.build_progress import BuildProgress

POLL_SECONDS = 1.0

# The time between two notes of how far the report is.
SHOW_SECONDS = 2.0


# The exception ends drawing, which is deep in synchronous code.
class _SliceIsOver(Exception):
    """Raised before the next figure if the slice is over."""


def make_report(job: JobContext) -> Outcome:
    """Make the run's report, or draw a part of its figures; keep what has not changed."""
    # Only a process that makes reports loads what they need.
    from reports.build.folder_lock import lock_folder  # noqa: PLC0415
    from reports.build.manifest import is_up_to_date  # noqa: PLC0415
    from reports.build.report_folder import build, divide_figures, draw_part  # noqa: PLC0415
    from reports.build_progress import BuildProgress  # noqa: PLC0415

    run_id = job.claim.run_id
    folder = Path(job.runtime.settings.reports) / str(run_id)

    slice_seconds = job.runtime.settings.slice_seconds
    is_reading = True

    def check() -> None:
        nonlocal is_reading
        if is_reading:
            # The next slice reads the data again: slices that end before they have drawn something
            # would never end the report.
            is_reading = False
            job.ends_at = max(job.ends_at, time.monotonic() + slice_seconds)

        if job.slice_is_over:
            raise _SliceIsOver

    try:
        if FIGURES_OPTION in job.claim.options:
            job_names = job.claim.options[FIGURES_OPTION]
            draw_part(job.db, run_id, folder, job_names, check=_give_way(job, check))
            return Done()

        record_watched_run(job)
        if not is_up_to_date(job.db, [run_id], folder):
            if _queue_figures(job, divide_figures(job.db, run_id)):
                return WaitUntil(POLL_SECONDS, "its figures are being drawn")

            progress = BuildProgress(_note_progress(job))
            with lock_folder(folder, check):
                build(job.db, [run_id], folder, check=check, progress=progress)

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


def _give_way(job: JobContext, check: Callable[[], None]) -> Callable[[], None]:
    """Return a check that also ends a part's slice if jobs over texts need its process."""
    drawing = count_drawing_slots(job.db, has_exited)

    def check_and_give_way() -> None:
        check()
        with job.db.read() as connection:
            is_in_the_way = draws_beyond_share(connection, drawing)

        if is_in_the_way:
            raise _SliceIsOver

    return check_and_give_way


def _note_progress(job: JobContext) -> Callable[[BuildProgress], None]:
    """Return a function that notes in the job's row how far the report is, for `tidings status`."""
    noted_at = float("-inf")

    def note(progress: BuildProgress) -> None:
        nonlocal noted_at
        if time.monotonic() - noted_at < SHOW_SECONDS:
            return

        noted_at = time.monotonic()
        with suppress(DatabaseAway), job.db.write() as connection:
            fence(
                connection,
                job.claim,
                reason=str(progress),
                done_units=progress.pages,
                all_units=progress.all_pages,
            )

    return note
