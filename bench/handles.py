"""Accounts analysed all at once, beside the predecessor's way: one by one, four calls at a time.

    python bench/handles.py [--accounts 20] [--rounds 3] [--workers 2] [--processes 2]

About a minute, on loopback, with a stub of the Text API that takes 50 ms for a call, and then 250.
Both ways ask the same stub, in turn. Ours has some workers of some processes, a Valkey and a SQLite
file, and is measured from the submission to the end of the run. It asks for each post's polarity
besides, which the other does not. `tidings up` has one worker with a process a core.

The floor is what the processor time takes on all cores, or the latency of one call where that is
more: all calls of an account may be made at once, and all accounts beside each other.

Then it prints where a job's time goes: by the clock, which counts what others on the machine do,
and by processor time, which hardly does.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import harness
from sqlalchemy import func, select

from analysis.kinds.accounts import AccountsParameters
from core.enums import DOCUMENTS
from models.database import Database
from models.tables import Job, JobStep, Run

POSTS = 25
LATENCIES = (0.05, 0.25)
CORES = len(os.sched_getaffinity(0))
TICKS = os.sysconf("SC_CLK_TCK")
REQUESTS: dict[str, dict[str, Any]] = {
    "summarize": {"proportion": 0.1},
    "most_common_phrases": {"num_phrases": 5},
    "ner": {"doctype": "ARTICLE"},
    "text_polarity": {},
}
accounts = count()  # nobody's posts are analysed twice


def write_posts(account: int) -> list[str]:
    """Return the posts of an account, of a sentence each, unlike those of any other."""
    rng = random.Random(account)
    subjects = [f"Post {number} of {account} in NASA" for number in range(POSTS)]
    return [harness.headline(rng, words=8, subject=subject) for subject in subjects]


def post_rows(account: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of an account's posts, one a day."""
    for number, text in enumerate(write_posts(account)):
        at = datetime.fromisoformat("2021-01-01") + timedelta(days=number)
        handle = f"account{account}"
        yield harness.document_row(f"{account}-{number}", text, at, source="x", handle=handle)


async def ask_one_by_one(url: str, account_count: int) -> float:
    """Ask about an account's posts as one text, four calls at once, then about the next account."""
    texts = [" ".join(write_posts(next(accounts))) for _ in range(account_count)]
    began = time.perf_counter()

    async with aiohttp.ClientSession() as session:

        async def ask(operation: str, body: dict[str, Any]) -> None:
            async with session.post(f"{url}/text/{operation}", json=body) as response:
                response.raise_for_status()
                await response.json()

        for text in texts:
            calls = [ask(name, {"text": text, **body}) for name, body in REQUESTS.items()]
            await asyncio.gather(*calls)

    return time.perf_counter() - began


def analyse_at_once(stack: harness.Stack, account_count: int) -> tuple[int, float]:
    """Run the analysis of new accounts; return the run and the seconds from submission to end."""
    numbers = [next(accounts) for _ in range(account_count)]
    for number in numbers:
        harness.store_documents(stack.db, post_rows(number))

    run = stack.submit(AccountsParameters(), [f"account{number}" for number in numbers])
    return run, stack.wait_for(run, with_report=False)


# --- where a job's time goes ---


def read_split(db: Database, run: int) -> dict[str, float]:
    """Return the mean milliseconds of a job in each of its parts, by the database's clock."""
    first_and_last = select(
        JobStep.job_id,
        func.min(JobStep.at).filter(JobStep.step == DOCUMENTS).label("documents"),
        func.max(JobStep.at).label("last"),
    )
    steps = first_and_last.group_by(JobStep.job_id).subquery()
    parts = {
        "until it is claimed": Job.started_at - Run.created_at,
        "its documents": steps.c.documents - Job.started_at,
        "its calls and steps": steps.c.last - steps.c.documents,
        "its end": Job.ended_at - steps.c.last,
    }
    means = select(*(func.avg(seconds) * 1000 for seconds in parts.values()))
    means = means.select_from(Job).join(Run, Run.id == Job.run_id).where(Job.run_id == run)
    with db.read() as connection:
        row = connection.execute(means.join(steps, steps.c.job_id == Job.id)).one()

    return dict(zip(parts, row, strict=True))


def processor_seconds() -> dict[str, float]:
    """Return the processor time of this process and of those that it started, by what they are."""
    processes: dict[int, tuple[int, float, str]] = {}  # parent, seconds, command
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
        except OSError:  # it has ended
            continue

        ticks = int(status[11]) + int(status[12])
        processes[int(folder.name)] = (int(status[1]), ticks / TICKS, command)

    seconds: dict[str, float] = {}
    for pid, (parent, used, command) in processes.items():
        if _is_ours(pid, processes):
            parent_command = processes[parent][2] if parent in processes else ""
            program = _describe(command, parent_command)
            seconds[program] = seconds.get(program, 0.0) + used

    return seconds


def _is_ours(pid: int, processes: dict[int, tuple[int, float, str]]) -> bool:
    while pid in processes and pid != os.getpid():
        pid = processes[pid][0]
    return pid == os.getpid()


def _describe(command: str, parent_command: str) -> str:
    if "celery" in command:
        return "workers' processes" if "celery" in parent_command else "workers' parents"

    for program in ("valkey", "stub_textapi"):
        if program in command:
            return program

    return "this benchmark"


# --- both ways in turn ---


def compare(stack: harness.Stack, latency: float, account_count: int, rounds: int) -> None:
    """Ask and analyse in turn; print both times, their ratio, and the split of a job's time."""
    stack.stub.faults(latency=latency)
    calls: list[int] = []
    splits: dict[str, list[float]] = {}
    used: dict[str, list[float]] = {}

    def ask() -> float:
        return asyncio.run(ask_one_by_one(stack.stub.url, account_count))

    def analyse() -> float:
        calls_before, used_before = stack.stub.counts()["calls"], processor_seconds()
        run, seconds = analyse_at_once(stack, account_count)
        used_after = processor_seconds()
        calls.append(stack.stub.counts()["calls"] - calls_before)

        for part, milliseconds in read_split(stack.db, run).items():
            splits.setdefault(part, []).append(milliseconds)

        for program, after in used_after.items():
            milliseconds = (after - used_before.get(program, 0.0)) * 1000 / account_count
            used.setdefault(program, []).append(milliseconds)

        stack.wait_for(run)
        return seconds

    seconds = harness.take_turns({"one by one": ask, "all at once": analyse}, rounds=rounds)

    name = f"{account_count} accounts of {POSTS} posts, {latency * 1000:.0f} ms a call"
    all_used = sum(map(median, used.values())) * account_count / 1000
    ratio = median(seconds["one by one"]) / median(seconds["all at once"])
    harness.print_figure(f"{name}, one by one", seconds["one by one"], "s")
    harness.print_figure(
        f"{name}, all at once",
        seconds["all at once"],
        "s",
        floor=max(latency, all_used / CORES),
        note=f"{ratio:.2f} times as fast, {median(calls):.0f} calls",
    )
    for part, milliseconds in splits.items():
        harness.print_figure(
            f"by the clock, {part}, {latency * 1000:.0f} ms", milliseconds, "ms a job"
        )

    for program, milliseconds in used.items():
        title = f"processor time, {program}, {latency * 1000:.0f} ms"
        harness.print_figure(title, milliseconds, "ms a job")


def main() -> None:
    options = harness.parse_options(__doc__, accounts=20, rounds=3, workers=2, processes=2)

    with (
        harness.temporary_folder() as folder,
        harness.running_stack(folder) as stack,
        stack.workers(count=options.workers, processes=options.processes),
    ):
        for _ in range(2):  # workers import what they need
            run, _ = analyse_at_once(stack, options.accounts)
            stack.wait_for(run)

        for latency in LATENCIES:
            compare(stack, latency, options.accounts, options.rounds)


if __name__ == "__main__":
    main()
