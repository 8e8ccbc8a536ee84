"""Language models as coders: the floor of calls, stored answers, and what breaks.

    python bench/models.py [--calls 400] [--texts 100000] [--runs 20] [--kills 40] [--seed 1]

Some minutes on two cores, on loopback, against the stub of a model server. Calls: 20 in flight at
300 ms; the floor is calls x latency / calls in flight. Stored answers: a run whose texts are all
answered. Runs: of random shape, with caps, limits, refusals, 429, cut connections, other prices, a
Redis that loses its data, and processes that are killed. Kills: of a batch, at random moments. Ends
with 1 if a bill was above its cap, a window was exceeded, or something was lost or paid twice.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import harness
import redis
from sqlalchemy import insert, select, update

from analysis.codebooks.model_prompt import Prompt
from analysis.codebooks.model_requests import ModelRequest, codes_of_answer
from cli.stack.ports import free_port, http_answers
from core.enums import ENDED, State
from core.prices import MICRO, Money
from core.ratelimit.notation import LimitUnit, parse_limits
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

LATENCY = 0.3
IN_FLIGHT = 20
PRICE = "0.15 in, 0.60 out, USD per million; batch 50 %; as of 2026-11-01"
HIGHER_PRICE = PRICE.replace("0.15", "0.20")
STUB_PRICE = (Fraction(15, 100), Fraction(60, 100))


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
        migrate(settings.database)
        return with_model(settings, model, model_max_tokens=100, **changes)


def add_texts(jobs: Jobs, count: int, rng: random.Random, months_count: int = 1) -> None:
    """Store different texts that mention a flood, some of them twice."""
    rows = []
    for number in range(count):
        day = date(2024, 1 + number % months_count, 1) + timedelta(days=number % 28)
        rows.append(
            {
                "identity": f"nyt:{number}",
                "source": "nyt",
                "published_at": day,
                "period": f"{day:%Y-%m}",
                "text": f"Flood {number} {harness.headline(rng)}",
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
            async with ModelFetcher(job, CODER, None) as fetcher:
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
    paused: int = 0
    paid_twice: int = 0


def try_runs(place: Place, runs: int, rng: random.Random) -> Counter[str]:
    """Make runs of random shape that everything breaks; return what went wrong."""
    problems: Counter[str] = Counter()
    totals = Totals()
    for number in range(runs):
        model = ModelServer(price=STUB_PRICE)
        model.faults.latency = rng.choice((0.01, 0.05, 0.1))
        model.faults.busy, model.faults.retry_after = rng.choice((0.0, 0.1)), 0.05
        model.faults.reset = rng.choice((0.0, 0.0, 0.05))
        cap = rng.randrange(1_500, 30_000)
        limits = rng.choice(("", "40/s", "30/s,60k tokens/10s", "20k tokens/5s"))

        with running_model(model):
            settings = place.settings(model, model_limits=limits, model_concurrency=6)
            with closing(Jobs(settings)) as jobs:
                problems += _try_run(jobs, model, cap, totals, rng)
        for limit, seconds, tokens in _windows(limits):
            problems["window exceeded"] += model.fullest(seconds, tokens=tokens) > limit
        harness.remark(f"run {number + 1}: {model.calls} calls, {limits or 'no limit'}")

    print(
        f"{runs} runs, {totals.calls:,} calls, {totals.killed} processes killed, "
        f"{totals.flushed} times FLUSHALL, {totals.paused} paused at their cap, "
        f"{totals.paid_twice} answers paid twice"
    )
    return problems


def _try_run(
    jobs: Jobs, model: ModelServer, cap: int, totals: Totals, rng: random.Random
) -> Counter[str]:
    """Make a run with a cap that everything breaks; return what went wrong."""
    add_texts(jobs, rng.randrange(5, 60), rng, months_count=3)
    parameters = months(jobs, first="2024-01", last="2024-03")
    run = submit_run(jobs.db, parameters, (), max_cost=Money(cap, "USD"))
    killed, flushed = _work_and_break(jobs, run, rng)

    row = run_row(jobs.db, run)
    billed = model.bill * MICRO
    paid_twice = sum(count - 1 for count in model.texts.values())
    allowed_twice = killed * 6 + (model.calls if model.faults.reset else 0)

    totals.calls += model.calls
    totals.killed += killed
    totals.flushed += flushed
    totals.paused += row.state == State.PAUSED
    totals.paid_twice += paid_twice
    return Counter(
        {
            "above the cap": billed > cap or row.cost_charged > cap,
            "charged less than billed": row.cost_charged < billed,
            "paid twice": paid_twice > allowed_twice,
        }
    )


def _work_and_break(jobs: Jobs, run: int, rng: random.Random) -> tuple[int, int]:
    """Let processes work on a run, kill some, empty Redis; return how often each."""
    killed = flushed = 0
    settings = jobs.settings.model_copy(update={"lease_seconds": 3.0})
    # Another machine may have a newer price, which is higher: what is billed stays below both.
    other = settings.model_copy(update={"model_price": rng.choice((PRICE, HIGHER_PRICE))})
    workers = [start_worker(rng.choice((settings, other)), run) for _ in range(4)]
    ends_at = time.monotonic() + 120

    while is_open(jobs.db, run) and time.monotonic() < ends_at:
        time.sleep(rng.uniform(0.2, 1.5))
        if killed < 3 and rng.random() < 0.5:
            victim = workers.pop(0)
            if victim.is_alive():
                victim.kill()
                killed += 1
            victim.join()
            workers.append(start_worker(settings, run))
        if flushed < 1 and rng.random() < 0.1:
            with redis.Redis.from_url(settings.redis_url or "") as broker:
                broker.flushall()
            flushed += 1

    for worker in workers:
        worker.join(10)
        worker.kill()
    return killed, flushed


def _windows(limits: str) -> list[tuple[int, float, bool]]:
    return [
        (window.amount, float(window.seconds), window.unit == LimitUnit.TOKENS)
        for window in parse_limits(limits)
    ]


def try_kills(place: Place, kills: int, rng: random.Random) -> Counter[str]:
    """Kill processes that see to a batch at random moments; return what went wrong."""
    problems: Counter[str] = Counter()
    killed = 0
    for _ in range(kills):
        model = ModelServer(price=STUB_PRICE)
        model.faults.batch_looks = rng.choice((0, 1))
        model.faults.loses_creation = rng.random() < 0.2

        with running_model(model):
            settings = place.settings(model, model_batch_seconds=0.1, model_batch_lines=8)
            with closing(Jobs(settings)) as jobs:
                texts = rng.randrange(3, 20)
                add_texts(jobs, texts, rng)
                if rng.random() < 0.3:
                    model.faults.lost_lines = (_texts(jobs)[0],)
                parameters = months(jobs, first="2024-01", last="2024-01", batch=True)
                run = jobs.submit(parameters)

                killed += _kill_and_end(jobs, run, model, rng)
                problems += _check_batches(jobs, run, model, texts)
    print(f"{kills} batches, {killed} processes killed at one of their moments")
    return problems


def _kill_and_end(jobs: Jobs, run: int, model: ModelServer, rng: random.Random) -> int:
    """Kill processes that work on a run, then work on it to its end; return how many were."""
    killed = 0
    for _ in range(rng.choice((1, 1, 2, 3))):
        moment, when = rng.choice(MOMENTS), rng.choice(("before", "after"))
        killed += kill_at(jobs.settings, jobs.row(run).id, moment, when)
        make_due(jobs, run)

    model.faults.loses_creation, model.faults.lost_lines = False, ()
    for _ in range(40):
        if jobs.slice(run).state in ENDED:
            break
        make_due(jobs, run)
    return killed


def _check_batches(jobs: Jobs, run: int, model: ModelServer, texts: int) -> Counter[str]:
    """Return what went wrong with a run that has ended."""
    charged = run_row(jobs.db, run).cost_charged
    billed = model.bill * MICRO
    return Counter(
        {
            "not done": jobs.row(run).state != State.DONE,
            "lost": len(codes_of(jobs.db, run)) != texts,
            "paid twice": model.answered != len(model.texts),
            "charged less than billed": charged < billed,
            "charged more than billed": charged > billed + texts,
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
