"""Renewing a job's lease, also while it is busy in a long call; `executor` gives the job back."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from core.enums import State
from core.errors import DatabaseAway
from core.logs import get_logger
from models.database import Database
from models.jobs import Claim, renew_lease

RENEWALS_PER_LEASE = 5

log = get_logger(__name__)


class Lease:
    """Renews the claim until the block is left, the claim is lost, or *longest_seconds* are over.

    A job that takes longer loses its lease. The thread calls *on_pause* at each renewal
    while the run is paused, and *on_lost* when another owns the job.
    """

    def __init__(
        self,
        db: Database,
        claim: Claim,
        *,
        seconds: float,
        longest_seconds: float,
        on_pause: Callable[[], object],
        on_lost: Callable[[], object],
    ) -> None:
        self._db, self._claim, self._seconds = db, claim, seconds
        self._interval = seconds / RENEWALS_PER_LEASE
        self._renewals = int(longest_seconds / self._interval)
        self._on_pause, self._on_lost = on_pause, on_lost
        self._ended = threading.Event()

        # The thread's log lines name the job too.
        log_context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=log_context.run,
            args=(self._renew_regularly,),
            name=f"lease of job {claim.job_id}",
            daemon=True,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Renew no more; return when the thread has ended."""
        self._ended.set()
        self._thread.join(timeout=self._seconds)

    def _renew_regularly(self) -> None:
        for _ in range(self._renewals):
            if self._ended.wait(self._interval):
                return

            try:
                run_state = renew_lease(self._db, self._claim, lease_seconds=self._seconds)
            except DatabaseAway as error:
                log.warning("the lease could not be renewed", why=str(error))
                continue

            if run_state is None:
                if not self._ended.is_set():
                    self._on_lost()

                return

            if run_state == State.PAUSED:
                self._on_pause()
