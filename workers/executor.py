"""One time slice of a job: claim it, work on it, record the outcome, dispatch what is due next.

A small job, such as an account, waits for its calls most of the time, and so does a month at its
begin and end. So a slice takes along other queued jobs of its run, and the next ones when they are
done: they share the process, and end with the slice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from celery.exceptions import SoftTimeLimitExceeded

from analysis.kinds import kind_named
from core.broker import HARD_LIMIT_SECONDS, REPORT_SECONDS
from core.enums import QUEUE_REPORTS, QUEUE_TEXT
from core.errors import BrokerAway, DatabaseAway
from core.logs import get_logger
from core.process_identity import has_exited
from models.job_transitions import (
    claim_companions,
    claim_job,
    claim_next,
    requeue_job,
    wake_waiting_jobs,
)
from models.jobs import Claim
from producers.dispatch import dispatch_due_jobs
from workers.busy_jobs import draw_or_train
from workers.context import JobContext
from workers.leases import Lease
from workers.outcomes import Again, Done, LeaseWasLost, NoData, Outcome
from workers.runtime import Runtime
from workers.slice_ends import outcome_of_error, record_outcome
from workers.text_jobs import work_on_texts

log = get_logger(__name__)


def work_one_slice(runtime: Runtime, job_id: int) -> None:
    """Work one slice on the job, if it is due and nobody else does; then dispatch due jobs."""
    settings = runtime.settings
    claim = claim_job(
        runtime.db,
        job_id,
        owner=runtime.owner,
        lease_seconds=settings.lease_seconds,
        has_exited=lambda owner: owner != runtime.owner and has_exited(owner),
    )

    if claim is not None:
        claims = [claim]
        ends_at = time.monotonic() + settings.slice_seconds
        if claim.queue != QUEUE_TEXT:
            _work_alone(JobContext(runtime, claim, ends_at))
        else:
            most = kind_named(claim.parameters["kind"]).companions
            # The job's own slice waits for the database.
            with suppress(DatabaseAway):
                claims += claim_companions(
                    runtime.db, claim, most=most, lease_seconds=settings.lease_seconds
                )

            _SharedSlice(runtime, ends_at).work(claims)

    try:
        if claim is not None and claim.queue == QUEUE_TEXT:
            wake_waiting_jobs(runtime.db, claim.run_id)

        dispatch_due_jobs(runtime.db, runtime.app, runtime.broker)
    except (BrokerAway, DatabaseAway) as error:
        log.warning("no job messages were sent; reconcile tries again", why=str(error))


def _work_alone(job: JobContext) -> None:
    """Work on a report or a training, which keeps the process busy; record the outcome."""
    with job.log_context():
        try:
            with _lease_of(job):
                outcome = _draw_or_train(job)
        except (SystemExit, KeyboardInterrupt):
            _give_back(job)
            raise

        record_outcome(job, outcome)


def _draw_or_train(job: JobContext) -> Outcome:
    try:
        return draw_or_train(job)
    except Exception as error:  # noqa: BLE001 - none may leave a job without a reason
        return outcome_of_error(job, error)


@dataclass
class _JobSlice:
    """The time slice of a job over texts, beside those of other jobs."""

    job: JobContext
    lease: Lease
    is_recorded: bool = False

    async def work(self) -> Outcome:
        """Work on the job until it ends or its slice does; record the outcome and return it."""
        with self.job.log_context():
            outcome = await _work_on_texts(self.job)
            await self.job.in_database_thread(partial(self._end, outcome))
            return outcome

    def _end(self, outcome: Outcome) -> None:
        self.lease.end()
        self.record(outcome)

    def record(self, outcome: Outcome) -> None:
        """Record the outcome."""
        record_outcome(self.job, outcome)
        self.is_recorded = True


class _SharedSlice:
    """A time slice of jobs over texts, at once on this process's loop.

    If a job is done in the first half of the slice, the next job of its run takes its place: a
    month fills the calls that the last calls of another one leave free.
    """

    def __init__(self, runtime: Runtime, ends_at: float) -> None:
        self._runtime = runtime
        self._ends_at = ends_at
        self._last_begin = ends_at - runtime.settings.slice_seconds / 2
        self._slices: list[_JobSlice] = []
        self._leases = ExitStack()

    def work(self, claims: Sequence[Claim]) -> None:
        """Work on the claimed jobs and their successors; record each one when it ends."""
        stopped_by: SoftTimeLimitExceeded | None = None
        try:
            with self._leases:
                job_slices = list(map(self._begin, claims))
                self._runtime.run(partial(self._work_on_all, job_slices))
        except asyncio.CancelledError:
            pass
        except SoftTimeLimitExceeded as error:
            stopped_by = error
        except (SystemExit, KeyboardInterrupt):
            for job_slice in self._slices:
                _give_back(job_slice.job)

            raise

        for job_slice in self._slices:
            if not job_slice.is_recorded:
                with job_slice.job.log_context():
                    job_slice.record(
                        outcome_of_error(job_slice.job, stopped_by) if stopped_by else Again()
                    )

    def _begin(self, claim: Claim) -> _JobSlice:
        job = JobContext(self._runtime, claim, self._ends_at)
        # The thread of the lease inherits the log context.
        with job.log_context():
            job_slice = _JobSlice(job, _lease_of(job))

        self._slices.append(job_slice)
        self._leases.enter_context(job_slice.lease)
        return job_slice

    async def _work_on_all(self, job_slices: Sequence[_JobSlice]) -> None:
        working = map(self._work_in_turn, job_slices)
        for result in await asyncio.gather(*working, return_exceptions=True):
            # An error of the recording is raised; errors of the work are outcomes by now.
            if isinstance(result, Exception):
                raise result

    async def _work_in_turn(self, first_slice: _JobSlice) -> None:
        """Work on a job, and on the next jobs of its run as long as each is done in time."""
        job_slice: _JobSlice | None = first_slice
        while job_slice is not None:
            outcome = await job_slice.work()
            is_done = isinstance(outcome, Done | NoData)
            begin_next = partial(self._begin_next, job_slice.job)
            job_slice = await job_slice.job.in_database_thread(begin_next) if is_done else None

    def _begin_next(self, job: JobContext) -> _JobSlice | None:
        if job.is_paused or time.monotonic() > self._last_begin:
            return None

        lease_seconds = self._runtime.settings.lease_seconds
        try:
            claim = claim_next(self._runtime.db, job.claim, lease_seconds=lease_seconds)
        except DatabaseAway:
            return None

        return None if claim is None else self._begin(claim)


async def _work_on_texts(job: JobContext) -> Outcome:
    """Work on the job until it ends or its slice does; an error becomes an outcome."""
    try:
        return await work_on_texts(job)
    except asyncio.CancelledError:
        if job.lease_lost:
            return LeaseWasLost()

        raise
    except Exception as error:  # noqa: BLE001 - none may leave a job without a reason
        return await job.in_database_thread(partial(outcome_of_error, job, error))


def _lease_of(job: JobContext) -> Lease:
    settings = job.runtime.settings
    is_report = job.claim.queue == QUEUE_REPORTS
    longest_seconds = REPORT_SECONDS if is_report else settings.longest_slice_seconds
    return Lease(
        job.runtime.lease_db,
        job.claim,
        seconds=settings.lease_seconds,
        longest_seconds=longest_seconds + HARD_LIMIT_SECONDS,
        on_pause=job.pause,
        on_lost=job.lose_lease,
    )


def _give_back(job: JobContext) -> None:
    # There is no time to wait for the database: the lease runs out instead.
    with suppress(DatabaseAway):
        requeue_job(job.db, job.claim)
