"""Calls a second of one process: a bare loop, our client without and with a limit, the whole path.

    python bench/asking.py [--calls 2000] [--rounds 5] [--processes 1 2 4]

Two minutes, on loopback, against a stub of the Text API without latency. They take turns. The bare
loop is the ceiling of the others. A bare loop that keeps each answer's slot until it is committed
to a SQLite file shows what durable answers cost at least, in Python: no claims, no counts, no
retries. Of several processes at once the bare loop and the whole path are measured, from the first
call of any process to the last; the stub has one process.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import count, islice
from statistics import median

import harness
from sqlalchemy import select

from core.broker import celery_app, redis_client
from core.enums import JobKind
from core.settings import Settings
from models.job_transitions import claim_job
from models.runs import NewJob, create_run
from models.tables import Job
from tests.services import wait_until
from textapi.messages import Operation
from textapi.requests import polarity_of
from workers.context import JobContext
from workers.grouped_work import GroupedWork
from workers.runtime import Runtime
from workers.textapi_fetcher import TextApiFetcher

DISTANT_LIMIT = "1000000/s"  # it never binds
WARM_UP = 50  # calls
CREATE_BARE_TABLE = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value TEXT) WITHOUT ROWID",
)
texts = map(f"Text {os.getpid()}:{{}}.".format, count())  # no text is sent twice


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
        body = {"text": next(texts)}
        async with runtime.session().post(url, json=body) as response:
            await response.json()

    runtime.run(lambda: repeat(call, calls, runtime.settings.textapi_concurrency))


def call_and_store(runtime: Runtime, calls: int) -> None:
    """Call with aiohttp, and commit each answer to a file before the next call takes its place.

    The next batch is what was answered while the last was written, as in our ledger.
    """
    url = f"{runtime.settings.textapi_url}/text/text_polarity"
    path = runtime.settings.home / "bare.db"

    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as file:
        for statement in CREATE_BARE_TABLE:
            file.execute(statement)

        work = GroupedWork(partial(_commit, file))

        async def call() -> None:
            body = {"text": next(texts)}
            async with runtime.session().post(url, json=body) as response:
                answer = await response.json()

            key = hashlib.sha256(body["text"].encode()).digest()
            await work.submit((key, json.dumps(answer)))

        runtime.run(lambda: repeat(call, calls, runtime.settings.textapi_concurrency))


def _commit(file: sqlite3.Connection, rows: Sequence[tuple[bytes, str]]) -> list[None]:
    file.execute("BEGIN IMMEDIATE")
    file.executemany("INSERT INTO answers VALUES (?, ?)", rows)
    file.execute("COMMIT")
    return [None] * len(rows)


def call_by_client(runtime: Runtime, calls: int) -> None:
    """Call with our client: its errors, retries and limit."""

    async def before_attempt(_operation: Operation, _attempt: int) -> None:
        pass

    async def call() -> None:
        body = {"text": next(texts)}
        await runtime.textapi().ask(Operation.TEXT_POLARITY, body, before_attempt, dict)

    runtime.run(lambda: repeat(call, calls, runtime.settings.textapi_concurrency))


def fetch_answers(runtime: Runtime, calls: int) -> None:
    """Claim answers, ask for them and store them in the ledger, as a job does."""
    job = claim_new_job(runtime)
    requests = [polarity_of("stub", text) for text in islice(texts, calls)]

    async def fetch() -> None:
        async with TextApiFetcher(job, "stub") as fetcher:
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


BARE_LOOP, WHOLE_PATH = "bare aiohttp loop", "whole path, answers stored"
WAYS = {BARE_LOOP: call_bare, WHOLE_PATH: fetch_answers}


def measure_one_process(settings: Settings, calls: int, rounds: int) -> None:
    """Measure all ways in this process and print their figures."""
    limited_settings = settings.model_copy(update={"textapi_limits": DISTANT_LIMIT})

    with (
        closing(Runtime(settings, celery_app(settings))) as runtime,
        closing(Runtime(limited_settings, celery_app(limited_settings))) as limited,
    ):
        ways = {
            BARE_LOOP: partial(call_bare, runtime),
            "bare loop, answers in a file": partial(call_and_store, runtime),
            "client": partial(call_by_client, runtime),
            "client under a distant limit": partial(call_by_client, limited),
            WHOLE_PATH: partial(fetch_answers, runtime),
        }
        contenders = {name: harness.timed(partial(way, calls)) for name, way in ways.items()}
        harness.take_turns(contenders)  # connections, caches
        print_rates("", harness.take_turns(contenders, rounds=rounds), calls)


def measure_processes(settings: Settings, processes: int, calls: int, rounds: int) -> None:
    """Measure the bare loop and the whole path of so many processes at once."""
    barriers = (f"bench:{processes}:{number}" for number in count())

    def measure(name: str) -> float:
        arguments = (settings, name, calls, processes, next(barriers))
        usages = harness.run_in_processes(call_beside_others, *[arguments] * processes)
        began, ended = zip(*(usage.result for usage in usages), strict=True)
        return float(max(ended) - min(began))

    contenders = {name: partial(measure, name) for name in WAYS}
    seconds = harness.take_turns(contenders, rounds=rounds)
    print_rates(f"{processes} processes, ", seconds, processes * calls)


def call_beside_others(
    settings: Settings, name: str, calls: int, processes: int, barrier: str
) -> tuple[float, float]:
    """Make calls as soon as all processes are ready; return when it began and ended."""
    way = WAYS[name]

    with (
        closing(Runtime(settings, celery_app(settings))) as runtime,
        redis_client(settings) as broker,
    ):
        way(runtime, WARM_UP)
        broker.incr(barrier)
        wait_until(lambda: int(broker.get(barrier)) >= processes, seconds=60, what="the others")
        began = time.time()
        way(runtime, calls)
        return began, time.time()


def print_rates(prefix: str, seconds: Mapping[str, Sequence[float]], calls: int) -> None:
    """Print the calls a second of each way beside those of the bare loop."""
    ceiling = median(calls / sample for sample in seconds[BARE_LOOP])
    for name, samples in seconds.items():
        rates = [calls / sample for sample in samples]
        harness.print_figure(
            f"{prefix}{name}", rates, "calls/s", floor=ceiling, floor_name="bare loop"
        )


def main() -> None:
    options = harness.parse_options(__doc__, calls=2000, rounds=5, processes=(1, 2, 4))

    with harness.temporary_folder() as folder, harness.running_stack(folder) as stack:
        for processes in options.processes:
            if processes == 1:
                measure_one_process(stack.settings, options.calls, options.rounds)
            else:
                measure_processes(stack.settings, processes, options.calls, options.rounds)


if __name__ == "__main__":
    main()
