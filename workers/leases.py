"""Keeping a claim alive: a thread with its own connection, so that a job busy in a long call keeps its lease."""

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

HARD_END_SECONDS = (
    120.0  # past a slice's own end: a job that hangs so long loses its lease to another
)

log = get_logger(__name__)


class Lease:
    """Renews the claim until the block is left, it is lost, or the slice's hard end has come.

    *on_stop* is called (from the thread) when the run is paused, *on_lost* when the claim belongs to another.
    """

    def __init__(
        self,
        db: Database,
        claim: Claim,
        *,
        seconds: float,
        slice_seconds: float,
        on_stop: Callable[[], object],
        on_lost: Callable[[], object],
    ) -> None:
        self._db, self._claim, self._seconds = db, claim, seconds
        self._beats = int((slice_seconds + HARD_END_SECONDS) / (seconds / 5))
        self._on_stop, self._on_lost = on_stop, on_lost
        self._ended = threading.Event()
        carry_on = contextvars.copy_context()  # its lines tell the job as well
        name = f"lease of job {claim.job_id}"
        self._thread = threading.Thread(
            target=carry_on.run, args=(self._beat,), name=name, daemon=True
        )
        self.lost = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=self._seconds)

    def _beat(self) -> None:
        for _ in range(self._beats):
            if self._ended.wait(self._seconds / 5):
                return
            try:
                state = renew_lease(self._db, self._claim, lease_seconds=self._seconds)
            except DatabaseAway as error:
                log.warning("the lease could not be renewed", why=str(error))
                continue
            if state is None:
                self.lost = True
                if not self._ended.is_set():
                    self._on_lost()
                return
            if state == State.PAUSED:
                self._on_stop()
