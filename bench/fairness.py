"""A small run beside a back-fill, and two runs under one limit, with real workers on loopback.

    python bench/fairness.py [--databases sqlite postgresql] [--jobs 100000]

Some four minutes a database. First the seconds from submission to end of a run of 20 accounts,
alone and beside a back-fill of 100,000; then the same beside jobs that fill their time slices; then
how two runs share a limit of 20 calls a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import chain, count, islice
from statistics import median
from typing import Any

import harness
from sqlalchemy import func, select

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import ENDED, State
from models.run_transitions import cancel_run
from models.runs import get_run
from models.tables import Call, Job
from tests.services import wait_until

SLOTS = 2
SMALL = 20  # accounts of the small run
SMALL_RUNS = 7  # in all parts together
ACCOUNTS = AccountsParameters(source="x", steps=("polarity",))
HEADLINES = 600  # a month
LIMIT = 20  # calls a second
SLICE_SECONDS = 4.0


def account_name(number: int) -> str:
    return f"account{number:06}"


def document_rows(accounts: int) -> Iterator[dict[str, Any]]:
    """Return rows of two posts an account, and of headlines of 2019, which all mention covid."""
    at = datetime.fromisoformat("2019-01-01")
    posts = (
        harness.document_row(
            str(n), f"Post {n} says it.", at, source="x", handle=account_name(n // 2)
        )
        for n in range(2 * accounts)
    )
    return chain(posts, harness.headlines("2019-01", 12, HEADLINES, subjects=("Covid",), every=1))


def months(first: int, last: int) -> MonthsParameters:
    """Return the parameters of a run over months of 2019 that asks for each headline alone."""
    return MonthsParameters(
        first=f"2019-{first:02}",
        last=f"2019-{last:02}",
        keywords=(Keyword.parse("covid"),),
        steps=("keywords",),
        text_size=120,
    )


def count_done(stack: harness.Stack, run: int) -> int:
    """Return how many jobs of a run are done."""
    done = select(func.count()).where(Job.run_id == run, Job.state == State.DONE)
    with stack.db.read() as connection:
        return connection.scalar(done) or 0


def count_calls(stack: harness.Stack, run: int) -> int:
    """Return how many calls a run has made."""
    calls = select(func.sum(Call.calls)).where(Call.run_id == run)
    with stack.db.read() as connection:
        return int(connection.scalar(calls) or 0)


def has_ended(stack: harness.Stack, run: int) -> bool:
    with stack.db.read() as connection:
        return get_run(connection, run).state in ENDED


def measure_small_run(stack: harness.Stack, names: Iterator[str]) -> float:
    """Return the seconds of a run of accounts about whom nothing was asked before."""
    run = stack.submit(ACCOUNTS, list(islice(names, SMALL)))
    return stack.wait_for(run)


def measure_rate(stack: harness.Stack, run: int) -> float:
    """Return how many jobs of a run are done in a second, once it is at work."""
    time.sleep(5)
    began, before = time.perf_counter(), count_done(stack, run)
    time.sleep(10)
    return (count_done(stack, run) - before) / (time.perf_counter() - began)


def measure_beside_backfill(
    stack: harness.Stack, kind: str, names: Iterator[str], jobs: int
) -> None:
    with stack.workers(count=1, processes=SLOTS):
        alone = [measure_small_run(stack, names) for _ in range(3)]

        began = time.perf_counter()
        backfill = stack.submit(ACCOUNTS, list(islice(names, jobs)))
        submission = time.perf_counter() - began
        rate = measure_rate(stack, backfill)

        beside = [measure_small_run(stack, names) for _ in range(3)]
        if has_ended(stack, backfill):
            harness.remark("the back-fill ended too early to be beside anything: give more --jobs")
        else:
            cancel_run(stack.db, backfill)

    small = f"{kind}: run of {SMALL} accounts"
    harness.print_figure(f"{kind}: submission of {jobs:,} jobs", [submission], "s")
    harness.print_figure(f"{kind}: back-fill alone", [rate], "jobs/s")
    harness.print_figure(f"{small}, alone", alone, "s")
    harness.print_figure(
        f"{small}, beside a back-fill", beside, "s", floor=median(alone), floor_name="alone"
    )


def measure_beside_long_jobs(stack: harness.Stack, kind: str, names: Iterator[str]) -> None:
    """Measure a small run beside ten months, each of which takes many slices under the limit."""
    with stack.workers(count=1, processes=SLOTS, textapi_limits=f"{LIMIT}/s"):
        backfill = stack.submit(months(1, 10))
        time.sleep(SLICE_SECONDS)
        seconds = measure_small_run(stack, names)
        cancel_run(stack.db, backfill)

    harness.print_figure(
        f"{kind}: run of {SMALL} accounts, beside jobs of many {SLICE_SECONDS:.0f} s slices",
        [seconds],
        "s",
        floor=SMALL / LIMIT,
        floor_name=f"its calls under {LIMIT}/s",
    )


def measure_shares(stack: harness.Stack, kind: str) -> None:
    """Measure how two runs, which both have more to ask than the limit lets through, share it."""
    for slots in (2, 4):
        with stack.workers(count=1, processes=slots, textapi_limits=f"{LIMIT}/s"):
            large = stack.submit(months(1, 9))
            time.sleep(2 * SLICE_SECONDS)
            small = stack.submit(months(11, 11 + (slots > 2)))
            wait_until(partial(count_calls, stack, small), seconds=60, what="the first call")

            began = time.perf_counter()
            before = [count_calls(stack, run) for run in (large, small)]
            time.sleep(3 * SLICE_SECONDS)
            calls = [count_calls(stack, run) for run in (large, small)]
            seconds = time.perf_counter() - began
            for run in (large, small):
                cancel_run(stack.db, run)

        for name, first, last in zip(("large", "small"), before, calls, strict=True):
            harness.print_figure(
                f"{kind}: {name} of two runs under {LIMIT}/s, {slots} slots",
                [(last - first) / seconds],
                "calls/s",
                floor=LIMIT / 2,
                floor_name="half the limit",
            )


def measure(kind: str, jobs: int) -> None:
    """Measure on one kind of database."""
    with (
        harness.temporary_folder() as folder,
        harness.running_stack(folder, kind, latency=0.05, slice_seconds=SLICE_SECONDS) as stack,
    ):
        documents = harness.store_documents(stack.db, document_rows(jobs + SMALL_RUNS * SMALL))
        harness.remark(f"{kind}: {documents:,} documents")

        names = map(account_name, count())
        measure_beside_backfill(stack, kind, names, jobs)
        measure_beside_long_jobs(stack, kind, names)
        measure_shares(stack, kind)


def main() -> None:
    options = harness.parse_options(__doc__, databases=harness.DATABASES, jobs=100_000)

    for kind in options.databases:
        measure(kind, options.jobs)


if __name__ == "__main__":
    main()
