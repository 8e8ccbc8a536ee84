"""A process of claimants for `claims.py`: threads that claim, renew and store as workers do.

``python -P bench/claimant.py DATABASE FIRST THREADS`` reads lines ``WORK SECONDS`` and answers each
with a line of JSON. The code beside it may be of any commit: PYTHONPATH says of which.
"""

from __future__ import annotations

import inspect
import json
import sys
import threading
import time
from collections.abc import Callable
from itertools import count

from sqlalchemy import select

from core.enums import QUEUE_TEXT
from models.answers import Batch, CallCounts, claim_answers, store_batch
from models.database import Database
from models.job_transitions import claim_job, requeue_job
from models.jobs import Claim, renew_lease
from models.scheduling import select_due_jobs
from models.tables import Job

LEASE_SECONDS = 600.0
# The answers that a worker stores at once, at 200 calls/s of a process and 0.1 s a flush.
ANSWERS = 20


class Claimant:
    """A worker's process as the database sees it: one job at a time, two kinds of connections."""

    def __init__(self, url: str, number: int) -> None:
        self.number = number
        self.db = Database(url)
        # Since connections of leases are kept, the number of them is a parameter.
        is_kept = "connections" in inspect.signature(Database).parameters
        self.lease_db = Database(url, connections=1) if is_kept else Database(url, pooled=False)
        self.seconds: list[float] = []
        self._claim: Claim | None = None
        self._batches = count()

    def work(self, name: str, ends_at: float) -> None:
        """Do one kind of work until then."""
        work: Callable[[], None] = getattr(self, name)
        while time.monotonic() < ends_at:
            began = time.monotonic()
            work()
            self.seconds.append(time.monotonic() - began)

    def turn(self) -> None:
        """Dispatch a job, claim it and give it back."""
        for job in select_due_jobs(self.db, QUEUE_TEXT, 1, slots=200):
            claim = self._claim_job(job.job_id)
            if claim is not None:
                requeue_job(self.db, claim)

    def fence(self) -> None:
        """Renew the lease of a job."""
        assert renew_lease(self.lease_db, self._held(), lease_seconds=LEASE_SECONDS)

    def answers(self) -> None:
        """Claim answers and store them."""
        claim = self._held()
        number = next(self._batches)
        keys = [
            f"{self.number:04} {number:08} {key:02} {time.time_ns():019}"[:32].encode()
            for key in range(ANSWERS)
        ]
        won = claim_answers(self.db, claim, keys, seconds=60.0)
        stored = dict.fromkeys(won, "0.125")
        counts = {"text_polarity": CallCounts(calls=len(won))}
        batch = Batch(stored, claims=set(won), call_counts_by_operation=counts)
        store_batch(self.db, claim, batch, service="textapi", credential="k")

    def _held(self) -> Claim:
        if self._claim is None:
            jobs = select(Job.id).where(Job.run_id == 2).order_by(Job.id).offset(self.number)
            with self.db.read() as connection:
                job_id = connection.scalars(jobs.limit(1)).one()

            # The claimant before it has exited.
            self._claim = self._claim_job(job_id, is_lost=True)

        assert self._claim is not None
        return self._claim

    def _claim_job(self, job_id: int, *, is_lost: bool = False) -> Claim | None:
        return claim_job(
            self.db,
            job_id,
            owner=f"claimant {self.number}",
            lease_seconds=LEASE_SECONDS,
            has_exited=lambda _owner: is_lost,
        )


def main() -> None:
    url, first, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    claimants = [Claimant(url, first + number) for number in range(threads)]
    for line in sys.stdin:
        work, seconds = line.split()
        cpu_began, ends_at = time.process_time(), time.monotonic() + float(seconds)
        workers = [
            threading.Thread(target=claimant.work, args=(work, ends_at)) for claimant in claimants
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        took = sorted(second for claimant in claimants for second in claimant.seconds)
        for claimant in claimants:
            claimant.seconds.clear()

        figures = {"seconds": took, "cpu_seconds": time.process_time() - cpu_began}
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
