"""Accounts analysed all at once, beside the predecessor's way: one by one, four calls at a time.

    python bench/handles.py [--accounts 20] [--rounds 3]

About a minute, on loopback, with a stub of the Text API that takes 50 ms for a call, and then 250.
Both ways ask the same stub, in turn. Ours has two workers of two processes, a Valkey and a SQLite
file, and is measured from the submission to the end of the run. It asks for each post's polarity
besides, which the other does not. The floor is the latency of one call an account, since all of its
calls may be made at once, with an account in each of the four processes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from statistics import median
from typing import Any

import aiohttp
import harness

from analysis.parameters import HandlesParameters

POSTS = 25
LATENCIES = (0.05, 0.25)
WORKERS, PROCESSES = 2, 2
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


def analyse_at_once(stack: harness.Stack, account_count: int) -> float:
    """Run the analysis of new accounts; return the seconds from submission to end."""
    numbers = [next(accounts) for _ in range(account_count)]
    for number in numbers:
        harness.store_documents(stack.db, post_rows(number))

    run = stack.submit(HandlesParameters(), [f"account{number}" for number in numbers])
    return stack.wait_for(run)


def compare(stack: harness.Stack, latency: float, account_count: int, rounds: int) -> None:
    stack.stub.faults(latency=latency)
    calls: list[int] = []

    def ask() -> float:
        return asyncio.run(ask_one_by_one(stack.stub.url, account_count))

    def analyse() -> float:
        before = stack.stub.counts()["calls"]
        seconds = analyse_at_once(stack, account_count)
        calls.append(stack.stub.counts()["calls"] - before)
        return seconds

    seconds = harness.take_turns({"one by one": ask, "all at once": analyse}, rounds=rounds)

    name = f"{account_count} accounts of {POSTS} posts, {latency * 1000:.0f} ms a call"
    floor = latency * account_count / (WORKERS * PROCESSES)
    ratio = median(seconds["one by one"]) / median(seconds["all at once"])
    notes = {
        "one by one": "",
        "all at once": f"{ratio:.2f} times as fast, {median(calls):.0f} calls",
    }
    for way, samples in seconds.items():
        harness.print_figure(f"{name}, {way}", samples, "s", floor=floor, note=notes[way])


def main() -> None:
    options = harness.parse_options(__doc__, accounts=20, rounds=3)

    with (
        harness.temporary_folder() as folder,
        harness.running_stack(folder) as stack,
        stack.workers(count=WORKERS, processes=PROCESSES),
    ):
        analyse_at_once(stack, 4)  # workers import what they need
        for latency in LATENCIES:
            compare(stack, latency, options.accounts, options.rounds)


if __name__ == "__main__":
    main()
