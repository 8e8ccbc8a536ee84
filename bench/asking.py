"""Calls a second of one process: a bare loop, our client, our client under a limit, and the whole path to the ledger.

``python bench/asking.py``: under a minute, on loopback, against a stub of the Text API without latency that gives the
ceiling. The four take turns, several rounds of them; the medians are compared.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import select

from core.broker import celery_app
from core.enums import JobKind
from core.settings import Settings
from models.database import migrate
from models.runs import NewJob, create_run
from models.tables import JobContext
from models.transitions import claim_job
from tests.chaos.limit_clients import running_stub
from tests.services import running_valkey
from textapi.messages import Operation
from textapi.requests import polarity_of
from workers.answer_fetcher import AnswerFetcher
from workers.context import JobContext as WorkingJob
from workers.runtime import Runtime

CALLS = 2000
ROUNDS = 5
AT_ONCE = 10
numbers = count()


@contextmanager
def opened(folder: Path, stub: str, redis_url: str, limits: str) -> Iterator[Runtime]:
    """What one worker process has, with a database of its own."""
    url = f"sqlite:///{folder}/asking.db"
    migrate(url)
    known = Settings(
        database_url=url,
        redis_url=redis_url,
        textapi_url=stub,
        textapi_limits=limits,
        textapi_concurrency=AT_ONCE,
    )
    runtime = Runtime(known, celery_app(known))
    try:
        yield runtime
    finally:
        runtime.close()


async def at_once(one: Callable[[], Awaitable[object]]) -> None:
    """*one*, `CALLS` times, `AT_ONCE` at a time."""
    left = iter(range(CALLS))

    async def again() -> None:
        for _ in left:
            await one()

    await asyncio.gather(*(again() for _ in range(AT_ONCE)))


def bare(runtime: Runtime) -> None:
    """Aiohttp and nothing else."""

    async def one() -> None:
        url = f"{runtime.settings.textapi_url}/text/text_polarity"
        async with runtime.session().post(url, json={"text": f"Text {next(numbers)}."}) as response:
            await response.json()

    runtime.run(lambda: at_once(one))


def client(runtime: Runtime) -> None:
    """Our client, with its errors, retries and limit."""

    async def before(_operation: Operation, _attempt: int) -> None:
        pass

    async def one() -> None:
        await runtime.textapi().ask(
            Operation.TEXT_POLARITY, {"text": f"Text {next(numbers)}."}, before, dict
        )

    runtime.run(lambda: at_once(one))


def whole(runtime: Runtime) -> None:
    """Claimed, asked, and stored in the ledger."""
    run = create_run(
        runtime.db,
        kind="months",
        name=None,
        parameters={},
        jobs=[NewJob(JobKind.MONTH, f"{next(numbers)}", {})],
    )
    with runtime.db.read() as connection:
        number = connection.scalars(select(JobContext.id).where(JobContext.run_id == run)).one()
    claim = claim_job(
        runtime.db, number, owner="bench", lease_seconds=60, has_exited=lambda _: False
    )
    assert claim is not None
    job = WorkingJob(runtime, claim, ends_at=time.monotonic() + 60)
    questions = [polarity_of("stub", f"Text {next(numbers)}.") for _ in range(CALLS)]
    runtime.run(lambda: AnswerFetcher(job, "stub").ask(questions))


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_valkey(Path(folder)) as redis_url,
        running_stub() as stub,
    ):
        free, limited = Path(folder) / "free", Path(folder) / "limited"
        free.mkdir()
        limited.mkdir()
        with (
            opened(free, stub, redis_url, "") as runtime,
            opened(limited, stub, redis_url, "1000000/s") as other,
        ):
            ways = {
                "bare aiohttp loop": lambda: bare(runtime),
                "client": lambda: client(runtime),
                "client under a limit that does not bind": lambda: client(other),
                "whole path, answers stored": lambda: whole(runtime),
            }
            rates: dict[str, list[float]] = {name: [] for name in ways}
            for way in ways.values():
                way()  # connections, caches
            for _ in range(ROUNDS):
                for name, way in ways.items():
                    began = time.perf_counter()
                    way()
                    rates[name].append(CALLS / (time.perf_counter() - began))
    ceiling = statistics.median(rates["bare aiohttp loop"])
    for name, seen in rates.items():
        rate = statistics.median(seen)
        print(f"{name:42} {rate:7,.0f} calls/s  {rate / ceiling:5.2f}")


if __name__ == "__main__":
    main()
