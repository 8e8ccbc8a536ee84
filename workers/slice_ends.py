"""How a time slice ends: what an error makes of it, and what is recorded of it."""

from __future__ import annotations

import time

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from core.enums import WaitFor
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
from core.logs import get_logger
from models.batches import has_open_batches
from models.database import Database
from models.job_transitions import fail_job, fail_run, finish_job, put_off_job, requeue_job
from models.jobs import Claim, is_at_work_elsewhere, waited_seconds
from models.run_transitions import pause_at_cap
from workers.context import JobContext
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


def outcome_of_error(job: JobContext, error: Exception) -> Outcome:
    """Return how a slice ends that an error has ended."""
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


def record_outcome(job: JobContext, outcome: Outcome) -> None:
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
