"""Jobs over texts: collect the documents, then run the pipeline's steps until the slice ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from analysis.data import MonthData, PostData
from analysis.kinds import document_kind_named
from analysis.kinds.kind import DocumentKind
from analysis.options import SAMPLE, SEARCHED
from analysis.step import NotReady, Step
from core.enums import DOCUMENTS, NO_CODES, WaitFor
from core.logs import step_context
from models.codes import count_texts_of_job
from models.jobs import completed_steps, waited_seconds
from workers.collecting import closing_remark, collect_documents
from workers.context import JobContext
from workers.job_sample import read_sample
from workers.ledger_fetcher import LedgerFetcher
from workers.model_fetcher import ModelFetcher
from workers.outcomes import Again, Done, Outcome, WaitUntil, backoff_seconds
from workers.textapi_fetcher import TextApiFetcher

# The first wait for other jobs of the run; each further wait is longer.
FIRST_WAIT_SECONDS = 0.2


@dataclass
class Fetchers:
    """The fetchers of a job, one for each service that its steps may ask."""

    textapi: TextApiFetcher
    model: ModelFetcher | None = None

    def list_used(self) -> list[LedgerFetcher]:
        """Return the fetchers that the job has."""
        return [self.textapi] if self.model is None else [self.textapi, self.model]

    def of(self, service: str | None) -> LedgerFetcher:
        """Return the fetcher of a *service*; a step that asks none gets that of the Text API."""
        if self.model is not None and service == self.model.service:
            return self.model
        return self.textapi


async def work_on_texts(job: JobContext) -> Outcome:
    """Run the steps that a month, an account or a search still lacks, until the slice is over."""
    kind = document_kind_named(job.claim.parameters["kind"])
    parameters = kind.read_parameters(job.claim.parameters)
    completed = await job.read(completed_steps, job.claim.job_id)
    _stop_on_lost_lease(job)

    if DOCUMENTS not in completed:
        async with step_context(DOCUMENTS):
            outcome = await collect_documents(job, kind, parameters)

        if outcome is not None:
            return outcome

    steps = kind.pipeline.select(parameters.steps, completed)
    if steps:
        outcome = await _run_until_slice_ends(job, kind, steps, parameters)
        if outcome is not None:
            return outcome

    await _keep_frames(job, kind)
    remark = await closing_remark(job, kind, parameters)
    return await _describe_codes(job, parameters, remark)


async def _keep_frames(job: JobContext, kind: DocumentKind[Any]) -> None:
    """Store what reports count of the job, so that the work of a report is spread over workers."""
    # It loads libraries that a worker of other jobs does without.
    from reports.frames.reading import keep_frames  # noqa: PLC0415

    scope = await job.document_scope()
    keep = partial(keep_frames, job.db, job.claim.job_id, scope, has_mentions=kind.has_mentions)
    await job.in_database_thread(keep)


async def _describe_codes(job: JobContext, parameters: Any, remark: str | None) -> Done:
    """Return the end of a job, with how many of its texts got no code from a language model."""
    if not parameters.has_model_coder:
        return Done(remark)

    texts = await job.read(count_texts_of_job, job.claim.job_id)
    remarks = filter(None, [texts.describe(), remark])
    return Done("; ".join(remarks) or None, NO_CODES if texts.has_none else None)


def _stop_on_lost_lease(job: JobContext) -> None:
    """Cancel this task when the lease is lost; a pause is noticed between pages and steps."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has one

    def interrupt() -> None:
        if job.lease_lost:
            loop.call_soon_threadsafe(task.cancel)

    job.on_interrupt(interrupt)


async def _run_until_slice_ends(
    job: JobContext, kind: DocumentKind[Any], steps: Sequence[Step], parameters: Any
) -> Outcome | None:
    """Run *steps*; return None when all are complete.

    Raises what the steps raise, and what keeps the job from its next slice.
    """
    loop = asyncio.get_running_loop()
    # Its retries have their own limit: the end of a short slice would hide that they fail.
    fetchers = Fetchers(await TextApiFetcher.find(job, parameters.polarity))
    if parameters.has_model_coder:
        fetchers.model = ModelFetcher(job, parameters.coder, by_batches=parameters.batch)
        await fetchers.model.check_settings(parameters.model.price)

    try:
        async with asyncio.timeout_at(job.ends_at) as deadline:

            def end_now() -> None:
                # After the deadline, the calls in flight are waited for.
                if not deadline.expired():
                    deadline.reschedule(loop.time())

            job.on_interrupt(lambda: loop.call_soon_threadsafe(end_now))
            try:
                not_ready = await _run_steps(job, kind, steps, parameters, fetchers)
            finally:
                job.on_interrupt(None)
    except TimeoutError:
        if not deadline.expired():
            raise
        if job.lease_lost:
            raise asyncio.CancelledError from None

        for fetcher in fetchers.list_used():
            error = fetcher.error_at_slice_end()
            if error is not None:
                raise error from None

        return Again()

    return None if not_ready is None else await _wait_for_others(job, not_ready)


async def _wait_for_others(job: JobContext, not_ready: NotReady) -> WaitUntil:
    """Let the job wait for the other jobs, longer each time."""
    waits, _ = await job.in_database_thread(partial(waited_seconds, job.db, job.claim))
    seconds = backoff_seconds(FIRST_WAIT_SECONDS, waits)
    # Who waits for documents alone is woken when none are left to collect.
    waits_for = WaitFor.OTHER_JOBS if not_ready.are_documents else None
    return WaitUntil(seconds, not_ready.reason, waits_for=waits_for)


async def _run_steps(
    job: JobContext,
    kind: DocumentKind[Any],
    steps: Sequence[Step],
    parameters: Any,
    fetchers: Fetchers,
) -> NotReady | None:
    """Run *steps*; return what one of them waits for, if any.

    Steps run at once if none of them needs another. The first error is raised when all have ended.
    """
    await fetchers.textapi.note_engine()
    scope = await job.document_scope()
    job_data = await kind.load_data(job.db, job.claim, scope, parameters)
    if parameters.coded_part in (SAMPLE, SEARCHED):
        job_data = replace(job_data, read_sample=partial(read_sample, job, parameters))

    async with AsyncExitStack() as stack:
        for fetcher in fetchers.list_used():
            await stack.enter_async_context(fetcher)

        for stage in kind.pipeline.stages(steps):
            not_ready = None
            for result in await run_stage(job, stage, job_data, fetchers):
                if isinstance(result, BaseException):
                    raise result

                not_ready = not_ready or result

            if not_ready is not None:
                return not_ready

    return None


async def run_stage(
    job: JobContext, stage: Sequence[Step], data: MonthData | PostData, fetchers: Fetchers
) -> list[NotReady | BaseException | None]:
    """Run the steps of a stage at once; return their results, or errors.

    Steps without calls begin after the first call of the others, which they would delay.
    """

    def run(*, making_calls: bool) -> asyncio.Future[list[NotReady | BaseException | None]]:
        chosen = [step for step in stage if (step.service(data) is not None) is making_calls]
        steps = (_run_step(job, step, data, fetchers) for step in chosen)
        return asyncio.gather(*steps, return_exceptions=True)

    async def compute() -> list[NotReady | BaseException | None]:
        first_calls = [
            asyncio.create_task(fetcher.has_called.wait()) for fetcher in fetchers.list_used()
        ]
        events: list[asyncio.Future[Any]] = [asking, *first_calls]
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for first_call in first_calls:
                first_call.cancel()

        return await run(making_calls=False)

    asking = run(making_calls=True)
    # If it is cancelled, a group still waits for both: the computing steps end at once then, and
    # `gather` would leave the calls in flight behind.
    async with asyncio.TaskGroup() as group:
        computing = group.create_task(compute())
        asked = await asking

    return asked + computing.result()


async def _run_step(
    job: JobContext, step: Step, data: MonthData | PostData, fetchers: Fetchers
) -> NotReady | None:
    """Run a step and record it; return what it waits for, if anything."""
    async with step_context(step.name):
        fetcher = fetchers.of(step.service(data))
        result = await step.run(data, fetcher)
        if isinstance(result, NotReady):
            return result
        if result.bad_answers is not None:
            await fetcher.forget_answers(result.bad_answers)

        await job.record_step(step, result)
        return None
