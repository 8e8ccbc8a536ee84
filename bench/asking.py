"""Calls a second of one process: a bare loop, our client without and with a limit, the whole path.

    python bench/asking.py [--calls 2000] [--rounds 5]

Under a minute, on loopback, against a stub of the Text API without latency. The four take turns.
The bare loop is the ceiling of the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from itertools import count
from statistics import median

import harness
from sqlalchemy import select

from core.broker import celery_app
from core.enums import JobKind
from models.runs import NewJob, create_run
from models.tables import Job
from models.transitions import claim_job
from textapi.messages import Operation
from textapi.requests import polarity_of
from workers.answer_fetcher import AnswerFetcher
from workers.context import JobContext
from workers.runtime import Runtime

DISTANT_LIMIT = "1000000/s"  # it never binds
numbers = count()  # no text is sent twice


async def repeat(call: Callable[[], Awaitable[object]], calls: int, concurrency: int) -> None:
    """Make so many calls, *concurrency* at a time."""
    remaining = iter(range(calls))

    async def work() -> None:
        for _ in remaining:
            await call()

    await asyncio.gather(*(work() for _ in range(concurrency)))


def call_bare(runtime: Runtime, calls: int) -> None:
    """Call with aiohttp and nothing else."""
    url = f"{runtime.settings.textapi_url}/text/text_polarity"

    async def call() -> None:
        body = {"text": f"Text {next(numbers)}."}
        async with runtime.session().post(url, json=body) as response:
            await response.json()

    runtime.run(lambda: repeat(call, calls, runtime.settings.textapi_concurrency))


def call_by_client(runtime: Runtime, calls: int) -> None:
    """Call with our client: its errors, retries and limit."""

    async def before_attempt(_operation: Operation, _attempt: int) -> None:
        pass

    async def call() -> None:
        body = {"text": f"Text {next(numbers)}."}
        await runtime.textapi().ask(Operation.TEXT_POLARITY, body, before_attempt, dict)

    runtime.run(lambda: repeat(call, calls, runtime.settings.textapi_concurrency))


def fetch_answers(runtime: Runtime, calls: int) -> None:
    """Claim answers, ask for them and store them in the ledger, as a job does."""
    job = claim_new_job(runtime)
    requests = [polarity_of("stub", f"Text {next(numbers)}.") for _ in range(calls)]

    async def fetch() -> None:
        async with AnswerFetcher(job, "stub") as fetcher:
            await fetcher.fetch(requests)

    runtime.run(fetch)


def claim_new_job(runtime: Runtime) -> JobContext:
    """Create a run of one job and claim it."""
    job = NewJob(JobKind.MONTH, "2020-01", {})
    run = create_run(runtime.db, kind="months", name=None, parameters={}, jobs=[job])

    with runtime.db.read() as connection:
        job_id = connection.scalars(select(Job.id).where(Job.run_id == run)).one()
    claim = claim_job(
        runtime.db, job_id, owner="bench", lease_seconds=60, has_exited=lambda _: False
    )
    assert claim is not None
    return JobContext(runtime, claim, ends_at=time.monotonic() + 60)


def main() -> None:
    options = harness.parse_options(__doc__, calls=2000, rounds=5)

    with harness.temporary_folder() as folder, harness.running_stack(folder) as stack:
        limited_settings = stack.settings.model_copy(update={"textapi_limits": DISTANT_LIMIT})
        with (
            closing(Runtime(stack.settings, celery_app(stack.settings))) as runtime,
            closing(Runtime(limited_settings, celery_app(limited_settings))) as limited,
        ):
            ways = {
                "bare aiohttp loop": partial(call_bare, runtime),
                "client": partial(call_by_client, runtime),
                "client under a distant limit": partial(call_by_client, limited),
                "whole path, answers stored": partial(fetch_answers, runtime),
            }
            contenders = {
                name: harness.timed(partial(way, options.calls)) for name, way in ways.items()
            }
            harness.take_turns(contenders)  # connections, caches
            seconds = harness.take_turns(contenders, rounds=options.rounds)

    ceiling = options.calls / median(seconds["bare aiohttp loop"])
    for name, samples in seconds.items():
        rates = [options.calls / sample for sample in samples]
        harness.print_figure(name, rates, "calls/s", floor=ceiling, floor_name="bare loop")


if __name__ == "__main__":
    main()
