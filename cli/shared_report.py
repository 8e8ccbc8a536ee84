"""The report that workers make when a run ends: `tidings report` waits for it and takes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core.enums import ENDED, QUEUE_REPORTS
from core.process_identity import has_exited
from models.database import Database
from models.jobs import count_live_slots
from models.runs import get_run
from producers.status import is_report_at_work, report_progress
from reports.build.manifest import is_up_to_date

POLL_SECONDS = 0.25


def wait_for_own_report(db: Database, run: int, folder: Path, show: Callable[[str], None]) -> bool:
    """Wait while live workers make the run's own report; *show* gets how far it is.

    Return whether *folder* is the place of that report: it is there, or the run's report job has
    still to make it and will find the files that are made there. Raises `NotFound`.
    """
    while True:
        with db.read() as connection:
            has_ended = get_run(connection, run).state in ENDED
            progress = report_progress(connection, run) if has_ended else None
            is_at_work = progress is not None and is_report_at_work(connection, run)

        if not is_at_work or not count_live_slots(db, has_exited).get(QUEUE_REPORTS):
            return progress is not None or (has_ended and is_up_to_date(db, [run], folder))

        show(f"{progress} (by the workers)")
        time.sleep(POLL_SECONDS)
