"""24 months of headlines, from submit to the last job done, beside a program without concurrency.

    python bench/months.py [--documents 5000]

Some four minutes on two cores, on loopback, with 5,000 headlines a month and a stub of the Text API
that takes 50 ms for a call and has no limit. The floor is the latency of the calls that were made,
divided by the calls that may be in flight. The run is made again, which needs no call.

The sequential program packs the same texts as closely, asks for keywords one call after the other,
then for the polarity of each mentioning sentence, ten at a time; it stores nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
import harness

from analysis.options import Keyword
from analysis.parameters import MonthsParameters
from producers.plan import call_counts
from textapi.requests import keyword_batches

LATENCY = 0.05
MONTHS = 24
MENTION_EVERY = 20  # headlines
WORKERS, PROCESSES = 2, 2
KEYWORD = Keyword.parse("fever:marsh fever")
PARAMETERS = MonthsParameters(
    first="2020-01", last="2021-12", keywords=(KEYWORD,), steps=("keywords", "polarity")
)


def measure_run(stack: harness.Stack, name: str) -> float:
    """Make the run and print its figures; return its seconds."""
    run = stack.submit(PARAMETERS)
    seconds = stack.wait_for(run)

    counts = call_counts(stack.db, run)
    calls = {operation: row["calls"] for operation, row in counts.items() if row["calls"]}
    in_flight = WORKERS * PROCESSES * stack.settings.textapi_concurrency
    floor = sum(calls.values()) * LATENCY / in_flight
    note = ", ".join(f"{operation} {count:,}" for operation, count in calls.items())
    harness.print_figure(name, [seconds], "s", floor=floor or None, note=f"calls: {note or 0}")
    return seconds


async def ask_in_sequence(stack: harness.Stack, texts: Sequence[str]) -> float:
    """Ask as the sequential program does and print the figures; return the seconds."""
    began = time.perf_counter()

    async with aiohttp.ClientSession() as session:

        async def ask(operation: str, body: dict[str, Any]) -> dict[str, Any]:
            url = f"{stack.settings.textapi_url}/text/{operation}"
            async with session.post(url, json=body) as response:
                reply: dict[str, Any] = await response.json()
                return reply

        numbered = enumerate(texts)
        batches = list(keyword_batches("", numbered, KEYWORD.terms, PARAMETERS.text_size, ""))
        sentences: list[str] = []
        for batch in batches:
            body = {"text": "\n".join(batch.texts), "keywords": KEYWORD.terms}
            reply = await ask("sentences_with_keywords", body)
            sentences += reply[KEYWORD.name]

        slots = asyncio.Semaphore(10)

        async def ask_polarity(sentence: str) -> None:
            async with slots:
                await ask("text_polarity", {"text": sentence})

        await asyncio.gather(*map(ask_polarity, sentences))

    seconds = time.perf_counter() - began
    note = f"calls: {len(batches):,} for keywords, {len(sentences):,} for polarity"
    harness.print_figure("sequential program", [seconds], "s", note=note)
    return seconds


def main() -> None:
    options = harness.parse_options(__doc__, documents=5000)
    documents = list(
        harness.headlines(
            PARAMETERS.first,
            MONTHS,
            options.documents,
            subjects=("Marsh fever",),
            every=MENTION_EVERY,
            words=6,
        )
    )

    with (
        harness.temporary_folder() as folder,
        harness.running_stack(folder, latency=LATENCY) as stack,
        stack.workers(count=WORKERS, processes=PROCESSES),
    ):
        count = harness.store_documents(stack.db, documents)
        print(f"{MONTHS} months, {count:,} headlines, {LATENCY * 1000:.0f} ms a call")

        seconds = measure_run(stack, "tidings, 4 processes")
        measure_run(stack, "the same run again")
        texts = [row["text"] for row in documents]
        sequential = asyncio.run(ask_in_sequence(stack, texts))

    print(f"the sequential program takes {sequential / seconds:.1f} times as long")


if __name__ == "__main__":
    main()
