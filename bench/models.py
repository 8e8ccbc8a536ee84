"""Language models as coders: the floor of calls, stored answers, and what breaks.

    python bench/models.py [--calls 400] [--texts 100000] [--runs 20] [--kills 40] [--seed 1]

Some minutes on two cores, on loopback, against the stub of a model server. Calls: 20 in flight at
300 ms; the floor is calls x latency / calls in flight. Stored answers: a run whose texts are all
answered. Runs: of random shape, with caps, limits, 429, cut connections, other prices, a Redis that
loses its data, and processes that are killed. Kills: of processes that see to a batch, each before
or after one of the functions that it goes through. Ends with 1 if a bill was above its cap, a
window was exceeded, or something was lost or paid twice.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from multiprocessing.process import BaseProcess
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.request import urlopen

import aiohttp
import harness
import redis
from sqlalchemy import insert, select, update

from analysis.codebooks.model_answers import codes_of_answer
from analysis.codebooks.model_prompt import Prompt
from analysis.codebooks.model_requests import RETRIES, ModelRequest
from cli.stack.ports import free_port, http_answers
from core.enums import ENDED, State
from core.prices import MICRO, Money
from core.ratelimit.notation import LimitedResource, parse_limits
from core.service_client import open_session
from core.settings import Settings
from models.database import migrate
from models.documents import add_documents
from models.job_transitions import claim_job
from models.tables import Answer, Document, Job, ModelBatch
from producers.submit import submit_run
from tests.batch_killer import MOMENTS, kill_at
from tests.e2e_kit import Stub, running_stub
from tests.jobs_kit import Jobs
from tests.model_kit import CODER, DOCUMENTS, codes_of, months, run_row, with_model
from tests.model_workers import is_open, start_worker
from tests.services import child_process, running_valkey, wait_until
from tests.stub_model import ModelServer, running_model
from workers.context import JobContext
from workers.model_fetcher import ModelFetcher
from workers.runtime import most_open_calls

LATENCY = 0.3
IN_FLIGHT = 20

# Processes of runs that everything breaks have so many calls in flight each.
IN_FLIGHT_EACH = 6
LONGEST_RUN_SECONDS = 300.0
RUNS_TOGETHER = 20
PRICE = "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"
HIGHER_PRICE = PRICE.replace("0.15", "0.20")
STUB_PRICE = (Fraction(15, 100), Fraction(60, 100))


PRELOADED = [
    "tests.batch_killer",
    "tests.e2e_kit",
    "tests.jobs_kit",
    "tests.model_kit",
    "tests.model_workers",
    "tests.services",
    "tests.stub_model",
]


@dataclass
class Place:
    """Where runs are made: the services and the folder."""

    folder: Path
    redis_url: str
    textapi: Stub
    number: int = 0

    def settings(self, model: ModelServer, **changes: Any) -> Settings:
        """Return settings with an empty database of their own."""
        self.number += 1
        home = self.folder / f"home-{self.number}"
        home.mkdir()
        settings = Settings(
            home=home, redis_url=self.redis_url, textapi_url=self.textapi.url, model_price=PRICE
        )
        copyfile(self.empty_database, home / "tidings.db")
        return with_model(settings, model, model_max_tokens=100, **changes)

    @cached_property
    def empty_database(self) -> Path:
        """The file of a database without rows, of which others are copies."""
        file = self.folder / "empty.db"
        migrate(f"sqlite:///{file}")
        return file


def add_texts(
    jobs: Jobs, count: int, rng: random.Random, year: int = 2024, months_count: int = 1
) -> None:
    """Store different texts that mention a flood."""
    rows = []
    for number in range(count):
        day = date(year, 1 + number % months_count, 1) + timedelta(days=number % 28)
        rows.append(
            {
                "identity": f"nyt:{year}-{number}",
                "source": "nyt",
                "published_at": day,
                "period": f"{day:%Y-%m}",
                "text": f"Flood {number} of {year} {harness.headline(rng)}",
            }
        )

    add_documents(jobs.db, rows)


def measure_calls(place: Place, calls: int, rng: random.Random) -> None:
    """Print how long calls take that are 20 at a time, in a run and in a bare loop.

    The stub is a process of its own.
    """
    port = free_port()
    command = [sys.executable, str(harness.ROOT / "tests/stub_model.py"), str(port)]
    variables = {"PYTHONPATH": str(harness.ROOT), "PATH": "/usr/bin:/bin"}
    floor = calls * LATENCY / IN_FLIGHT
    with child_process("model", command, variables, place.folder):
        model = ModelServer(url=f"http://127.0.0.1:{port}")
        wait_until(lambda: http_answers(f"{model.url}/counts"), what="the stub of a model")
        bare = asyncio.run(_call_barely(model.url, calls))
        settings = place.settings(model, model_concurrency=IN_FLIGHT)
        with closing(Jobs(settings)) as jobs:
            add_texts(jobs, calls, rng)
            row = jobs.do(months(jobs, first="2024-01", last="2024-01"))
            assert row.state == State.DONE, row.reason

        with closing(urlopen(f"{model.url}/counts")) as response:  # noqa: S310 - loopback
            seconds = json.load(response)["span"] + LATENCY

    for name, took in (("a bare loop", bare), ("a run", seconds)):
        print(f"{calls} calls, 20 in flight at 300 ms, {name}: {took:.2f} s, {took / floor:.3f} x")


async def _call_barely(url: str, calls: int) -> float:
    """Return the seconds that calls take without a limit, a ledger or a cost."""
    prompt = Prompt(DOCUMENTS, "", 100)
    remaining = iter(range(calls))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in remaining:
            body = prompt.about(f"Bare {number}").body("stub")
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                await response.json()

    async with open_session() as session:
        async with session.post(f"{url}/faults", json={"latency": LATENCY}):
            pass

        began = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(IN_FLIGHT)))
        seconds = time.perf_counter() - began
        async with session.post(f"{url}/clear"):
            return seconds


def measure_stored(place: Place, texts: int, rng: random.Random) -> None:
    """Print how long stored answers take to be found and read, and to become codes."""
    model = ModelServer()
    with running_model(model), closing(Jobs(place.settings(model))) as jobs:
        stored = [(number, f"Flood {number} {harness.headline(rng)}") for number in range(texts)]
        value = '{"text": "{\\"harm\\": \\"no\\", \\"what\\": null}", "model": "stub"}'
        with jobs.db.write() as connection:
            rows = [{"key": request.key, "value": value} for request in _make_requests(stored)]
            connection.execute(insert(Answer), rows)

        run = jobs.submit(months(jobs, first="2024-01", last="2024-01", code="all"))
        claim = claim_job(
            jobs.db,
            jobs.row(run).id,
            owner=jobs.runtime.owner,
            lease_seconds=300,
            has_exited=lambda _: False,
        )
        assert claim is not None
        job = JobContext(jobs.runtime, claim, time.monotonic() + 300)
        times: list[float] = []

        async def read() -> None:
            times.append(time.process_time())
            requests = _make_requests(stored)
            async with ModelFetcher(job, CODER, by_batches=False) as fetcher:
                await fetcher.fetch(requests)
                answers = await fetcher.read([request.key for request in requests])

            times.append(time.process_time())
            for request in requests:
                codes_of_answer(DOCUMENTS, answers[request.key])

            times.append(time.process_time())

        jobs.runtime.run(read)
        began, was_read, ended = times
        print(
            f"{texts:,} stored answers, seconds of processor time: read in "
            f"{was_read - began:.2f}, made codes of in {ended - was_read:.2f}"
        )


def _make_requests(stored: Sequence[tuple[int, str]]) -> list[ModelRequest]:
    prompt = Prompt(DOCUMENTS, "", 100)
    return [ModelRequest(CODER, prompt, text, (number,)) for number, text in stored]


@dataclass
class Totals:
    """What runs of random shape came to."""

    calls: int = 0
    killed: int = 0
    flushed: int = 0
    busy: int = 0
    cut: int = 0
    paused: int = 0
    paid_twice: int = 0
    allowed_twice: int = 0


def try_runs(place: Place, runs: int, rng: random.Random) -> Counter[str]:
    """Make runs of random shape that everything breaks; return what went wrong.

    Runs that follow each other share a database, limits and processes, but for those killed.
    """
    problems: Counter[str] = Counter()
    totals = Totals()
    for begin in range(0, runs, RUNS_TOGETHER):
        limits = rng.choice(("", "40/s", "30/s,30k tokens/2s", "15k tokens/s", "0.004 USD/s"))
        model = ModelServer(price=STUB_PRICE)
        with running_model(model), ExitStack() as stack:
            # Under load a lease may end before its process comes to renew it; those of killed
            # processes end at once.
            settings = place.settings(
                model, model_limits=limits, model_concurrency=IN_FLIGHT_EACH, lease_seconds=30.0
            )
            jobs = stack.enter_context(closing(Jobs(settings)))
            workers = stack.enter_context(closing(Workers(settings, rng)))
            stage = Stage(jobs, workers, model, rng)
            for number in range(begin, min(runs, begin + RUNS_TOGETHER)):
                found = _try_run(stage, 2000 + number - begin, totals)
                problems += found
                what = ", ".join(+found)
                harness.remark(f"run {number + 1}: {model.calls} calls, {limits} {what}")

        for limit, seconds, unit in _windows(limits):
            problems["window exceeded"] += model.fullest(seconds, unit) > limit

    print(
        f"{runs} runs, {totals.calls:,} calls, {totals.killed} processes killed, "
        f"{totals.flushed} times FLUSHALL, {totals.busy} times 429, {totals.cut} answers cut, "
        f"{totals.paused} paused at their cap, {totals.paid_twice} answers paid twice "
        f"(at most {totals.allowed_twice} were in flight or being stored)"
    )
    return problems


class Workers:
    """Four processes that work on runs; who is killed is replaced."""

    def __init__(self, settings: Settings, rng: random.Random) -> None:
        self._rng = rng
        # Another machine may have a newer price, which is higher: a bill stays below both.
        other = settings.model_copy(update={"model_price": HIGHER_PRICE})
        self._settings = (settings, other)
        self._processes = [self._start() for _ in range(4)]

    def _start(self) -> BaseProcess:
        return start_worker(self._rng.choice(self._settings))

    def kill(self) -> None:
        """Kill the process that has worked longest, and start another."""
        victim = self._processes.pop(0)
        assert victim.is_alive(), victim.exitcode
        victim.kill()
        victim.join()
        self._processes.append(self._start())

    def close(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.kill()
            process.join()


@dataclass(frozen=True)
class Stage:
    """What runs of random shape share."""

    jobs: Jobs
    workers: Workers
    model: ModelServer
    rng: random.Random


def _try_run(stage: Stage, year: int, totals: Totals) -> Counter[str]:
    """Make a run with a cap that everything breaks; return what went wrong."""
    jobs, model, rng = stage.jobs, stage.model, stage.rng
    faults = model.faults
    faults.latency = rng.choice((0.01, 0.03, 0.1))
    faults.counts_early = rng.random() < 0.5
    faults.busy, faults.retry_after = rng.choice((0.0, 0.1)), 0.05
    faults.reset = rng.choice((0.0, 0.0, 0.05))
    model.clear()

    texts = rng.randrange(3, 30)
    add_texts(jobs, texts, rng, year=year, months_count=6)
    cap = rng.randrange(800, 9_000)
    parameters = months(jobs, first=f"{year}-01", last=f"{year}-06")
    run = submit_run(jobs.db, parameters, (), max_cost=Money(cap, "USD"))
    killed, flushed = _break_run(stage, run, texts)

    row = run_row(jobs.db, run)
    billed = model.bill * MICRO
    paid_twice = sum(count - 1 for count in model.texts.values())
    allowed_twice = killed * most_open_calls(IN_FLIGHT_EACH) + model.cut
    is_done = {job.state for job in jobs.rows(run)} == {State.DONE}

    totals.calls += model.calls
    totals.killed += killed
    totals.flushed += flushed
    totals.busy += model.busy
    totals.cut += model.cut
    totals.paused += row.state == State.PAUSED
    totals.paid_twice += paid_twice
    totals.allowed_twice += allowed_twice
    return Counter(
        {
            "above the cap": billed > cap or row.cost_charged > cap,
            "charged less than billed": row.cost_charged < billed,
            "paid twice": paid_twice > allowed_twice,
            "not ended": row.state != State.PAUSED and not is_done,
            "lost": is_done and len(codes_of(jobs.db, run)) != texts,
        }
    )


def _break_run(stage: Stage, run: int, texts: int) -> tuple[int, int]:
    """Kill processes and empty Redis while a run is worked on; return how often each.

    It happens at random moments of calls, whose numbers are drawn.
    """
    jobs, model, rng = stage.jobs, stage.model, stage.rng
    kill_calls = sorted(rng.randrange(texts) for _ in range(rng.choice((0, 1, 1, 2, 3))))
    flush_calls = [rng.randrange(texts)] if rng.random() < 0.2 else []
    killed = flushed = 0
    ends_at = time.monotonic() + LONGEST_RUN_SECONDS
    while _is_at_work(jobs, run) and time.monotonic() < ends_at:
        if kill_calls[killed:] and model.calls > kill_calls[killed]:
            time.sleep(rng.uniform(0, model.faults.latency))
            stage.workers.kill()
            killed += 1

        if flush_calls[flushed:] and model.calls > flush_calls[flushed]:
            with redis.Redis.from_url(jobs.settings.redis_url or "") as broker:
                broker.flushall()

            flushed += 1

        time.sleep(0.01)

    return killed, flushed


def _is_at_work(jobs: Jobs, run: int) -> bool:
    """Return whether calls of a run may follow: of one that was paused, until they are settled."""
    states = {job.state for job in jobs.rows(run)}
    return State.RUNNING in states or is_open(jobs.db, run)


def _windows(limits: str) -> list[tuple[int, float, LimitedResource]]:
    return [
        (window.amount, float(window.seconds), window.resource) for window in parse_limits(limits)
    ]


def try_kills(place: Place, kills: int, rng: random.Random) -> Counter[str]:
    """Kill so many processes that see to batches, each at a moment; return what went wrong."""
    problems: Counter[str] = Counter()
    killed_at: Counter[tuple[str, str]] = Counter()
    batches = 0
    while killed_at.total() < kills:
        model = ModelServer(price=STUB_PRICE)
        model.faults.batch_looks = rng.choice((0, 1))
        model.faults.loses_creation = rng.random() < 0.2
        model.faults.repeats_lines = rng.random() < 0.2

        with running_model(model):
            settings = place.settings(model, model_batch_seconds=0.1, model_batch_lines=8)
            with closing(Jobs(settings)) as jobs:
                texts = rng.randrange(3, 20)
                add_texts(jobs, texts, rng)
                model.faults.refused = tuple(_texts(jobs)[1 : rng.randrange(1, 3)])
                model.faults.bad_attempts = rng.randrange(1, 4)
                if rng.random() < 0.3:
                    model.faults.lost_lines = (_texts(jobs)[0],)
                    model.faults.batch_state = rng.choice(("completed", "expired", "cancelled"))

                parameters = months(jobs, first="2024-01", last="2024-01", batch=True)
                run = jobs.submit(parameters)

                killed_at += _kill_and_end(jobs, run, model, rng)
                run_problems = _check_batches(jobs, run, model, texts)

        problems += run_problems
        batches += len(model.batches)
        found = ", ".join(+run_problems)
        harness.remark(f"{killed_at.total()} killed, {batches} batches {found}")

    print(
        f"{batches} batches, {killed_at.total()} processes killed at "
        f"{len(killed_at)} of {2 * len(MOMENTS)} moments, at each {min(killed_at.values())} times "
        "or more"
    )
    return problems


def _kill_and_end(
    jobs: Jobs, run: int, model: ModelServer, rng: random.Random
) -> Counter[tuple[str, str]]:
    """Kill processes that work on a run, then work on it to its end; return when they were."""
    killed_at: Counter[tuple[str, str]] = Counter()
    for _ in range(rng.randrange(2, 12)):
        moment, when = rng.choice(_near_moments(jobs)), rng.choice(("before", "after"))
        killed_at[moment, when] += kill_at(jobs.settings, jobs.row(run).id, moment, when)
        if jobs.row(run).state in ENDED:
            break
        # A text that is lost again when it is asked alone ends its batch without an answer.
        if any(batch["status"] != "in_progress" for batch in model.batches.values()):
            model.faults.lost_lines = ()

        make_due(jobs, run)

    model.faults.loses_creation, model.faults.lost_lines = False, ()
    model.faults.batch_state = "completed"
    for _ in range(40):
        if jobs.slice(run).state in ENDED:
            break

        make_due(jobs, run)

    return +killed_at


def _near_moments(jobs: Jobs) -> Sequence[str]:
    """Return the moments that the next slice can come to."""
    with jobs.db.read() as connection:
        ids = list(connection.scalars(select(ModelBatch.batch)))

    if not ids:
        return MOMENTS[: MOMENTS.index("BatchClient.status")]

    begins_at = "BatchClient.find_batches" if None in ids else "BatchClient.status"
    return MOMENTS[MOMENTS.index(begins_at) :]


def _check_batches(jobs: Jobs, run: int, model: ModelServer, texts: int) -> Counter[str]:
    """Return what went wrong with a run that has ended."""
    charged = run_row(jobs.db, run).cost_charged
    billed = model.bill * MICRO
    # Answers without codes are asked for again.
    again = len(model.faults.refused) * min(model.faults.bad_attempts, RETRIES)
    return Counter(
        {
            "not done": jobs.row(run).state != State.DONE,
            "lost": len(codes_of(jobs.db, run)) != texts,
            "paid twice": model.answered != len(model.texts) + again,
            "charged less than billed": charged < billed,
            "charged more than billed": charged > billed + texts + again,
        }
    )


def _texts(jobs: Jobs) -> list[str]:
    with jobs.db.read() as connection:
        return list(connection.scalars(select(Document.text).order_by(Document.id)))


def make_due(jobs: Jobs, run: int) -> None:
    """Let the time be over for which a job waits, or a creation is looked for."""
    with jobs.db.write() as connection:
        connection.execute(update(Job).where(Job.run_id == run).values(due_at=0.0))
        creating = update(ModelBatch).where(ModelBatch.creating_at.is_not(None))
        connection.execute(creating.values(creating_at=ModelBatch.creating_at - 3600))


def main() -> None:
    """Measure what the options ask for."""
    options = harness.parse_options(__doc__, calls=400, texts=100_000, runs=20, kills=40, seed=1)
    # A process imports this file again, which takes no time if its imports are there.
    multiprocessing.set_forkserver_preload(PRELOADED)
    rng = random.Random(options.seed)
    problems: Counter[str] = Counter()

    with ExitStack() as stack:
        folder = stack.enter_context(harness.temporary_folder())
        valkey_folder = folder / "valkey"
        valkey_folder.mkdir()
        redis_url = stack.enter_context(running_valkey(valkey_folder))
        textapi = stack.enter_context(running_stub(folder))
        place = Place(folder, redis_url, textapi)

        if options.calls:
            measure_calls(place, options.calls, rng)
        if options.texts:
            measure_stored(place, options.texts, rng)
        if options.runs:
            problems += try_runs(place, options.runs, rng)
        if options.kills:
            problems += try_kills(place, options.kills, rng)

    for problem, times in problems.items():
        print(f"PROBLEM: {problem}, {times} times")

    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
