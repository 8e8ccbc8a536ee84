"""One slice of one job: claim, work, and give back, end or fail it; whatever happens, the job says why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, ParamSpec

from sqlalchemy.exc import SQLAlchemyError

from core.enums import JobKind, State
from core.errors import (
    BrokerAway,
    CapReached,
    DatabaseAway,
    LeaseLost,
    ServiceUnavailable,
    TidingsError,
)
from core.logs import get_logger, job_context
from core.process_identity import has_exited
from models.jobs import Claim, claim_job, finish_job, release_job, waited_seconds
from models.parameters import TrainingParameters
from models.parameters import read as read_parameters
from models.runs import pause_at_cap
from producers.dispatch import dispatch_due_jobs
from textapi.requests import SERVICE
from workers.context import Ended, JobContext, SliceEnded
from workers.handles import work_on_posts
from workers.leases import Lease
from workers.months import work_on_month
from workers.reporting import make_report
from workers.runtime import Runtime

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
CAP_LOOK_SECONDS = 6 * 3600.0  # between two tries at a service whose cap opens nobody knows when
DATABASE_AWAY_TRIES = 40  # a second apart

P = ParamSpec("P")

log = get_logger(__name__)


def work_on(runtime: Runtime, job_id: int) -> None:
    """Work one slice on the job, if it is due and nobody else does; then tell the workers what is due next."""
    claim = claim_job(
        runtime.db,
        job_id,
        owner=runtime.owner,
        lease_seconds=runtime.settings.lease_seconds,
        has_exited=lambda owner: owner != runtime.owner and has_exited(owner),
    )
    if claim is not None:
        with job_context(run=claim.run_id, job=claim.name):
            _work(runtime, claim)
    try:
        dispatch_due_jobs(runtime.db, runtime.app, runtime.broker)
    except (BrokerAway, DatabaseAway) as error:
        log.warning("no hints were sent; the next reconcile tries again", why=str(error))


def _work(runtime: Runtime, claim: Claim) -> None:
    job = JobContext(runtime, claim, ends_at=time.monotonic() + runtime.settings.slice_seconds)
    cancels: list[Callable[[], object]] = []
    lease = Lease(
        runtime.lease_db,
        claim,
        seconds=runtime.settings.lease_seconds,
        slice_seconds=runtime.settings.slice_seconds,
        on_stop=lambda: setattr(job, "stopped", True),
        on_lost=lambda: [cancel() for cancel in cancels],
    )
    try:
        with lease:
            ended = _do(job, cancels)
        finish_job(runtime.db, claim, state=State.DONE, result=ended.result, reason=ended.reason)
        log.info("job ended", result=ended.result or "done")
    except SliceEnded:
        retry_while_database_away(_release, runtime, claim)
    except LeaseLost as error:
        log.warning("stopped: the job has another owner", why=str(error))
    except asyncio.CancelledError:
        log.warning("stopped: the job has another owner" if lease.lost else "stopped")
    except CapReached as error:
        retry_while_database_away(_wait_for_cap, runtime, claim, error)
    except (ServiceUnavailable, BrokerAway, DatabaseAway) as error:
        retry_while_database_away(_wait_or_fail, runtime, claim, error)
    except TidingsError as error:
        retry_while_database_away(_fail, runtime, claim, str(error))
    except (SystemExit, KeyboardInterrupt):
        with suppress(DatabaseAway):  # there is no time to wait for it: the lease runs out instead
            _release(runtime, claim)
        raise
    except SQLAlchemyError as error:
        log.exception("the database refused a statement")
        why = f"the database refused a statement ({type(error).__name__}): see the worker's log"
        retry_while_database_away(_fail, runtime, claim, why)
    except Exception as error:  # a fault of ours must not leave a job without a word
        log.exception("job failed")
        why = f"{type(error).__name__}, which is a fault of the program: see the worker's log"
        retry_while_database_away(_fail, runtime, claim, why)


def _do(job: JobContext, cancels: list[Callable[[], object]]) -> Ended:
    """The work itself; work on the loop is cancelled through *cancels* when the lease is lost."""
    if job.claim.kind == JobKind.REPORT:
        return make_report(job)
    parameters = read_parameters(job.claim.parameters)
    if isinstance(parameters, TrainingParameters):
        from workers.trainings import run_training  # noqa: PLC0415 - numpy is for who trains

        cancels.append(lambda: setattr(job, "stopped", True))
        return run_training(job, parameters)

    async def work() -> Ended:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has one
        cancels.append(lambda: loop.call_soon_threadsafe(task.cancel))
        return await _ON_THE_LOOP[job.claim.kind](job, parameters)

    return job.runtime.run(work)


_ON_THE_LOOP: Mapping[JobKind, Callable[[JobContext, Any], Coroutine[Any, Any, Ended]]] = {
    JobKind.MONTH: work_on_month,
    JobKind.HANDLE: work_on_posts,
    JobKind.SEARCH: work_on_posts,
}


def _release(runtime: Runtime, claim: Claim) -> None:
    release_job(runtime.db, claim, state=State.QUEUED)


def _wait_for_cap(runtime: Runtime, claim: Claim, error: CapReached) -> None:
    if (
        error.until is None and error.service == SERVICE
    ):  # the run's own cap: nothing starts until a person says so
        release_job(runtime.db, claim, state=State.QUEUED, reason=str(error))
        pause_at_cap(runtime.db, claim.run_id, str(error))
        log.warning("no call is left to the run", why=str(error))
        return
    due_in = CAP_LOOK_SECONDS if error.until is None else max(1.0, error.until - time.time())
    release_job(runtime.db, claim, state=State.WAITING, due_in=due_in, reason=str(error))
    log.info("job waits", why=str(error))


def _wait_or_fail(runtime: Runtime, claim: Claim, error: TidingsError) -> None:
    """Come back later, less often each time; give up after the settings' patience without any progress."""
    waits, seconds = waited_seconds(runtime.db, claim)
    if seconds >= runtime.settings.patience_seconds:
        _fail(runtime, claim, f"{error} (tried for {seconds / 60:.0f} minutes)")
        return
    due_in = max(
        min(FIRST_WAIT_SECONDS * 2**waits, LONGEST_WAIT_SECONDS),
        (error.retry_after or 0.0) if isinstance(error, ServiceUnavailable) else 0.0,
    )
    release_job(runtime.db, claim, state=State.WAITING, due_in=due_in, reason=str(error))
    log.warning("job waits", seconds=due_in, why=str(error))


def retry_while_database_away(
    write: Callable[P, None], *arguments: P.args, **named: P.kwargs
) -> None:
    """Tell the database how the slice ended, again while it is away; after that the lease runs out and tells it."""
    for _ in range(DATABASE_AWAY_TRIES):
        try:
            write(*arguments, **named)
        except DatabaseAway as error:
            log.warning("the end of a slice waits for the database", why=str(error))
            time.sleep(1.0)
        else:
            return


def _fail(runtime: Runtime, claim: Claim, reason: str) -> None:
    try:
        finish_job(runtime.db, claim, state=State.FAILED, reason=reason)
    except LeaseLost:
        return
    log.error("job failed", why=reason)
