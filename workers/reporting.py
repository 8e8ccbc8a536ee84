"""The report of a run, as a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DatabaseAway, TidingsError
from models.jobs import fence
from workers.context import JobContext
from workers.outcomes import Again, Done, Outcome, WaitUntil
from workers.watching import record_watched_run, send_events

if TYPE_CHECKING:
    from reports.build_progress import BuildProgress

POLL_SECONDS = 1.0

# The time between two notes of how far the report is.
SHOW_SECONDS = 2.0


class _GivesWay(Exception):
    """Raised where a slice of the job ends."""


def make_report(job: JobContext) -> Outcome:
    """Make the run's report; keep what has not changed."""
    # Only a process that makes reports loads what they need.
    from reports.build.folder_lock import lock_folder  # noqa: PLC0415
    from reports.build.manifest import is_up_to_date  # noqa: PLC0415
    from reports.build.report_folder import build  # noqa: PLC0415
    from reports.build_progress import BuildProgress  # noqa: PLC0415

    run_id = job.claim.run_id
    folder = Path(job.runtime.settings.reports) / str(run_id)

    def check() -> None:
        if job.slice_is_over:
            raise _GivesWay

    def check_claim() -> None:
        # Another slice would read and draw all again: no end of a slice ends the report.
        if job.is_paused or job.lease_lost:
            raise _GivesWay

    try:
        record_watched_run(job)
        if not is_up_to_date(job.db, [run_id], folder):
            progress = BuildProgress(_note_progress(job))
            with lock_folder(folder, check):
                build(job.db, [run_id], folder, check=check_claim, progress=progress)

        send_events(job, check)
    except _GivesWay:
        return Again()
    except (FileNotFoundError, TidingsError) as error:
        if isinstance(error, TidingsError) and not isinstance(error.__cause__, FileNotFoundError):
            raise

        return WaitUntil(POLL_SECONDS, "its folder was removed meanwhile, as `forget` does")

    return Done()


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
