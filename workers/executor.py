"""One time slice of a job: claim it, work on it, record the outcome, dispatch what is due next."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from core.enums import JobKind
from core.errors import (
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
from models.jobs import Claim, waited_seconds
from models.transitions import (
    claim_job,
    fail_job,
    finish_job,
    pause_at_cap,
    put_off_job,
    requeue_job,
)
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
    WaitUntil,
    backoff_seconds,
)
from workers.reporting import make_report
from workers.runtime import Runtime
from workers.text_jobs import work_on_texts

FIRST_WAIT_SECONDS = 5.0
CAP_RETRY_SECONDS = 6 * 3600.0  # where a service does not say when its cap opens
DATABASE_AWAY_TRIES = 40
DATABASE_RETRY_SECONDS = 1.0

log = get_logger(__name__)


def work_one_slice(runtime: Runtime, job_id: int) -> None:
    """Work one slice on the job, if it is due and nobody else does; then dispatch due jobs."""
    claim = claim_job(
        runtime.db,
        job_id,
        owner=runtime.owner,
        lease_seconds=runtime.settings.lease_seconds,
        has_exited=lambda owner: owner != runtime.owner and has_exited(owner),
    )

    if claim is not None:
        with job_context(run=claim.run_id, job=claim.name):
            _work_on_claim(runtime, claim)

    try:
        dispatch_due_jobs(runtime.db, runtime.app, runtime.broker)
    except (BrokerAway, DatabaseAway) as error:
        log.warning("no job messages were sent; reconcile tries again", why=str(error))


def _work_on_claim(runtime: Runtime, claim: Claim) -> None:
    settings = runtime.settings
    job = JobContext(runtime, claim, ends_at=time.monotonic() + settings.slice_seconds)
    lease = Lease(
        runtime.lease_db,
        claim,
        seconds=settings.lease_seconds,
        slice_seconds=settings.slice_seconds,
        on_pause=job.pause,
        on_lost=job.lose_lease,
    )

    try:
        with lease:
            outcome = _work(job)
    except (SystemExit, KeyboardInterrupt):
        with suppress(DatabaseAway):  # there is no time to wait for it: the lease runs out instead
            requeue_job(runtime.db, claim)
        raise

    _record(runtime, claim, outcome)


def _work(job: JobContext) -> Outcome:
    """Work on the job until it ends or its slice does; an error becomes an outcome."""
    try:
        if job.claim.kind == JobKind.REPORT:
            return make_report(job)
        if job.claim.kind == JobKind.TRAINING:
            from workers.trainings import run_training  # noqa: PLC0415 - needs numpy

            return run_training(job)
        return job.runtime.run(lambda: work_on_texts(job))
    except asyncio.CancelledError:
        return LeaseWasLost() if job.lease_lost else Again()
    except SQLAlchemyError as error:
        log.exception("the database refused a statement")
        kind = type(error).__name__
        return Failed(f"the database refused a statement ({kind}): see the worker's log")
    except TidingsError as error:
        return _outcome_of_error(job, error)
    except SoftTimeLimitExceeded:
        return _wait_or_fail(job, StackError("a time slice took longer than a worker may take"))
    except Exception as error:  # a fault of ours must not leave a job without a reason
        log.exception("job failed")
        kind = type(error).__name__
        return Failed(f"{kind}, which is a fault of the program: see the worker's log")


def _outcome_of_error(job: JobContext, error: TidingsError) -> Outcome:
    match error:
        case LeaseLost():
            return LeaseWasLost()
        case RunCapReached():
            return PauseRun(str(error))
        case CapReached(until=until):
            seconds = CAP_RETRY_SECONDS if until is None else max(1.0, until - time.time())
            return WaitUntil(seconds, str(error))
        case ServiceUnavailable() | BrokerAway() | DatabaseAway():
            return _wait_or_fail(job, error)
    return Failed(str(error))


def _wait_or_fail(job: JobContext, error: TidingsError) -> Outcome:
    """Wait longer each time; give up where no progress was made for the settings' patience."""
    try:
        waits, seconds = waited_seconds(job.db, job.claim)
    except DatabaseAway:
        return WaitUntil(FIRST_WAIT_SECONDS, str(error), is_away=True)

    if seconds >= job.runtime.settings.patience_seconds:
        return Failed(f"{error} (tried for {seconds / 60:.0f} minutes)")

    backoff = backoff_seconds(FIRST_WAIT_SECONDS, waits)
    retry_after = error.retry_after if isinstance(error, ServiceUnavailable) else None
    return WaitUntil(max(backoff, retry_after or 0.0), str(error), is_away=True)


def _record(runtime: Runtime, claim: Claim, outcome: Outcome) -> None:
    """Write the outcome, again while the database is away; then leave the job to its lease."""
    for _ in range(DATABASE_AWAY_TRIES):
        try:
            _write_outcome(runtime, claim, outcome)
        except DatabaseAway as error:
            log.warning("the end of a slice waits for the database", why=str(error))
            time.sleep(DATABASE_RETRY_SECONDS)
        except LeaseLost as error:
            log.warning("stopped: the job has another owner", why=str(error))
            return
        else:
            return


def _write_outcome(runtime: Runtime, claim: Claim, outcome: Outcome) -> None:
    db = runtime.db

    match outcome:
        case Done(reason):
            finish_job(db, claim, reason=reason)
            log.info("job ended", result="done")
        case NoData(reason, state):
            finish_job(db, claim, result=state, reason=reason)
            log.info("job ended", result=state)
        case Again():
            requeue_job(db, claim)
        case WaitUntil(seconds, reason, is_away):
            put_off_job(db, claim, seconds=seconds, reason=reason, is_away=is_away)
            log.warning("job waits", seconds=seconds, why=reason)
        case PauseRun(reason):
            requeue_job(db, claim, reason=reason)
            pause_at_cap(db, claim.run_id, reason)
            log.warning("no call is left to the run", why=reason)
        case Failed(reason):
            fail_job(db, claim, reason=reason)
            log.error("job failed", why=reason)
        case LeaseWasLost():
            log.warning("stopped: the job has another owner")
