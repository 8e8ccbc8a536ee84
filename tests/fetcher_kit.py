"""Claims of jobs, and fetchers of answers within a scenario, for the tests of the ledger."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from sqlalchemy import select, update

from core.broker import celery_app
from core.enums import JobKind
from core.settings import Settings
from models.answers import (
    Batch,
    CallCounts,
    store_batch,
)
from models.database import Database, clock
from models.job_transitions import claim_job
from models.jobs import Claim
from models.runs import NewJob, create_run
from models.tables import Answer, AnswerClaim, Call, Job
from tests.limiter_kit import nobody_in_flight
from workers.context import JobContext
from workers.runtime import Runtime
from workers.textapi_fetcher import TextApiFetcher


def new_claims(db: Database, jobs: int = 2, max_calls: int | None = None) -> list[Claim]:
    names = [f"2020-{month:02}" for month in range(1, jobs + 1)]
    run = create_run(
        db,
        kind="months",
        name=None,
        parameters={},
        jobs=[NewJob(JobKind.MONTH, name, {}) for name in names],
        max_calls=max_calls,
    )
    with db.read() as connection:
        ids = connection.scalars(select(Job.id).where(Job.run_id == run).order_by(Job.id)).all()

    return [again(db, job_id) for job_id in ids]


def again(db: Database, job_id: int) -> Claim:
    """A claim of the job, taken over from whoever has it."""
    claimed = claim_job(db, job_id, owner="a", lease_seconds=20, has_exited=lambda _: True)
    assert claimed is not None
    return claimed


def store(
    db: Database,
    claim: Claim,
    keys: Sequence[bytes],
    value: str = "1",
    **call_counts_by_operation: CallCounts,
) -> None:
    batch = Batch(
        answers=dict.fromkeys(keys, value),
        claims=set(keys),
        call_counts_by_operation=call_counts_by_operation,
    )
    store_batch(db, claim, batch, service="textapi", credential="c")


def let_claims_run_out(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(AnswerClaim).values(until=clock() - 1))


def fetch_from(
    db: Database,
    settings: Settings,
    url: str,
    scenario: Callable[[TextApiFetcher], Awaitable[None]],
    *,
    serve: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    max_calls: int | None = None,
) -> None:
    """Run *scenario* with a fetcher for a new job at the service at *url*, within *serve*."""
    (claim,) = new_claims(db, jobs=1, max_calls=max_calls)
    runtime = Runtime(
        settings.model_copy(update={"textapi_url": url, "textapi_concurrency": 4}),
        celery_app(settings),
    )

    async def work() -> None:
        async with serve():
            job = JobContext(runtime, claim, ends_at=time.monotonic() + 60)
            async with TextApiFetcher(job, await runtime.textapi.engine()) as fetcher:
                await scenario(fetcher)

    try:
        with nobody_in_flight():
            runtime.run(work)
    finally:
        runtime.close()


def stored_answers_and_claims(db: Database) -> tuple[int, int]:
    with db.read() as connection:
        answers = connection.scalars(select(Answer.key)).all()
        claims = connection.scalars(select(AnswerClaim.key)).all()
    return len(answers), len(claims)


def calls_counted(db: Database) -> int:
    with db.read() as connection:
        return sum(connection.scalars(select(Call.calls)))
