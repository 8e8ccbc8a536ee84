"""One time slice of a job: claim it, work on it, record the outcome, dispatch what is due next.

A small job, such as an account, waits for its calls most of the time, and so does a month at its
begin and end. So a slice takes along other queued jobs of its run, and the next ones when they are
done: they share the process, and end with the slice.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from analysis.kinds import kind_named
from core.addresses import without_password
from core.broker import HARD_LIMIT_SECONDS, REPORT_SECONDS
from core.enums import QUEUE_REPORTS, QUEUE_TEXT, WaitFor
from core.errors import (
    AnswersPending,
    BoundExceeded,
    BrokerAway,
    CapReached,
    DatabaseAway,
    LeaseLost,
    RunCapReached,
    ServiceUnavailable,
    StackError,
    TidingsError,
)
from core.logs import get_logger, job_context
from core.process_identity import has_exited
from models.batches import has_open_batches
from models.database import Database
from models.job_transitions import (
    claim_companions,
    claim_job,
    claim_next,
    fail_job,
    fail_run,
    finish_job,
    put_off_job,
    requeue_job,
    wake_waiting_jobs,
)
from models.jobs import Claim, is_at_work_elsewhere, waited_seconds
from models.run_transitions import pause_at_cap
from models.runs import LOOK_JOB
from producers.dispatch import dispatch_due_jobs
from workers.context import JobContext
from workers.leases import Lease
from workers.outcomes import (
    Again,
    Done,
    Failed,
    LeaseWasLost,
    NoData,
    Outcome,
    PauseRun,
    StopRun,
    WaitUntil,
    backoff_seconds,
)
from workers.reporting import make_report
from workers.runtime import Runtime
from workers.text_jobs import work_on_texts

FIRST_WAIT_SECONDS = 5.0

# The wait if a service does not say when its cap opens.
CAP_RETRY_SECONDS = 6 * 3600.0

# The wait for calls of other workers that hold a run's last money.
SETTLE_SECONDS = 5.0
_CALLS_ELSEWHERE = "the cap on costs is held by calls of other workers that are in flight"
_OPEN_BATCHES = "the run's cap is held by batches whose answers are to come"

DATABASE_AWAY_TRIES = 40
DATABASE_RETRY_SECONDS = 1.0

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
    with _log_context(job):
        try:
            with _lease_of(job):
                outcome = _draw_or_train(job)
        except (SystemExit, KeyboardInterrupt):
            _give_back(job)
            raise

        _record(job, outcome)


def _draw_or_train(job: JobContext) -> Outcome:
    try:
        if job.claim.name == LOOK_JOB:
            from workers.sample_look import look_at_sample  # noqa: PLC0415 - needs numpy
            from workers.search_look import look_at_search  # noqa: PLC0415

            return look_at_search(job) if job.claim.parameters.get("find") else look_at_sample(job)

        if job.claim.queue == QUEUE_REPORTS:
            return make_report(job)

        from workers.trainings import run_training  # noqa: PLC0415 - needs numpy

        return run_training(job)
    except Exception as error:  # noqa: BLE001 - none may leave a job without a reason
        return _outcome_of_error(job, error)


@dataclass
class _JobSlice:
    """The time slice of a job over texts, beside those of other jobs."""

    job: JobContext
    lease: Lease
    is_recorded: bool = False

    async def work(self) -> Outcome:
        """Work on the job until it ends or its slice does; record the outcome and return it."""
        with _log_context(self.job):
            outcome = await _work_on_texts(self.job)
            await self.job.in_database_thread(partial(self._end, outcome))
            return outcome

    def _end(self, outcome: Outcome) -> None:
        self.lease.end()
        self.record(outcome)

    def record(self, outcome: Outcome) -> None:
        """Record the outcome."""
        _record(self.job, outcome)
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
                with _log_context(job_slice.job):
                    job_slice.record(
                        _outcome_of_error(job_slice.job, stopped_by) if stopped_by else Again()
                    )

    def _begin(self, claim: Claim) -> _JobSlice:
        job = JobContext(self._runtime, claim, self._ends_at)
        # The thread of the lease inherits the log context.
        with _log_context(job):
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
        return await job.in_database_thread(partial(_outcome_of_error, job, error))


def _log_context(job: JobContext) -> AbstractContextManager[None]:
    # The same in every slice, and another one in every database.
    traced = f"{without_password(job.runtime.settings.database)} {job.claim.job_id}"
    trace = hashlib.blake2b(traced.encode(), digest_size=16).hexdigest()
    return job_context(run=job.claim.run_id, job=job.claim.name, trace=trace)


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


def _outcome_of_error(job: JobContext, error: Exception) -> Outcome:
    match error:
        case LeaseLost():
            return LeaseWasLost()
        case RunCapReached():
            return _pause_or_wait(job, error)
        case CapReached(until=until):
            seconds = CAP_RETRY_SECONDS if until is None else max(1.0, until - time.time())
            return WaitUntil(seconds, str(error))
        case AnswersPending(seconds=seconds):
            job.end_outage(error.service)
            return WaitUntil(seconds, str(error))
        case ServiceUnavailable() | BrokerAway() | DatabaseAway():
            return _wait_or_fail(job, error)
        case BoundExceeded():
            return StopRun(str(error))
        case TidingsError():
            return Failed(str(error))
        case SoftTimeLimitExceeded():
            return _wait_or_fail(job, StackError("a time slice took longer than a worker may take"))
        case SQLAlchemyError():
            log.error("the database refused a statement", exc_info=error)
            kind = type(error).__name__
            return Failed(f"the database refused a statement ({kind}): see the worker's log")

    log.error("job failed", exc_info=error)
    kind = type(error).__name__
    return Failed(f"{kind}, which is a fault of the program: see the worker's log")


def _pause_or_wait(job: JobContext, error: RunCapReached) -> Outcome:
    """Pause the run at its cap; wait if calls or batches may cost less than their bounds.

    A paused run would leave paid answers of its batches at the server, so it waits for all of them.
    """
    with job.db.read() as connection:
        if error.max_cost is not None and is_at_work_elsewhere(connection, job.claim, error.payer):
            return WaitUntil(SETTLE_SECONDS, _CALLS_ELSEWHERE)
        if has_open_batches(connection, job.claim.run_id):
            return WaitUntil(job.runtime.settings.model_batch_seconds, _OPEN_BATCHES)

    return PauseRun(str(error), error.max_cost, error.payer)


def _wait_or_fail(job: JobContext, error: TidingsError) -> Outcome:
    """Wait longer each time; give up after the settings' patience without progress."""
    if isinstance(error, ServiceUnavailable):
        job.note_outage(error)

    try:
        waits, seconds = waited_seconds(job.db, job.claim)
    except DatabaseAway:
        return WaitUntil(FIRST_WAIT_SECONDS, str(error), waits_for=WaitFor.SERVICE)

    if seconds >= job.runtime.settings.patience_seconds:
        return Failed(f"{error} (tried for {seconds / 60:.0f} minutes)")

    backoff = backoff_seconds(FIRST_WAIT_SECONDS, waits)
    retry_after = error.retry_after if isinstance(error, ServiceUnavailable) else None
    return WaitUntil(max(backoff, retry_after or 0.0), str(error), waits_for=WaitFor.SERVICE)


def _record(job: JobContext, outcome: Outcome) -> None:
    """Write the outcome; try again while the database is away, then leave the job to its lease."""
    for _ in range(DATABASE_AWAY_TRIES):
        try:
            _write_outcome(job.db, job.claim, outcome)
        except DatabaseAway as error:
            log.warning("the end of a slice waits for the database", why=str(error))
            time.sleep(DATABASE_RETRY_SECONDS)
        except LeaseLost as error:
            log.warning("stopped: the job has another owner", why=str(error))
            return
        else:
            return


def _write_outcome(db: Database, claim: Claim, outcome: Outcome) -> None:
    match outcome:
        case Done(reason, result):
            finish_job(db, claim, result=result, reason=reason)
            log.info("job ended", result=result or "done")
        case NoData(reason, state):
            finish_job(db, claim, result=state, reason=reason)
            log.info("job ended", result=state)
        case Again():
            requeue_job(db, claim)
        case WaitUntil(seconds, reason, waits_for):
            put_off_job(db, claim, seconds=seconds, reason=reason, waits_for=waits_for)
            log.warning("job waits", seconds=seconds, why=reason)

        case PauseRun(reason, max_cost, payer):
            requeue_job(db, claim, reason=reason)
            pause_at_cap(db, claim.run_id, reason, max_cost, payer)
            log.warning("no call is left to the run", why=reason)
        case Failed(reason):
            fail_job(db, claim, reason=reason)
            log.error("job failed", why=reason)
        case StopRun(reason):
            fail_run(db, claim, reason=reason)
            log.error("run stopped", why=reason)
        case LeaseWasLost():
            log.warning("stopped: the job has another owner")
